# shellcheck shell=sh
# The databases and their roles, as the secret says: run after each start, so that a rotated password is taken up. Every file of the secret but `password` (the
# superuser's) is a role; a role NAME has a database of its own, whose owner is NAME_owner. It waits for the server that serves others, not for the one that an image
# starts to make a new cluster. A database from a time when its service's role owned it is brought over, in one transaction: a service at work does not notice.
set -eu
until pg_isready -q -h 127.0.0.1; do sleep 0.2; done
secret=/run/secrets/jumun
{
    echo "ALTER ROLE postgres PASSWORD '$(cat $secret/password)';"
    for file in "$secret"/*; do
        name=${file##*/}
        [ "$name" != password ] || continue
        cat << SQL
SELECT 'CREATE ROLE "$name" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$name') \gexec
ALTER ROLE "$name" PASSWORD '$(cat "$file")';
SQL
    done
    for file in "$secret"/*; do
        name=${file##*/}
        case $name in password | *_owner) continue ;; esac
        cat << SQL
\connect postgres
SELECT 'CREATE DATABASE "$name" OWNER "${name}_owner"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '$name') \gexec
REVOKE ALL ON DATABASE "$name" FROM PUBLIC;
GRANT CONNECT ON DATABASE "$name" TO "$name";
\connect "$name"
SELECT EXISTS (SELECT FROM pg_shdepend JOIN pg_roles r ON r.oid = refobjid WHERE refclassid = 'pg_authid'::regclass AND rolname = '$name' AND deptype = 'o'
    AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))) AS old \gset
\if :old
BEGIN;
REASSIGN OWNED BY "$name" TO "${name}_owner";
GRANT CONNECT ON DATABASE "$name" TO "$name";
SELECT format('GRANT USAGE ON SCHEMA %1\$I TO %2\$I; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %1\$I TO %2\$I', nspname, '$name')
FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' \gexec
COMMIT;
\endif
SQL
    done
} | psql -X -q -v ON_ERROR_STOP=1 --username postgres --dbname postgres > /dev/null
