/* order: takes orders, has them paid, and follows each until it is at the door. */
#include "inbound/inbound.h"
#include "order.h"
#include "outbound/event_data.h"
#include "outbound/payment_client.h"
#include "outbound/tables.h"
#include "outbound/watchdog.h"
#include "settings.h"

extern const struct embedded migrations[];

static const effect_start order_effects[ORDER_EFFECTS] = {[ORDER_ASK_PAYMENT] = payment_client_ask};

static bool start(struct engine *engine, char problem[200])
{
    (void)engine;
    (void)problem;
    order_reading_start();
    payment_client_start();
    watchdog_start(service_database_url());
    return true;
}

static void stop(void)
{
    watchdog_stop();
    payment_client_stop();
    order_reading_stop();
}

static void show(struct metrics_page *page)
{
    payment_client_show(page);
    watchdog_show(page);
}

static const struct service order = {
    .name = "order",
    .summary = "takes orders, has them paid, and follows each until it is at the door",
    .settings = order_settings, /* settings.c */
    .routes = order_routes,     /* inbound/http.c */
    .events = order_intake,     /* inbound/events.c */
    .decider = &order_decider,  /* domain/order.h */
    .tables = order_tables,     /* outbound/tables.c */
    .encode = order_event_data, /* outbound/event_data.c */
    .effects = order_effects,   /* outbound/payment_client.c */
    .migrations = migrations,   /* migrations/ */
    .start = start,
    .stop = stop,
    .show = show,
};

int main(int argc, char **argv)
{
    return service_run(&order, argc, argv);
}
