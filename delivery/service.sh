# shellcheck shell=bash
# delivery on one machine: its port, the stores it needs, and what it is told besides; the words are explained in local/services.sh.

service delivery 8086 postgres kafka

delivery_settings() {
    cat << TEXT
JUMUN_CARRIER=${CARRIER:-simulated}
JUMUN_CARRIER_START_DELAY_MS=${CARRIER_START_DELAY_MS:-1000}
JUMUN_CARRIER_COMPLETE_DELAY_MS=${CARRIER_COMPLETE_DELAY_MS:-2000}
JUMUN_CARRIER_PATIENCE_MS=${CARRIER_PATIENCE_MS:-30000}
TEXT
}
