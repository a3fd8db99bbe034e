/*
 * trace_ring — where finished spans wait for the exporter. Private to common/telemetry; drained by trace_drain().
 */
#ifndef JUMUN_TRACE_RING_H
#define JUMUN_TRACE_RING_H

#include "trace.h"

void trace_ring_open(size_t room); /* once; the room of the first time stays */
void trace_ring_put(const struct span *s, enum span_kind kind, enum span_status status, instant ended, struct str name,
                    const struct log_field *fields);

#endif
