/*
 * memory — allocation that does not fail: it aborts. For long-lived things; what lives as long as a batch or a request is in an arena.
 */
#ifndef JUMUN_MEMORY_H
#define JUMUN_MEMORY_H

#include <stddef.h>

void *memory_new(size_t size); /* zeroed; free() it */
void *memory_resize(void *p, size_t size);
char *memory_strdup(const char *s);

#define NEW(type) ((type *)memory_new(sizeof(type)))

#endif
