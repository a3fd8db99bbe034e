/*
 * projection — what an event means for an order's document. Pure: the same event always gives the same change.
 *
 *     struct view_change change;
 *     if (projection_fold(&arena, &event, &change, &reason) == VIEW_CHANGES)
 *         view_send(cache, &change);        // outbound/view.h: applies it to what Redis keeps, by one script
 *
 * A change never reads what is there: it is a guard (the version of the event's aggregate, which must be greater than the one noted),
 * assignments to fields, a status that the order has at least, and an entry of the timeline. So events may come twice, and those of
 * different topics in any order: the document ends the same.
 *
 * Whose an order is, and all that stays the same about it, is said by OrderPlaced alone: before it an order's document waits, invisible.
 * Within the topic of orders it always comes first.
 */
#ifndef JUMUN_PROJECTION_H
#define JUMUN_PROJECTION_H

#include "arena.h"
#include "cloud_event.h"

#define ORDER_STATUS(status) ORDER_##status,
enum order_status {
#include "projection.def"
    ORDER_STATUSES
};
extern const char *const order_status_names[ORDER_STATUSES];

#define DOCUMENT_FIELD(member, name) DOCUMENT_##member,
enum document_field {
#include "projection.def"
    DOCUMENT_FIELDS
};
extern const struct str document_field_names[DOCUMENT_FIELDS];

struct view_assignment {
    enum document_field field;
    struct str value;
};

#define VIEW_ASSIGNMENTS_MAX 6
struct view_change {
    struct uuid order;
    struct uuid customer; /* nil, but for OrderPlaced: into whose list the order goes */
    struct str guard;     /* "v:payment" */
    int64_t version;
    enum order_status status;
    struct str at; /* RFC 3339, of fixed width: greater is later */
    struct view_assignment assignments[VIEW_ASSIGNMENTS_MAX];
    size_t assignment_count;
    struct str entry; /* JSON; begins with {"at":"<INSTANT_TEXT>","service":"… : timelines are sorted by it */
};

enum view_verdict {
    VIEW_CHANGES,
    VIEW_PASSES, /* of a type that the view does not show */
    VIEW_DEAD,   /* not to be understood: *reason says why */
};

/* The change's texts live in the arena, or in the event. */
enum view_verdict projection_fold(struct arena *arena, const struct cloud_event *event, struct view_change *change, struct str *reason);

#endif
