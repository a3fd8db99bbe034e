/* inbound — the handlers behind the gateway's routes. */
#ifndef JUMUN_GATEWAY_INBOUND_H
#define JUMUN_GATEWAY_INBOUND_H

#include "gateway.h"

/* Verifies the caller's token, if there is one, and has the service answer; 401 for a token that is not good, 502/503/504 for a service
   that does not answer. */
void proxy_pass(struct call *call, const char *service_url);

/* The same for an answer that goes on: it is passed on as it comes, and whoever leaves, the other side is told. */
void proxy_stream(struct call *call, const char *service_url);

/* Adds to gateway_routes what the setting JUMUN_ROUTES says: PATH=URL, separated by commas. What is below a path is passed on to the URL,
   by any method. False: *problem says what is wrong with it. */
bool further_routes(const char *list, char problem[200]);
/* Whose they are: the number'th's name, "loyalty" of /api/loyalty, and where what is below its path goes. False: there are no more. */
bool further_at(size_t number, struct str *name, const char **url);

/* The dead letters: of the service that the path names, one of ours or one that JUMUN_ROUTES has added, and of all of them at once. */
void ask_letters(struct call *call);
void ask_all_letters(struct call *call);

/* How often an address and a customer may come (settings JUMUN_ADDRESS_RATE, JUMUN_CUSTOMER_RATE). False: too often, and answered (429). */
void admission_start(void);
void admission_stop(void);
void admission_show(struct metrics_page *page);
bool admit_address(struct call *call);
bool admit_customer(struct call *call, struct uuid customer);
/* Who sent it, where so many proxies of ours stand before us. */
struct str admission_address(struct http_request *rq, int64_t proxies);

void serve_demo_token(struct call *call); /* 404 unless JUMUN_DEMO_ISSUER=on */
void serve_openapi(struct call *call);

#endif
