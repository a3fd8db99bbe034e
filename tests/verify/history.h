/*
 * history — what clients were told, as whoever drove them has written it down: a JSON object a line.
 *
 *     {"request": "POST /orders", "customer": "<id>", "key": "<Idempotency-Key>", "outcome": "ok", "status": 201, "order": "<id>", "body":
 * "<sha256>"}
 *
 * request: POST /orders, POST /orders/payment or DELETE /orders. outcome: ok (2xx, 402), refused (another 4xx), unknown (no answer, 5xx).
 * order: where it is known; an order that the client never learnt of is found by its key, in order's idempotency table. body: of the
 * answer.
 */
#ifndef VERIFY_HISTORY_H
#define VERIFY_HISTORY_H

#include "records.h"

enum request { REQUEST_PLACE, REQUEST_PAY, REQUEST_CANCEL, REQUESTS };
enum outcome { OUTCOME_OK, OUTCOME_REFUSED, OUTCOME_UNKNOWN };

struct client_answer {
    struct uuid order; /* nil: it does not know */
    uint64_t key, body;
    int16_t status;
    uint8_t request, outcome;
};
struct client_history {
    struct client_answer *items; /* in the order of their lines */
    size_t count, room;
    size_t *by_key; /* sorted */
};

uint64_t history_key(struct str scope, struct str key);                 /* scope: "<customer> POST /orders", as the database has it */
struct client_history *history_load(const char *path, char fault[200]); /* NULL: fault says why */
void history_free(struct client_history *h);
void history_meet_key(struct client_history *h, uint64_t key,
                      struct uuid order); /* the database knows this key: lines without an order get it */

#endif
