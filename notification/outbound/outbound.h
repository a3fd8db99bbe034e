/* outbound — what notification reaches out to: its tables, its channels. */
#ifndef JUMUN_NOTIFICATION_OUTBOUND_H
#define JUMUN_NOTIFICATION_OUTBOUND_H

#include "engine.h"

extern const struct store_table notification_tables[];
void notification_encode(int event, const void *data, const struct aggregate *a, struct json_writer *w);

extern const effect_start notification_effects[];
void sending_show(struct metrics_page *page);

bool sweep_start(struct engine *engine, char problem[200]);

#endif
