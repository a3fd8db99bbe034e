/* Findings: kept, counted, and written for a person or a program. */
#include "findings.h"

#include "json_encode.h"
#include "memory.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define INVARIANT(number, what, sentence) [number] = {what, sentence},
static const struct {
    const char *what, *sentence;
} invariants[INVARIANTS_MAX] = {
#include "invariants.def"
};

void findings_init(struct findings *f)
{
    *f = (struct findings){0};
    pthread_mutex_init(&f->lock, NULL);
}

void findings_release(struct findings *f)
{
    for (int i = 0; i < INVARIANTS_MAX; i++) {
        for (size_t k = 0; k < f->of[i].kept_count; k++)
            free(f->of[i].kept[k].text);
        free(f->of[i].kept);
    }
    pthread_mutex_destroy(&f->lock);
}

static void keep(struct invariant_findings *of, struct uuid id, const char *text)
{
    if (of->kept_count == FINDINGS_KEPT)
        return;
    if ((of->kept_count & (of->kept_count - 1)) == 0) /* grows at powers of two */
        of->kept = memory_resize(of->kept, (of->kept_count ? of->kept_count * 2 : 1) * sizeof *of->kept);
    of->kept[of->kept_count++] = (struct finding){id, memory_strdup(text)};
}

void findings_add(struct findings *f, int invariant, struct uuid id, const char *format, ...)
{
    char text[500];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pthread_mutex_lock(&f->lock);
    f->of[invariant].count++;
    keep(&f->of[invariant], id, text);
    pthread_mutex_unlock(&f->lock);
}

/* The first reason stands. */
void findings_missing(struct findings *f, int invariant, const char *format, ...)
{
    struct invariant_findings *of = &f->of[invariant];
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&f->lock);
    if (!of->missing[0])
        vsnprintf(of->missing, sizeof of->missing, format, args);
    pthread_mutex_unlock(&f->lock);
    va_end(args);
}

void findings_note(struct findings *f, int invariant, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&f->lock);
    vsnprintf(f->of[invariant].note, sizeof f->of[invariant].note, format, args);
    pthread_mutex_unlock(&f->lock);
    va_end(args);
}

void findings_count(struct findings *f, const struct tally *t)
{
    pthread_mutex_lock(&f->lock);
    for (int i = 0; i < INVARIANTS_MAX; i++) {
        f->sum.looked[i] += t->looked[i];
        f->sum.took[i] += t->took[i];
    }
    pthread_mutex_unlock(&f->lock);
}

bool findings_none(const struct findings *f)
{
    for (int i = 1; i < INVARIANTS_MAX; i++)
        if (f->of[i].count > 0 || (f->of[i].missing[0] && !f->of[i].optional))
            return false;
    return true;
}

/* ── for a person ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const char *verdict(const struct invariant_findings *of)
{
    return of->count > 0 ? "VIOLATED" : of->missing[0] ? "not checked" : "holds";
}

static void print_ids(const struct invariant_findings *of, size_t most)
{
    for (size_t i = 0; i < of->kept_count && i < most; i++)
        printf("       %s\n", of->kept[i].text);
    if (of->count > (int64_t)most)
        printf("       … and %lld more\n", (long long)of->count - (long long)most);
}

void findings_print(const struct findings *f, size_t most)
{
    for (int i = 1; i < INVARIANTS_MAX; i++) {
        const struct invariant_findings *of = &f->of[i];
        printf("%2d  %-11s %9lld %-28s %6.2f s  %s\n", i, verdict(of), (long long)f->sum.looked[i], invariants[i].what,
               (double)f->sum.took[i] / 1e6, invariants[i].sentence);
        if (of->missing[0])
            printf("       not checked: %s\n", of->missing);
        if (of->note[0])
            printf("       %s\n", of->note);
        if (of->count > 0)
            printf("       %lld violations\n", (long long)of->count);
        print_ids(of, most);
    }
}

/* ── for a program ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void put_findings(struct json_writer *w, const struct invariant_findings *of)
{
    json_begin_array(w, "violations");
    for (size_t i = 0; i < of->kept_count; i++) {
        json_begin_object(w, NULL);
        if (!uuid_is_nil(of->kept[i].id))
            json_put_id(w, "id", of->kept[i].id);
        json_put_text(w, "what", str_of(of->kept[i].text));
        json_end_object(w);
    }
    json_end_array(w);
}

void findings_json(const struct findings *f, struct json_writer *w)
{
    json_begin_array(w, "invariants");
    for (int i = 1; i < INVARIANTS_MAX; i++) {
        const struct invariant_findings *of = &f->of[i];
        json_begin_object(w, NULL);
        json_put_integer(w, "number", i);
        json_put_text(w, "invariant", str_of(invariants[i].sentence));
        json_put_text(w, "verdict", of->count > 0 ? STR("violated") : of->missing[0] ? STR("not-checked") : STR("holds"));
        json_put_integer(w, "looked", f->sum.looked[i]);
        json_put_integer(w, "microseconds", f->sum.took[i]);
        json_put_integer(w, "count", of->count);
        if (of->missing[0])
            json_put_text(w, "missing", str_of(of->missing));
        if (of->note[0])
            json_put_text(w, "note", str_of(of->note));
        put_findings(w, of);
        json_end_object(w);
    }
    json_end_array(w);
}
