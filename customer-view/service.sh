# shellcheck shell=bash
# customer-view on one machine: its port, the stores it needs, and what it is told besides; the words are explained in local/services.sh.

service customer-view 8085 redis kafka

customer-view_settings() {
    echo "JUMUN_CURSOR_SECRET=$(secret cursor)"
}
