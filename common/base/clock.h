/*
 * clock — the present and new ids: the two things a decision must be given, not take. A library of its own, which no domain links.
 */
#ifndef JUMUN_CLOCK_H
#define JUMUN_CLOCK_H

#include "instant.h"
#include "uuid.h"

instant clock_now(void);        /* wall clock, UTC */
duration clock_monotonic(void); /* since some start; for waiting and measuring */

struct uuid uuid_new(void);               /* version 7, of now; ascending within a thread; from getrandom(2), buffered per thread */
void clock_random(void *bytes, size_t n); /* from the kernel */

#endif
