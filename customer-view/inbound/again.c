/* Again: a message from the dead letters, into the view. */
#include "inbound/inbound.h"
#include "inbound/projector.h"
#include <string.h>

/* The event stands in its order's timeline. */
static bool is_shown(struct view_reader *r, struct arena *arena, const struct kafka_record *message, struct uuid order, bool *shown)
{
    char id[UUID_TEXT + 1];
    struct uuid event;
    struct view_order seen = {.id = {id, UUID_TEXT}};
    uuid_format(order, id);
    if (view_load(r, arena, &seen, 1, true) != VIEW_READ)
        return false;
    *shown = false;
    if (!uuid_parse(kafka_record_header(message, STR("ce_id")), &event))
        return true;
    uuid_format(event, id);
    struct str part = arena_printf(arena, "\"eventId\":\"%s\"", id);
    for (size_t i = 0; i < seen.timeline.count; i++)
        *shown |= strstr(seen.timeline.entries[i].p, part.p) != NULL;
    return true;
}

static enum intake_again apply(struct view_reader *r, struct arena *arena, const struct kafka_record *message,
                               const struct view_change *change, struct str *reason)
{
    struct view_generations g;
    bool shown;
    if (!generations_load(r->cache, &g))
        return INTAKE_NOT_DECIDED;
    view_send(r->cache, &g, change);
    switch (view_receive(r->cache)) {
    case VIEW_APPLIED: return INTAKE_TAKEN;
    case VIEW_MOVED:
    case VIEW_FAULT: return INTAKE_NOT_DECIDED;
    case VIEW_KNOWN_ALREADY: break;
    }
    memcpy(r->generation, g.writes, sizeof r->generation);
    if (!is_shown(r, arena, message, change->order, &shown))
        return INTAKE_NOT_DECIDED;
    if (shown)
        return INTAKE_TAKEN;
    *reason =
        STR("Later events of its aggregate are shown already, and what it says must not come on top of them. A rebuild of the view takes "
            "it in its place.");
    return INTAKE_STILL_DEAD;
}

enum intake_again view_take_again(void *connection, const struct kafka_record *message, struct arena *arena, struct str *reason)
{
    struct view_reader *r = connection;
    struct view_change change;
    switch (projector_fold(arena, message, &change, reason)) {
    case VIEW_CHANGES: break;
    case VIEW_PASSES: *reason = STR("type: is not shown here"); return INTAKE_STILL_DEAD;
    case VIEW_DEAD: return INTAKE_STILL_DEAD;
    }
    return cache_connect(r->cache) ? apply(r, arena, message, &change, reason) : INTAKE_NOT_DECIDED;
}
