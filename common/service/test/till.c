/* till: the smallest service that has everything, for service_test: the bank's accounts over HTTP. */
#include "bank.h"
#include "clock.h"
#include "pg.h"
#include "service.h"
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static struct {
    const char *topic, *answer_file;
} config;
static const struct setting settings[] = {
    {"JUMUN_TILL_TOPIC", SETTING_TEXT, NULL, &config.topic, 0, 0, "where the bank's events go"},
    {"JUMUN_TILL_ANSWER_FILE", SETTING_TEXT, "", &config.answer_file, 0, 0, "when this file is there, the bank answers"},
    {NULL, 0, NULL, NULL, 0, 0, NULL},
};

static struct engine *engine;

/* ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct json_field open_fields[] = {
    JSON_FIELD_RANGE(struct bank_order, amount, "amount", JSON_INTEGER, JSON_REQUIRED, 1, 1000),
};
static const struct json_shape open_shape = JSON_SHAPE(struct bank_order, open_fields, JSON_REFUSE_UNKNOWN);

static bool command_of(struct call *call, struct command *c, int type, struct bank_order order)
{
    c->type = type;
    c->data = arena_copy(http_arena(call->http), &order, sizeof order);
    c->correlation = order.account;
    return true;
}

static bool open_account(struct call *call, struct command *c)
{
    struct bank_order order;
    if (!call_decode(call, &open_shape, &order))
        return false;
    order.account = c->fresh;
    return command_of(call, c, OPEN, order);
}

static bool withdraw(struct call *call, struct command *c)
{
    struct bank_order order = {0}, wanted;
    if (!call_id(call, "id", &order.account) || !call_decode(call, &open_shape, &wanted))
        return false;
    order.amount = wanted.amount;
    return command_of(call, c, WITHDRAW, order);
}

static bool ask_bank(struct call *call, struct command *c)
{
    struct bank_order order = {0};
    return call_id(call, "id", &order.account) && command_of(call, c, ASK_BANK, order);
}

static void answer(const struct call *call, const struct command *c, struct aggregate *const *a, const struct decision *d,
                   struct answer *out)
{
    (void)call;
    char id[UUID_TEXT + 1];
    uuid_format(a[0]->id, id);
    out->status = c->type == OPEN ? 201 : 200;
    out->later = c->type == ASK_BANK;
    if (c->type == OPEN)
        out->location = arena_printf(d->arena, "/accounts/%s", id);
    struct json_writer w = {.out = &out->body};
    json_begin_object(&w, NULL);
    json_put_id(&w, "id", a[0]->id);
    json_put_integer(&w, "balance", ((const struct account *)a[0]->state)->balance);
    json_end_object(&w);
}

static void adopt(struct call *call, struct command *c, struct uuid resource)
{
    struct bank_order order = *(const struct bank_order *)c->data;
    order.account = resource;
    command_of(call, c, c->type, order);
}

/* ── queries ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void reply_list(struct call *call, const struct pg_rows *rows, int64_t limit)
{
    struct buf body = BUF_INIT;
    struct json_writer w = {.out = &body};
    int n = pg_count(rows) > limit ? (int)limit : pg_count(rows);
    struct str position = {0};
    json_begin_object(&w, NULL);
    json_begin_array(&w, "items");
    for (int i = 0; i < n; i++) {
        json_begin_object(&w, NULL);
        json_put_id(&w, "id", pg_uuid(rows, i, 0));
        json_put_integer(&w, "balance", pg_int8(rows, i, 1));
        json_end_object(&w);
    }
    json_end_array(&w);
    if (n < pg_count(rows)) {
        char id[UUID_TEXT + 1];
        uuid_format(pg_uuid(rows, n - 1, 0), id);
        position = arena_printf(http_arena(call->http), "%s", id);
    }
    call_put_next_cursor(call, &w, position);
    json_end_object(&w);
    call_json(call, 200, buf_str(&body));
    buf_release(&body);
}

static void list(struct call *call, void *connection)
{
    int64_t limit;
    struct str position;
    struct uuid last = {{0}};
    struct pg_params p = {0};
    if (!call_limit(call, &limit) || !call_cursor(call, &position))
        return;
    (void)uuid_parse(position, &last);
    char text[UUID_TEXT + 1];
    uuid_format(last, text);
    pg_add_text(&p, str_of(text));
    pg_add_int8(&p, limit + 1);
    const struct pg_rows *rows =
        pg_query(connection, "select id, balance from account where id > $1::text::uuid order by id limit $2::bigint", &p);
    pg_params_release(&p);
    if (rows)
        reply_list(call, rows, limit);
    else
        call_problem(call, &problem_not_found);
}

/* ── the rest ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void whoami(struct call *call)
{
    struct buf roles = BUF_INIT;
    roles_format(call->who.roles, &roles);
    struct str body = arena_printf(http_arena(call->http), "{\"roles\":\"%.*s\"}", STR_ARG(buf_str(&roles)));
    buf_release(&roles);
    call_json(call, 200, body);
}

static void asked(struct call *call)
{
    call_json(call, 200, arena_printf(http_arena(call->http), "%d", atomic_load(&bank_asked)));
}

static const struct service_route routes[] = {
    {"POST", "/accounts", ROLE_CUSTOMER, HTTP_KEY_REQUIRED, open_account, answer, adopt, NULL, NULL},
    {"POST", "/accounts/{id}/withdrawals", ROLE_CUSTOMER, HTTP_KEY_ACCEPTED, withdraw, answer, NULL, NULL, NULL},
    {"POST", "/accounts/{id}/questions", ROLE_CUSTOMER, 0, ask_bank, answer, NULL, NULL, NULL},
    {"GET", "/accounts", ROLE_OPERATOR | ROLE_ADMIN, 0, NULL, NULL, NULL, list, NULL},
    {"GET", "/whoami", ROLE_CUSTOMER | ROLE_COURIER, 0, NULL, NULL, NULL, NULL, whoami},
    {"GET", "/asked", ROLE_ANYONE, 0, NULL, NULL, NULL, NULL, asked},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL},
};

/* The bank answers when the test says so. */
static pthread_t bank;
static atomic_bool stopping;

static void *run_bank(void *argument)
{
    (void)argument;
    for (int answered = 0; !atomic_load(&stopping);) {
        if (access(config.answer_file, F_OK) == 0 && atomic_load(&bank_asked) > answered) {
            bank_say(engine);
            answered++;
        }
        usleep(1000);
    }
    return NULL;
}

static bool start(struct engine *e, char problem[200])
{
    engine = e;
    bank_set_topic(config.topic);
    if (pthread_create(&bank, NULL, run_bank, NULL) == 0)
        return true;
    (void)snprintf(problem, 200, "no thread");
    return false;
}

static void stop(void)
{
    atomic_store(&stopping, true);
    pthread_join(bank, NULL);
}

static const struct service till = {
    .name = "till",
    .summary = "accounts, to try the skeleton with",
    .settings = settings,
    .routes = routes,
    .decider = &bank_decider,
    .tables = bank_tables,
    .encode = bank_encode,
    .effects = bank_effects,
    .migrations = bank_migrations,
    .start = start,
    .stop = stop,
};

int main(int argc, char **argv)
{
    return service_run(&till, argc, argv);
}
