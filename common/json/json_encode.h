/*
 * json_encode — writes JSON into a buf: compact, UTF-8, members in the order of the calls.
 *
 *     struct json_writer w = {.out = &body};
 *     json_begin_object(&w, NULL);                 // the key is NULL at the top and in arrays
 *     json_put_id(&w, "id", order->id);
 *     json_begin_array(&w, "items"); … json_end_array(&w);
 *     json_end_object(&w);
 *
 * Begin and end must match; an open object is a bug, not an error. Bytes of a text that are not UTF-8 are written as U+FFFD.
 */
#ifndef JUMUN_JSON_ENCODE_H
#define JUMUN_JSON_ENCODE_H

#include "buf.h"
#include "instant.h"
#include "money.h"
#include "uuid.h"

struct json_writer {
    struct buf *out;
    bool comma; /* something stands before the next member */
};

void json_begin_object(struct json_writer *w, const char *key);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w, const char *key);
void json_end_array(struct json_writer *w);

void json_put_text(struct json_writer *w, const char *key, struct str value); /* absent is written as null */
void json_put_integer(struct json_writer *w, const char *key, int64_t value);
void json_put_boolean(struct json_writer *w, const char *key, bool value);
void json_put_id(struct json_writer *w, const char *key, struct uuid value);
void json_put_money(struct json_writer *w, const char *key, struct money value);
void json_put_time(struct json_writer *w, const char *key, instant value);  /* 0 (none) is written as null */
void json_put_raw(struct json_writer *w, const char *key, struct str json); /* text that is JSON already */

#endif
