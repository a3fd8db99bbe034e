/*
 * cache — a Redis connection, pipelined, with scripts.
 *
 *     cache_send(c, 3, (struct str[]){STR("HGET"), key, STR("status")});   // queued
 *     cache_send(c, …);
 *     const struct cache_reply *r = cache_receive(c);                       // flushes; in order; NULL: a fault
 *
 * A fault disconnects; cache_connect() starts afresh, and all that was queued is forgotten. Replies live until the next cache_receive() of
 * the same connection. One thread at a time per connection.
 */
#ifndef JUMUN_CACHE_H
#define JUMUN_CACHE_H

#include "arena.h"
#include "instant.h"

struct cache;
struct cache *cache_new(const char *url); /* redis://[:password@]host:port/database; NULL: malformed */
void cache_free(struct cache *c);

bool cache_connect(struct cache *c); /* true when connected, connecting if need be, at most about 2 s */
void cache_disconnect(struct cache *c);
bool cache_connected(const struct cache *c);
const char *cache_fault(const struct cache *c); /* of the last failure; a line for the log */

/* The server's run_id of this connection: another one means a restart, after which the last second of writes may be gone. */
struct str cache_run_id(const struct cache *c);

void cache_send(struct cache *c, size_t argc, const struct str *argv);

/* A script by its SHA-1, loaded when the server does not know it. `script` is a literal, terminated. */
void cache_send_script(struct cache *c, const char *script, size_t keys, size_t argc, const struct str *keys_and_args);

enum cache_kind { CACHE_NIL, CACHE_TEXT, CACHE_INTEGER, CACHE_LIST, CACHE_STATUS, CACHE_ERROR };
struct cache_reply;
const struct cache_reply *cache_receive(struct cache *c); /* an error of the command itself is a reply of kind CACHE_ERROR */
enum cache_kind cache_kind(const struct cache_reply *r);
struct str cache_text(const struct cache_reply *r); /* text, status, or the error's; absent for NIL */
int64_t cache_integer(const struct cache_reply *r);
size_t cache_count(const struct cache_reply *r); /* of a list */
const struct cache_reply *cache_item(const struct cache_reply *r, size_t i);

#endif
