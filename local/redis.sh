# shellcheck shell=bash
# redis: a Redis of our own, which keeps what it was told in an append-only file.

redis_define() {
    supervisor_define redis << SH
cd $(printf %q "$RUN/redis")
exec ${AS_ACCOUNT[*]} /usr/bin/redis-server $(printf %q "$RUN/redis/redis.conf")
SH
}

redis_up() {
    own "$RUN/redis"
    put "$RUN/redis/redis.conf" << TEXT
# As ./jumun up wrote it.
bind 127.0.0.1
port ${PORT[redis]}
dir .
appendonly yes
appendfsync everysec
save ""
rdbcompression no
daemonize no
logfile ""
TEXT
    supervisor_up redis "$RUN/redis/redis.conf"
    supervisor_await redis redis_answers
    say "redis: ready"
}

# PONG only when the append-only file is loaded.
redis_answers() {
    local answer
    { exec 3<> "/dev/tcp/127.0.0.1/${PORT[redis]}"; } 2> /dev/null || return 1
    printf 'PING\r\n' >&3
    read -r -t 1 answer <&3 || answer=
    exec 3>&-
    [[ $answer == +PONG* ]]
}
