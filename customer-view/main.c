/* customer-view: the customer's orders with all that happened to them, in one place, whatever else is down. */
#include "inbound/inbound.h"
#include "settings.h"

static const struct service customer_view = {
    .name = "customer-view",
    .summary = "the customer's orders with all that happened to them, in one place",
    .settings = view_settings,       /* settings.c */
    .routes = view_routes,           /* inbound/http.c */
    .worker_new = view_worker_new,   /* inbound/http.c */
    .worker_free = view_worker_free, /* inbound/http.c */
    .start = projector_start,        /* inbound/events.c */
    .stop = projector_stop,          /* inbound/events.c */
    .ready = projector_ready,        /* inbound/events.c */
    .show = projector_show,          /* inbound/events.c */
    .letters = projector_letters,    /* inbound/events.c */
    .take_again = view_take_again,   /* inbound/again.c */
};

int main(int argc, char **argv)
{
    return service_run(&customer_view, argc, argv);
}
