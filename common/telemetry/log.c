/* Log lines: built in memory, given to the kernel in one piece. */
#include "log.h"

#include "clock.h"
#include "json_encode.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SERVICE_MOST 64

static const char *const severity_names[] = {
    [LOG_DEBUG] = "DEBUG",
    [LOG_INFO] = "INFO",
    [LOG_WARNING] = "WARNING",
    [LOG_ERROR] = "ERROR",
};

/* Written by log_start, before there are other threads; read by all. Before that, lines are JSON without a service's name. */
static struct {
    char service[SERVICE_MOST];
    enum log_format format;
    enum log_severity least;
} settings = {.format = LOG_JSON, .least = LOG_INFO};

void log_start(const char *service, enum log_format format, enum log_severity least)
{
    snprintf(settings.service, sizeof settings.service, "%s", service);
    settings.format = format;
    if (format == LOG_AUTO)
        settings.format = isatty(STDOUT_FILENO) ? LOG_TEXT : LOG_JSON;
    settings.least = least;
}

static void put_json_field(struct json_writer *w, const struct log_field *field)
{
    switch (field->kind) {
    case LOG_FIELD_TEXT: json_put_text(w, field->name, field->text); return;
    case LOG_FIELD_INT: json_put_integer(w, field->name, field->number); return;
    case LOG_FIELD_ID: json_put_id(w, field->name, field->id); return;
    }
}

static void put_json_line(struct buf *line, enum log_severity severity, const char *message, const struct log_field *fields)
{
    struct json_writer w = {.out = line};
    json_begin_object(&w, NULL);
    json_put_time(&w, "time", clock_now());
    json_put_text(&w, "severity", str_of(severity_names[severity]));
    if (settings.service[0])
        json_put_text(&w, "service", str_of(settings.service));
    json_put_text(&w, "message", str_of(message));
    for (; fields->name; fields++)
        put_json_field(&w, fields);
    json_end_object(&w);
}

/* A word that cannot be mistaken for anything else, nor move a terminal's cursor. */
static bool readable_bare(struct str text)
{
    if (str_empty(text))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] > '~' || text.p[i] == '"' || text.p[i] == '=')
            return false;
    return true;
}

static void put_text_field(struct buf *line, const struct log_field *field)
{
    struct json_writer w = {.out = line};
    buf_printf(line, " %s=", field->name);
    if (field->kind == LOG_FIELD_TEXT && readable_bare(field->text)) {
        buf_add(line, field->text);
        return;
    }
    struct log_field value = *field;
    value.name = NULL;
    put_json_field(&w, &value);
}

/* "18:55:10.123456 INFO    order confirmed order=… attempt=2": a person who looks on knows the day and the service. */
static void put_text_line(struct buf *line, enum log_severity severity, const char *message, const struct log_field *fields)
{
    char time[INSTANT_TEXT + 1];
    instant_format(clock_now(), time);
    buf_printf(line, "%.15s %-7s %s", time + strlen("2026-11-22T"), severity_names[severity], message);
    for (; fields->name; fields++)
        put_text_field(line, fields);
}

/*
 * The kernel keeps a write whole only up to PIPE_BUF when standard output is a pipe, and may take only a part of a longer one: then the
 * lock keeps the parts together. Where nobody reads any more the line is lost: a service does not end because of its log.
 */
static void write_line(struct str line)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&one_at_a_time);
    while (line.n > 0) {
        ssize_t n = write(STDOUT_FILENO, line.p, line.n);
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0)
            line = (struct str){line.p + n, line.n - (size_t)n};
    }
    pthread_mutex_unlock(&one_at_a_time);
}

void log_write(enum log_severity severity, const char *message, const struct log_field *fields)
{
    if (severity < settings.least)
        return;
    int kept = errno; /* the caller may want to look at it after having told of it */
    struct buf line = BUF_INIT;
    if (settings.format == LOG_TEXT)
        put_text_line(&line, severity, message, fields);
    else
        put_json_line(&line, severity, message, fields);
    buf_add_char(&line, '\n');
    write_line(buf_str(&line));
    buf_release(&line);
    errno = kept;
}

bool log_every(_Atomic int64_t *last, duration period)
{
    int64_t now = clock_monotonic(), before = atomic_load(last);
    if (before != 0 && now - before < period)
        return false;
    return atomic_compare_exchange_strong(last, &before, now); /* of threads that come at once, one */
}
