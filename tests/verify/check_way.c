/* Way: 8. Each aggregate's history, from the first event on, by the table of transitions; its row is where the history ends. */
#include "look.h"

/* An aggregate's row: its version and state; -1: it has none that we read. */
struct row {
    int64_t version;
    int state;
};

static struct row row_of(const struct dossier *d, const struct history *h)
{
    const struct row none = {-1, -1};
    switch ((enum kind)h->kind) {
    case KIND_ORDER: return d->order ? (struct row){d->order->version, d->order->state} : none;
    case KIND_PAYMENT: return d->payment ? (struct row){d->payment->version, d->payment->state} : none;
    case KIND_PREPARATION: return d->preparation ? (struct row){d->preparation->version, d->preparation->state} : none;
    case KIND_DELIVERY: return d->delivery ? (struct row){d->delivery->version, d->delivery->state} : none;
    case KIND_PRODUCT: return d->product ? (struct row){d->product->version, -1} : none;
    case KIND_NOTICE:
        for (size_t i = 0; i < d->notice_count; i++)
            if (uuid_equal(d->notices[i]->id, h->aggregate))
                return (struct row){d->notices[i]->version, d->notices[i]->state};
        return none;
    default: return none;
    }
}

/* From events[i] on, all of one aggregate; returns where the next begins. */
static size_t walk(struct look *l, const struct dossier *d, size_t i)
{
    const struct history *first = d->events[i].h;
    const char *kind = first->kind < KINDS ? kind_words[first->kind].name.p : "aggregate";
    int state = first->kind < KINDS ? state_before_all(first->kind) : -1;
    int64_t version = 0;
    for (; i < d->event_count && d->events[i].h->kind == first->kind && uuid_equal(d->events[i].h->aggregate, first->aggregate); i++) {
        const struct history *h = d->events[i].h;
        const char *name = h->event < EVENTS ? event_words[h->event].name.p : "an event";
        if (h->version != version + 1)
            wrong(l, 8, d, "%s %s: version %lld is followed by %d (%s %s)", kind, id_text(h->aggregate).p, (long long)version,
                  (int)h->version, name, id_text(h->id).p);
        version = h->version;
        int next = state < 0 || h->event >= EVENTS ? state : state_after(state, h->event);
        if (state >= 0 && next < 0)
            wrong(l, 8, d, "%s %s: %s (%s) while it is %s", kind, id_text(h->aggregate).p, name, id_text(h->id).p,
                  state_word((uint8_t)state));
        state = next < 0 ? state : next;
    }
    struct row row = row_of(d, first);
    bool has_row = first->kind < KINDS && first->kind != KIND_PREFERENCES;
    looked(l, 8, 1);
    if (has_row && row.version != version)
        wrong(l, 8, d, "%s %s: its history ends at version %lld, its row says %lld", kind, id_text(first->aggregate).p, (long long)version,
              (long long)row.version);
    if (has_row && row.state >= 0 && row.state != state)
        wrong(l, 8, d, "%s %s: its history makes it %s, its row says %s", kind, id_text(first->aggregate).p, state_word((uint8_t)state),
              state_word((uint8_t)row.state));
    return i;
}

static bool has_events(const struct dossier *d, enum kind kind)
{
    for (size_t i = 0; i < d->event_count; i++)
        if (d->events[i].h->kind == kind)
            return true;
    return false;
}

void check_ways(struct look *l, const struct dossier *d)
{
    const struct {
        enum kind kind;
        const void *row;
    } rows[] = {{KIND_ORDER, d->order},
                {KIND_PAYMENT, d->payment},
                {KIND_PREPARATION, d->preparation},
                {KIND_DELIVERY, d->delivery},
                {KIND_PRODUCT, d->product}};
    for (size_t i = 0; i < d->event_count;)
        i = walk(l, d, i);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].row && !has_events(d, rows[i].kind))
            wrong(l, 8, d, "there is a %s, and no history of it", kind_words[rows[i].kind].name.p);
}
