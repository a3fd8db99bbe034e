/* The simulated provider's books: a thread that writes what has gathered, in one round trip. */
#include "simulated_books.h"

#include "invariant.h"
#include "log.h"
#include "pg.h"
#include <pthread.h>
#include <string.h>

#define BATCH_MOST 256

STAILQ_HEAD(entries, books_entry);

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct entries waiting; /* under lock, as is closing */
    bool closing;
    struct pg *pg; /* the thread's, as are the parameters */
    struct pg_params params;
} books = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .waiting = STAILQ_HEAD_INITIALIZER(books.waiting)};

/* ── statements ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const char charge_many[] = "insert into simulated_provider.charge (key, amount, currency, token, charged_at) "
                                  "select u.key, u.amount, u.currency, u.token, now() "
                                  "from unnest($1::uuid[], $2::int8[], $3::text[], $4::text[]) as u (key, amount, currency, token) "
                                  "on conflict (key) do nothing";

static const char charge_and_tell[] = "insert into simulated_provider.charge as c (key, amount, currency, token, charged_at) "
                                      "values ($1, $2, $3, $4, now() + $5 * interval '1 microsecond') "
                                      "on conflict (key) do update set asked = c.asked + 1 "
                                      "returning c.asked, (extract(epoch from c.charged_at - now()) * 1000000)::int8";

/* Never more than was charged; and tok_refund_fails_twice does. */
static const char refund_once[] =
    "insert into simulated_provider.refund (key, charge, amount, currency, done, refunded_at) "
    "select $1, c.key, $3, $4, c.token <> 'tok_refund_fails_twice' or "
    "(select count(*) from simulated_provider.refund r where r.charge = c.key and not r.done) >= 2, now() "
    "from (select * from simulated_provider.charge where key = $2 and charged_at <= now() for update) c "
    "where c.currency = $4 and "
    "c.amount >= $3 + coalesce((select sum(r.amount) from simulated_provider.refund r where r.charge = c.key and r.done), 0) "
    "on conflict (key) do nothing";
/* As this key was answered before; another key for what is back already finds it done. */
static const char refund_told[] = "select coalesce((select done from simulated_provider.refund where key = $1), "
                                  "(select sum(amount) >= $3 from simulated_provider.refund where charge = $2 and done), false)";

static struct str currency(const struct books_entry *e)
{
    return str_of(e->amount.currency);
}

static size_t count_plain(const struct entries *batch)
{
    const struct books_entry *e;
    size_t n = 0;
    STAILQ_FOREACH (e, batch, next)
        n += e->kind == BOOKS_CHARGE;
    return n;
}

/* One column of the plain charges. */
static void add_column(const struct entries *batch, enum pg_type type, size_t n, void (*add)(const struct books_entry *e))
{
    const struct books_entry *e;
    pg_array_begin(&books.params, type, n);
    STAILQ_FOREACH (e, batch, next)
        if (e->kind == BOOKS_CHARGE)
            add(e);
    pg_array_end(&books.params);
}

static void add_key(const struct books_entry *e)
{
    pg_array_uuid(&books.params, e->key);
}

static void add_amount(const struct books_entry *e)
{
    pg_array_int8(&books.params, e->amount.amount);
}

static void add_currency(const struct books_entry *e)
{
    pg_array_text(&books.params, currency(e));
}

static void add_token(const struct books_entry *e)
{
    pg_array_text(&books.params, str_of(e->token));
}

static void send_plain(const struct entries *batch, size_t n)
{
    pg_params_clear(&books.params);
    add_column(batch, PG_UUID, n, add_key);
    add_column(batch, PG_INT8, n, add_amount);
    add_column(batch, PG_TEXT, n, add_currency);
    add_column(batch, PG_TEXT, n, add_token);
    pg_send(books.pg, charge_many, &books.params);
}

static void send_charge(const struct books_entry *e)
{
    pg_params_clear(&books.params);
    pg_add_uuid(&books.params, e->key);
    pg_add_int8(&books.params, e->amount.amount);
    pg_add_text(&books.params, currency(e));
    pg_add_text(&books.params, str_of(e->token));
    pg_add_int8(&books.params, e->takes);
    pg_send(books.pg, charge_and_tell, &books.params);
}

static void send_refund(const struct books_entry *e)
{
    pg_params_clear(&books.params);
    pg_add_uuid(&books.params, e->key);
    pg_add_uuid(&books.params, e->charge);
    pg_add_int8(&books.params, e->amount.amount);
    pg_add_text(&books.params, currency(e));
    pg_send(books.pg, refund_once, &books.params);
    pg_params_clear(&books.params);
    pg_add_uuid(&books.params, e->key);
    pg_add_uuid(&books.params, e->charge);
    pg_add_int8(&books.params, e->amount.amount);
    pg_send(books.pg, refund_told, &books.params);
}

/* ── a batch ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void send_batch(const struct entries *batch, size_t plain)
{
    const struct books_entry *e;
    if (plain)
        send_plain(batch, plain);
    STAILQ_FOREACH (e, batch, next) {
        if (e->kind == BOOKS_CHARGE_AND_TELL)
            send_charge(e);
        else if (e->kind == BOOKS_REFUND)
            send_refund(e);
    }
    pg_sync(books.pg);
}

static void take_charge(struct books_entry *e)
{
    const struct pg_rows *rows = pg_receive(books.pg);
    if (rows && pg_count(rows) == 1) {
        e->times = pg_int8(rows, 0, 0);
        e->remaining = pg_int8(rows, 0, 1);
    }
}

static void take_refund(struct books_entry *e)
{
    (void)pg_receive(books.pg);
    const struct pg_rows *rows = pg_receive(books.pg);
    e->refused = !rows || !pg_bool(rows, 0, 0);
}

/* All of it is one transaction: without BEGIN, a pipeline up to its sync is. */
static bool take_batch(struct entries *batch, size_t plain)
{
    struct books_entry *e;
    if (plain)
        (void)pg_receive(books.pg);
    STAILQ_FOREACH (e, batch, next) {
        if (e->kind == BOOKS_CHARGE_AND_TELL)
            take_charge(e);
        else if (e->kind == BOOKS_REFUND)
            take_refund(e);
    }
    return pg_end(books.pg);
}

static bool write_batch(struct entries *batch)
{
    if (!pg_connect(books.pg))
        return false;
    size_t plain = count_plain(batch);
    send_batch(batch, plain);
    if (take_batch(batch, plain))
        return true;
    static _Atomic int64_t last;
    if (log_every(&last, SECONDS(1)))
        log_warning("the simulated provider's books cannot be written", LOG_STR("fault", pg_fault(books.pg)->message));
    return false;
}

/* ── the thread ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Waits for entries, and takes what has gathered; false: closing, and nothing is left. */
static bool next_batch(struct entries *batch)
{
    struct books_entry *e;
    STAILQ_INIT(batch);
    pthread_mutex_lock(&books.lock);
    while (STAILQ_EMPTY(&books.waiting) && !books.closing)
        pthread_cond_wait(&books.wake, &books.lock);
    for (int n = 0; n < BATCH_MOST && (e = STAILQ_FIRST(&books.waiting)); n++) {
        STAILQ_REMOVE_HEAD(&books.waiting, next);
        STAILQ_INSERT_TAIL(batch, e, next);
    }
    pthread_mutex_unlock(&books.lock);
    return !STAILQ_EMPTY(batch);
}

static void *run(void *none)
{
    struct entries batch;
    while (next_batch(&batch)) {
        bool kept = write_batch(&batch);
        for (struct books_entry *e; (e = STAILQ_FIRST(&batch));) {
            STAILQ_REMOVE_HEAD(&batch, next);
            e->kept = kept;
            e->written(e);
        }
    }
    return none;
}

void books_open(const char *database_url)
{
    books.closing = false;
    books.pg = pg_new(database_url, "simulated provider", PG_KEYED);
    invariant(pthread_create(&books.thread, NULL, run, NULL) == 0);
}

void books_write(struct books_entry *entry)
{
    entry->times = 1;
    entry->remaining = 0;
    pthread_mutex_lock(&books.lock);
    bool first = STAILQ_EMPTY(&books.waiting);
    STAILQ_INSERT_TAIL(&books.waiting, entry, next);
    if (first)
        pthread_cond_signal(&books.wake);
    pthread_mutex_unlock(&books.lock);
}

void books_close(void)
{
    pthread_mutex_lock(&books.lock);
    books.closing = true;
    pthread_cond_signal(&books.wake);
    pthread_mutex_unlock(&books.lock);
    pthread_join(books.thread, NULL);
    pg_free(books.pg);
    pg_params_release(&books.params);
}
