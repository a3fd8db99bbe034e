/*
 * tracing — whether a service records spans, and where it sends them, by OpenTelemetry's own settings. Private to common/service.
 */
#ifndef JUMUN_TRACING_H
#define JUMUN_TRACING_H

#include "metrics.h"
#include "setting.h"

extern const struct setting tracing_settings[];
bool tracing_check(struct buf *problems); /* what the types of the settings do not say; false: a line for each fault */

void tracing_start(const char *service); /* nothing without an endpoint */
void tracing_stop(void);                 /* the last of all: spans end until then */
void tracing_show(struct metrics_page *page);

#endif
