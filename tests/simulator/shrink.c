/* Shrinking: run again and again with less, keep what still fails. */
#include "shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MOST 60000
#define TOLD_MOST 600 /* steps */

struct shrinking {
    struct world *w;
    uint64_t seed;
    char number[8]; /* of the invariant, with its colon */
    uint16_t (*kept)[STREAM_CHOICES];
    struct chosen *choices;
    size_t count, room;
    size_t runs;
};

static void put(struct shrinking *s, size_t from, size_t to, bool in)
{
    for (size_t i = from; i < to; i++)
        s->kept[s->choices[i].stream][s->choices[i].number] = in ? s->choices[i].value : 0;
}

static bool still_fails(struct shrinking *s)
{
    s->runs++;
    world_run(s->w, s->seed);
    return strncmp(s->w->violation, s->number, strlen(s->number)) == 0;
}

static bool drop(struct shrinking *s, size_t from, size_t to)
{
    put(s, from, to, false);
    if (!still_fails(s)) {
        put(s, from, to, true);
        return false;
    }
    memmove(s->choices + from, s->choices + to, (s->count - to) * sizeof *s->choices);
    s->count -= to - from;
    return true;
}

static bool drop_chunks(struct shrinking *s, size_t size)
{
    bool dropped = false;
    for (size_t from = 0; from < s->count && s->runs < RUNS_MOST;) {
        size_t to = from + size < s->count ? from + size : s->count;
        if (drop(s, from, to))
            dropped = true;
        else
            from = to;
    }
    return dropped;
}

static bool lower(struct shrinking *s, struct chosen *c)
{
    uint16_t before = c->value, smaller[] = {1, before / 8, before / 2, before - 1};
    for (size_t i = 0; i < 4; i++) {
        if (smaller[i] == 0 || smaller[i] >= before)
            continue;
        s->kept[c->stream][c->number] = c->value = smaller[i];
        if (still_fails(s))
            return true;
        s->kept[c->stream][c->number] = c->value = before;
    }
    return false;
}

static bool lower_all(struct shrinking *s)
{
    bool lowered = false;
    for (size_t i = 0; i < s->count && s->runs < RUNS_MOST; i++)
        while (lower(s, &s->choices[i]))
            lowered = true;
    return lowered;
}

/* What the run chooses now: dropping may have made some of the rest meaningless. */
static void record_again(struct shrinking *s)
{
    s->w->choices.record = s->choices;
    s->w->choices.room = s->room;
    world_run(s->w, s->seed);
    s->count = s->w->choices.recorded;
    s->w->choices.record = NULL;
}

static void shrink(struct shrinking *s)
{
    for (bool smaller = true; smaller && s->runs < RUNS_MOST;) {
        smaller = false;
        for (size_t size = s->count / 2; size > 0; size /= 2)
            smaller |= drop_chunks(s, size);
        smaller |= lower_all(s);
    }
}

/* Of a world that turns round and round, its end. */
static void tell_it(struct world *w, uint64_t seed)
{
    world_run(w, seed);
    w->tells_from = w->steps > TOLD_MOST ? w->steps - TOLD_MOST / 2 : 0;
    if (w->tells_from > 0)
        printf("   … %u steps are left out …\n", w->tells_from);
    w->tells = true;
    world_run(w, seed);
    w->tells = false;
    w->tells_from = 0;
}

void shrink_and_tell(struct world *w, uint64_t seed)
{
    struct shrinking s = {.w = w, .seed = seed, .room = (size_t)STREAMS * STREAM_CHOICES};
    struct coverage *coverage = w->coverage;
    w->coverage = NULL;
    s.kept = calloc(STREAMS, sizeof *s.kept);
    s.choices = calloc(s.room, sizeof *s.choices);
    if (!s.kept || !s.choices)
        abort();
    record_again(&s);
    memcpy(s.number, w->violation, strcspn(w->violation, ":") < 6 ? strcspn(w->violation, ":") + 1 : 3);
    printf("seed %llu: %s\n", (unsigned long long)seed, w->violation);
    printf("  %u steps, %zu choices that are not the plainest; looking for a shorter history …\n", w->steps, s.count);
    put(&s, 0, s.count, true);
    w->choices.kept = (const uint16_t(*)[STREAM_CHOICES])s.kept;
    shrink(&s);
    printf("  after %zu runs %zu choices are left. Step, virtual time, who and what:\n\n", s.runs, s.count);
    tell_it(w, seed);
    w->choices.kept = NULL;
    w->coverage = coverage;
    free(s.kept);
    free(s.choices);
}
