/*
 * buf — bytes that grow: what is being written before it is sent.
 *
 *     struct buf b; buf_init(&b);             // or = BUF_INIT
 *     buf_add(&b, STR("hello "));
 *     buf_printf(&b, "%d", 5);
 *     send(fd, b.p, b.n);
 *     buf_release(&b);
 *
 * b.p is always terminated by a NUL behind b.n bytes once something was added.
 */
#ifndef JUMUN_BUF_H
#define JUMUN_BUF_H

#include "str.h"

struct buf {
    char *p;
    size_t n;
    size_t room;
};

#define BUF_INIT                                                                                                                           \
    {                                                                                                                                      \
        0, 0, 0                                                                                                                            \
    }

void buf_init(struct buf *b);
void buf_release(struct buf *b);
void buf_clear(struct buf *b); /* empty; its room is kept */
void buf_add(struct buf *b, struct str s);
void buf_add_bytes(struct buf *b, const void *p, size_t n);
void buf_add_char(struct buf *b, char c);
void buf_add_be16(struct buf *b, uint16_t v); /* network byte order */
void buf_add_be32(struct buf *b, uint32_t v);
void buf_add_be64(struct buf *b, uint64_t v);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void *buf_extend(struct buf *b, size_t n); /* n more bytes, to be filled by the caller */
struct str buf_str(const struct buf *b);   /* a view: valid until b changes */

#endif
