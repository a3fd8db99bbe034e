/*
 * provider_contract — what every adapter of the provider port must do, as a suite that each of them runs.
 *
 *     static const struct provider_contract simulated = {.provider = &simulated_provider, .approved = "tok_ok", …};
 *     int main(void) { return provider_contract_run(&simulated, "simulated", setup, teardown); }
 *
 * The adapter is started by setup, against something that keeps the provider's side: charged() and refunded() look into that, not into what
 * the adapter says.
 */
#ifndef JUMUN_PAYMENT_PROVIDER_CONTRACT_H
#define JUMUN_PAYMENT_PROVIDER_CONTRACT_H

#include "outbound/provider.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct provider_contract {
    const struct provider *provider;
    const char *approved, *declined, *hangs, *lost; /* tokens; lost: charged, and the answer never comes */
    const char *decline_code;
    const char *refund_fails_twice; /* approved; the first two refunds of it fail */
    const char *refund_fault_code;
    const char *unknown_charge; /* a reference of the right form that is of no charge */
    bool (*restart)(void);      /* provider->start(), as setup does */

    int64_t (*charged)(struct uuid key);       /* the money taken by this key */
    int64_t (*refunded)(struct str reference); /* the money given back of this charge */
};

int provider_contract_run(const struct provider_contract *contract, const char *name, CMFixtureFunction setup, CMFixtureFunction teardown);

/* ── for tests of what one adapter does besides ─────────────────────────────────────────────────────────────────────────────────── */

#define PROVIDER_SHORT MILLISECONDS(300) /* a deadline that is waited for, by when the provider has been asked */
#define PROVIDER_LONG  SECONDS(10)       /* one that is not to be reached */

/* Something asked, and what has become of it. */
struct asked {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int times; /* answered */
    enum provider_answer answer;
    char text[PAYMENT_REFERENCE_MAX + 1]; /* reference or code */
};
#define ASKED                                                                                                                              \
    {                                                                                                                                      \
        .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER                                                                \
    }

#define PROVIDER_AMOUNT 12000
void ask_charge(const struct provider *p, struct asked *a, struct uuid key, const char *token, duration deadline);
void wait_for_answer(struct asked *a); /* for at most 20 s; exactly one */
struct asked charge_of(const struct provider *p, struct uuid key, const char *token, duration deadline);
struct asked refund_of(const struct provider *p, struct uuid key, const char *charge);

#endif
