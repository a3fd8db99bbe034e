/* Topics: 10 to 15, of one order or product: what the histories say, what is on the topics, who has read it. */
#include "look.h"

static const char *name_of(uint8_t event)
{
    return event < EVENTS ? event_words[event].name.p : "an event of an unknown type";
}

static bool is_catalog(const struct history *h)
{
    return h->kind == KIND_PRODUCT;
}

/* ── 10 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* The catalog is compacted: of a product's events only the last must be there. */
static bool may_be_gone(const struct dossier *d, size_t i)
{
    for (size_t k = i + 1; is_catalog(d->events[i].h) && k < d->event_count; k++)
        if (d->events[k].h->published && uuid_equal(d->events[k].h->aggregate, d->events[i].h->aggregate))
            return true;
    return false;
}

void check_published(struct look *l, const struct dossier *d)
{
    for (size_t i = 0; i < d->event_count; i++) {
        const struct history *h = d->events[i].h;
        looked(l, 10, h->published);
        if (h->published && !d->events[i].first && !may_be_gone(d, i))
            wrong(l, 10, d, "%s %s (version %d) is not on its topic", name_of(h->event), id_text(h->id).p, (int)h->version);
        if (!h->published && d->events[i].first)
            wrong(l, 10, d, "%s %s is internal, and on a topic", name_of(h->event), id_text(h->id).p);
    }
    for (size_t i = 0; i < d->message_count; i++) {
        const struct message *m = d->messages[i].m;
        l->poison += d->messages[i].excused;
        if (!d->messages[i].event && !d->messages[i].excused)
            wrong(l, 10, d, "%s/%d at %lld: %s %s is in no history", m->topic < TOPICS ? topic_names[m->topic].p : "?", m->partition,
                  (long long)m->offset, name_of(m->event), id_text(m->id).p);
    }
}

/* ── 11 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void check_copies(struct look *l, const struct dossier *d)
{
    for (size_t i = 0; i < d->message_count; i++) {
        const struct told_message *t = &d->messages[i];
        looked(l, 11, 1);
        if (!t->event)
            continue;
        if (t->m->content != t->event->h->content)
            wrong(l, 11, d, "%s/%d at %lld: %s %s is not as its history has it", topic_names[t->m->topic].p, t->m->partition,
                  (long long)t->m->offset, name_of(t->m->event), id_text(t->m->id).p);
        else if (t->copy && !t->m->drill && t->m->whole != t->event->first->m->whole)
            wrong(l, 11, d, "%s/%d at %lld: %s %s is another than the first of this id, at %lld", topic_names[t->m->topic].p,
                  t->m->partition, (long long)t->m->offset, name_of(t->m->event), id_text(t->m->id).p,
                  (long long)t->event->first->m->offset);
    }
}

/* ── 12 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void check_order_of(struct look *l, const struct dossier *d)
{
    const struct happened *last = NULL; /* the aggregate's last one that is on the topic */
    for (size_t i = 0; i < d->event_count; i++) {
        const struct happened *e = &d->events[i];
        bool same = last && last->h->kind == e->h->kind && uuid_equal(last->h->aggregate, e->h->aggregate);
        if (!e->first)
            continue;
        looked(l, 12, !same);
        const struct message *m = e->first->m, *before = same ? last->first->m : NULL;
        if (before && before->partition != m->partition)
            wrong(l, 12, d, "%s %s is in partition %d, the one before it in %d", name_of(e->h->event), id_text(e->h->id).p, m->partition,
                  before->partition);
        else if (before && before->offset > m->offset)
            wrong(l, 12, d, "%s %s (version %d) stands at %lld, version %d behind it at %lld", name_of(e->h->event), id_text(e->h->id).p,
                  (int)e->h->version, (long long)m->offset, (int)last->h->version, (long long)before->offset);
        last = e;
    }
}

/* ── 13: summed up; compared when all are read (inbox_compare) ───────────────────────────────────────────────────────────────────────── */

void check_inbox(struct look *l, const struct dossier *d)
{
    for (size_t i = 0; i < d->event_count; i++) {
        const struct happened *e = &d->events[i];
        if (e->h->event >= EVENTS || (!e->first && !(is_catalog(e->h) && e->h->published)))
            continue;
        unsigned readers = event_words[e->h->event].readers;
        for (unsigned context = 0; context < DATABASES; context++) {
            if (!(readers & 1u << context))
                continue;
            if (uuid_compare(e->h->id, l->audit->forgotten[context]) < 0) {
                l->unasked[context]++;
                continue;
            }
            looked(l, 13, 1);
            l->received[context]++;
            if (!dead_letters_have(&l->audit->dead, (uint8_t)context, e->h->id))
                ids_add(&l->relevant[context], e->h->id);
        }
    }
}

/* ── 14 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* A drill may have effects like any other message. */
static bool is_drill(const struct dossier *d, struct uuid id)
{
    for (size_t i = 0; i < d->message_count; i++)
        if (d->messages[i].excused && uuid_equal(d->messages[i].m->id, id))
            return true;
    return false;
}

/* Does the chain of causes end? Each event is walked over once; who comes upon his own way has found a cycle. */
static bool ends(const struct dossier *d, struct happened *e)
{
    struct happened *first = e;
    for (; e && e->walked == 0; e = dossier_event(d, e->h->causation))
        e->walked = 1;
    bool end = !e || e->walked == 2;
    for (e = first; e && e->walked == 1 && end; e = dossier_event(d, e->h->causation))
        e->walked = 2;
    return end;
}

void check_causes(struct look *l, const struct dossier *d)
{
    for (size_t i = 0; i < d->event_count; i++) {
        struct happened *e = &d->events[i];
        if (uuid_is_nil(e->h->causation))
            continue;
        looked(l, 14, 1);
        if (!dossier_event(d, e->h->causation) && !is_drill(d, e->h->causation))
            wrong(l, 14, d, "%s %s: its cause %s is no event of this order", name_of(e->h->event), id_text(e->h->id).p,
                  id_text(e->h->causation).p);
        else if (!ends(d, e))
            wrong(l, 14, d, "%s %s is, by its causes, a cause of itself", name_of(e->h->event), id_text(e->h->id).p);
    }
}

/* ── 15 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void check_dead(struct look *l, const struct dossier *d)
{
    for (size_t i = 0; i < d->message_count; i++) {
        const struct told_message *t = &d->messages[i];
        looked(l, 15, 1);
        for (uint8_t context = 0; t->m->dead && !t->excused && context < CONTEXTS; context++) {
            const struct dead_letter *letter = dead_letters_of(&l->audit->dead, context, t->m->topic, t->m->partition, t->m->offset);
            if (letter && !letter->redriven)
                wrong(l, 15, d, "%s %s is no poison, and among the dead letters of %s: %s", name_of(t->m->event), id_text(t->m->id).p,
                      context_names[context].p, letter->reason);
        }
    }
}
