/*
 * Parks requests, and takes answers from any thread.
 *
 * A parked request is suspended in libmicrohttpd: its socket is not watched. The answer is left in the request and the connection resumed;
 * the server's thread then picks it up and sends it. (libmicrohttpd would also let the answering thread queue the response itself, but then
 * that thread would run the connection's machinery.)
 *
 * The race between "handler returned, suspend" and "answered by another thread" is settled by one exchange of the state: either the answer
 * came first, and is sent at once, or the request is parked, and who answers resumes it. Under the lock, so that nobody resumes what is not
 * quite suspended.
 */
#include "server.h"

#include "invariant.h"

bool park(struct http_request *rq)
{
    struct http_server *s = rq->server;
    int expected = REQUEST_OWED;
    pthread_mutex_lock(&s->lock);
    bool parked = atomic_compare_exchange_strong(&rq->state, &expected, REQUEST_PARKED);
    if (parked) {
        TAILQ_INSERT_TAIL(&s->parked, rq, link);
        gauge_add(&s->parked_count, 1);
        MHD_suspend_connection(rq->connection);
    }
    pthread_mutex_unlock(&s->lock);
    return parked;
}

/* With the lock held. After it the request may be gone at any time. */
static void resume(struct http_server *s, struct http_request *rq)
{
    TAILQ_REMOVE(&s->parked, rq, link);
    gauge_add(&s->parked_count, -1);
    MHD_resume_connection(rq->connection);
    server_wake(s); /* libmicrohttpd tells only a loop of its own */
    if (TAILQ_EMPTY(&s->parked) && atomic_load(&s->draining))
        pthread_cond_broadcast(&s->calm);
}

/*
 * OWED: the server's thread finds the answer when the handler returns. ABANDONED: it is sent if nothing else was yet, and freed when the
 * connection ends. GONE: the server may be gone as well; it is only touched for a request that is parked, because it waits for that.
 */
void park_deliver(struct http_request *rq, struct MHD_Response *response)
{
    rq->response = response;
    struct http_server *s = rq->server;
    switch (atomic_exchange(&rq->state, REQUEST_ANSWERED)) {
    case REQUEST_OWED:
    case REQUEST_ABANDONED: return;
    case REQUEST_PARKED:
        pthread_mutex_lock(&s->lock);
        resume(s, rq);
        pthread_mutex_unlock(&s->lock);
        return;
    case REQUEST_GONE:
        MHD_destroy_response(response);
        request_free(rq);
        return;
    }
    unreachable(); /* answered twice */
}

void http_reply(struct http_request *rq, const struct http_answer *a)
{
    park_deliver(rq, answer_build(rq, a));
}

void http_reply_problem(struct http_request *rq, const struct http_problem *p)
{
    park_deliver(rq, answer_problem(rq, p));
}

void park_abandon(struct http_server *s)
{
    struct http_request *rq = TAILQ_FIRST(&s->parked);
    while (rq) {
        struct http_request *next = TAILQ_NEXT(rq, link);
        int expected = REQUEST_PARKED;
        if (atomic_compare_exchange_strong(&rq->state, &expected, REQUEST_ABANDONED))
            resume(s, rq);
        rq = next; /* one that is being answered leaves the list by itself */
    }
}
