# shellcheck shell=bash
# payment on one machine: its port, the stores it needs, and what it is told besides; the words are explained in local/services.sh.

service payment 8083 postgres kafka

payment_settings() {
    echo "JUMUN_PROVIDER_PATIENCE_MS=${PROVIDER_PATIENCE_MS:-600000}"
}
