/*
 * rebuilding — how the latest rebuilding of the view stands, as Redis keeps it for all replicas.
 *
 *     view:rebuild              hash: id, generation, state, key, started, ended, read, total, compared, differences, unsettled, problem
 *     view:rebuild:lease        the id, while whoever rebuilds is alive; so there is one at a time
 *     view:rebuild:differences  list: the first DIFFERENCES_KEPT, JSON
 */
#ifndef JUMUN_REBUILDING_H
#define JUMUN_REBUILDING_H

#include "arena.h"
#include "generations.h"
#include "instant.h"

#define REBUILDING_LEASE SECONDS(10)
#define DIFFERENCES_KEPT 1000

struct rebuilding {
    struct uuid id;
    char id_text[UUID_TEXT + 1];
    char generation[GENERATION_MAX + 1]; /* that is built */
};

enum rebuilding_begun {
    REBUILDING_BEGUN,
    REBUILDING_KNOWN,     /* with this key it was begun before */
    REBUILDING_UNDER_WAY, /* another one is */
    REBUILDING_TOO_EARLY, /* the generations are not settled */
    REBUILDING_FAULT,
};
/* `key`: the client's idempotency key; absent: none. `busy`: there is one here that has not ended, whatever its lease says. */
enum rebuilding_begun rebuilding_begin(struct cache *c, const struct rebuilding *r, struct str key, bool busy);

/* Goes on holding the lease. *ours false: another's by now, or Redis was emptied. False: a fault. */
bool rebuilding_renew(struct cache *c, const struct rebuilding *r, bool *ours);
bool rebuilding_note(struct cache *c, const struct rebuilding *r, const char *field, struct str value); /* false: a fault, or not ours */
bool rebuilding_note_number(struct cache *c, const struct rebuilding *r, const char *field, int64_t value);
bool rebuilding_difference(struct cache *c, const struct rebuilding *r, struct str json);
void rebuilding_end(struct cache *c, const struct rebuilding *r, const char *state, struct str problem);

/* Bytes that Redis uses, and may use; no limit: 0. False: a fault. */
bool rebuilding_room(struct cache *c, int64_t *used, int64_t *most);

/* For who asks. Texts live in the arena; absent: not known (yet). False: a fault. */
struct rebuilding_status {
    struct str id, generation, state, started, ended, read, total, compared, differences, unsettled, problem; /* id absent: never one */
    struct str *first;
    size_t first_count;
};
bool rebuilding_read(struct cache *c, struct arena *arena, size_t first_max, struct rebuilding_status *s);

#endif
