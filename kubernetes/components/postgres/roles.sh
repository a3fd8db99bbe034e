# shellcheck shell=sh
# The databases and their roles, as the secret says: run after each start, so that a rotated password is taken up. Every file of the secret but `password` (the
# superuser's) and the owners' is a context (context.sql). It waits for the server that serves others, not for the one that an image starts to make a new cluster.
set -eu
until pg_isready -q -h 127.0.0.1; do sleep 0.2; done
secret=/run/secrets/jumun
{
    echo "\\set password \`cat $secret/password\`"
    echo "ALTER ROLE postgres PASSWORD :'password';"
    for file in "$secret"/*; do
        name=${file##*/}
        case $name in password | *_owner) continue ;; esac
        echo "\\set name $name"
        echo '\i /etc/jumun/context.sql'
    done
} | psql -X -q -v ON_ERROR_STOP=1 -v secrets=$secret --username postgres --dbname postgres > /dev/null
