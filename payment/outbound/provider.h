/*
 * provider — the port to who takes the money, and gives it back.
 *
 * charge() and refund() are asked with a key, and done() says what came of it: exactly once, from any thread, at the latest when the
 * deadline has passed.
 *   PROVIDER_APPROVED  it is done; `reference` is what the provider calls it
 *   PROVIDER_DECLINED  it is not done, and will not be by this key; `code` says why
 *   PROVIDER_SILENT    it may have been done, or not: the same key asks again
 * The same key is the same charge or refund, however often it is asked: done once at most, the same reference. A refund of what was given
 * back already, whoever did it, is approved: the money is back. An adapter never waits in charge() and refund().
 *
 *     provider->charge(&(struct provider_charge){.key = key, .amount = amount, .token = token, .deadline = …, .done = charged, .ctx = c});
 *
 * What every adapter must do is written down as a test: test/provider_contract.c.
 *
 * provider_ask() and provider_ask_refund() are the effects behind PAYMENT_ASK_PROVIDER and PAYMENT_ASK_REFUND: they ask the chosen adapter,
 * and make a RECORD_OUTCOME or a RECORD_REFUND of what it says.
 */
#ifndef JUMUN_PAYMENT_PROVIDER_H
#define JUMUN_PAYMENT_PROVIDER_H

#include "engine.h"
#include "payment.h"

struct provider_outcome {
    enum provider_answer answer;
    struct str reference; /* approved; valid during done(); at most PAYMENT_REFERENCE_MAX */
    struct str code;      /* declined; likewise valid */
};
typedef void (*provider_done)(void *ctx, const struct provider_outcome *outcome);

struct provider_charge {
    struct uuid key;
    struct money amount;
    struct str token;  /* valid during charge() */
    duration deadline; /* from now */
    provider_done done;
    void *ctx;
};

struct provider_refund {
    struct uuid key;
    struct money amount;
    struct str charge; /* the reference of what is given back; valid during refund() */
    duration deadline; /* from now */
    provider_done done;
    void *ctx;
};

struct provider {
    const char *name; /* JUMUN_PROVIDER */
    /* database_url: for an adapter that keeps something of its own. False: *problem says why not. */
    bool (*start)(const char *database_url, char problem[200]);
    void (*stop)(void); /* what is under way ends silent */
    void (*charge)(const struct provider_charge *charge);
    void (*refund)(const struct provider_refund *refund);
    void (*show)(struct metrics_page *page); /* may be NULL */
    bool ledger_is_here;                     /* its books stand in our database: outbound/ledger.h */
};
extern const struct provider simulated_provider; /* simulated_provider.c */
extern const struct provider stripe_provider;    /* stripe_provider.c */

/* By JUMUN_PROVIDER…; false: *problem says why not. Before the start and after the stop all is silent. */
bool provider_start(const char *database_url, char problem[200]);
void provider_stop(void);
bool provider_ledger_is_here(void);
void provider_show(struct metrics_page *page);
void provider_ask(void *ctx, struct engine *e, const struct effect *effect);
void provider_ask_refund(void *ctx, struct engine *e, const struct effect *effect);

#endif
