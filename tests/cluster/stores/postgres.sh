#!/bin/bash
# As the official image's entrypoint: makes a cluster where there is none, lets /docker-entrypoint-initdb.d fill it, and becomes the server.
set -Eeuo pipefail

[[ ${1:-} != -* ]] || set -- postgres "$@"

make_cluster() {
    local -a more
    read -r -a more <<< "${POSTGRES_INITDB_ARGS:-}"
    initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" --auth-host=scram-sha-256 --auth-local=trust "${more[@]}"
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
    pg_ctl start --wait -o "-c listen_addresses=''"
    for file in /docker-entrypoint-initdb.d/*.sh; do
        # shellcheck source=/dev/null
        . "$file"
    done
    pg_ctl stop --wait --mode=fast
}

[[ -s $PGDATA/PG_VERSION ]] || make_cluster
exec "$@"
