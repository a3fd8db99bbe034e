/*
 * otlp — spans as OpenTelemetry's protocol wants them over HTTP: the JSON encoding of an ExportTraceServiceRequest (OTLP 1.x).
 *
 *     struct json_writer w = {.out = &body};
 *     otlp_begin(&w, &resource);
 *     otlp_put_span(&w, span); …
 *     otlp_end(&w);
 *
 * Ids are hexadecimal, 64-bit numbers are texts, enums are numbers: as the protocol says, which is not quite protobuf's own JSON.
 */
#ifndef JUMUN_OTLP_H
#define JUMUN_OTLP_H

#include "json_encode.h"
#include "trace.h"

struct otlp_resource {
    const char *service, *version;
    const char *attributes; /* more, as OTEL_RESOURCE_ATTRIBUTES has them: "key=value,key=value", values percent-encoded; NULL: none */
};

void otlp_begin(struct json_writer *w, const struct otlp_resource *resource);
void otlp_put_span(struct json_writer *w, const struct finished_span *s);
void otlp_end(struct json_writer *w);

#endif
