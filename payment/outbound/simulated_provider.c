/*
 * The simulated provider: no money moves, the card's token says what happens, and what was charged and given back stands in books of its
 * own.
 *
 * An answer follows from the token and from what the books say of the key, so that it is the same after a crash, and by whichever replica
 * is asked.
 */
#include "clock.h"
#include "later.h"
#include "memory.h"
#include "provider.h"
#include "simulated_books.h"
#include <stdlib.h>
#include <string.h>

enum conduct { CHARGES, DECLINES, HANGS };
static const struct behaviour {
    const char *token;
    enum conduct conduct;
    const char *code; /* DECLINES */
    duration takes;   /* CHARGES: so long after it was first asked */
    bool tells;       /* CHARGES: whoever asks; otherwise only who asks again when it is done */
} behaviours[] = {
    {.token = "tok_ok", .conduct = CHARGES, .tells = true}, /* and whatever begins so */
    {.token = "tok_refund_fails_twice", .conduct = CHARGES, .tells = true},
    {.token = "tok_slow", .conduct = CHARGES, .takes = MILLISECONDS(800), .tells = true},
    {.token = "tok_lost", .conduct = CHARGES},
    {.token = "tok_late", .conduct = CHARGES, .takes = SECONDS(5)},
    {.token = "tok_hang", .conduct = HANGS},
    {.token = "tok_declined", .conduct = DECLINES, .code = "declined"},
    {.token = "tok_insufficient_funds", .conduct = DECLINES, .code = "insufficient_funds"},
};
static const struct behaviour unknown_token = {.conduct = DECLINES, .code = "invalid_token"};

static const struct behaviour *behaviour_of(struct str token)
{
    if (str_starts_with(token, STR("tok_ok")))
        return &behaviours[0];
    for (size_t i = 0; i < sizeof behaviours / sizeof behaviours[0]; i++)
        if (str_is(token, behaviours[i].token))
            return &behaviours[i];
    return &unknown_token;
}

/* One that asks for a charge or a refund, until it is answered. */
struct asking {
    struct books_entry entry; /* first */
    const struct behaviour *behaviour;
    duration deadline; /* clock_monotonic() */
    provider_done done;
    void *ctx;
    enum provider_answer answer; /* what will be said, when it is said later */
};

static struct later answers = LATER_INIT;

/* ── answers ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

#define CHARGE_PREFIX "ch_"
#define REFUND_PREFIX "re_"

/* The reference follows from the key. */
static void say(struct asking *a, enum provider_answer answer)
{
    char reference[sizeof CHARGE_PREFIX + UUID_TEXT];
    memcpy(reference, a->entry.kind == BOOKS_REFUND ? REFUND_PREFIX : CHARGE_PREFIX, sizeof CHARGE_PREFIX);
    uuid_format(a->entry.key, reference + strlen(CHARGE_PREFIX));
    a->done(a->ctx, &(struct provider_outcome){.answer = answer, .reference = str_of(reference), .code = STR("refund_failed")});
    free(a);
}

static void say_later(void *asking, bool due)
{
    struct asking *a = asking;
    say(a, due ? a->answer : PROVIDER_SILENT);
}

static void say_at(struct asking *a, duration due, enum provider_answer answer)
{
    a->answer = answer;
    later_at(&answers, due, say_later, a);
}

/* ── charges and refunds ────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void charge_written(struct books_entry *entry)
{
    struct asking *a = (struct asking *)(void *)entry;
    bool done = entry->remaining <= 0;
    duration due = clock_monotonic() + entry->remaining;
    if (!entry->kept)
        say(a, PROVIDER_SILENT);
    else if (done && (a->behaviour->tells || entry->times > 1))
        say(a, PROVIDER_APPROVED);
    else if (a->behaviour->tells && due <= a->deadline)
        say_at(a, due, PROVIDER_APPROVED);
    else
        say_at(a, a->deadline, PROVIDER_SILENT);
}

static void refund_written(struct books_entry *entry)
{
    struct asking *a = (struct asking *)(void *)entry;
    say(a, !entry->kept ? PROVIDER_SILENT : entry->refused ? PROVIDER_DECLINED : PROVIDER_APPROVED);
}

static void charge_simulated(const struct provider_charge *charge)
{
    const struct behaviour *behaviour = behaviour_of(charge->token);
    if (behaviour->conduct == DECLINES) {
        charge->done(charge->ctx, &(struct provider_outcome){.answer = PROVIDER_DECLINED, .code = str_of(behaviour->code)});
        return;
    }
    struct asking *a = NEW(struct asking);
    *a = (struct asking){
        .entry = {.kind = behaviour->tells && !behaviour->takes ? BOOKS_CHARGE : BOOKS_CHARGE_AND_TELL,
                  .key = charge->key,
                  .amount = charge->amount,
                  .takes = behaviour->takes,
                  .written = charge_written},
        .behaviour = behaviour,
        .deadline = clock_monotonic() + charge->deadline,
        .done = charge->done,
        .ctx = charge->ctx,
    };
    memcpy(a->entry.token, charge->token.p, charge->token.n);
    if (behaviour->conduct == HANGS)
        say_at(a, a->deadline, PROVIDER_SILENT);
    else
        books_write(&a->entry);
}

/* Which charge a reference is of; the nil key, which no charge has, when it is none of ours. */
static struct uuid charge_key(struct str reference)
{
    const size_t prefix = strlen(CHARGE_PREFIX);
    struct uuid key = {0};
    if (str_starts_with(reference, STR(CHARGE_PREFIX)))
        (void)uuid_parse((struct str){reference.p + prefix, reference.n - prefix}, &key);
    return key;
}

static void refund_simulated(const struct provider_refund *refund)
{
    struct asking *a = NEW(struct asking);
    *a = (struct asking){
        .entry = {.kind = BOOKS_REFUND,
                  .key = refund->key,
                  .amount = refund->amount,
                  .charge = charge_key(refund->charge),
                  .written = refund_written},
        .done = refund->done,
        .ctx = refund->ctx,
    };
    books_write(&a->entry);
}

/* ── ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool start(const char *database_url, char problem[200])
{
    (void)problem;
    books_open(database_url);
    later_start(&answers);
    return true;
}

static void stop(void)
{
    books_close(); /* what it still writes may be for later */
    later_stop(&answers);
}

const struct provider simulated_provider = {
    .name = "simulated",
    .start = start,
    .stop = stop,
    .charge = charge_simulated,
    .refund = refund_simulated,
    .ledger_is_here = true,
};
