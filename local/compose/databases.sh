#!/bin/bash
# A database for each context and its two roles (context.sql). Run once the server answers, each time.
set -euo pipefail
export PGHOST=postgres PGUSER=postgres PGPASSWORD PGOPTIONS='-c client_min_messages=warning'
PGPASSWORD=$(< /run/secrets/postgres)

for name in order product payment delivery notification; do
    echo "\\set name $name"
    echo '\i /context.sql'
done | psql -X -q -v ON_ERROR_STOP=1 -v secrets=/run/secrets --dbname postgres > /dev/null
