/*
 * provider — the port to who takes the money.
 *
 * charge() is asked with a key, and done() says what came of it: exactly once, from any thread, at the latest when the deadline has passed
 * (then PROVIDER_SILENT: it may have charged, or not). The same key is the same charge, however often it is asked: one charge at most, the
 * same reference. An adapter never waits in charge(), and repeats nothing by itself.
 *
 *     provider->charge(&(struct provider_charge){.key = key, .amount = amount, .token = token, .deadline = …, .done = charged, .ctx = c});
 *
 * provider_ask() is the effect behind PAYMENT_ASK_PROVIDER: it asks the chosen adapter, and makes a RECORD_OUTCOME of what it says.
 */
#ifndef JUMUN_PAYMENT_PROVIDER_H
#define JUMUN_PAYMENT_PROVIDER_H

#include "engine.h"
#include "payment.h"

struct provider_outcome {
    enum provider_answer answer;
    struct str reference;    /* approved; valid during done() */
    struct str decline_code; /* declined; likewise */
};

struct provider_charge {
    struct uuid key;
    struct money amount;
    struct str token;  /* valid during charge() */
    duration deadline; /* from now */
    void (*done)(void *ctx, const struct provider_outcome *outcome);
    void *ctx;
};

struct provider {
    const char *name; /* JUMUN_PROVIDER */
    void (*start)(void);
    void (*stop)(void); /* what is under way ends silent */
    void (*charge)(const struct provider_charge *charge);
};
extern const struct provider simulated_provider;

bool provider_start(const char *name, duration deadline, char problem[200]); /* false: no such adapter */
void provider_stop(void);
void provider_ask(void *ctx, struct engine *e, const struct effect *effect);
void provider_show(struct metrics_page *page);

#endif
