/* Databases: every table of the five contexts that a check needs, and the simulated provider's books, in one snapshot each. */
#include "audit.h"
#include "copy.h"
#include "digest.h"
#include "history.h"
#include "text.h"
#include <stdio.h>
#include <string.h>

PGconn *database_open(struct audit *a, enum context context)
{
    PGconn *connection = PQconnectdb(a->databases[context]);
    PGresult *begun = NULL;
    if (PQstatus(connection) == CONNECTION_OK)
        begun = PQexec(connection, "set work_mem = '64MB'; begin transaction isolation level repeatable read read only");
    bool good = PQresultStatus(begun) == PGRES_COMMAND_OK;
    if (!good)
        audit_fault(a, "the database of %s: %s", context_names[context].p, PQerrorMessage(connection));
    PQclear(begun);
    if (good)
        return connection;
    PQfinish(connection);
    return NULL;
}

/* What is done with a row. */
struct reading {
    struct audit *audit;
    struct spill *to;
    enum context context;
};
typedef void (*take_row)(struct reading *r, const struct copy *row);

static void read_rows(struct reading *r, PGconn *connection, const char *query, take_row take)
{
    struct copy c;
    if (copy_open(&c, connection, query))
        while (copy_next(&c))
            take(r, &c);
    if (!copy_close(&c))
        audit_fault(r->audit, "the database of %s: %s", context_names[r->context].p, c.fault);
}

static uint8_t state_of(enum kind kind, const struct copy *c, int field)
{
    return (uint8_t)state_named(kind, c->fields[field]);
}

/* ── what every context has ──────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const char events_query[] = "select id, aggregate_kind, aggregate, version, type, topic, correlation, causation, at,"
                                   " case when topic is not null then data end from event";

static void take_event(struct reading *r, const struct copy *c)
{
    struct said said = {
        .id = copy_uuid(c, 0),
        .subject = copy_uuid(c, 2),
        .version = copy_integer(c, 3),
        .type = c->fields[4],
        .correlation = copy_uuid(c, 6),
        .causation = copy_uuid(c, 7),
        .at = copy_time(c, 8),
        .data = c->fields[9],
        .data_hash = hash_str(c->fields[9]),
    };
    int event = event_typed(said.type), kind = kind_named(c->fields[1]);
    bool published = !str_absent(c->fields[5]);
    struct history h = {
        .id = said.id,
        .aggregate = said.subject,
        .causation = said.causation,
        .content = digest_said(&said),
        .version = (int32_t)said.version,
        .event = (uint8_t)event,
        .context = (uint8_t)r->context,
        .kind = (uint8_t)kind,
        .published = published,
    };
    if (event == WORD_UNKNOWN || (int)event_words[event].kind != kind || event_words[event].published != published ||
        (published && !str_equal(c->fields[5], topic_names[kind_words[kind].topic])))
        findings_add(&r->audit->findings, 8, said.id, "order %s: event %s of %s is a %.*s, which the auditor does not know so",
                     id_text(said.correlation).p, id_text(said.id).p, context_names[r->context].p, STR_ARG(said.type));
    spill_put(r->to, SOURCE_HISTORY, said.correlation, &h, sizeof h, NULL, 0);
}

static void take_forgotten(struct reading *r, const struct copy *c)
{
    r->audit->forgotten[r->context] = copy_uuid(c, 0);
}

static void take_inbox(struct reading *r, const struct copy *c)
{
    struct uuid id = copy_uuid(c, 0);
    if (uuid_compare(id, r->audit->forgotten[r->context]) >= 0 && !dead_letters_have(&r->audit->dead, (uint8_t)r->context, id))
        ids_add(&r->audit->inbox[r->context], id);
}

/* ── order ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const char orders_query[] = "select id, version, status, payment, total, lines, customer,"
                                   " coalesce(deadline < now() - interval '5 seconds', false), needs_review is not null from orders";

/* Lines × prices; false: they cannot be added up. */
static bool lines_sum(struct str lines, int64_t *sum)
{
    struct str line;
    *sum = 0;
    while (text_element(&lines, &line)) {
        int64_t quantity = text_integer(text_member(line, "quantity")), price = text_integer(text_member(line, "unitPrice")), product;
        if (quantity <= 0 || price < 0 || __builtin_mul_overflow(quantity, price, &product) || __builtin_add_overflow(*sum, product, sum))
            return false;
    }
    return true;
}

static void take_order(struct reading *r, const struct copy *c)
{
    struct order_row row = {
        .customer = copy_uuid(c, 6),
        .total = copy_integer(c, 4),
        .version = (int32_t)copy_integer(c, 1),
        .state = state_of(KIND_ORDER, c, 2),
        .overdue = copy_bool(c, 7),
        .review = copy_bool(c, 8),
        .refunded = str_is(c->fields[3], "REFUNDED"),
    };
    row.lines_odd = !lines_sum(c->fields[5], &row.lines);
    spill_put(r->to, SOURCE_ORDER, copy_uuid(c, 0), &row, sizeof row, NULL, 0);
}

static void take_key(struct reading *r, const struct copy *c)
{
    struct key_row row = {.key = history_key(c->fields[0], c->fields[1]), .status = (int16_t)copy_integer(c, 3)};
    spill_put(r->to, SOURCE_KEY, copy_uuid(c, 2), &row, sizeof row, NULL, 0);
    history_meet_key(r->audit->told, row.key, copy_uuid(c, 2));
}

/* ── payment, and the provider's books ───────────────────────────────────────────────────────────────────────────────────────────────── */

static const char payments_query[] = "select id, version, status, amount, attempts, refund, needs_review is not null, now() from payment";

#define ATTEMPTS_MOST 500

static void take_payment(struct reading *r, const struct copy *c)
{
    struct attempt_row attempts[ATTEMPTS_MOST];
    struct buf room = BUF_INIT;
    struct payment_row row = {
        .amount = copy_integer(c, 3),
        .version = (int32_t)copy_integer(c, 1),
        .state = state_of(KIND_PAYMENT, c, 2),
        .review = copy_bool(c, 6),
    };
    instant asked = 0;
    struct str list = text_member(c->fields[4], "attempts"), attempt;
    while (row.attempts < ATTEMPTS_MOST && text_element(&list, &attempt)) {
        struct attempt_row *to = &attempts[row.attempts++];
        *to = (struct attempt_row){.state = (uint8_t)state_named(KIND_PAYMENT, text_string(&room, text_member(attempt, "status")))};
        text_id(text_member(attempt, "key"), &to->key);
        if (!instant_parse(text_string(&room, text_member(attempt, "at")), &asked))
            asked = 0;
    }
    row.asked_now = asked > copy_time(c, 7) - r->audit->provider_patience;
    text_id(text_member(c->fields[5], "key"), &row.refund);
    spill_put(r->to, SOURCE_PAYMENT, copy_uuid(c, 0), &row, sizeof row, attempts, row.attempts * sizeof *attempts);
    buf_release(&room);
}

#define OUR_KEYS "(select id, (a ->> 'key')::uuid as key from payment, json_array_elements(attempts -> 'attempts') a) ours"
static const char charges_query[] = "select ours.id, c.key, c.amount, c.charged_at <= now()"
                                    " from simulated_provider.charge c left join " OUR_KEYS " using (key)";
static const char refunds_query[] = "select ours.id, r.key, r.charge, r.amount, r.done"
                                    " from simulated_provider.refund r left join " OUR_KEYS " on ours.key = r.charge";

static void take_charge(struct reading *r, const struct copy *c)
{
    struct charge_row row = {.key = copy_uuid(c, 1), .amount = copy_integer(c, 2), .done = copy_bool(c, 3)};
    if (str_absent(c->fields[0]))
        findings_add(&r->audit->findings, 4, row.key, "charge %s: the provider has taken %lld by this key, which no attempt of ours has",
                     id_text(row.key).p, (long long)row.amount);
    else
        spill_put(r->to, SOURCE_CHARGE, copy_uuid(c, 0), &row, sizeof row, NULL, 0);
}

static void take_refund(struct reading *r, const struct copy *c)
{
    struct charge_row row = {.key = copy_uuid(c, 1), .charge = copy_uuid(c, 2), .amount = copy_integer(c, 3), .done = copy_bool(c, 4)};
    if (!str_absent(c->fields[0]))
        spill_put(r->to, SOURCE_REFUND, copy_uuid(c, 0), &row, sizeof row, NULL, 0);
}

/* ── product ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const char products_query[] =
    "select p.id, p.version, p.on_hand, p.reserved, coalesce(e.initial, 0), coalesce(e.restocked, 0) from product p left join"
    " (select aggregate, sum((data ->> 'available')::bigint) filter (where type = 'jumun.catalog.ProductRegistered.v1')::bigint as initial,"
    " sum((data ->> 'quantity')::bigint) filter (where type = 'jumun.catalog.ProductRestocked.v1')::bigint as restocked from event"
    " where aggregate_kind = 'product' and type in ('jumun.catalog.ProductRegistered.v1', 'jumun.catalog.ProductRestocked.v1')"
    " group by aggregate) e on e.aggregate = p.id";

static void take_product(struct reading *r, const struct copy *c)
{
    struct product_row row = {
        .version = (int32_t)copy_integer(c, 1),
        .on_hand = copy_integer(c, 2),
        .reserved = copy_integer(c, 3),
        .initial = copy_integer(c, 4),
        .restocked = copy_integer(c, 5),
    };
    spill_put(r->to, SOURCE_PRODUCT, copy_uuid(c, 0), &row, sizeof row, NULL, 0);
}

static const char preparations_query[] = "select id, version, state, lines from preparation";

static void take_preparation(struct reading *r, const struct copy *c)
{
    struct state_row row = {(int32_t)copy_integer(c, 1), state_of(KIND_PREPARATION, c, 2), !str_absent(c->fields[3])};
    struct str lines = text_member(c->fields[3], "lines"), line;
    while (text_element(&lines, &line)) {
        struct uuid product = {{0}};
        if (!text_id(text_member(line, "product"), &product))
            continue;
        struct stock_line *stock = stock_of(&r->audit->stock, product);
        int64_t quantity = text_integer(text_member(line, "quantity"));
        stock->prepared += row.state == STATE_PREPARATION_PREPARED ? quantity : 0;
        stock->shipped += row.state == STATE_PREPARATION_SHIPPED ? quantity : 0;
    }
    spill_put(r->to, SOURCE_PREPARATION, copy_uuid(c, 0), &row, sizeof row, NULL, 0);
}

/* ── delivery, notification ──────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void take_delivery(struct reading *r, const struct copy *c)
{
    struct state_row row = {(int32_t)copy_integer(c, 1), state_of(KIND_DELIVERY, c, 2), false};
    spill_put(r->to, SOURCE_DELIVERY, copy_uuid(c, 0), &row, sizeof row, NULL, 0);
}

static const char notices_query[] = "select id, version, order_id, kind, status, status = 'PENDING' and exists"
                                    " (select from timer t where t.aggregate = n.id and t.aggregate_kind = 'notice') from notice n";

static void take_notice(struct reading *r, const struct copy *c)
{
    struct notice_row row = {
        .id = copy_uuid(c, 0),
        .version = (int32_t)copy_integer(c, 1),
        .notice = (uint8_t)notice_named(c->fields[3]),
        .state = state_of(KIND_NOTICE, c, 4),
        .waits = copy_bool(c, 5),
    };
    spill_put(r->to, SOURCE_NOTICE, copy_uuid(c, 2), &row, sizeof row, NULL, 0);
}

/* ── all of a context ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void read_own(struct reading *r, PGconn *connection)
{
    switch (r->context) {
    case CONTEXT_ORDER:
        read_rows(r, connection, orders_query, take_order);
        if (r->audit->told)
            read_rows(r, connection, "select scope, key, resource, coalesce(status, 0) from idempotency", take_key);
        return;
    case CONTEXT_PRODUCT:
        read_rows(r, connection, products_query, take_product);
        read_rows(r, connection, preparations_query, take_preparation);
        return;
    case CONTEXT_PAYMENT:
        read_rows(r, connection, payments_query, take_payment);
        if (r->audit->simulated_provider) {
            read_rows(r, connection, charges_query, take_charge);
            read_rows(r, connection, refunds_query, take_refund);
        }
        return;
    case CONTEXT_DELIVERY: read_rows(r, connection, "select id, version, state from delivery", take_delivery); return;
    case CONTEXT_NOTIFICATION: read_rows(r, connection, notices_query, take_notice); return;
    default: return;
    }
}

void databases_read(struct audit *a, struct spill *to, enum context first, enum context last)
{
    for (enum context context = first; context <= last; context++) {
        struct reading r = {a, to, context};
        PGconn *connection = database_open(a, context);
        if (!connection)
            return;
        read_rows(&r, connection, events_query, take_event);
        read_rows(&r, connection, "select below from pruned where what = 'inbox'", take_forgotten);
        read_rows(&r, connection, "select event from inbox", take_inbox);
        read_own(&r, connection);
        PQfinish(connection);
    }
}
