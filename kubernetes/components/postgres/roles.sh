# shellcheck shell=sh
# The databases and their roles, as the secret says: run after each start, so that a rotated password is taken up. Every file of the secret but `password` (the
# superuser's) is a role with a database of its own. It waits for the server that serves others, not for the one that an image starts to make a new cluster.
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
SELECT 'CREATE DATABASE "$name" OWNER "$name"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '$name') \gexec
REVOKE ALL ON DATABASE "$name" FROM PUBLIC;
SQL
    done
} | psql -X -q -v ON_ERROR_STOP=1 --username postgres --dbname postgres > /dev/null
