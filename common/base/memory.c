/* Allocation that ends the process where malloc would have answered NULL. */
#include "memory.h"

#include "invariant.h"
#include <stdlib.h>
#include <string.h>

void *memory_new(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    invariant(p != NULL);
    return p;
}

void *memory_resize(void *p, size_t size)
{
    void *resized = realloc(p, size ? size : 1);
    invariant(resized != NULL);
    return resized;
}

char *memory_strdup(const char *s)
{
    char *copy = strdup(s);
    invariant(copy != NULL);
    return copy;
}
