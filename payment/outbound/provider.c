/* From the effect to the chosen adapter, and from its word to a command. */
#include "provider.h"

#include "clock.h"
#include "log.h"
#include <stdio.h>
#include <string.h>

static const struct provider *const adapters[] = {&simulated_provider, NULL};

static _Atomic(const struct provider *) chosen; /* NULL before the start and after the stop */
static duration patience;
static struct counter approved, declined, silent;

bool provider_start(const char *name, duration deadline, char problem[200])
{
    for (const struct provider *const *adapter = adapters; *adapter; adapter++)
        if (strcmp((*adapter)->name, name) == 0) {
            patience = deadline;
            (*adapter)->start();
            atomic_store(&chosen, *adapter);
            return true;
        }
    (void)snprintf(problem, 200, "JUMUN_PROVIDER: there is no provider \"%.50s\"; there is: simulated", name);
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
    metrics_counter(page, name, help, "outcome=\"approved\"", &approved);
    metrics_counter(page, name, help, "outcome=\"declined\"", &declined);
    metrics_counter(page, name, help, "outcome=\"silent\"", &silent);
}

static void count(enum provider_answer answer)
{
    counter_add(answer == PROVIDER_APPROVED ? &approved : answer == PROVIDER_DECLINED ? &declined : &silent, 1);
}

/* The command that tells the outcome was made with the question. */
static void charged(void *ctx, const struct provider_outcome *outcome)
{
    struct engine_command *c = ctx;
    struct record_outcome *r = (struct record_outcome *)c->command.data;
    r->answer = outcome->answer;
    if (outcome->answer == PROVIDER_APPROVED)
        r->reference = arena_str(&c->arena, outcome->reference);
    if (outcome->answer == PROVIDER_DECLINED)
        r->decline_code = arena_str(&c->arena, outcome->decline_code);
    count(outcome->answer);
    engine_submit(c->ctx, c);
}

static void recorded(struct engine_command *c, enum engine_outcome outcome, const struct refusal *refusal)
{
    if (outcome == ENGINE_REFUSED)
        log_error("the provider contradicts the payment", LOG_ID("order", c->command.correlation), LOG_STR("problem", refusal->type));
}

static struct engine_command *outcome_command(struct engine *e, const struct effect *effect)
{
    const struct ask_provider *ask = effect->data;
    struct engine_command *c = engine_outcome_command(effect);
    struct record_outcome *r = ARENA_NEW(&c->arena, struct record_outcome);
    *r = (struct record_outcome){.order = ask->order, .attempt = ask->attempt};
    c->command.type = RECORD_OUTCOME;
    c->command.data = r;
    c->done = recorded;
    c->ctx = e;
    return c;
}

void provider_ask(void *ctx, struct engine *e, const struct effect *effect)
{
    (void)ctx;
    const struct ask_provider *ask = effect->data;
    struct engine_command *c = outcome_command(e, effect);
    const struct provider *provider = atomic_load(&chosen);
    if (!provider) { /* not started yet, or stopped: the timer asks later */
        charged(c, &(struct provider_outcome){.answer = PROVIDER_SILENT});
        return;
    }
    provider->charge(&(struct provider_charge){
        .key = ask->key,
        .amount = ask->amount,
        .token = str_of(ask->token),
        .deadline = patience,
        .done = charged,
        .ctx = c,
    });
}
