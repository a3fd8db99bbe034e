# shellcheck shell=bash
# product on one machine: its port, the stores it needs, and what it is told besides; the words are explained in local/services.sh.

service product 8082 postgres kafka

product_settings() {
    echo "JUMUN_CURSOR_SECRET=$(secret cursor)"
}
