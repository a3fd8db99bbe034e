# shellcheck shell=bash
# postgres: a PostgreSQL cluster of our own, with a database for each context and two roles that cannot see the others': NAME works with the rows, NAME_owner owns
# the schema, and is for migrations only (docs/decisions/0013).

POSTGRES_BIN=/usr/lib/postgresql/15/bin

postgres_define() {
    supervisor_define postgres << SH
cd $(printf %q "$RUN/postgres")
exec ${AS_ACCOUNT[*]} $POSTGRES_BIN/postgres -D $(printf %q "$RUN/postgres")
SH
    # INT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
    supervisor_stop_signal postgres INT
}

postgres_up() {
    postgres_make
    postgres_settings
    supervisor_up postgres "$RUN/postgres/jumun.conf"
    supervisor_await postgres postgres_answers
    postgres_databases
    say "postgres: ready"
}

# The cluster is made aside and moved when whole, so an interrupted initdb leaves nothing that looks like one.
postgres_make() {
    [[ -e $RUN/secrets/postgres ]] || random_hex 24 | put "$RUN/secrets/postgres" 0600
    [[ ! -e $RUN/postgres/PG_VERSION ]] || return 0
    local new=$RUN/postgres.new
    rm -rf "$RUN/postgres" "$new"
    own "$new"
    # The account may not read our secrets, so it gets a copy for the time of this.
    put "$new/password" 0644 < "$RUN/secrets/postgres"
    (cd / && as_account "$POSTGRES_BIN/initdb" -D "$new/data" -U postgres --auth=scram-sha-256 --pwfile="$new/password" \
        --encoding=UTF8 --locale=C --data-checksums) > "$RUN/log/initdb" 2>&1 ||
        die "postgres: initdb failed: $(tail -n 3 "$RUN/log/initdb")" "Is the disk full? Look at $RUN/log/initdb, then run this again."
    echo "include 'jumun.conf'" >> "$new/data/postgresql.conf"
    mv "$new/data" "$RUN/postgres"
    rm -rf "$new"
    say "postgres: made a new cluster"
}

postgres_settings() {
    put "$RUN/postgres/jumun.conf" 0644 << TEXT
# As ./jumun up wrote it: durable, sized for a small machine.
listen_addresses = '127.0.0.1'
port = ${PORT[postgres]}
unix_socket_directories = ''
max_connections = 100

shared_buffers = 128MB
max_wal_size = 2GB
jit = off

fsync = on
synchronous_commit = on
full_page_writes = on

password_encryption = scram-sha-256
log_destination = stderr
logging_collector = off
log_line_prefix = '%m [%p] %q%u@%d '
log_timezone = UTC
timezone = UTC
TEXT
}

postgres_answers() {
    "$POSTGRES_BIN/pg_isready" -q -h 127.0.0.1 -p "${PORT[postgres]}"
}

# as_postgres: psql as the cluster's superuser, SQL on its standard input.
as_postgres() {
    PGOPTIONS='-c client_min_messages=warning' PGPASSWORD=$(cat "$RUN/secrets/postgres") "$POSTGRES_BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 \
        -h 127.0.0.1 -p "${PORT[postgres]}" -U postgres -d postgres
}

# postgres_databases: what is missing of roles and databases. A file tells which were made; a run that was cut off repeats it.
postgres_databases() {
    local name role
    local made="owned: ${DATABASES[*]}"
    [[ $(cat "$RUN/postgres/databases-made" 2> /dev/null) != "$made" ]] || return 0
    for name in "${DATABASES[@]}"; do
        for role in "$name" "${name}_owner"; do
            [[ -e $RUN/secrets/$role ]] || random_hex 24 | put "$RUN/secrets/$role" 0600
        done
        printf '\\set secrets %s\n\\set name %s\n\\i %s\n' "'$RUN/secrets'" "$name" "'$ROOT/kubernetes/components/postgres/context.sql'"
    done | as_postgres > /dev/null || die "postgres: the databases could not be made" \
        "If $RUN/secrets was lost or replaced, the old data is locked: ./jumun down --wipe starts over."
    echo "$made" > "$RUN/postgres/databases-made"
    say "postgres: made the databases ${DATABASES[*]}"
}

# database_url ROLE [DATABASE]
database_url() {
    echo "postgresql://$1:$(cat "$RUN/secrets/$1")@127.0.0.1:$(store_port postgres)/${2:-$1}"
}
