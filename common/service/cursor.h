/*
 * cursor — a position in a list, in the hands of a client: opaque, and signed, so that only what we gave out comes back.
 *
 *     char text[CURSOR_TEXT];
 *     json_put_text(w, "nextCursor", cursor_write(secret, STR("2026-11-22 18:55 …"), text));
 *     if (!cursor_read(secret, http_query(rq, "cursor"), arena, &position)) … 400
 *
 * base64url( HMAC-SHA-256(secret, position)[0..16] position ). Of a position there is exactly one text.
 */
#ifndef JUMUN_CURSOR_H
#define JUMUN_CURSOR_H

#include "arena.h"

#define CURSOR_SECRET   32
#define CURSOR_TEXT     512 /* characters, at most */
#define CURSOR_POSITION 368 /* bytes, at most; at least one */

struct str cursor_write(const uint8_t secret[CURSOR_SECRET], struct str position, char text[CURSOR_TEXT]);
bool cursor_read(const uint8_t secret[CURSOR_SECRET], struct str text, struct arena *arena, struct str *position);

#endif
