/*
 * str — a view of text: a pointer and a length, not terminated, not owned.
 *
 * It lives as long as what it points into (a literal, an arena, a buffer that is not changed).
 *     struct str s = STR("abc");
 *     printf("%.*s", STR_ARG(s));
 * `p == NULL` means absent, which is not the same as empty (str_absent, str_empty).
 */
#ifndef JUMUN_STR_H
#define JUMUN_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    const char *p;
    size_t n;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_CONST(literal)                                                                                                                 \
    {                                                                                                                                      \
        "" literal, sizeof(literal) - 1                                                                                                    \
    } /* for static tables */
#define STR_ARG(s) ((int)(s).n), ((s).p ? (s).p : "")

struct str str_of(const char *terminated); /* NULL gives the absent str */
bool str_absent(struct str s);
bool str_empty(struct str s); /* absent or of no length */
bool str_equal(struct str a, struct str b);
bool str_is(struct str a, const char *terminated);
bool str_equal_ignoring_case(struct str a, struct str b); /* ASCII */
int str_compare(struct str a, struct str b);              /* bytewise */
bool str_starts_with(struct str s, struct str prefix);
struct str str_trim(struct str s); /* without spaces and tabs at both ends */

/* Takes what stands before `separator` off the front of *rest; false when nothing is left. "a,,b" gives "a", "", "b"; "a," gives "a". */
bool str_split(struct str *rest, char separator, struct str *part);

/* A whole decimal number, nothing around it, within int64; false otherwise. */
bool str_to_int64(struct str s, int64_t *value);

/* FNV-1a, 64 bits: for hash tables of trusted keys, not for anything that an attacker chooses. */
uint64_t str_hash(struct str s);

#endif
