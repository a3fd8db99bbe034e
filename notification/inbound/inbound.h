/* inbound — the two ways into notification. */
#ifndef JUMUN_NOTIFICATION_INBOUND_H
#define JUMUN_NOTIFICATION_INBOUND_H

#include "pg.h"
#include "service.h"

extern const struct service_route notification_routes[];
extern const struct intake_event notification_events[];

/* http.c's routes: notifications.c, preferences.c */
void list_notifications(struct call *call, void *connection);
void get_preferences(struct call *call, void *connection);
bool put_preferences(struct call *call, struct command *c);
void answer_preferences(const struct call *call, const struct command *c, struct aggregate *const *a, const struct decision *d,
                        struct answer *out);

/* For queries; NULL: it has answered that it cannot now. */
const struct pg_rows *query_rows(struct call *call, struct pg *pg, const char *sql, const struct pg_params *p);

#endif
