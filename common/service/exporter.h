/*
 * exporter — sends the spans that have ended to a collector: OTLP over HTTP, JSON. Private to common/service.
 *
 * A thread of its own drains the ring of trace.h, a request at a time, and nobody waits for it. When the collector does not answer, or
 * asks to be spared (429, 502, 503, 504), the request in hand is sent again after a growing pause; meanwhile the ring fills, and what finds
 * no room there is dropped and counted. What the collector refuses otherwise is given up, and counted.
 */
#ifndef JUMUN_EXPORTER_H
#define JUMUN_EXPORTER_H

#include "instant.h"
#include "metrics.h"
#include "otlp.h"

struct exporter_config {
    const char *endpoint; /* "http://collector:4318": what POST …/v1/traces is sent to */
    const char *headers;  /* further headers, as OTEL_EXPORTER_OTLP_HEADERS has them: "name=value,name=value" */
    struct otlp_resource resource;
    duration period;  /* between two looks at the ring */
    duration timeout; /* of a request */
    size_t batch_max; /* spans in a request */
};

struct exporter;
struct exporter *exporter_start(const struct exporter_config *config);
void exporter_stop(struct exporter *x); /* sends what is there, within a second; what is left then is given up */
void exporter_show(const struct exporter *x, struct metrics_page *page);

#endif
