/* Gateway: starts and stops what the routes need. */
#include "gateway.h"
#include "buf.h"
#include "httpc.h"
#include "inbound/inbound.h"
#include "token.h"
#include <stdio.h>

static struct {
    struct tokens *tokens;
    struct httpc *client;
    struct httpc_streams *streams;
} gateway;

struct tokens *gateway_tokens(void)
{
    return gateway.tokens;
}

struct httpc *gateway_client(void)
{
    return gateway.client;
}

struct httpc_streams *gateway_streams(void)
{
    return gateway.streams;
}

static bool read_file(const char *path, struct buf *text)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    for (size_t n = 1; n > 0;) {
        char bytes[4096];
        n = fread(bytes, 1, sizeof bytes, file);
        buf_add_bytes(text, bytes, n);
    }
    bool whole = !ferror(file);
    (void)fclose(file);
    return whole;
}

bool gateway_start(struct engine *none, char problem[200])
{
    struct buf jwks = BUF_INIT;
    (void)none;
    if (!further_routes(gateway_config.routes, problem))
        return false;
    if (*gateway_config.jwks_file && !read_file(gateway_config.jwks_file, &jwks)) {
        (void)snprintf(problem, 200, "JUMUN_JWKS_FILE: %.100s cannot be read", gateway_config.jwks_file);
        return false;
    }
    gateway.tokens = tokens_new(&(struct tokens_config){.issuer = gateway_config.issuer,
                                                        .audience = gateway_config.audience,
                                                        .jwks = buf_str(&jwks),
                                                        .demo_issuer = gateway_config.demo_issuer,
                                                        .demo_key = str_of(gateway_config.demo_key)},
                                problem);
    buf_release(&jwks);
    if (!gateway.tokens)
        return false;
    /* More than order has calls to payment under way: when payment is silent, those who read orders still find a connection. */
    gateway.client = httpc_start(&(struct httpc_config){.connections_max = 512});
    gateway.streams = httpc_streams_start();
    admission_start();
    return true;
}

void gateway_stop(void)
{
    httpc_streams_stop(gateway.streams);
    httpc_stop(gateway.client);
    tokens_free(gateway.tokens);
    admission_stop();
}

void gateway_show(struct metrics_page *page)
{
    httpc_show(gateway.client, page);
    httpc_streams_show(gateway.streams, page);
    admission_show(page);
}
