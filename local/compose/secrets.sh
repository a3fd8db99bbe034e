#!/bin/bash
# Makes what nobody is to know, once: each service's folder is a volume of its own, so that it sees no other's. A folder that is whole stays.
set -euo pipefail
umask 022
cd /secrets

random() {
    od -An -v -tx1 -N 24 /dev/urandom | tr -d ' \n'
}

# once FOLDER/NAME COMMAND…: what it prints becomes the file, unless there is one. In these volumes, what is there may be read: by the account of a service.
once() {
    [[ ! -s $1 ]] || return 0
    "${@:2}" > "$1.new"
    mv "$1.new" "$1"
}

once postgres/postgres random
for name in order product payment delivery notification; do
    once "postgres/$name" random
    once "postgres/${name}_owner" random
    once "$name/database-url" echo "postgresql://$name:$(< "postgres/$name")@postgres:5432/$name"
    once "$name-migration/url" echo "postgresql://${name}_owner:$(< "postgres/${name}_owner")@postgres:5432/$name"
done
once redis/password random
once redis/redis.conf echo "requirepass $(< redis/password)"
once customer-view/redis-url echo "redis://:$(< redis/password)@redis:6379/0"
for name in order product notification customer-view; do
    once "$name/cursor" random
done
once notification/webhook random
