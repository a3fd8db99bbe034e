/* What a carrier says, kept in the order in which it is said. */
#include "heard.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

#define HEARD_MAX 16
static struct {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct engine_command *commands[HEARD_MAX];
    size_t count;
} heard = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

void __wrap_engine_submit(struct engine *e, struct engine_command *c);
void __wrap_engine_submit(struct engine *e, struct engine_command *c)
{
    (void)e;
    pthread_mutex_lock(&heard.lock);
    assert_true(heard.count < HEARD_MAX);
    heard.commands[heard.count++] = c;
    pthread_cond_signal(&heard.more);
    pthread_mutex_unlock(&heard.lock);
}

const struct command *heard_wait(size_t i)
{
    struct timespec limit;
    clock_gettime(CLOCK_MONOTONIC, &limit);
    limit.tv_sec += 60;
    pthread_mutex_lock(&heard.lock);
    while (heard.count <= i)
        assert_int_equal(pthread_cond_clockwait(&heard.more, &heard.lock, CLOCK_MONOTONIC, &limit), 0);
    const struct command *c = &heard.commands[i]->command;
    pthread_mutex_unlock(&heard.lock);
    return c;
}

size_t heard_count(void)
{
    pthread_mutex_lock(&heard.lock);
    size_t count = heard.count;
    pthread_mutex_unlock(&heard.lock);
    return count;
}

void heard_forget(void)
{
    pthread_mutex_lock(&heard.lock);
    while (heard.count > 0)
        engine_command_free(heard.commands[--heard.count]);
    pthread_mutex_unlock(&heard.lock);
}
