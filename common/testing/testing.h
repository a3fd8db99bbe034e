/*
 * testing — what tests against real servers need: a database of their own, waiting for a condition, a connection that breaks on purpose.
 *
 * The servers' addresses come from TEST_POSTGRES_URL (a role that may create databases), TEST_KAFKA_BROKERS and TEST_REDIS_URL; `./jumun
 * test unit` starts the servers and sets them. A test without its server fails: it never passes by not running.
 */
#ifndef JUMUN_TESTING_H
#define JUMUN_TESTING_H

#include "instant.h"
#include "str.h"

/* The variable's value; ends the test program with a sentence when it is not set. */
const char *testing_environment(const char *name);

/* A new empty database, and its URL; dropped by testing_database_drop(). */
struct testing_database {
    char url[512];
    char name[64];
};
void testing_database_new(struct testing_database *d);
void testing_database_drop(struct testing_database *d);

/* Waits until the condition holds, for at most two minutes; then fails the test and says what it was waiting for. */
#define testing_wait_until(condition)                                                                                                      \
    do {                                                                                                                                   \
        struct testing_patience patience_ = testing_patience_begin();                                                                      \
        while (!(condition))                                                                                                               \
            testing_patience_check(&patience_, #condition, __FILE__, __LINE__);                                                            \
    } while (0)
struct testing_patience {
    duration end;
};
struct testing_patience testing_patience_begin(void);
void testing_patience_check(struct testing_patience *p, const char *condition, const char *file, int line);

/*
 * A proxy on loopback in front of a PostgreSQL server: passes bytes through, and on demand swallows the answer to the next COMMIT (the
 * server has committed, the client never hears of it) and closes both sides; or it is as if the server were away.
 */
struct testing_proxy;
struct testing_proxy *testing_proxy_start(const char *database_url);
const char *testing_proxy_url(const struct testing_proxy *p);
void testing_proxy_lose_next_commit(struct testing_proxy *p);
unsigned testing_proxy_lost(const struct testing_proxy *p);              /* how many answers were swallowed */
void testing_proxy_stay_away_after_next_commit(struct testing_proxy *p); /* whose answer is lost */
void testing_proxy_go_away(struct testing_proxy *p);                     /* cuts all connections, and hangs up on whoever calls */
void testing_proxy_come_back(struct testing_proxy *p);
void testing_proxy_stop(struct testing_proxy *p);

#endif
