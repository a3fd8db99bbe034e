/*
 * channel — a port: a way to reach a customer.
 *
 * send() must not wait: it answers by `done`, exactly once, at once or later and from any thread. A message may be sent twice; its notice
 * id is the same then, and goes along as what the provider knows for it (Message-ID, webhook-id, serial number). Strings of the message
 * live until send() returns. What a failure means for the notice (again, the next channel, given up) the domain decides: CHANNEL_FAILURE in
 * notification.def.
 *
 *     channel->send(&message, done, ctx);
 *     static void done(void *ctx, const struct channel_answer *answer) { … answer->taken … }
 *
 * Every adapter passes test/channel_contract.c.
 */
#ifndef JUMUN_NOTIFICATION_CHANNEL_H
#define JUMUN_NOTIFICATION_CHANNEL_H

#include "notification.h"

struct channel_message {
    struct uuid notice, order, customer;
    enum notice_kind kind;
    enum notice_language language;
    struct str title, text;
    struct str address; /* of the customer, as preferences_address() has it */
};

struct channel_answer {
    bool taken;
    enum channel_failure failure; /* when not taken */
    const char *detail;           /* for the log, when not taken; lives until `done` returns */
};
typedef void (*channel_done)(void *ctx, const struct channel_answer *answer);

struct channel {
    bool (*offered)(void);            /* the settings have what it needs */
    bool (*start)(char problem[200]); /* when offered; false: *problem says why not. NULL: there is nothing to start */
    void (*stop)(void);               /* what is under way ends, as failed */
    void (*send)(const struct channel_message *m, channel_done done, void *ctx); /* between start and stop */
};

void channel_took(channel_done done, void *ctx);
void channel_failed(channel_done done, void *ctx, enum channel_failure failure, const char *detail);

/* By HTTP's status of a provider's answer: 2xx took it, 408, 425, 429 and 5xx are for later, the others for never. */
void channel_answered(channel_done done, void *ctx, int status);

extern const struct channel log_channel;      /* log_channel.c: a line in the service's log */
extern const struct channel email_channel;    /* email_channel.c: a mail, by SMTP */
extern const struct channel webhook_channel;  /* webhook_channel.c: a signed POST to the customer's URL */
extern const struct channel alimtalk_channel; /* alimtalk_channel.c: a KakaoTalk message, by its provider's HTTP */

#endif
