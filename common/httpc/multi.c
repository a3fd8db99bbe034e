/* Multi: curl says which sockets it waits for, and when it is to look at the time; epoll waits. */
#include "multi.h"

#include "invariant.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS 64

/* `known` is set for those that epoll watches already. */
static int watch(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
    (void)easy;
    struct multi *m = ctx;
    struct epoll_event e = {.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u), .data.fd = fd};
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(m->epoll, EPOLL_CTL_DEL, fd, NULL); /* it may be closed already */
        return 0;
    }
    invariant(epoll_ctl(m->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e) == 0);
    if (!known)
        curl_multi_assign(m->curl, fd, m);
    return 0;
}

static int set_timer(CURLM *curl, long milliseconds, void *ctx)
{
    (void)curl;
    struct multi *m = ctx;
    m->timer = milliseconds < 0 ? MULTI_NEVER : clock_monotonic() + MILLISECONDS(milliseconds);
    return 0;
}

void multi_open(struct multi *m)
{
    *m = (struct multi){
        .curl = curl_multi_init(),
        .epoll = epoll_create1(EPOLL_CLOEXEC),
        .wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
        .timer = MULTI_NEVER,
    };
    invariant(m->epoll >= 0 && m->wake >= 0 && m->curl);
    invariant(epoll_ctl(m->epoll, EPOLL_CTL_ADD, m->wake, &(struct epoll_event){.events = EPOLLIN, .data.fd = m->wake}) == 0);
    curl_multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, watch);
    curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
    curl_multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
}

void multi_close(struct multi *m)
{
    curl_multi_cleanup(m->curl);
    close(m->epoll);
    close(m->wake);
}

void multi_wake(struct multi *m)
{
    invariant(eventfd_write(m->wake, 1) == 0);
}

static int milliseconds_until(duration due)
{
    if (due == MULTI_NEVER)
        return -1;
    duration left = due - clock_monotonic();
    return left <= 0 ? 0 : (int)((left + MILLISECONDS(1) - 1) / MILLISECONDS(1));
}

static void serve(struct multi *m, const struct epoll_event *e)
{
    int running, what = (e->events & EPOLLIN ? CURL_CSELECT_IN : 0) | (e->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                        (e->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    if (e->data.fd == m->wake) {
        eventfd_t wakes;
        (void)eventfd_read(m->wake, &wakes);
    } else {
        curl_multi_socket_action(m->curl, e->data.fd, what, &running);
    }
}

void multi_wait(struct multi *m, duration until)
{
    struct epoll_event events[EVENTS];
    int running, n = epoll_wait(m->epoll, events, EVENTS, milliseconds_until(until < m->timer ? until : m->timer));
    for (int i = 0; i < n; i++)
        serve(m, &events[i]);
    if (m->timer != MULTI_NEVER && clock_monotonic() >= m->timer) {
        m->timer = MULTI_NEVER;
        curl_multi_socket_action(m->curl, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}
