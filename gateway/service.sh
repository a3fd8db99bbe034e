# shellcheck shell=bash
# gateway on one machine: its port, and where the others are; the words are explained in local/services.sh.

service gateway 8088

gateway_settings() {
    cat << TEXT
JUMUN_ORDER_URL=$(service_url order)
JUMUN_PRODUCT_URL=$(service_url product)
JUMUN_PAYMENT_URL=$(service_url payment)
JUMUN_DELIVERY_URL=$(service_url delivery)
JUMUN_NOTIFICATION_URL=$(service_url notification)
JUMUN_CUSTOMER_VIEW_URL=$(service_url customer-view)
JUMUN_ROUTES=$(routes_setting)
JUMUN_DEMO_ISSUER=on
JUMUN_ADDRESS_RATE=1000000
TEXT
}
