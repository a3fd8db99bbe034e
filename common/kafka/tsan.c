/*
 * C11's threads, by POSIX's, in builds for ThreadSanitizer only: librdkafka uses C11's, which the sanitizer (of GCC 12) does not know, so
 * it crashes in the first thread that it has not seen begin. CMakeLists.txt puts these before those of libc.
 */
#if defined(__SANITIZE_THREAD__)
#include "memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t) && sizeof(cnd_t) >= sizeof(pthread_cond_t), "one can hold the other");

#define MUTEX(m)     ((pthread_mutex_t *)(m))
#define CONDITION(c) ((pthread_cond_t *)(c))

struct beginning {
    thrd_start_t function;
    void *arg;
};

static int result_of(int error)
{
    switch (error) {
    case 0: return thrd_success;
    case ETIMEDOUT: return thrd_timedout;
    case EBUSY: return thrd_busy;
    case ENOMEM: return thrd_nomem;
    default: return thrd_error;
    }
}

static void *thread_begin(void *arg)
{
    struct beginning b = *(struct beginning *)arg;
    free(arg);
    return (void *)(intptr_t)b.function(b.arg);
}

/* Inside librdkafka, memory is given back by atomic counts, which the sanitizer cannot see either. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:librdkafka.so";
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *arg)
{
    struct beginning *b = NEW(struct beginning);
    *b = (struct beginning){function, arg};
    return result_of(pthread_create(thread, NULL, thread_begin, b));
}

int thrd_join(thrd_t thread, int *result)
{
    void *value = NULL;
    int error = pthread_join(thread, &value);
    if (result != NULL)
        *result = (int)(intptr_t)value;
    return result_of(error);
}

int thrd_detach(thrd_t thread)
{
    return result_of(pthread_detach(thread));
}

int mtx_init(mtx_t *m, int type)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    if (type & mtx_recursive)
        pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    int error = pthread_mutex_init(MUTEX(m), &attributes);
    pthread_mutexattr_destroy(&attributes);
    return result_of(error);
}

void mtx_destroy(mtx_t *m)
{
    pthread_mutex_destroy(MUTEX(m));
}

int mtx_lock(mtx_t *m)
{
    return result_of(pthread_mutex_lock(MUTEX(m)));
}

int mtx_trylock(mtx_t *m)
{
    return result_of(pthread_mutex_trylock(MUTEX(m)));
}

int mtx_unlock(mtx_t *m)
{
    return result_of(pthread_mutex_unlock(MUTEX(m)));
}

int cnd_init(cnd_t *c)
{
    return result_of(pthread_cond_init(CONDITION(c), NULL));
}

void cnd_destroy(cnd_t *c)
{
    pthread_cond_destroy(CONDITION(c));
}

int cnd_signal(cnd_t *c)
{
    return result_of(pthread_cond_signal(CONDITION(c)));
}

int cnd_broadcast(cnd_t *c)
{
    return result_of(pthread_cond_broadcast(CONDITION(c)));
}

int cnd_wait(cnd_t *c, mtx_t *m)
{
    return result_of(pthread_cond_wait(CONDITION(c), MUTEX(m)));
}

int cnd_timedwait(cnd_t *c, mtx_t *m, const struct timespec *until)
{
    return result_of(pthread_cond_timedwait(CONDITION(c), MUTEX(m), until));
}
#else
typedef int tsan_is_off; /* a file must declare something */
#endif
