/* Tracing: settings, and the exporter that they ask for. */
#include "tracing.h"

#include "exporter.h"
#include "trace.h"
#include <stdlib.h>
#include <string.h>

static struct {
    const char *endpoint, *headers, *protocol, *attributes, *ratio;
    duration period, timeout;
    int64_t queue_max, batch_max;
} config;

const struct setting tracing_settings[] = {
    {"OTEL_EXPORTER_OTLP_ENDPOINT", SETTING_TEXT, "", &config.endpoint, 0, 0,
     "the collector that spans are sent to, e.g. http://collector:4318; empty: no traces are recorded"},
    {"OTEL_EXPORTER_OTLP_PROTOCOL", SETTING_TEXT, "http/json", &config.protocol, 0, 0, "how: http/json is what there is"},
    {"OTEL_EXPORTER_OTLP_HEADERS", SETTING_SECRET, "", &config.headers, 0, 0, "further headers for it: name=value,name=value"},
    {"OTEL_EXPORTER_OTLP_TIMEOUT", SETTING_MILLISECONDS, "10000", &config.timeout, 1, 60000, "how long it may take to answer"},
    {"OTEL_RESOURCE_ATTRIBUTES", SETTING_TEXT, "", &config.attributes, 0, 0, "what else to say of this process: key=value,key=value"},
    {"OTEL_TRACES_SAMPLER_ARG", SETTING_TEXT, "1", &config.ratio, 0, 0,
     "of the traces that begin here, so many are recorded: 0 to 1; of others those that came as sampled"},
    {"OTEL_BSP_SCHEDULE_DELAY", SETTING_MILLISECONDS, "200", &config.period, 1, 60000, "pause between two sendings"},
    {"OTEL_BSP_MAX_QUEUE_SIZE", SETTING_INTEGER, "2048", &config.queue_max, 2, 1048576, "spans that may wait; more are dropped"},
    {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", SETTING_INTEGER, "512", &config.batch_max, 1, 65536, "spans in one sending"},
    {NULL, 0, NULL, NULL, 0, 0, NULL},
};

static bool is_on(void)
{
    return config.endpoint[0] != '\0';
}

static bool ratio_read(double *ratio)
{
    char *end;
    *ratio = strtod(config.ratio, &end);
    return end > config.ratio && *end == '\0' && *ratio >= 0 && *ratio <= 1;
}

bool tracing_check(struct buf *problems)
{
    double ratio;
    size_t before = problems->n;
    if (is_on() && strncmp(config.endpoint, "http://", 7) != 0 && strncmp(config.endpoint, "https://", 8) != 0)
        buf_printf(problems, "OTEL_EXPORTER_OTLP_ENDPOINT: \"%s\" is not a URL of http or https\n", config.endpoint);
    if (is_on() && strcmp(config.protocol, "http/json") != 0)
        buf_printf(problems, "OTEL_EXPORTER_OTLP_PROTOCOL: \"%s\" is not spoken here; http/json is\n", config.protocol);
    if (!ratio_read(&ratio))
        buf_printf(problems, "OTEL_TRACES_SAMPLER_ARG: \"%s\" is not a number from 0 to 1\n", config.ratio);
    return problems->n == before;
}

static struct exporter *exporter;

void tracing_start(const char *service)
{
    double ratio;
    if (!is_on() || !ratio_read(&ratio))
        return;
    trace_start(ratio, (size_t)config.queue_max);
    exporter = exporter_start(&(struct exporter_config){
        .endpoint = config.endpoint,
        .headers = config.headers,
        .resource = {.service = service, .version = JUMUN_VERSION, .attributes = config.attributes},
        .period = config.period,
        .timeout = config.timeout,
        .batch_max = (size_t)config.batch_max,
    });
}

void tracing_stop(void)
{
    if (!exporter)
        return;
    exporter_stop(exporter);
    trace_stop();
    exporter = NULL;
}

void tracing_show(struct metrics_page *page)
{
    if (exporter)
        exporter_show(exporter, page);
}
