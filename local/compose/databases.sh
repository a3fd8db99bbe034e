#!/bin/bash
# A database for each context and two roles that cannot see the others': NAME works with the rows, NAME_owner owns the schema. Run once the server answers, each time: what is
# there stays, and a database from a time when its service's role owned it is brought over, in one transaction.
set -euo pipefail
export PGHOST=postgres PGUSER=postgres PGPASSWORD PGOPTIONS='-c client_min_messages=warning'
PGPASSWORD=$(< /run/secrets/postgres)

for name in order product payment delivery notification; do
    for role in "$name" "${name}_owner"; do
        cat << SQL
SELECT 'CREATE ROLE "$role" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$role') \\gexec
ALTER ROLE "$role" PASSWORD '$(< "/run/secrets/$role")';
SQL
    done
    cat << SQL
\\connect postgres
SELECT 'CREATE DATABASE "$name" OWNER "${name}_owner"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '$name') \\gexec
REVOKE ALL ON DATABASE "$name" FROM PUBLIC;
GRANT CONNECT ON DATABASE "$name" TO "$name";
\\connect "$name"
SELECT EXISTS (SELECT FROM pg_shdepend JOIN pg_roles r ON r.oid = refobjid WHERE refclassid = 'pg_authid'::regclass AND rolname = '$name' AND deptype = 'o'
    AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))) AS old \\gset
\\if :old
BEGIN;
REASSIGN OWNED BY "$name" TO "${name}_owner";
GRANT CONNECT ON DATABASE "$name" TO "$name";
SELECT format('GRANT USAGE ON SCHEMA %1\$I TO %2\$I; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %1\$I TO %2\$I', nspname, '$name')
FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' \\gexec
COMMIT;
\\endif
SQL
done | psql -X -q -v ON_ERROR_STOP=1 --dbname postgres > /dev/null
