/* From the effects to the chosen adapter, and from its word to a command. */
#include "provider.h"

#include "clock.h"
#include "log.h"
#include "settings.h"
#include <stdio.h>
#include <string.h>

static const struct provider *const adapters[] = {&simulated_provider, &stripe_provider};
#define ADAPTERS (sizeof adapters / sizeof adapters[0])

static _Atomic(const struct provider *) chosen; /* NULL before the start and after the stop */

enum asked_for { CHARGE, REFUND, ASKED_FOR };
static struct counter approved[ASKED_FOR], declined[ASKED_FOR], silent[ASKED_FOR];

bool provider_start(const char *database_url, char problem[200])
{
    for (size_t i = 0; i < ADAPTERS; i++)
        if (strcmp(adapters[i]->name, payment_config.provider) == 0) {
            if (!adapters[i]->start(database_url, problem))
                return false;
            atomic_store(&chosen, adapters[i]);
            return true;
        }
    (void)snprintf(problem, 200, "JUMUN_PROVIDER: there is no provider \"%.50s\"; there are: simulated, stripe", payment_config.provider);
    return false;
}

void provider_stop(void)
{
    const struct provider *p = atomic_exchange(&chosen, NULL);
    if (p)
        p->stop();
}

void provider_show(struct metrics_page *page)
{
    static const char name[] = "jumun_payment_provider_answers_total", help[] = "What the provider has said.";
    metrics_counter(page, name, help, "asked=\"charge\",outcome=\"approved\"", &approved[CHARGE]);
    metrics_counter(page, name, help, "asked=\"charge\",outcome=\"declined\"", &declined[CHARGE]);
    metrics_counter(page, name, help, "asked=\"charge\",outcome=\"silent\"", &silent[CHARGE]);
    metrics_counter(page, name, help, "asked=\"refund\",outcome=\"approved\"", &approved[REFUND]);
    metrics_counter(page, name, help, "asked=\"refund\",outcome=\"declined\"", &declined[REFUND]);
    metrics_counter(page, name, help, "asked=\"refund\",outcome=\"silent\"", &silent[REFUND]);
    const struct provider *p = atomic_load(&chosen);
    if (p && p->show)
        p->show(page);
}

bool provider_ledger_is_here(void)
{
    const struct provider *p = atomic_load(&chosen);
    return p && p->ledger_is_here;
}

static void count(enum asked_for what, enum provider_answer answer)
{
    struct counter *counters = answer == PROVIDER_APPROVED ? approved : answer == PROVIDER_DECLINED ? declined : silent;
    counter_add(&counters[what], 1);
}

/* The command that tells the outcome is made with the question. */
static void recorded(struct engine_command *c, enum engine_outcome outcome, const struct refusal *refusal)
{
    if (outcome == ENGINE_REFUSED)
        log_error("the provider contradicts the payment", LOG_ID("order", c->command.correlation), LOG_STR("problem", refusal->type));
}

static struct engine_command *outcome_command(struct engine *e, const struct effect *effect, int type, const void *data, size_t size)
{
    struct engine_command *c = engine_outcome_command(effect);
    c->command.type = type;
    c->command.data = arena_copy(&c->arena, data, size);
    c->done = recorded;
    c->ctx = e;
    return c;
}

/* ── charges ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void charged(void *ctx, const struct provider_outcome *outcome)
{
    struct engine_command *c = ctx;
    struct record_outcome *r = (struct record_outcome *)c->command.data;
    r->answer = outcome->answer;
    if (outcome->answer == PROVIDER_APPROVED)
        r->reference = arena_str(&c->arena, outcome->reference);
    if (outcome->answer == PROVIDER_DECLINED)
        r->decline_code = arena_str(&c->arena, outcome->code);
    count(CHARGE, outcome->answer);
    engine_submit(c->ctx, c);
}

void provider_ask(void *ctx, struct engine *e, const struct effect *effect)
{
    (void)ctx;
    const struct ask_provider *ask = effect->data;
    struct record_outcome r = {.order = ask->order, .attempt = ask->attempt, .patience = payment_config.provider_patience};
    struct engine_command *c = outcome_command(e, effect, RECORD_OUTCOME, &r, sizeof r);
    const struct provider *provider = atomic_load(&chosen);
    if (!provider) { /* not started yet, or stopped: the timer asks later */
        charged(c, &(struct provider_outcome){.answer = PROVIDER_SILENT});
        return;
    }
    provider->charge(&(struct provider_charge){
        .key = ask->key,
        .amount = ask->amount,
        .token = str_of(ask->token),
        .deadline = payment_config.provider_deadline,
        .done = charged,
        .ctx = c,
    });
}

/* ── refunds ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void refunded(void *ctx, const struct provider_outcome *outcome)
{
    struct engine_command *c = ctx;
    struct record_refund *r = (struct record_refund *)c->command.data;
    r->answer = outcome->answer;
    if (outcome->answer == PROVIDER_APPROVED)
        r->reference = arena_str(&c->arena, outcome->reference);
    if (outcome->answer == PROVIDER_DECLINED)
        r->fault_code = arena_str(&c->arena, outcome->code);
    count(REFUND, outcome->answer);
    engine_submit(c->ctx, c);
}

void provider_ask_refund(void *ctx, struct engine *e, const struct effect *effect)
{
    (void)ctx;
    const struct ask_refund *ask = effect->data;
    struct record_refund r = {.order = ask->order, .refund = ask->refund, .patience = payment_config.provider_patience};
    struct engine_command *c = outcome_command(e, effect, RECORD_REFUND, &r, sizeof r);
    const struct provider *provider = atomic_load(&chosen);
    if (!provider) {
        refunded(c, &(struct provider_outcome){.answer = PROVIDER_SILENT});
        return;
    }
    provider->refund(&(struct provider_refund){
        .key = ask->key,
        .amount = ask->amount,
        .charge = str_of(ask->charge),
        .deadline = payment_config.provider_deadline,
        .done = refunded,
        .ctx = c,
    });
}
