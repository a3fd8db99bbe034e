/* Stock: an open hash table by product. */
#include "stock.h"

#include "hash.h"
#include "memory.h"
#include <stdlib.h>

static struct stock_line *place(struct stock_line *lines, size_t room, struct uuid product)
{
    size_t at = hash_id(product) & (room - 1);
    while (!uuid_is_nil(lines[at].product) && !uuid_equal(lines[at].product, product))
        at = (at + 1) & (room - 1);
    return &lines[at];
}

static void grow(struct stock *s)
{
    size_t room = s->room ? s->room * 2 : 256;
    struct stock_line *lines = memory_new(room * sizeof *lines);
    for (size_t i = 0; i < s->room; i++)
        if (!uuid_is_nil(s->lines[i].product))
            *place(lines, room, s->lines[i].product) = s->lines[i];
    free(s->lines);
    s->lines = lines;
    s->room = room;
}

struct stock_line *stock_of(struct stock *s, struct uuid product)
{
    if (s->count * 2 >= s->room)
        grow(s);
    struct stock_line *line = place(s->lines, s->room, product);
    if (uuid_is_nil(line->product)) {
        line->product = product;
        s->count++;
    }
    return line;
}

void stock_release(struct stock *s)
{
    free(s->lines);
    *s = (struct stock){0};
}
