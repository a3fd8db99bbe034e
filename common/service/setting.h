/*
 * setting — configuration by environment variables, each JUMUN_…, all listed by --help; an unknown or malformed one is refused.
 *
 *     static struct { const char *payment_url; duration deadline; } order_config;
 *     const struct setting order_settings[] = {
 *         {"JUMUN_PAYMENT_URL", SETTING_URL, NULL, &order_config.payment_url, 0, 0, "where the payment service answers"},
 *         {"JUMUN_PAYMENT_DEADLINE_MS", SETTING_MILLISECONDS, "2000", &order_config.deadline, 1, 60000, "how long …"},
 *         {NULL},
 *     };
 */
#ifndef JUMUN_SETTING_H
#define JUMUN_SETTING_H

#include "buf.h"
#include "instant.h"

enum setting_type {
    SETTING_TEXT,         /* const char * */
    SETTING_SECRET,       /* const char *; its value is never shown. JUMUN_X_FILE=path reads it from a file instead */
    SETTING_URL,          /* const char *; scheme://…; or empty, where the fallback is "" */
    SETTING_LISTEN,       /* const char *; address:port */
    SETTING_INTEGER,      /* int64_t, min..max */
    SETTING_MILLISECONDS, /* duration, written as whole milliseconds, min..max of those */
    SETTING_SWITCH,       /* bool: on | off */
};

struct setting {
    const char *name; /* NULL ends a table */
    enum setting_type type;
    const char *fallback; /* NULL: it must be set */
    void *value;
    int64_t min, max;
    const char *help;
};

/* Reads the environment into all the tables' values. False: `problems` has a line for every one missing, malformed or unknown. */
bool settings_read(const struct setting *const *tables, size_t n, char **environment, struct buf *problems);
void settings_help(const struct setting *const *tables, size_t n, struct buf *out);

#endif
