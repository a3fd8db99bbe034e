/* Which statements a connection has prepared: a hash from the address of the SQL text. */
#include "inside.h"

#include "invariant.h"
#include "memory.h"
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 64

/* Where the text's statement is, or would be. Addresses are aligned and near each other: Fibonacci hashing spreads them. */
static struct statement **slot(const struct statements *s, const char *sql)
{
    size_t at = (size_t)(((uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (s->room - 1);
    while (s->slots[at] && s->slots[at]->text != sql)
        at = (at + 1) & (s->room - 1);
    return &s->slots[at];
}

static void enlarge(struct statements *s)
{
    struct statements larger = {.room = s->room ? s->room * 2 : ROOM_FIRST, .count = s->count, .last_serial = s->last_serial};
    larger.slots = memory_new(larger.room * sizeof(struct statement *));
    for (size_t i = 0; i < s->room; i++)
        if (s->slots[i])
            *slot(&larger, s->slots[i]->text) = s->slots[i];
    free(s->slots);
    *s = larger;
}

struct statement *statement_of(struct statements *s, const char *sql)
{
    if (s->count * 2 >= s->room)
        enlarge(s);
    struct statement **found = slot(s, sql);
    if (!*found) {
        *found = NEW(struct statement);
        (*found)->text = sql;
        (*found)->copy = memory_strdup(sql);
        s->count++;
    }
    invariant(strcmp((*found)->copy, sql) == 0);
    return *found;
}

void statements_release(struct statements *s)
{
    for (size_t i = 0; i < s->room; i++)
        if (s->slots[i]) {
            free(s->slots[i]->copy);
            free(s->slots[i]);
        }
    free(s->slots);
    *s = (struct statements){0};
}
