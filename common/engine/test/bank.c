/* Bank: a toy context, and what tests need around it. */
#include "bank.h"
#include "clock.h"
#include "invariant.h"
#include "memory.h"
#include "pg.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ── decide ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct aggregate_type aggregates[] = {{"account", sizeof(struct account)}};
static char bank_topic[120] = "bank";
static const struct event_type events[BANK_EVENTS] = {
    [DEPOSITED] = {"Deposited", EVENT_PUBLISHED, bank_topic, sizeof(int64_t)},
    [WITHDRAWN] = {"Withdrawn", EVENT_PUBLISHED, bank_topic, sizeof(int64_t)},
    [NOTED] = {"Noted", EVENT_STATE, NULL, sizeof(int64_t)},
    [WATCHED] = {"Watched", EVENT_INTERNAL, bank_topic, 0},
    [BALANCE_CHANGED] = {"BalanceChanged", EVENT_PUBLISHED, bank_topic, 0},
    [REMINDED] = {"Reminded", EVENT_INTERNAL, bank_topic, 0},
    [ASKED] = {"Asked", EVENT_INTERNAL, bank_topic, 0},
    [SAID] = {"Said", EVENT_INTERNAL, bank_topic, 0},
};
static const char *const timers[] = {"reminder"};
enum { EFFECT_ASK, EFFECT_HOLD };

static void keys(const struct command *c, struct keys *k)
{
    if (c->type == COMMAND_TIMER_DUE) {
        keys_add(k, ACCOUNT, ((const struct timer_due *)c->data)->id);
        return;
    }
    const struct bank_order *o = c->data;
    keys_add(k, ACCOUNT, o->account);
    if (c->type == TRANSFER)
        keys_add(k, ACCOUNT, o->other);
}

static void move(struct aggregate *a, int64_t amount, struct decision *d)
{
    int64_t size = amount < 0 ? -amount : amount;
    decision_event(d, a, amount < 0 ? WITHDRAWN : DEPOSITED, &size);
}

static void decide_withdrawal(const struct bank_order *o, struct aggregate *const *a, struct decision *d)
{
    const struct account *account = a[0]->state;
    if (account->balance < o->amount)
        decision_refuse_with(d, 409, "/problems/not-enough", "Not enough money", "There are %lld.", (long long)account->balance);
    else
        move(a[0], -o->amount, d);
}

static void decide_timer(struct aggregate *const *a, struct decision *d)
{
    const struct account *account = a[0]->state;
    const int64_t everything = account->balance + 1;
    if (account->note == -2)
        decision_event(d, a[0], WITHDRAWN, &everything);
    else if (account->note == -1)
        decision_refuse_with(d, 409, "/problems/no-reminder", "No reminder", "It is not wanted.");
    else
        decision_event(d, a[0], REMINDED, NULL);
}

static void decide(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    const struct bank_order *o = c->data;
    switch (c->type) {
    case COMMAND_TIMER_DUE: decide_timer(a, d); return;
    case OPEN:
        if (a[0]->version > 0)
            decision_refuse_with(d, 409, "/problems/is-open", "The account is open already", "Use another id.");
        else
            move(a[0], o->amount, d);
        return;
    case DEPOSIT: move(a[0], o->amount, d); return;
    case WITHDRAW: decide_withdrawal(o, a, d); return;
    case OVERDRAW: move(a[0], -o->amount, d); return;
    case TRANSFER:
        move(a[0], -o->amount, d);
        move(a[1], o->amount, d);
        return;
    case NOTE: decision_event(d, a[0], NOTED, &o->amount); return;
    case WATCH: decision_event(d, a[0], WATCHED, NULL); return;
    case REMIND: decision_timer(d, a[0], REMINDER, o->at); return;
    case ASK_BANK:
        decision_event(d, a[0], ASKED, NULL);
        decision_effect(d, a[0], EFFECT_ASK, &o->account, sizeof o->account);
        return;
    case BANK_SAYS: decision_event(d, a[0], SAID, NULL); return;
    case HOLD: decision_effect(d, a[0], EFFECT_HOLD, NULL, 0); return;
    }
    unreachable();
}

static void evolve(struct aggregate *a, int event, const void *data, struct arena *arena)
{
    (void)arena;
    struct account *account = a->state;
    switch (event) {
    case DEPOSITED: account->balance += *(const int64_t *)data; return;
    case WITHDRAWN: account->balance -= *(const int64_t *)data; return;
    case NOTED: account->note = *(const int64_t *)data; return;
    case WATCHED: account->watched = true; return;
    case REMINDED: account->reminders++; return;
    case ASKED: account->asked = true; return;
    case SAID: account->asked = false; return;
    case BALANCE_CHANGED: return;
    }
    unreachable();
}

static void settle(struct aggregate *a, struct decision *d)
{
    if (((const struct account *)a->state)->watched)
        decision_event(d, a, BALANCE_CHANGED, NULL);
}

const struct decider bank_decider = {
    .aggregates = aggregates,
    .aggregate_count = 1,
    .events = events,
    .event_count = BANK_EVENTS,
    .timers = timers,
    .timer_count = 1,
    .keys = keys,
    .decide = decide,
    .evolve = evolve,
    .settle = settle,
};

static const struct store_column columns[] = {
    STORE_COLUMN(struct account, balance, "balance", STORE_INTEGER), STORE_COLUMN(struct account, reminders, "reminders", STORE_INTEGER),
    STORE_COLUMN(struct account, note, "note", STORE_INTEGER),       STORE_COLUMN(struct account, watched, "watched", STORE_BOOLEAN),
    STORE_COLUMN(struct account, asked, "asked", STORE_BOOLEAN),
};
const struct store_table bank_tables[] = {STORE_TABLE("account", columns)};

void bank_encode(int event, const void *data, const struct aggregate *a, struct json_writer *w)
{
    if (event == DEPOSITED || event == WITHDRAWN)
        json_put_integer(w, "amount", *(const int64_t *)data);
    json_put_integer(w, "balance", ((const struct account *)a->state)->balance);
}

/* ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct engine_command *bank_command(enum bank_command type, const struct bank_order *order)
{
    struct engine_command *c = engine_command_new();
    c->command = (struct command){
        .type = (int)type, .data = arena_copy(&c->arena, order, sizeof *order), .correlation = order->account, .fresh = uuid_new()};
    return c;
}

struct engine_command *bank_deposit(struct uuid account, int64_t amount)
{
    return bank_command(DEPOSIT, &(struct bank_order){.account = account, .amount = amount});
}

struct engine_command *bank_withdraw(struct uuid account, int64_t amount)
{
    return bank_command(WITHDRAW, &(struct bank_order){.account = account, .amount = amount});
}

void bank_submit(struct engine *e, struct engine_command *c)
{
    engine_submit(e, c);
}

/* ── effects ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static sem_t held, let_go;

static void start_hold(void *ctx, struct engine *e, const struct effect *effect)
{
    (void)ctx;
    (void)e;
    (void)effect;
    sem_post(&held);
    while (sem_wait(&let_go) != 0)
        ;
}

void bank_hold(struct engine *e)
{
    bank_submit(e, bank_command(HOLD, &(struct bank_order){.account = uuid_new()}));
    while (sem_wait(&held) != 0)
        ;
}

void bank_let_go(void)
{
    sem_post(&let_go);
}

atomic_int bank_asked;
static struct effect asked;
static struct uuid asked_account;

/* The account must be as the decision left it: the effect comes after the commit. */
static void start_ask(void *ctx, struct engine *e, const struct effect *effect)
{
    (void)ctx;
    (void)e;
    asked = *effect;
    asked_account = *(const struct uuid *)effect->data;
    asked.traceparent = (struct str){0};
    atomic_fetch_add(&bank_asked, 1);
}

void bank_say(struct engine *e)
{
    struct engine_command *c = bank_command(BANK_SAYS, &(struct bank_order){.account = asked_account});
    c->command.cause = asked.cause;
    c->asker = asked.asker;
    engine_submit(e, c);
}

const effect_start bank_effects[] = {[EFFECT_ASK] = start_ask, [EFFECT_HOLD] = start_hold};

void bank_set_topic(const char *topic)
{
    (void)snprintf(bank_topic, sizeof bank_topic, "%s", topic);
}

struct engine *bank_engine(const struct engine_config *config)
{
    struct engine_config c = config ? *config : (struct engine_config){0};
    c.service = c.service ? c.service : "bank";
    c.database_url = c.database_url ? c.database_url : bank_database.url;
    c.decider = &bank_decider;
    c.tables = bank_tables;
    c.encode = bank_encode;
    c.effects = bank_effects;
    return engine_start(&c);
}

void bank_engine_end(struct engine *e)
{
    engine_stop(e);
    engine_free(e);
}

/* ── who asks ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void compose_problem(const struct refusal *r, struct answer *out)
{
    struct json_writer w = {.out = &out->body};
    out->status = r->status;
    out->content_type = STR("application/problem+json");
    json_begin_object(&w, NULL);
    json_put_text(&w, "type", str_of(r->type));
    json_put_text(&w, "detail", r->detail);
    json_end_object(&w);
}

static void compose(const struct asker *asker, const struct command *c, struct aggregate *const *a, const struct decision *d,
                    struct answer *out)
{
    (void)asker;
    if (d->refusal) {
        compose_problem(d->refusal, out);
        return;
    }
    char id[UUID_TEXT + 1];
    uuid_format(a[0]->id, id);
    out->status = c->type == OPEN ? 201 : 200;
    out->location = arena_printf(d->arena, "/accounts/%s", id);
    out->later = c->type == ASK_BANK;
    struct json_writer w = {.out = &out->body};
    json_begin_object(&w, NULL);
    json_put_id(&w, "account", a[0]->id);
    json_put_integer(&w, "balance", ((const struct account *)a[0]->state)->balance);
    json_end_object(&w);
}

static void resume(struct asker *asker, const struct answer *answer)
{
    struct client *c = (struct client *)(void *)asker;
    c->status = answer->status;
    c->retry_after = answer->retry_after;
    c->replayed = answer->replayed;
    (void)snprintf(c->body, sizeof c->body, "%.*s", STR_ARG(buf_str(&answer->body)));
    (void)snprintf(c->location, sizeof c->location, "%.*s", STR_ARG(answer->location));
    (void)snprintf(c->content_type, sizeof c->content_type, "%.*s", STR_ARG(answer->content_type));
    atomic_fetch_add(&c->answers, 1);
}

static void adopt(struct asker *asker, struct command *c, struct uuid resource)
{
    struct client *client = (struct client *)(void *)asker;
    struct bank_order *order = (struct bank_order *)c->data; /* of the command's arena */
    order->account = resource;
    c->correlation = c->fresh = resource;
    client->adopted++;
}

void client_init(struct client *c)
{
    *c = (struct client){.asker = {.compose = compose, .resume = resume, .adopt = adopt}};
}

void client_key(struct client *c, const char *key, const char *body)
{
    c->asker.scope = STR("somebody POST /accounts");
    c->asker.key = str_of(key);
    c->asker.body = str_of(body);
}

bool client_offer(struct client *c, struct engine *e, struct engine_command *command)
{
    command->asker = &c->asker;
    c->asker.resource = ((const struct bank_order *)command->command.data)->account;
    return engine_offer(e, command);
}

void client_ask(struct client *c, struct engine *e, struct engine_command *command)
{
    assert_true(client_offer(c, e, command));
}

void client_wait(struct client *c)
{
    testing_wait_until(atomic_load(&c->answers) > 0);
}

static void tallied(struct engine_command *c, enum engine_outcome outcome, const struct refusal *refusal)
{
    struct tally *t = c->ctx;
    assert_true((outcome == ENGINE_REFUSED) == (refusal != NULL));
    atomic_fetch_add(&t->outcomes[outcome], 1);
}

void tally_submit(struct tally *t, struct engine *e, struct engine_command *c)
{
    c->done = tallied;
    c->ctx = t;
    engine_submit(e, c);
}

int tally_count(struct tally *t)
{
    int n = 0;
    for (size_t i = 0; i <= ENGINE_UNAVAILABLE; i++)
        n += atomic_load(&t->outcomes[i]);
    return n;
}

/* ── the database ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct testing_database bank_database;
static struct pg *pg;

const struct embedded bank_migrations[] = {
    {"0001_bank.sql",
     "create table account (id uuid primary key, version bigint not null, balance bigint not null check (balance >= 0),"
     " reminders bigint not null, note bigint not null, watched boolean not null, asked boolean not null)",
     0},
    {0},
};

static void must(bool well, const char *what)
{
    if (!well)
        fail_msg("%s: %s", what, pg_fault(pg)->message);
}

int bank_setup(void **state)
{
    (void)state;
    struct arena arena;
    struct str problem;
    sem_init(&held, 0, 0);
    sem_init(&let_go, 0, 0);
    testing_database_new(&bank_database);
    pg = pg_new(bank_database.url, "bank", PG_QUERIES);
    arena_init(&arena);
    must(pg_migrate(pg, "engine", engine_migrations, &arena, &problem), "migration");
    must(pg_migrate(pg, "bank", bank_migrations, &arena, &problem), "migration");
    arena_release(&arena);
    return 0;
}

int bank_teardown(void **state)
{
    (void)state;
    pg_free(pg);
    testing_database_drop(&bank_database);
    sem_destroy(&held);
    sem_destroy(&let_go);
    return 0;
}

int bank_empty(void **state)
{
    (void)state;
    atomic_store(&bank_asked, 0);
    must(pg_query(pg, "truncate account, event, outbox, inbox, idempotency, timer, pruned", NULL), "truncate");
    return 0;
}

int64_t bank_number(const char *sql, struct uuid id)
{
    struct pg_params p = {0};
    if (strchr(sql, '$'))
        pg_add_uuid(&p, id);
    const struct pg_rows *rows = pg_query(pg, sql, &p);
    pg_params_release(&p);
    must(rows, sql);
    return pg_count(rows) ? pg_int8(rows, 0, 0) : 0;
}

int64_t bank_balance(struct uuid account)
{
    return bank_number("select balance from account where id = $1", account);
}

void bank_assert_versions(struct uuid account, int64_t last)
{
    assert_int_equal(bank_number("select version from account where id = $1", account), last);
    assert_int_equal(bank_number("select count(*) from event where aggregate = $1", account), last);
    assert_int_equal(bank_number("select coalesce(max(version), 0) from event where aggregate = $1", account), last);
    assert_int_equal(bank_number("select count(*) from (select seq, lag(seq) over (order by version) as before from event"
                                 " where aggregate = $1) as e where seq < before",
                                 account),
                     0);
}

int64_t bank_metric(const struct engine *e, const char *name)
{
    struct buf text = BUF_INIT;
    struct metrics_page page = {.out = &text};
    engine_show(e, &page);
    size_t n = strlen(name);
    int64_t value = -1;
    for (const char *line = text.p; line && value < 0; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, n) == 0 && line[n] == ' ')
            value = strtoll(line + n + 1, NULL, 10);
    }
    buf_release(&text);
    return value;
}
