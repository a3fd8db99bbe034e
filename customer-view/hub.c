/* Hub: what is kept of the feed, who listens, and what each of them is sent. */
#include "hub.h"

#include "invariant.h"
#include "json_encode.h"
#include "memory.h"
#include "projection.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define BUFFER_MAX ((size_t)256 * 1024) /* of a client, which may be so far behind */
#define REPLAY_MAX (BUFFER_MAX / 2)
#define RETRY      "retry: 2000\n\n" /* milliseconds, before a client comes back */

struct kept {
    TAILQ_ENTRY(kept) link;
    struct feed_id id;
    struct uuid customer;
    size_t n;
    char text[]; /* as it is sent */
};

struct listener {
    TAILQ_ENTRY(listener) link;
    struct hub *hub;
    struct uuid customer;
    struct http_stream *stream; /* NULL: has not joined yet */
    struct feed_standing standing;
    struct feed_id after; /* what it has */
    bool stranger;        /* what it has missed cannot be told */
    bool waiting;         /* until the hub knows all that the feed keeps */
};

TAILQ_HEAD(kept_list, kept);
TAILQ_HEAD(listener_list, listener);

struct hub {
    struct hub_config config;
    pthread_mutex_t lock;  /* of all that follows */
    struct kept_list kept; /* oldest first */
    size_t kept_count;
    struct listener_list listeners;
    size_t listener_count;
    char epoch[EPOCH_TEXT + 1];
    struct feed_id floor; /* all that came after it is kept */
    bool begun;           /* something of this epoch was read */
    bool ready;

    struct gauge listening;
    struct counter changes, reloads;
};

struct hub *hub_new(const struct hub_config *config)
{
    struct hub *hub = NEW(struct hub);
    hub->config = *config;
    pthread_mutex_init(&hub->lock, NULL);
    TAILQ_INIT(&hub->kept);
    TAILQ_INIT(&hub->listeners);
    return hub;
}

static void forget_oldest(struct hub *hub)
{
    struct kept *k = TAILQ_FIRST(&hub->kept);
    TAILQ_REMOVE(&hub->kept, k, link);
    hub->floor = k->id;
    hub->kept_count--;
    free(k);
}

void hub_free(struct hub *hub)
{
    invariant(hub->listener_count == 0);
    while (hub->kept_count)
        forget_oldest(hub);
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}

/* ── what is sent ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void put_id(struct buf *out, const char *epoch, struct feed_id id)
{
    buf_printf(out, "id: %s.%llu-%llu\n", epoch, (unsigned long long)id.time, (unsigned long long)id.number);
}

/* JSON as we write it has no line breaks: one line of data. */
static void put_change(struct buf *out, const struct feed_entry *e)
{
    int64_t status = 0;
    bool known = str_to_int64(e->status, &status) && status > 0 && status < ORDER_STATUSES;
    buf_add(out, STR("event: order\ndata: "));
    struct json_writer w = {.out = out};
    json_begin_object(&w, NULL);
    json_put_text(&w, "orderId", e->order);
    json_put_text(&w, "status", str_of(order_status_names[known ? status : ORDER_UNKNOWN]));
    json_put_raw(&w, "change", e->entry);
    json_end_object(&w);
    buf_add(out, STR("\n\n"));
}

/* A stream that takes nothing any more has ended, or is about to: `ended` says so. */
static void tell_change(struct listener *l, const struct kept *k)
{
    http_stream_send(l->stream, (struct str){k->text, k->n});
    l->after = k->id;
    counter_add(&l->hub->changes, 1);
}

static void tell_to_reload(struct listener *l)
{
    struct buf text = BUF_INIT;
    l->after = l->standing.last;
    put_id(&text, l->standing.epoch, l->after);
    buf_add(&text, STR("event: reload\ndata: {}\n\n"));
    http_stream_send(l->stream, buf_str(&text));
    buf_release(&text);
    counter_add(&l->hub->reloads, 1);
}

/* ── who has missed what ─────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool is_of_this_epoch(const struct listener *l)
{
    return strcmp(l->standing.epoch, l->hub->epoch) == 0;
}

/* The oldest entry that it does not have: they come back soon, so the search begins at the end. */
static struct kept *first_missed(const struct listener *l)
{
    struct kept *k, *first = NULL;
    TAILQ_FOREACH_REVERSE(k, &l->hub->kept, kept_list, link)
    {
        if (feed_id_compare(k->id, l->after) <= 0)
            break;
        first = k;
    }
    return first;
}

static size_t missed_size(const struct listener *l, const struct kept *first)
{
    size_t n = 0;
    for (const struct kept *k = first; k; k = TAILQ_NEXT(k, link))
        n += uuid_equal(k->customer, l->customer) ? k->n : 0;
    return n;
}

/* Tells it what it has missed; from now on it is told what comes. */
static void admit(struct listener *l)
{
    l->waiting = false;
    if (l->stranger || feed_id_compare(l->after, l->hub->floor) < 0 || missed_size(l, first_missed(l)) > REPLAY_MAX)
        tell_to_reload(l);
    for (const struct kept *k = first_missed(l); k; k = TAILQ_NEXT(k, link))
        if (uuid_equal(k->customer, l->customer))
            tell_change(l, k);
    l->stranger = false;
}

static void admit_when_ready(struct listener *l)
{
    if (l->waiting && l->hub->ready && is_of_this_epoch(l))
        admit(l);
}

/* ── clients ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void listener_free(struct listener *l)
{
    TAILQ_REMOVE(&l->hub->listeners, l, link);
    l->hub->listener_count--;
    gauge_add(&l->hub->listening, -1);
    free(l);
}

enum hub_room hub_enter(struct hub *hub, struct uuid customer, struct listener **listener)
{
    size_t own = 0;
    struct listener *l;
    pthread_mutex_lock(&hub->lock);
    TAILQ_FOREACH (l, &hub->listeners, link)
        own += uuid_equal(l->customer, customer);
    enum hub_room room = own >= hub->config.per_customer_max                ? HUB_CUSTOMER_FULL
                         : hub->listener_count >= hub->config.listeners_max ? HUB_FULL
                                                                            : HUB_ROOM;
    if (room == HUB_ROOM) {
        *listener = l = NEW(struct listener);
        l->hub = hub;
        l->customer = customer;
        TAILQ_INSERT_TAIL(&hub->listeners, l, link);
        hub->listener_count++;
        gauge_add(&hub->listening, 1);
    }
    pthread_mutex_unlock(&hub->lock);
    return room;
}

/* Also what its stream calls when it has ended. */
static void leave(void *listener)
{
    struct hub *hub = ((struct listener *)listener)->hub;
    pthread_mutex_lock(&hub->lock);
    listener_free(listener);
    pthread_mutex_unlock(&hub->lock);
}

void hub_leave(struct listener *listener)
{
    leave(listener);
}

/* "<epoch>.<time>-<number>", as put_id() writes it. */
static bool last_parse(struct str last, const char *epoch, struct feed_id *id)
{
    struct str prefix;
    return str_split(&last, '.', &prefix) && str_is(prefix, epoch) && feed_id_parse(last, id);
}

/* Where it goes on from: the feed's newest, or the last that it has, if since then nothing was left out. */
static void begin_after(struct listener *l, struct str last)
{
    struct buf text = BUF_INIT;
    buf_add(&text, STR(RETRY));
    l->after = l->standing.last;
    if (str_absent(last)) {
        put_id(&text, l->standing.epoch, l->after); /* without data nothing happens at the client, but it knows the id */
        buf_add(&text, STR("\n"));
    } else {
        l->stranger = !last_parse(last, l->standing.epoch, &l->after) || feed_id_compare(l->after, l->standing.since) < 0 ||
                      feed_id_compare(l->after, l->standing.last) > 0;
    }
    http_stream_send(l->stream, buf_str(&text));
    buf_release(&text);
}

void hub_join(struct listener *l, struct http_request *rq, const struct feed_standing *standing, struct str last)
{
    struct hub *hub = l->hub;
    struct http_answer head = {.status = 200, .content_type = STR("text/event-stream")};
    http_answer_header(&head, STR("Cache-Control"), STR("no-cache"));
    http_answer_header(&head, STR("X-Accel-Buffering"), STR("no"));
    pthread_mutex_lock(&hub->lock);
    struct http_stream *stream = l->stream =
        http_stream_new(rq, &(struct http_stream_config){.buffer_max = BUFFER_MAX, .ended = leave, .ctx = l});
    l->standing = *standing;
    l->waiting = true;
    begin_after(l, last);
    admit_when_ready(l);
    pthread_mutex_unlock(&hub->lock);
    http_stream_begin(stream, &head);
}

/* ── the feed's reader ───────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void hub_load(struct hub *hub, const char epoch[EPOCH_TEXT + 1])
{
    struct listener *l;
    pthread_mutex_lock(&hub->lock);
    while (hub->kept_count)
        forget_oldest(hub);
    memcpy(hub->epoch, epoch, sizeof hub->epoch);
    hub->floor = (struct feed_id){0};
    hub->begun = hub->ready = false;
    TAILQ_FOREACH (l, &hub->listeners, link)
        l->waiting = true;
    pthread_mutex_unlock(&hub->lock);
}

static struct kept *keep(struct hub *hub, const struct feed_entry *e, struct uuid customer)
{
    struct buf text = BUF_INIT;
    put_id(&text, hub->epoch, e->id);
    put_change(&text, e);
    struct kept *k = memory_new(sizeof *k + text.n);
    k->id = e->id;
    k->customer = customer;
    k->n = text.n;
    memcpy(k->text, text.p, text.n);
    buf_release(&text);
    TAILQ_INSERT_TAIL(&hub->kept, k, link);
    if (++hub->kept_count > FEED_KEPT)
        forget_oldest(hub);
    return k;
}

static void put(struct hub *hub, const struct feed_entry *e)
{
    struct uuid customer;
    struct listener *l;
    if (!hub->begun)
        hub->floor = e->id; /* what the feed kept before it, nobody knows */
    hub->begun = true;
    if (!uuid_parse(e->customer, &customer)) /* a mark */
        return;
    const struct kept *k = keep(hub, e, customer);
    TAILQ_FOREACH (l, &hub->listeners, link)
        if (l->stream && !l->waiting && uuid_equal(l->customer, customer) && feed_id_compare(k->id, l->after) > 0)
            tell_change(l, k);
}

void hub_put(struct hub *hub, const struct feed_entry *entries, size_t n)
{
    pthread_mutex_lock(&hub->lock);
    for (size_t i = 0; i < n; i++)
        put(hub, &entries[i]);
    pthread_mutex_unlock(&hub->lock);
}

void hub_ready(struct hub *hub)
{
    struct listener *l;
    pthread_mutex_lock(&hub->lock);
    hub->ready = true;
    TAILQ_FOREACH (l, &hub->listeners, link)
        if (l->stream)
            admit_when_ready(l);
    pthread_mutex_unlock(&hub->lock);
}

void hub_heartbeat(struct hub *hub)
{
    struct listener *l;
    pthread_mutex_lock(&hub->lock);
    TAILQ_FOREACH (l, &hub->listeners, link)
        if (l->stream)
            http_stream_send(l->stream, STR(":\n\n"));
    pthread_mutex_unlock(&hub->lock);
}

struct uuid *hub_customers(struct hub *hub, struct arena *arena, size_t *n)
{
    struct listener *l;
    pthread_mutex_lock(&hub->lock);
    struct uuid *customers = ARENA_ARRAY(arena, struct uuid, hub->listener_count + 1);
    *n = 0;
    TAILQ_FOREACH (l, &hub->listeners, link)
        if (l->stream)
            customers[(*n)++] = l->customer;
    pthread_mutex_unlock(&hub->lock);
    return customers;
}

void hub_standing(struct hub *hub, struct uuid customer, const struct feed_standing *standing)
{
    struct listener *l;
    pthread_mutex_lock(&hub->lock);
    TAILQ_FOREACH (l, &hub->listeners, link) {
        if (!l->stream || !uuid_equal(l->customer, customer))
            continue;
        if (strcmp(l->standing.epoch, standing->epoch) == 0 && feed_id_compare(standing->since, l->standing.since) <= 0)
            continue;
        l->standing = *standing;
        l->stranger = l->waiting = true;
        admit_when_ready(l);
    }
    pthread_mutex_unlock(&hub->lock);
}

void hub_show(struct hub *hub, struct metrics_page *page)
{
    metrics_gauge(page, "jumun_view_listeners", "Clients who listen to what happens to their orders.", NULL, &hub->listening);
    metrics_counter(page, "jumun_view_told_total", "Changes that listeners were told.", NULL, &hub->changes);
    metrics_counter(page, "jumun_view_reloads_total", "Times that a listener was told to read its orders anew.", NULL, &hub->reloads);
}
