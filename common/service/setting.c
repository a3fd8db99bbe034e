/* Setting: reads JUMUN_… variables into typed values, and says all that is wrong with them at once. */
#include "setting.h"
#include "invariant.h"
#include "memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTING_PREFIX "JUMUN_"

/* ── one value ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool is_listen(struct str text)
{
    int64_t port;
    const char *colon = text.n ? memrchr(text.p, ':', text.n) : NULL;
    if (!colon || colon == text.p)
        return false;
    struct str digits = {colon + 1, (size_t)(text.p + text.n - colon - 1)};
    return str_to_int64(digits, &port) && port >= 0 && port <= 65535;
}

static bool is_url(struct str text)
{
    const char *sign = text.n ? memmem(text.p, text.n, "://", 3) : NULL;
    return sign && sign > text.p && sign + 3 < text.p + text.n;
}

static bool may_be_empty(const struct setting *s)
{
    return s->fallback && s->fallback[0] == '\0';
}

static bool set_number(const struct setting *s, struct str text)
{
    int64_t n;
    if (!str_to_int64(text, &n) || n < s->min || n > s->max)
        return false;
    if (s->type == SETTING_MILLISECONDS)
        *(duration *)s->value = MILLISECONDS(n);
    else
        *(int64_t *)s->value = n;
    return true;
}

static bool set_switch(const struct setting *s, struct str text)
{
    *(bool *)s->value = str_is(text, "on");
    return str_is(text, "on") || str_is(text, "off");
}

/* `text` lives as long as the process: it is from the environment, a literal, or a file read once. */
static bool set_value(const struct setting *s, const char *text)
{
    struct str value = str_of(text);
    switch (s->type) {
    case SETTING_INTEGER:
    case SETTING_MILLISECONDS: return set_number(s, value);
    case SETTING_SWITCH: return set_switch(s, value);
    case SETTING_LISTEN: *(const char **)s->value = text; return is_listen(value);
    case SETTING_URL: *(const char **)s->value = text; return is_url(value) || (str_empty(value) && may_be_empty(s));
    case SETTING_TEXT:
    case SETTING_SECRET: *(const char **)s->value = text; return true;
    }
    unreachable();
}

static void describe(const struct setting *s, struct buf *out)
{
    switch (s->type) {
    case SETTING_INTEGER: buf_printf(out, "a whole number, %lld to %lld", (long long)s->min, (long long)s->max); return;
    case SETTING_MILLISECONDS: buf_printf(out, "whole milliseconds, %lld to %lld", (long long)s->min, (long long)s->max); return;
    case SETTING_SWITCH: buf_add(out, STR("on or off")); return;
    case SETTING_LISTEN: buf_add(out, STR("address:port")); return;
    case SETTING_URL: buf_add(out, STR("a URL, scheme://…")); return;
    case SETTING_TEXT: buf_add(out, STR("text")); return;
    case SETTING_SECRET: buf_printf(out, "a secret; or %s_FILE, a file that holds it", s->name); return;
    }
}

/* ── from the environment ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const char *environment_get(char **environment, const char *name)
{
    size_t n = strlen(name);
    for (char **e = environment; *e; e++)
        if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
            return *e + n + 1;
    return NULL;
}

/* The first line of a file; it stays for the life of the process. NULL: cannot be read. */
static const char *first_line(const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t n = file ? getline(&line, &room, file) : -1;
    if (file)
        (void)fclose(file);
    if (n < 0) {
        free(line);
        return NULL;
    }
    line[strcspn(line, "\r\n")] = '\0';
    return line;
}

static const char *secret_from_file(const struct setting *s, char **environment, struct buf *problems)
{
    char name[128];
    (void)snprintf(name, sizeof name, "%s_FILE", s->name);
    const char *path = environment_get(environment, name);
    if (!path)
        return NULL;
    const char *text = first_line(path);
    if (!text)
        buf_printf(problems, "%s: the file %s cannot be read\n", name, path);
    return text;
}

static void read_setting(const struct setting *s, char **environment, struct buf *problems)
{
    const char *text = environment_get(environment, s->name);
    if (!text && s->type == SETTING_SECRET) {
        size_t before = problems->n;
        text = secret_from_file(s, environment, problems);
        if (problems->n > before)
            return;
    }
    if (!text)
        text = s->fallback;
    if (text && set_value(s, text))
        return;
    if (text && s->type != SETTING_SECRET)
        buf_printf(problems, "%s: \"%s\" is not what is expected: ", s->name, text);
    else
        buf_printf(problems, "%s: must be set: ", s->name);
    describe(s, problems);
    buf_printf(problems, " (%s)\n", s->help);
}

static bool is_known(const struct setting *const *tables, size_t n, const char *name, size_t length)
{
    for (size_t i = 0; i < n; i++)
        for (const struct setting *s = tables[i]; s && s->name; s++) {
            size_t known = strlen(s->name);
            if (strncmp(name, s->name, known) != 0)
                continue;
            if (length == known || (s->type == SETTING_SECRET && length == known + 5 && strncmp(name + known, "_FILE", 5) == 0))
                return true;
        }
    return false;
}

bool settings_read(const struct setting *const *tables, size_t n, char **environment, struct buf *problems)
{
    for (size_t i = 0; i < n; i++)
        for (const struct setting *s = tables[i]; s && s->name; s++)
            read_setting(s, environment, problems);
    for (char **e = environment; *e; e++) {
        size_t length = strcspn(*e, "=");
        if (strncmp(*e, SETTING_PREFIX, sizeof SETTING_PREFIX - 1) == 0 && !is_known(tables, n, *e, length))
            buf_printf(problems, "%.*s: there is no such setting; --help lists them\n", (int)length, *e);
    }
    return problems->n == 0;
}

void settings_help(const struct setting *const *tables, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        for (const struct setting *s = tables[i]; s && s->name; s++) {
            buf_printf(out, "  %s\n      %s: ", s->name, s->help);
            describe(s, out);
            if (s->fallback && s->type != SETTING_SECRET)
                buf_printf(out, "; default %s", s->fallback[0] ? s->fallback : "(empty)");
            else if (!s->fallback)
                buf_add(out, STR("; must be set"));
            buf_add_char(out, '\n');
        }
}
