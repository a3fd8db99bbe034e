/* embed — a file that the build put into the program (jumun_embed in cmake/Jumun.cmake). */
#ifndef JUMUN_EMBED_H
#define JUMUN_EMBED_H

#include <stddef.h>

struct embedded {
    const char *name; /* NULL ends a table */
    const char *text; /* terminated by a NUL behind `size` bytes */
    size_t size;
};

#endif
