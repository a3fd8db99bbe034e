/*
 * bank — a toy context for the tests of engine, relay and intake: accounts that are opened, paid into, drawn from, and reminded of things.
 *
 *     struct engine *e = bank_engine(NULL);
 *     bank_submit(e, bank_deposit(account, 100));                  // nobody waits
 *     struct client c; client_ask(&c, e, bank_withdraw(account, 30));
 *     client_wait(&c); … c.status, c.body …
 *
 * The database is one for the test program, emptied between tests. What a test cannot see it asks of the database by bank_number().
 */
#ifndef JUMUN_BANK_H
#define JUMUN_BANK_H

#include "engine.h"
#include "testing.h"
#include <semaphore.h>

/* ── the context ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

enum { ACCOUNT };
enum bank_command {
    DEPOSIT = 1, /* opens the account when there is none */
    OPEN,        /* refused (409) when there is one */
    WITHDRAW,    /* refused (409) beyond the balance */
    OVERDRAW,    /* what a decider with a bug would do: the table's CHECK rejects it */
    TRANSFER,    /* between two accounts */
    NOTE,        /* a foreign fact: changes the state, leaves no event. After -1 a reminder is refused, after -2 rejected */
    WATCH,       /* from now on its changes settle into BalanceChanged */
    REMIND,      /* sets the reminder, or clears it when at is 0 */
    ASK_BANK,    /* an effect; the asker is answered by its outcome */
    BANK_SAYS,   /* that outcome */
    HOLD,        /* an effect that holds the engine up until bank_let_go() */
};
enum bank_event { DEPOSITED, WITHDRAWN, NOTED, WATCHED, BALANCE_CHANGED, REMINDED, ASKED, SAID, BANK_EVENTS };
enum bank_timer { REMINDER };

struct account {
    int64_t balance, reminders, note;
    bool watched, asked;
};
struct bank_order {
    struct uuid account, other;
    int64_t amount;
    instant at;
};

extern const struct decider bank_decider;
extern const struct store_table bank_tables[];
extern const effect_start bank_effects[];
extern const struct embedded bank_migrations[];
void bank_encode(int event, const void *data, const struct aggregate *a, struct json_writer *w);

struct engine_command *bank_command(enum bank_command type, const struct bank_order *order);
struct engine_command *bank_deposit(struct uuid account, int64_t amount);
struct engine_command *bank_withdraw(struct uuid account, int64_t amount);
void bank_submit(struct engine *e, struct engine_command *c);

/* Engines of the test's database, or of another address of it (a proxy). What config leaves out is filled in. */
struct engine *bank_engine(const struct engine_config *config);
void bank_engine_end(struct engine *e);

void bank_set_topic(const char *topic); /* of its events; before an engine */

/* The engine stands still, after a batch of its own: what is submitted meanwhile is one batch. */
void bank_hold(struct engine *e);
void bank_let_go(void);

/* ASK_BANK's effects, as they were started: the test's to answer. */
extern atomic_int bank_asked;
void bank_say(struct engine *e);

/* ── who asks ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct client {
    struct asker asker;
    atomic_int answers; /* how often it was answered: once is right */
    int status, retry_after;
    bool replayed;
    char body[512], location[64], content_type[64];
    int adopted;
};
void client_init(struct client *c);
/* `key` may be NULL; the body is what the key is compared by. */
void client_key(struct client *c, const char *key, const char *body);
bool client_offer(struct client *c, struct engine *e, struct engine_command *command);
void client_ask(struct client *c, struct engine *e, struct engine_command *command); /* must be taken */
void client_wait(struct client *c);

/* Outcomes of commands that nobody waits for. */
struct tally {
    atomic_int outcomes[ENGINE_UNAVAILABLE + 1];
};
void tally_submit(struct tally *t, struct engine *e, struct engine_command *c);
int tally_count(struct tally *t);

/* ── the database ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

extern struct testing_database bank_database;
int bank_setup(void **state);    /* of a group: makes the database */
int bank_teardown(void **state); /* and drops it */
int bank_empty(void **state);    /* before a test */

/* The one number that a statement gives; $1 is the id. */
int64_t bank_number(const char *sql, struct uuid id);
int64_t bank_balance(struct uuid account);
void bank_assert_versions(struct uuid account, int64_t last); /* 1 … last, no gap, and the account says so too */

/* A counter or gauge of the engine, by its name (and labels). */
int64_t bank_metric(const struct engine *e, const char *name);

#endif
