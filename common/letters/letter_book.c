/* The book of dead letters: an array in the order of their coming, and an index by the place they came from. */
#include "letter_book.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 300 /* bytes kept of a reason, a type, a note */

const char *const letter_state_names[LETTER_STATES] = {
#define X(state) [LETTER_##state] = #state,
    LETTER_STATES_TABLE(X)
#undef X
};

struct letter_book {
    struct letter *letters;
    size_t count, room;
    uint32_t *index; /* 1 + where it stands in letters; 0: free. A power of two, at most half full */
    size_t index_size;
    char **topics; /* the few names, each once */
    size_t topic_count;
    size_t counts[LETTER_STATES];
};

/* ── places ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool cut_number(struct str *text, int64_t *number)
{
    size_t at = text->n;
    while (at > 0 && text->p[at - 1] != ':')
        at--;
    if (at == 0 || !str_to_int64((struct str){text->p + at, text->n - at}, number) || *number < 0)
        return false;
    text->n = at - 1;
    return true;
}

bool letter_place_parse(struct str text, struct letter_place *place)
{
    int64_t partition;
    if (!cut_number(&text, &place->offset) || !cut_number(&text, &partition) || partition > INT32_MAX || text.n == 0)
        return false;
    place->topic = text;
    place->partition = (int32_t)partition;
    return true;
}

struct str letter_place_text(struct arena *arena, const struct letter_place *place)
{
    return arena_printf(arena, "%.*s:%d:%lld", STR_ARG(place->topic), (int)place->partition, (long long)place->offset);
}

static bool same_place(const struct letter_place *a, const struct letter_place *b)
{
    return a->offset == b->offset && a->partition == b->partition && str_equal(a->topic, b->topic);
}

static uint64_t place_hash(const struct letter_place *p)
{
    uint64_t h = str_hash(p->topic) ^ (uint64_t)p->partition << 48 ^ (uint64_t)p->offset;
    h *= 0x9e3779b97f4a7c15;
    return h ^ h >> 32;
}

/* ── the index ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* The slot of the place, or the free one where it belongs. */
static size_t slot_of(const struct letter_book *b, const struct letter_place *place)
{
    size_t at = place_hash(place) & (b->index_size - 1);
    while (b->index[at] && !same_place(&b->letters[b->index[at] - 1].place, place))
        at = (at + 1) & (b->index_size - 1);
    return at;
}

static void index_grow(struct letter_book *b)
{
    free(b->index);
    b->index_size = b->index_size ? b->index_size * 2 : 64;
    b->index = memory_new(b->index_size * sizeof *b->index);
    for (size_t i = 0; i < b->count; i++)
        b->index[slot_of(b, &b->letters[i].place)] = (uint32_t)i + 1;
}

static struct str text_new(struct str text)
{
    char *copy = memory_new(text.n + 1);
    if (text.n > 0)
        memcpy(copy, text.p, text.n);
    return (struct str){copy, text.n};
}

static struct str topic_name(struct letter_book *b, struct str name)
{
    for (size_t i = 0; i < b->topic_count; i++)
        if (str_is(name, b->topics[i]))
            return str_of(b->topics[i]);
    b->topics = memory_resize(b->topics, (b->topic_count + 1) * sizeof *b->topics);
    struct str copy = text_new(name);
    b->topics[b->topic_count++] = (char *)copy.p;
    return copy;
}

static struct letter *letter_at(struct letter_book *b, const struct letter_place *place)
{
    if ((b->count + 1) * 2 > b->index_size)
        index_grow(b);
    size_t slot = slot_of(b, place);
    if (b->index[slot])
        return &b->letters[b->index[slot] - 1];
    if (b->count == b->room) {
        b->room = b->room ? b->room * 2 : 32;
        b->letters = memory_resize(b->letters, b->room * sizeof *b->letters);
    }
    struct letter *l = &b->letters[b->count++];
    *l = (struct letter){.place = {topic_name(b, place->topic), place->partition, place->offset}};
    b->index[slot] = (uint32_t)b->count;
    return l;
}

static const struct letter *find(const struct letter_book *b, const struct letter_place *place)
{
    uint32_t at = b->count > 0 ? b->index[slot_of(b, place)] : 0;
    return at ? &b->letters[at - 1] : NULL;
}

/* ── records ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* The header of that name that stands so far from the end; absent when another stands there. */
static struct str from_the_end(const struct kafka_record *r, size_t distance, const char *name)
{
    if (distance > r->header_count)
        return (struct str){0};
    const struct kafka_header *h = &r->headers[r->header_count - distance];
    return str_is(h->name, name) ? h->value : (struct str){0};
}

static bool place_of(const struct kafka_record *r, size_t behind, struct letter_place *place)
{
    int64_t partition;
    place->topic = from_the_end(r, behind + 3, "x-original-topic");
    bool whole = !str_empty(place->topic) && str_to_int64(from_the_end(r, behind + 2, "x-original-partition"), &partition) &&
                 str_to_int64(from_the_end(r, behind + 1, "x-original-offset"), &place->offset);
    if (whole)
        place->partition = (int32_t)partition;
    return whole;
}

static struct str kept(struct letter_book *b, struct str text)
{
    if (str_absent(text) || b->count > LETTER_TEXTS)
        return (struct str){0};
    return text_new((struct str){text.p, text.n < TEXT_MAX ? text.n : TEXT_MAX});
}

static void read_letter(struct letter_book *b, const struct kafka_record *r, const struct letter_place *place)
{
    struct letter *l = letter_at(b, place);
    if (l->there)
        return;
    l->there = true;
    l->partition = r->partition;
    l->offset = r->offset;
    l->since = r->time;
    l->reason = kept(b, from_the_end(r, 4, "x-reason"));
    l->type = kept(b, kafka_record_header(r, STR("ce_type")));
    b->counts[l->state]++;
}

static bool state_of(struct str name, enum letter_state *state)
{
    for (int i = LETTER_OPEN + 1; i < LETTER_STATES; i++)
        if (str_is(name, letter_state_names[i]))
            return *state = (enum letter_state)i, true;
    return false;
}

static void read_mark(struct letter_book *b, const struct kafka_record *r)
{
    struct letter_place place;
    enum letter_state state;
    if (!state_of(from_the_end(r, 1, "x-mark"), &state) || !place_of(r, 3, &place))
        return;
    struct letter *l = letter_at(b, &place);
    if (state <= l->state)
        return;
    if (l->there) {
        b->counts[l->state]--;
        b->counts[state]++;
    }
    l->state = state;
    l->closed = r->time;
    free((char *)l->note.p);
    l->note = kept(b, from_the_end(r, 2, "x-note"));
    l->by = (struct uuid){{0}};
    (void)uuid_parse(from_the_end(r, 3, "x-by"), &l->by);
}

void letter_book_read(struct letter_book *b, const struct kafka_record *r)
{
    struct letter_place place;
    if (!str_absent(from_the_end(r, 1, "x-mark")))
        read_mark(b, r);
    else if (place_of(r, 0, &place))
        read_letter(b, r, &place);
}

bool letter_message(const struct kafka_record *letter, struct kafka_record *message)
{
    struct letter_place place;
    if (!place_of(letter, 0, &place) || letter->header_count < LETTER_HEADERS)
        return false;
    *message = *letter;
    message->topic = place.topic;
    message->partition = place.partition;
    message->offset = place.offset;
    message->header_count -= LETTER_HEADERS;
    return true;
}

/* ── headers ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void put_place(struct arena *arena, struct kafka_header *to, const struct letter_place *place)
{
    to[0] = (struct kafka_header){STR("x-original-topic"), place->topic};
    to[1] = (struct kafka_header){STR("x-original-partition"), arena_printf(arena, "%d", (int)place->partition)};
    to[2] = (struct kafka_header){STR("x-original-offset"), arena_printf(arena, "%lld", (long long)place->offset)};
}

struct kafka_header *letter_headers(struct arena *arena, const struct kafka_record *message, struct str reason)
{
    size_t n = message->header_count;
    struct kafka_header *headers = ARENA_ARRAY(arena, struct kafka_header, n + LETTER_HEADERS);
    if (n > 0)
        memcpy(headers, message->headers, n * sizeof *headers);
    headers[n] = (struct kafka_header){STR("x-reason"), reason};
    put_place(arena, &headers[n + 1], &(struct letter_place){message->topic, message->partition, message->offset});
    return headers;
}

struct kafka_header *mark_headers(struct arena *arena, const struct letter_place *place, enum letter_state state, struct uuid by,
                                  struct str note)
{
    char who[UUID_TEXT + 1];
    struct kafka_header *headers = ARENA_ARRAY(arena, struct kafka_header, MARK_HEADERS);
    uuid_format(by, who);
    put_place(arena, headers, place);
    headers[3] = (struct kafka_header){STR("x-by"), arena_str(arena, str_of(who))};
    headers[4] = (struct kafka_header){STR("x-note"), str_absent(note) ? STR("") : note};
    headers[5] = (struct kafka_header){STR("x-mark"), str_of(letter_state_names[state])};
    return headers;
}

/* ── asked ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

const struct letter *letter_book_find(const struct letter_book *b, const struct letter_place *place)
{
    const struct letter *l = find(b, place);
    return l && l->there ? l : NULL;
}

size_t letter_book_count(const struct letter_book *b, enum letter_state state)
{
    return b->counts[state];
}

size_t letter_book_list(const struct letter_book *b, unsigned states, const struct letter_place *after, const struct letter **out,
                        size_t most)
{
    const struct letter *last = after ? find(b, after) : NULL;
    size_t n = 0;
    if (!b->letters)
        return 0;
    for (size_t i = last ? (size_t)(last - b->letters) + 1 : 0; i < b->count && n < most; i++)
        if (b->letters[i].there && states & 1u << b->letters[i].state)
            out[n++] = &b->letters[i];
    return n;
}

/* ── made and freed ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct letter_book *letter_book_new(void)
{
    return NEW(struct letter_book);
}

void letter_book_free(struct letter_book *b)
{
    for (size_t i = 0; i < b->count; i++) {
        free((char *)b->letters[i].reason.p);
        free((char *)b->letters[i].type.p);
        free((char *)b->letters[i].note.p);
    }
    for (size_t i = 0; i < b->topic_count; i++)
        free(b->topics[i]);
    free(b->topics);
    free(b->letters);
    free(b->index);
    free(b);
}
