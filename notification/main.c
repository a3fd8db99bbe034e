/* notification: tells each customer what happens to an order, once. */
#include "inbound/inbound.h"
#include "notification.h"
#include "outbound/outbound.h"
#include "settings.h"

extern const struct embedded migrations[];

static const struct service notification = {
    .name = "notification",
    .summary = "tells each customer what happens to an order, once",
    .settings = notification_settings, /* settings.c */
    .routes = notification_routes,     /* inbound/http.c */
    .events = notification_events,     /* inbound/events.c */
    .decider = &notification_decider,  /* domain/notification.c */
    .tables = notification_tables,     /* outbound/store.c */
    .encode = notification_encode,     /* outbound/store.c */
    .effects = notification_effects,   /* outbound/sending.c */
    .migrations = migrations,          /* migrations/ */
    .start = sending_start,            /* outbound/sending.c */
    .stop = sending_stop,
    .show = sending_show, /* outbound/sending.c */
};

int main(int argc, char **argv)
{
    return service_run(&notification, argc, argv);
}
