/* Dead letters: what is sent to the topic, what is read from it. */
#include "letters.h"

#include "clock.h"
#include "log.h"
#include "memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define PATIENCE    SECONDS(5)
#define MESSAGE_MAX 2000000 /* the largest message that a broker takes by default, and what we add to it */

struct letters {
    char topic[80];
    pthread_mutex_t sending; /* held while something is produced and its reports are awaited */
    struct kafka_producer *producer;
    struct kafka_reader *reader;
    pthread_mutex_t lock;
    struct letter_book *book; /* under lock */
    struct counter sent;
};

/* ── written ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void reported(void *ctx, const char *failure)
{
    bool *all_taken = ctx;
    *all_taken &= failure == NULL;
}

static void send_one(struct letters *l, struct arena *arena, const struct kafka_record *r, struct str reason, bool *all_taken)
{
    log_error("a message went to the dead letters", LOG_TEXT_OF("topic", r->topic), LOG_INT("partition", r->partition),
              LOG_INT("offset", r->offset), LOG_TEXT_OF("reason", reason));
    kafka_produce_raw(l->producer, l->topic, r->key, r->value, letter_headers(arena, r, reason), r->header_count + LETTER_HEADERS, reported,
                      all_taken);
}

/* The reports point to a local: they are all in before this returns. */
static bool send_all(struct letters *l, struct arena *arena, const struct kafka_record *records, const struct str *reasons, size_t n,
                     size_t count)
{
    bool all_taken = true;
    for (size_t i = 0; i < n; i++)
        if (!str_absent(reasons[i]))
            send_one(l, arena, &records[i], reasons[i], &all_taken);
    while (!kafka_producer_flush(l->producer, PATIENCE))
        log_warning("dead letters wait for Kafka", LOG_INT("letters", (int64_t)count));
    return all_taken;
}

bool letters_send(struct letters *l, struct arena *arena, const struct kafka_record *records, const struct str *reasons, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += !str_absent(reasons[i]);
    if (count == 0)
        return true;
    pthread_mutex_lock(&l->sending);
    bool all_taken = send_all(l, arena, records, reasons, n, count);
    pthread_mutex_unlock(&l->sending);
    counter_add(&l->sent, all_taken ? count : 0);
    return all_taken;
}

static bool produce_mark(struct letters *l, const struct kafka_header *headers)
{
    bool taken = true;
    kafka_produce_raw(l->producer, l->topic, (struct str){0}, (struct str){0}, headers, MARK_HEADERS, reported, &taken);
    while (!kafka_producer_flush(l->producer, PATIENCE)) /* it is reported in the end: as failed, when Kafka does not take it */
        ;
    return taken;
}

bool letters_mark(struct letters *l, const struct letter *letter, enum letter_state state, struct uuid by, struct str note)
{
    struct arena arena;
    if (!clock_lock(&l->sending, clock_monotonic() + PATIENCE))
        return false;
    arena_init(&arena);
    bool taken = produce_mark(l, mark_headers(&arena, &letter->place, state, by, note));
    pthread_mutex_unlock(&l->sending);
    arena_release(&arena);
    return taken && letters_await(l, PATIENCE);
}

/* ── read ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void read_records(void *ctx, const struct kafka_record *records, size_t n)
{
    struct letters *l = ctx;
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < n; i++)
        letter_book_read(l->book, &records[i]);
    pthread_mutex_unlock(&l->lock);
}

bool letters_await(struct letters *l, duration patience)
{
    return kafka_reader_await(l->reader, patience);
}

static struct letter copy(const struct letter *letter, struct arena *arena)
{
    struct letter c = *letter;
    c.place.topic = arena_str(arena, c.place.topic);
    c.reason = arena_str(arena, c.reason);
    c.type = arena_str(arena, c.type);
    c.note = arena_str(arena, c.note);
    return c;
}

bool letters_find(struct letters *l, const struct letter_place *place, struct arena *arena, struct letter *out)
{
    pthread_mutex_lock(&l->lock);
    const struct letter *found = letter_book_find(l->book, place);
    if (found)
        *out = copy(found, arena);
    pthread_mutex_unlock(&l->lock);
    return found;
}

size_t letters_list(struct letters *l, unsigned states, const struct letter_place *after, struct arena *arena, struct letter *out,
                    size_t most)
{
    const struct letter **found = ARENA_ARRAY(arena, const struct letter *, most + 1);
    pthread_mutex_lock(&l->lock);
    size_t n = letter_book_list(l->book, states, after, found, most);
    for (size_t i = 0; i < n; i++)
        out[i] = copy(found[i], arena);
    pthread_mutex_unlock(&l->lock);
    return n;
}

size_t letters_count(struct letters *l, enum letter_state state)
{
    pthread_mutex_lock(&l->lock);
    size_t n = letter_book_count(l->book, state);
    pthread_mutex_unlock(&l->lock);
    return n;
}

bool letters_fetch(struct letters *l, const struct letter *letter, struct arena *arena, struct kafka_record *message)
{
    struct kafka_record record;
    if (!kafka_reader_fetch(l->reader, letter->partition, letter->offset, PATIENCE, arena, &record) || !letter_message(&record, message))
        return false;
    message->trace = kafka_record_trace(message, arena);
    return true;
}

void letters_show(struct letters *l, struct metrics_page *page)
{
    metrics_counter(page, "jumun_dead_letters_total", "Messages sent to the dead letters.", NULL, &l->sent);
    metrics_value(page, "jumun_dead_letters_open", "Dead letters that are neither redriven nor discarded; the same in each replica.", NULL,
                  (double)letters_count(l, LETTER_OPEN));
}

/* ── started and stopped ────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct letters *letters_start(const struct letters_config *config)
{
    struct letters *l = NEW(struct letters);
    (void)snprintf(l->topic, sizeof l->topic, "jumun.dlq.%s", config->service);
    pthread_mutex_init(&l->sending, NULL);
    pthread_mutex_init(&l->lock, NULL);
    l->book = letter_book_new();
    l->producer = kafka_producer_new(&(struct kafka_producer_config){
        .brokers = config->brokers, .client = config->service, .message_timeout = SECONDS(10), .message_max = MESSAGE_MAX});
    l->reader = kafka_reader_start(&(struct kafka_reader_config){
        .brokers = config->brokers, .client = config->service, .topic = l->topic, .read = read_records, .ctx = l});
    return l;
}

void letters_stop(struct letters *l)
{
    if (!l)
        return;
    kafka_reader_stop(l->reader);
    kafka_producer_free(l->producer);
    letter_book_free(l->book);
    pthread_mutex_destroy(&l->lock);
    pthread_mutex_destroy(&l->sending);
    free(l);
}
