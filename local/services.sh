# shellcheck shell=bash
# services: what each of the seven is told, how it is started, whether it is ready.

# service_settings NAME: its environment, all of it. A service refuses a name that it does not know.
service_settings() {
    cat << TEXT
JUMUN_HTTP_LISTEN=127.0.0.1:${PORT[$1]}
JUMUN_ADMIN_LISTEN=127.0.0.1:$(admin_port "$1")
JUMUN_LOG_FORMAT=json
JUMUN_LOG_LEVEL=info
TEXT
    local variable
    for variable in "${!OTEL_@}"; do
        printf '%s=%q\n' "$variable" "${!variable}"
    done
    case $1 in
        order | product | payment | notification | delivery)
            echo "JUMUN_DATABASE_URL=$(database_url "$1")"
            echo "JUMUN_KAFKA_BROKERS=127.0.0.1:${PORT[kafka]}"
            ;;
        customer-view)
            echo "JUMUN_REDIS_URL=redis://127.0.0.1:${PORT[redis]}/0"
            echo "JUMUN_KAFKA_BROKERS=127.0.0.1:${PORT[kafka]}"
            ;;
    esac
    case $1 in
        notification)
            cat << TEXT
JUMUN_CURSOR_SECRET=$(cat "$RUN/secrets/cursor")
JUMUN_SMTP_URL=smtp://127.0.0.1:${PORT[mail]}
JUMUN_ALIMTALK_URL=http://127.0.0.1:${PORT[alimtalk]}/alimtalk
JUMUN_ALIMTALK_SENDER_KEY=$(cat "$RUN/secrets/alimtalk")
JUMUN_WEBHOOK_SECRET=$(cat "$RUN/secrets/webhook")
JUMUN_WEBHOOK_PRIVATE=on
TEXT
            ;;
        product | customer-view)
            echo "JUMUN_CURSOR_SECRET=$(cat "$RUN/secrets/cursor")"
            ;;
        order)
            echo "JUMUN_PAYMENT_URL=$(service_url payment)"
            echo "JUMUN_CURSOR_SECRET=$(cat "$RUN/secrets/cursor")"
            echo "JUMUN_PAYMENT_WINDOW_MS=${PAYMENT_WINDOW_MS:-900000}"
            ;;
        payment)
            echo "JUMUN_PROVIDER_PATIENCE_MS=${PROVIDER_PATIENCE_MS:-600000}"
            ;;
        delivery)
            echo "JUMUN_CARRIER=${CARRIER:-simulated}"
            echo "JUMUN_CARRIER_START_DELAY_MS=${CARRIER_START_DELAY_MS:-1000}"
            echo "JUMUN_CARRIER_COMPLETE_DELAY_MS=${CARRIER_COMPLETE_DELAY_MS:-2000}"
            ;;
        gateway)
            cat << TEXT
JUMUN_ORDER_URL=$(service_url order)
JUMUN_PRODUCT_URL=$(service_url product)
JUMUN_PAYMENT_URL=$(service_url payment)
JUMUN_DELIVERY_URL=$(service_url delivery)
JUMUN_NOTIFICATION_URL=$(service_url notification)
JUMUN_CUSTOMER_VIEW_URL=$(service_url customer-view)
JUMUN_DEMO_ISSUER=on
TEXT
            ;;
    esac
}

service_url() {
    echo "http://127.0.0.1:${PORT[$1]}"
}

# The settings stand in a file that only we may read, because of the passwords; the supervisor gives an empty environment.
service_define() {
    local -a as=()
    ! as_account test -x "$(program "$1")" || as=("${AS_ACCOUNT[@]}")
    supervisor_define "$1" << SH
set -a
. ./settings
set +a
exec ${as[*]} $(printf %q "$(program "$1")")
SH
}

services_up() {
    local name
    local -a stale=()
    for name in cursor alimtalk webhook; do
        [[ -e $RUN/secrets/$name ]] || random_hex 24 | put "$RUN/secrets/$name" 0600
    done
    for name in "$@"; do
        service_settings "$name" | put "$RUN/service/$name/settings" 0600
        ! supervisor_stale "$name" "$RUN/service/$name/settings" "$(program "$name")" || stale+=("$name")
    done
    supervisor_down "${stale[@]}"
    for name in "$@"; do
        supervisor_up "$name"
    done
    for name in "$@"; do
        supervisor_await "$name" service_ready "$name"
    done
    say "services: ready ($*)"
}

service_ready() {
    curl -s -f -o /dev/null -m 1 "http://127.0.0.1:$(admin_port "$1")/readyz"
}
