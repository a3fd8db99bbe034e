/*
 * log — what happened, a line at a time, to standard output.
 *
 *     log_info("order confirmed", LOG_ID("order", id), LOG_INT("attempt", 2));
 *     {"time":"2026-11-22T18:55:10.123456Z","severity":"INFO","service":"order","message":"order confirmed","order":"…","attempt":2}
 *
 * JSON for machines; readable lines for a person at a terminal (format "auto" chooses by isatty). A line is one write(2): lines of threads
 * never mix. Messages are constant sentences; what varies is in fields. Never log secrets, tokens, or a customer's address.
 * Faults of the same kind that repeat are the caller's to thin out (log_every).
 */
#ifndef JUMUN_LOG_H
#define JUMUN_LOG_H

#include "instant.h"
#include "str.h"
#include "uuid.h"

enum log_severity { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_AUTO, LOG_JSON, LOG_TEXT };

struct log_field {
    const char *name; /* NULL ends a list */
    enum { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_ID } kind;
    struct str text;
    int64_t number;
    struct uuid id;
};

#define LOG_TEXT_OF(key, value) ((struct log_field){.name = (key), .kind = LOG_FIELD_TEXT, .text = (value)})
#define LOG_STR(key, value)     LOG_TEXT_OF(key, str_of(value)) /* a terminated string */
#define LOG_INT(key, value)     ((struct log_field){.name = (key), .kind = LOG_FIELD_INT, .number = (value)})
#define LOG_ID(key, value)      ((struct log_field){.name = (key), .kind = LOG_FIELD_ID, .id = (value)})

/* Once, at start, before other threads. */
void log_start(const char *service, enum log_format format, enum log_severity least);

void log_write(enum log_severity severity, const char *message, const struct log_field *fields);

#define LOG_FIELDS(...)           (&((const struct log_field[]){{0}, ##__VA_ARGS__, {0}})[1]) /* [0] is for the comma: there may be none */
#define log_debug(message, ...)   log_write(LOG_DEBUG, message, LOG_FIELDS(__VA_ARGS__))
#define log_info(message, ...)    log_write(LOG_INFO, message, LOG_FIELDS(__VA_ARGS__))
#define log_warning(message, ...) log_write(LOG_WARNING, message, LOG_FIELDS(__VA_ARGS__))
#define log_error(message, ...)   log_write(LOG_ERROR, message, LOG_FIELDS(__VA_ARGS__))

/* True at most once per `period` for this place: `if (log_every(&last, SECONDS(5))) log_warning(…)`. `last` is a static of the caller. */
bool log_every(_Atomic int64_t *last, duration period);

#endif
