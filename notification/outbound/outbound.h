/* outbound — what notification reaches out to: its tables, its channels. */
#ifndef JUMUN_NOTIFICATION_OUTBOUND_H
#define JUMUN_NOTIFICATION_OUTBOUND_H

#include "engine.h"
#include "preferences.h"

extern const struct store_table notification_tables[];
void notification_encode(int event, const void *data, const struct aggregate *a, struct json_writer *w);

extern const effect_start notification_effects[];
bool sending_start(struct engine *engine, char problem[200]); /* the channels, and what an earlier process has left unsent */
void sending_stop(void);
void sending_show(struct metrics_page *page);
unsigned channels_offered(void); /* bits by channel */

void channels_put(struct json_writer *w, const char *key, const struct channel_list *channels);
void channels_decode(struct arena *arena, struct str json, void *field); /* of a struct channel_list */

bool sweep_start(struct engine *engine, char problem[200]);
void sweep_stop(void);

#endif
