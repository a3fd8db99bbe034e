/* payment: takes the money of orders, once, and gives it back. */
#include "inbound/inbound.h"
#include "outbound/event_data.h"
#include "outbound/provider.h"
#include "outbound/tables.h"
#include "settings.h"

extern const struct embedded migrations[];

static const effect_start payment_effects[PAYMENT_EFFECTS] = {
    [PAYMENT_ASK_PROVIDER] = provider_ask,
    [PAYMENT_ASK_REFUND] = provider_ask_refund,
};

static bool start(struct engine *engine, char problem[200])
{
    (void)engine;
    payment_reading_start();
    return provider_start(service_database_url(), problem);
}

static void stop(void)
{
    provider_stop();
    payment_reading_stop();
}

static const struct service payment = {
    .name = "payment",
    .summary = "takes the money of orders, once, and gives it back",
    .settings = payment_settings, /* settings.c */
    .routes = payment_routes,     /* inbound/http.c */
    .events = payment_events,     /* inbound/events.c */
    .decider = &payment_decider,  /* domain/payment.h */
    .tables = payment_tables,     /* outbound/tables.c */
    .encode = payment_event_data, /* outbound/event_data.c */
    .effects = payment_effects,   /* outbound/provider.c, and the adapter that JUMUN_PROVIDER names */
    .migrations = migrations,     /* migrations/ */
    .start = start,
    .stop = stop,
    .show = provider_show,
};

int main(int argc, char **argv)
{
    return service_run(&payment, argc, argv);
}
