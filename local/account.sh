# shellcheck shell=bash
# account: who the processes run as, and where their state lies so that this account can reach it.

# As root the servers run as the system user `jumun`: PostgreSQL refuses root, and the others do not need it.
# Anybody else runs them as themselves.
ACCOUNT=jumun
AS_ACCOUNT=()
(( EUID != 0 )) || AS_ACCOUNT=(/usr/bin/chpst -u "$ACCOUNT:$ACCOUNT")

as_account() {
    "${AS_ACCOUNT[@]}" "$@"
}

account_make() {
    (( EUID == 0 )) || return 0
    getent passwd "$ACCOUNT" > /dev/null && return 0
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$ACCOUNT" ||
        die "could not make the system user '$ACCOUNT'" "Make it by hand (useradd --system --user-group $ACCOUNT), then run this again."
    say "account: made the system user '$ACCOUNT', who runs the servers"
}

# state_make: the directories. A clone that the account cannot reach (say, below /root) keeps its state in /var/lib instead,
# and .run is a link to it.
state_make() {
    local elsewhere
    if [[ ! -e $RUN ]]; then
        rm -f "$RUN"  # a link to a place that is gone
        mkdir -p "$(dirname "$RUN")"
        if as_account test -x "$(dirname "$RUN")"; then
            mkdir "$RUN"
        else
            elsewhere=/var/lib/jumun-$(cksum <<< "$RUN" | cut -d ' ' -f 1)
            mkdir -p "$elsewhere"
            ln -s "$elsewhere" "$RUN"
            say "state: the user '$ACCOUNT' cannot reach $(dirname "$RUN"), so state is kept in $elsewhere"
        fi
    fi
    [[ -O $RUN/ ]] || die "$RUN belongs to $(stat -L -c %U "$RUN")" "Run ./jumun as that user, or name another directory: JUMUN_RUN=/some/where ./jumun up"
    RUN=$(readlink -f "$RUN")
    mkdir -p "$RUN"/{jars,log,service}
    [[ -d $RUN/secrets ]] || mkdir -m 0700 "$RUN/secrets"
}

# own DIRECTORY: makes it, private to the account.
own() {
    mkdir -p "$1"
    chmod 0700 "$1"
    (( EUID != 0 )) || chown "$ACCOUNT:$ACCOUNT" "$1"
}
