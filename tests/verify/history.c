/* History: the lines, sorted by key. */
#include "history.h"

#include "hash.h"
#include "memory.h"
#include "text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t history_key(struct str scope, struct str key)
{
    return hash_bytes(hash_str(scope), key.p, key.n);
}

static const struct str request_names[REQUESTS] = {STR_CONST("POST /orders"), STR_CONST("POST /orders/payment"),
                                                   STR_CONST("DELETE /orders")};
static const struct str outcome_names[] = {STR_CONST("ok"), STR_CONST("refused"), STR_CONST("unknown")};

static int find(const struct str *names, int n, struct str name)
{
    for (int i = 0; i < n; i++)
        if (str_equal(names[i], name))
            return i;
    return -1;
}

static struct str word(struct buf *room, struct str line, const char *name)
{
    return text_string(room, text_member(line, name));
}

static bool parse(struct str line, struct client_answer *a)
{
    struct buf one = BUF_INIT, two = BUF_INIT;
    int64_t status = text_integer(text_member(line, "status"));
    int request = find(request_names, REQUESTS, word(&one, line, "request")), outcome = find(outcome_names, 3, word(&one, line, "outcome"));
    *a = (struct client_answer){.status = (int16_t)(status > 0 ? status : 0), .request = (uint8_t)request, .outcome = (uint8_t)outcome};
    a->body = hash_str(word(&one, line, "body"));
    text_id(text_member(line, "order"), &a->order);
    struct str customer = word(&one, line, "customer"), key = word(&two, line, "key");
    char scope[200];
    int n = snprintf(scope, sizeof scope, "%.*s %s", STR_ARG(customer), request >= 0 ? request_names[request].p : "");
    bool good = request >= 0 && outcome >= 0 && !str_empty(key) && !str_empty(customer) && n > 0 && (size_t)n < sizeof scope;
    if (good)
        a->key = history_key((struct str){scope, (size_t)n}, key);
    buf_release(&one);
    buf_release(&two);
    return good;
}

static const struct client_history *sorted; /* qsort takes no context */

static int compare(const void *x, const void *y)
{
    size_t i = *(const size_t *)x, j = *(const size_t *)y;
    uint64_t a = sorted->items[i].key, b = sorted->items[j].key;
    return a == b ? (i > j) - (i < j) : a < b ? -1 : 1;
}

static void sort(struct client_history *h)
{
    h->by_key = memory_new((h->count + 1) * sizeof *h->by_key);
    for (size_t i = 0; i < h->count; i++)
        h->by_key[i] = i;
    sorted = h;
    qsort(h->by_key, h->count, sizeof *h->by_key, compare);
}

static bool load_lines(struct client_history *h, FILE *file, char fault[200])
{
    char *line = NULL;
    size_t room = 0;
    bool good = true;
    for (ssize_t n; good && (n = getline(&line, &room, file)) > 0;) {
        struct client_answer a;
        struct str text = str_trim((struct str){line, (size_t)n - (line[n - 1] == '\n')});
        if (str_empty(text))
            continue;
        if (h->count == h->room) {
            h->room = h->room ? h->room * 2 : 1024;
            h->items = memory_resize(h->items, h->room * sizeof *h->items);
        }
        good = parse(text, &a);
        if (good)
            h->items[h->count++] = a;
        else
            snprintf(fault, 200, "line %zu is not as history.h says", h->count + 1);
    }
    free(line);
    return good;
}

struct client_history *history_load(const char *path, char fault[200])
{
    FILE *file = fopen(path, "re");
    if (!file) {
        snprintf(fault, 200, "%s", strerror(errno));
        return NULL;
    }
    struct client_history *h = NEW(struct client_history);
    bool good = load_lines(h, file, fault);
    fclose(file);
    sort(h);
    if (good)
        return h;
    history_free(h);
    return NULL;
}

void history_free(struct client_history *h)
{
    if (!h)
        return;
    free(h->items);
    free(h->by_key);
    free(h);
}

/* Where the lines with this key begin. */
static size_t first_of(const struct client_history *h, uint64_t key)
{
    size_t low = 0, high = h->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (h->items[h->by_key[middle]].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void history_meet_key(struct client_history *h, uint64_t key, struct uuid order)
{
    for (size_t i = first_of(h, key); i < h->count && h->items[h->by_key[i]].key == key; i++) {
        struct client_answer *a = &h->items[h->by_key[i]];
        if (uuid_is_nil(a->order))
            a->order = order;
    }
}
