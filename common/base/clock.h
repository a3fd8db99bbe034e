/*
 * clock — the present, waiting by it, and new ids: what a decision must be given, not take. A library of its own, which no domain links.
 */
#ifndef JUMUN_CLOCK_H
#define JUMUN_CLOCK_H

#include "instant.h"
#include "uuid.h"
#include <pthread.h>

instant clock_now(void);        /* wall clock, UTC */
duration clock_monotonic(void); /* since some start; for waiting and measuring */

/* For a signal, or to get a lock, until a time of clock_monotonic(), which nobody sets. False: it is past that, and nothing came of it. */
bool clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, duration until);
bool clock_lock(pthread_mutex_t *lock, duration until);

/* The rest of a thread between two rounds: until then, or until *stopping, which is set under `lock` by who signals `wake`. True: stopping.
 */
bool clock_rest(pthread_cond_t *wake, pthread_mutex_t *lock, const bool *stopping, duration until);

struct uuid uuid_new(void);               /* version 7, of now; ascending within a thread; from getrandom(2), buffered per thread */
void clock_random(void *bytes, size_t n); /* from the kernel */

#endif
