#!/bin/bash
# As the official image's entrypoint: makes a cluster where there is none, and becomes the server.
set -Eeuo pipefail

[[ ${1:-} != -* ]] || set -- postgres "$@"

make_cluster() {
    local -a more
    read -r -a more <<< "${POSTGRES_INITDB_ARGS:-}"
    initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" --auth-host=scram-sha-256 --auth-local=trust "${more[@]}"
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
}

[[ -s $PGDATA/PG_VERSION ]] || make_cluster
exec "$@"
