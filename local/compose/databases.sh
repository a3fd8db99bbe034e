#!/bin/bash
# A database for each context and a role that owns it and can see no other: run once by the PostgreSQL image, on a new cluster.
set -euo pipefail

for name in order product payment delivery notification; do
    psql -X -q -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres << SQL
CREATE ROLE "$name" LOGIN PASSWORD '$(< "/run/secrets/$name")';
CREATE DATABASE "$name" OWNER "$name";
REVOKE ALL ON DATABASE "$name" FROM PUBLIC;
SQL
done
