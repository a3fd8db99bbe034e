/* The present, randomness, and ids made of both. */
#include "clock.h"

#include "invariant.h"
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static struct timespec read_clock(clockid_t clock)
{
    struct timespec now;
    invariant(clock_gettime(clock, &now) == 0);
    return now;
}

instant clock_now(void)
{
    struct timespec now = read_clock(CLOCK_REALTIME);
    return (instant)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

duration clock_monotonic(void)
{
    struct timespec now = read_clock(CLOCK_MONOTONIC);
    return (duration)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static struct timespec time_at(duration monotonic)
{
    return (struct timespec){.tv_sec = (time_t)(monotonic / SECONDS(1)), .tv_nsec = (long)(monotonic % SECONDS(1) * 1000)};
}

bool clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, duration until)
{
    struct timespec t = time_at(until);
    return pthread_cond_clockwait(condition, lock, CLOCK_MONOTONIC, &t) == 0;
}

bool clock_lock(pthread_mutex_t *lock, duration until)
{
    struct timespec t = time_at(until);
    return pthread_mutex_clocklock(lock, CLOCK_MONOTONIC, &t) == 0;
}

bool clock_rest(pthread_cond_t *wake, pthread_mutex_t *lock, const bool *stopping, duration until)
{
    pthread_mutex_lock(lock);
    while (!*stopping && clock_wait(wake, lock, until))
        ;
    bool stop = *stopping;
    pthread_mutex_unlock(lock);
    return stop;
}

void clock_random(void *bytes, size_t n)
{
    char *p = bytes;
    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);
        invariant(got > 0 || errno == EINTR);
        if (got > 0) {
            p += got;
            n -= (size_t)got;
        }
    }
}

/*
 * A system call for each id would cost more than the id: a thread draws the randomness of 32 ids at once.
 */
#define RANDOM_BYTES 8
#define RANDOM_IDS   32

static _Thread_local struct {
    uint8_t random[RANDOM_IDS * RANDOM_BYTES];
    size_t left;
    uint64_t stamp; /* of the last id */
} ids;

/* A child must not hand out the ids of its parent. It has one thread, which is the one that forked. */
static void forget_random(void)
{
    ids.left = 0;
}

__attribute__((constructor)) static void watch_fork(void)
{
    invariant(pthread_atfork(NULL, NULL, forget_random) == 0);
}

static const uint8_t *draw_random(void)
{
    if (ids.left == 0) {
        clock_random(ids.random, sizeof ids.random);
        ids.left = RANDOM_IDS;
    }
    return ids.random + --ids.left * RANDOM_BYTES;
}

/*
 * Milliseconds in the upper bits, and below them 12 bits of the millisecond's fraction (RFC 9562, section 6.2, method 3): ids of
 * different threads are in order to a quarter of a microsecond. When the clock has not moved on, or was set back, the last stamp is counted
 * up instead, so that a thread's ids ascend in any case.
 */
static uint64_t next_stamp(void)
{
    struct timespec now = read_clock(CLOCK_REALTIME);
    uint64_t milliseconds = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    uint64_t fraction = (uint64_t)now.tv_nsec % 1000000 * 4096 / 1000000;
    uint64_t stamp = milliseconds << 12 | fraction;
    ids.stamp = stamp > ids.stamp ? stamp : ids.stamp + 1;
    return ids.stamp;
}

struct uuid uuid_new(void)
{
    uint64_t stamp = next_stamp();
    uint8_t random[2 + RANDOM_BYTES] = {(uint8_t)(stamp >> 8), (uint8_t)stamp}; /* uuid_v7 takes the lower 12 bits of these two */
    memcpy(random + 2, draw_random(), RANDOM_BYTES);
    return uuid_v7(stamp >> 12, random);
}
