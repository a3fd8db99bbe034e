/*
 * dead_letters — what every service that listens to topics has for operators: its dead letters, listed, shown, redriven and discarded.
 * Private to common/service, but for what struct service says of it.
 *
 * Routes, for the service's own name only:
 *   GET  /ops/dead-letters/{service}?state=&limit=&cursor=      the letters that are open, or of that state, or all
 *   GET  /ops/dead-letters/{service}/{letter}                   one of them with the message, as it came
 *   POST /ops/dead-letters/{service}/{letter}/redrive           takes the message in again; twice pressed, it is done once
 *   POST /ops/dead-letters/{service}/{letter}/discard {note}    nobody needs to look at it any more, and why
 * A letter is named by the place it came from: "jumun.order:3:42".
 */
#ifndef JUMUN_DEAD_LETTERS_H
#define JUMUN_DEAD_LETTERS_H

#include "service.h"

#define DEAD_LETTER_ROUTES 4
extern const struct service_route dead_letter_routes[DEAD_LETTER_ROUTES];

#endif
