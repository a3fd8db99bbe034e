# shellcheck shell=bash
# notification on one machine: its port, the stores it needs, and what it is told besides; the words are explained in local/services.sh.

service notification 8084 postgres kafka

notification_settings() {
    cat << TEXT
JUMUN_CURSOR_SECRET=$(secret cursor)
JUMUN_SMTP_URL=smtp://127.0.0.1:${PORT[mail]}
JUMUN_ALIMTALK_URL=http://127.0.0.1:${PORT[alimtalk]}/alimtalk
JUMUN_ALIMTALK_SENDER_KEY=$(secret alimtalk)
JUMUN_WEBHOOK_SECRET=$(secret webhook)
JUMUN_WEBHOOK_PRIVATE=on
JUMUN_SWEEP_AFTER_MS=${SWEEP_AFTER_MS:-60000}
TEXT
}
