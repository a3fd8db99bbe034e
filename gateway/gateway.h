/* gateway — the process's parts: its tokens, and its client to the services. */
#ifndef JUMUN_GATEWAY_H
#define JUMUN_GATEWAY_H

#include "service.h"
#include "settings.h"

struct tokens;
struct httpc;
struct httpc_streams;

/* All that the outside may ask for: complete when gateway_start() has added what JUMUN_ROUTES says; it is served only then. */
#define FURTHER_ROUTES 200
extern struct service_route gateway_routes[];

bool gateway_start(struct engine *none, char problem[200]);
void gateway_stop(void);
void gateway_show(struct metrics_page *page);

struct tokens *gateway_tokens(void); /* the server's thread only */
struct httpc *gateway_client(void);
struct httpc_streams *gateway_streams(void);

#endif
