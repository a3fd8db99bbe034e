/*
 * Sweep: at the start, sends again what was intended and never answered, because a process ended between the commit and the answer.
 *
 * Such a notice was written within moments of the last thing that this context did, and every start sweeps: so an hour before its last
 * event is far enough back, however long the pause was since. Those that have failed already (attempts > 0) have a timer, and are left to
 * it. Another replica's notices that are just being sent may be among them: a channel may get a notice twice.
 */
#include "log.h"
#include "notification.h"
#include "outbound.h"
#include "service.h"
#include <stdio.h>

static const char unsent_sql[] =
    "select id, order_id, cause, customer from notice where status = 'PENDING' and attempts = 0"
    " and at > coalesce((select at - interval '1 hour' from event order by seq desc limit 1), '-infinity') order by at";

static void send_again(struct engine *engine, const struct pg_rows *rows, int row)
{
    struct engine_command *c = engine_command_new();
    struct resumed resumed = {pg_uuid(rows, row, 0), pg_uuid(rows, row, 3)};
    c->command = (struct command){
        .type = SEND_AGAIN,
        .data = arena_copy(&c->arena, &resumed, sizeof resumed),
        .correlation = pg_uuid(rows, row, 1),
        .cause = pg_uuid(rows, row, 2),
    };
    engine_submit(engine, c);
}

bool sweep_start(struct engine *engine, char problem[200])
{
    struct pg *pg = pg_new(service_database_url(), "sweep", PG_QUERIES);
    const struct pg_rows *rows = pg_connect(pg) ? pg_query(pg, unsent_sql, NULL) : NULL;
    bool swept = rows != NULL;
    for (int row = 0; swept && row < pg_count(rows); row++)
        send_again(engine, rows, row);
    if (!swept)
        snprintf(problem, 200, "unsent notices cannot be looked for: %.150s", pg_fault(pg)->message);
    else if (pg_count(rows) > 0)
        log_info("notices that were not sent before the last stop are sent again", LOG_INT("notices", pg_count(rows)));
    pg_free(pg);
    return swept;
}
