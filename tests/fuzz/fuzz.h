/*
 * fuzz — what the fuzzers share. Each is one file: bytes that nobody has thought of go into one parser of outside bytes, and what must hold
 * of whatever comes out is asserted. libFuzzer calls it, with ASan and UBSan; `./jumun fuzz` runs them.
 */
#ifndef JUMUN_FUZZ_H
#define JUMUN_FUZZ_H

#include "arena.h"
#include "invariant.h"
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The input as a text that is nobody's neighbour: a read beyond its end is found. */
static inline struct str fuzz_text(const uint8_t *data, size_t n)
{
    return (struct str){n ? (const char *)data : "", n};
}

/* Takes what stands before the first `separator` off the front; all of it when there is none. */
static inline struct str fuzz_part(struct str *rest, char separator)
{
    const char *end = rest->n ? memchr(rest->p, separator, rest->n) : NULL;
    struct str part = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
    size_t taken = part.n + (end ? 1 : 0);
    *rest = (struct str){rest->p + taken, rest->n - taken};
    return part;
}

#endif
