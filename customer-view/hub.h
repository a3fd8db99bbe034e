/*
 * hub — hands what is read of the feed to the clients who listen, as text/event-stream (WHATWG HTML, section 9.2).
 *
 *     hub_load(hub, epoch);                       // a new epoch: what was kept is forgotten, who listens is told to reload
 *     hub_put(hub, entries, n);                   // as read of the feed, in its order
 *     hub_ready(hub);                             // all that the feed keeps is in: who has come meanwhile is served
 *     hub_enter(hub, customer, &listener);        // a client comes: is there room?
 *     hub_join(listener, rq, &standing, last_event_id);
 *
 * The newest FEED_KEPT entries are kept, as they are sent, so that a client that comes back gets from here what it has missed. It has
 * missed nothing else when its last id is of this epoch, not before its customer was listened for, and not before what is kept; and when
 * what it has missed fits its buffer. Else it is sent the event `reload`: read the orders anew; from there on all is told.
 *
 * Any thread. hub_put() and the like from one, the reader of the feed.
 */
#ifndef JUMUN_HUB_H
#define JUMUN_HUB_H

#include "http.h"
#include "outbound/feed.h"

struct hub;
struct listener;
struct hub_config {
    size_t listeners_max, per_customer_max;
};
struct hub *hub_new(const struct hub_config *config);
void hub_free(struct hub *hub); /* nobody listens any more: the server has stopped */

enum hub_room { HUB_ROOM, HUB_FULL, HUB_CUSTOMER_FULL };
enum hub_room hub_enter(struct hub *hub, struct uuid customer, struct listener **listener); /* HUB_ROOM: it must join or leave */
void hub_leave(struct listener *listener);
/* Answers the request with a stream. `last`: Last-Event-ID, absent when none. */
void hub_join(struct listener *listener, struct http_request *rq, const struct feed_standing *standing, struct str last);

void hub_load(struct hub *hub, const char epoch[EPOCH_TEXT + 1]);
void hub_put(struct hub *hub, const struct feed_entry *entries, size_t n);
void hub_ready(struct hub *hub);
void hub_heartbeat(struct hub *hub);

/* The customers of those who listen; in the arena. */
struct uuid *hub_customers(struct hub *hub, struct arena *arena, size_t *n);
/* How a customer stands: has something been left out since their clients have come, they are told to reload. */
void hub_standing(struct hub *hub, struct uuid customer, const struct feed_standing *standing);

void hub_show(struct hub *hub, struct metrics_page *page);

#endif
