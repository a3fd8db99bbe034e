# shellcheck shell=bash
# order on one machine: its port, the stores it needs, and what it is told besides; the words are explained in local/services.sh.

service order 8081 postgres kafka

order_settings() {
    cat << TEXT
JUMUN_PAYMENT_URL=$(service_url payment)
JUMUN_CURSOR_SECRET=$(secret cursor)
JUMUN_PAYMENT_WINDOW_MS=${PAYMENT_WINDOW_MS:-900000}
TEXT
}
