/* gateway: the one door from outside — who asks, may they come in, and to which service. */
#include "gateway.h"

static const struct service gateway = {
    .name = "gateway",
    .summary = "verifies tokens and passes requests on to the services",
    .settings = gateway_settings, /* settings.c */
    .routes = gateway_routes,     /* inbound/routes.c, further.c */
    .start = gateway_start,       /* gateway.c */
    .stop = gateway_stop,
    .show = gateway_show,
};

int main(int argc, char **argv)
{
    return service_run(&gateway, argc, argv);
}
