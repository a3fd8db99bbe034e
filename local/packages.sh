# shellcheck shell=bash
# packages: Debian's packages that are missing, installed in one go, without starting anything of the system's.

# packages_need GROUP…: installs the missing packages of these groups of local/packages.
packages_need() {
    local -a missing
    mapfile -t missing < <(packages_missing "$@")
    (( ${#missing[@]} > 0 )) || return 0

    [[ -x /usr/bin/apt-get ]] || die "these Debian packages are missing, and there is no apt-get here: ${missing[*]}" \
        "Jumun installs itself on Debian 12. Elsewhere, use docker compose."
    say "packages: missing for '$*', to be installed from Debian with apt-get:"
    printf '%s\n' "${missing[@]}" | fold_words
    as_root true || die "installing packages needs root" "Run as root, or install sudo, or let an administrator run: apt-get install ${missing[*]}"
    packages_install "${missing[@]}"
    say "packages: installed"
}

packages_of() {
    local group
    for group in "$@"; do
        sed -n "s/^$group: *//p" "$ROOT/local/packages"
    done | tr -s ' ' '\n'
}

packages_missing() {
    comm -23 <(packages_of "$@" | sort -u) <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u)
}

fold_words() {
    paste -sd ' ' | fold -s -w 100 | sed 's/^/         /'
}

as_root() {
    if (( EUID == 0 )); then
        "$@"
    elif command -v sudo > /dev/null; then
        sudo "$@"
    else
        return 1
    fi
}

# Debian starts a server when it installs one, and makes a PostgreSQL cluster. We want the programs only, so both are
# switched off for the time of the install: by policy-rc.d, and by a line for postgresql-common.
POLICY=/usr/sbin/policy-rc.d
NO_CLUSTER=/etc/postgresql-common/createcluster.d/jumun.conf

packages_install() {
    local log name
    log=$(mktemp)

    # shellcheck disable=SC2016  # for the shell of root
    if ! as_root sh -c '
        set -eu
        policy=$1 no_cluster=$2; shift 2
        made_policy=
        trap "rm -f \"\$no_cluster\"; [ -z \"\$made_policy\" ] || rm -f \"\$policy\"" EXIT
        trap "exit 130" INT TERM HUP
        if [ ! -e "$policy" ]; then
            made_policy=1
            printf "#!/bin/sh\nexit 101\n" > "$policy"
            chmod 755 "$policy"
        fi
        mkdir -p "${no_cluster%/*}"
        echo "create_main_cluster = false" > "$no_cluster"
        export DEBIAN_FRONTEND=noninteractive
        apt-get -q -o DPkg::Lock::Timeout=300 update
        apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold install --no-install-recommends "$@"
    ' sh "$POLICY" "$NO_CLUSTER" "$@" > "$log" 2>&1 < /dev/null; then
        tail -n 25 "$log" >&2
        die "apt-get could not install the packages (all it said: $log)" \
            "Often it is the network, or an earlier install that was cut off: 'dpkg --configure -a' repairs that. Then run this again."
    fi
    rm -f "$log"

    # A server that was installed for us is not to start by itself on the next boot.
    [[ -d /run/systemd/system ]] || return 0
    for name in redis-server prometheus prometheus-alertmanager; do
        [[ " $* " != *" $name "* ]] || as_root systemctl -q disable "$name" || true
    done
}
