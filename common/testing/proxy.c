/* Proxy: a PostgreSQL connection that breaks on purpose. */
#include "invariant.h"
#include "memory.h"
#include "testing.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct testing_proxy {
    char url[512];
    struct sockaddr_in server;
    int listener;
    pthread_t thread;
    atomic_bool lose, away_then, away, stopping;
    atomic_uint lost, connections;
};

struct tunnel {
    struct testing_proxy *proxy;
    int client, server;
};

static bool send_all(int fd, const char *bytes, size_t n)
{
    for (size_t sent = 0; sent < n;) {
        ssize_t now = send(fd, bytes + sent, n - sent, MSG_NOSIGNAL);
        if (now <= 0)
            return false;
        sent += (size_t)now;
    }
    return true;
}

/* CommandComplete of a COMMIT: 'C', length 11, "COMMIT\0" (PostgreSQL's protocol, section 55.7). */
static bool is_commit_answer(const char *bytes, size_t n)
{
    static const char answer[] = "C\0\0\0\013COMMIT";
    return memmem(bytes, n, answer, sizeof answer) != NULL;
}

static bool pass(struct tunnel *t, int from, int to)
{
    char bytes[65536];
    ssize_t n = recv(from, bytes, sizeof bytes, 0);
    if (n <= 0)
        return false;
    if (from == t->server && is_commit_answer(bytes, (size_t)n) && atomic_exchange(&t->proxy->lose, false)) {
        if (atomic_load(&t->proxy->away_then))
            atomic_store(&t->proxy->away, true);
        atomic_fetch_add(&t->proxy->lost, 1);
        return false;
    }
    return send_all(to, bytes, (size_t)n);
}

static void *run_tunnel(void *argument)
{
    struct tunnel *t = argument;
    struct pollfd fds[2] = {{.fd = t->client, .events = POLLIN}, {.fd = t->server, .events = POLLIN}};
    bool open = true;
    while (open && !atomic_load(&t->proxy->stopping) && !atomic_load(&t->proxy->away)) {
        if (poll(fds, 2, 20) < 0)
            break;
        if (fds[0].revents)
            open = pass(t, t->client, t->server);
        if (open && fds[1].revents)
            open = pass(t, t->server, t->client);
    }
    close(t->client);
    close(t->server);
    atomic_fetch_sub(&t->proxy->connections, 1);
    free(t);
    return NULL;
}

static void open_tunnel(struct testing_proxy *p, int client)
{
    pthread_t thread;
    struct tunnel *t = NEW(struct tunnel);
    *t = (struct tunnel){.proxy = p, .client = client, .server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    invariant(connect(t->server, (const struct sockaddr *)&p->server, sizeof p->server) == 0);
    atomic_fetch_add(&p->connections, 1);
    invariant(pthread_create(&thread, NULL, run_tunnel, t) == 0);
    pthread_detach(thread);
}

static void take_connection(struct testing_proxy *p)
{
    int client = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
    if (client >= 0 && atomic_load(&p->away))
        close(client);
    else if (client >= 0)
        open_tunnel(p, client);
}

static void *run_proxy(void *argument)
{
    struct testing_proxy *p = argument;
    struct pollfd fd = {.fd = p->listener, .events = POLLIN};
    while (!atomic_load(&p->stopping))
        if (poll(&fd, 1, 20) > 0)
            take_connection(p);
    while (atomic_load(&p->connections) > 0)
        poll(NULL, 0, 5);
    return NULL;
}

static int listen_anywhere(unsigned *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    invariant(bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 16) == 0);
    invariant(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* postgresql://user:password@host:port/database → the same with this proxy's host and port. */
static void put_addresses(struct testing_proxy *p, const char *url, unsigned port)
{
    const char *at = strchr(url, '@'), *slash = at ? strchr(at, '/') : NULL;
    char host[100], service[10];
    invariant(slash && sscanf(at + 1, "%99[^:]:%9[0-9]", host, service) == 2);
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    invariant(getaddrinfo(host, service, &hints, &found) == 0);
    memcpy(&p->server, found->ai_addr, sizeof p->server);
    freeaddrinfo(found);
    (void)snprintf(p->url, sizeof p->url, "%.*s@127.0.0.1:%u%s", (int)(at - url), url, port, slash);
}

struct testing_proxy *testing_proxy_start(const char *database_url)
{
    struct testing_proxy *p = NEW(struct testing_proxy);
    unsigned port;
    p->listener = listen_anywhere(&port);
    put_addresses(p, database_url, port);
    invariant(pthread_create(&p->thread, NULL, run_proxy, p) == 0);
    return p;
}

const char *testing_proxy_url(const struct testing_proxy *p)
{
    return p->url;
}

void testing_proxy_lose_next_commit(struct testing_proxy *p)
{
    atomic_store(&p->lose, true);
}

unsigned testing_proxy_lost(const struct testing_proxy *p)
{
    return atomic_load(&p->lost);
}

void testing_proxy_stay_away_after_next_commit(struct testing_proxy *p)
{
    atomic_store(&p->away_then, true);
    atomic_store(&p->lose, true);
}

void testing_proxy_go_away(struct testing_proxy *p)
{
    atomic_store(&p->away, true);
    while (atomic_load(&p->connections) > 0)
        poll(NULL, 0, 1);
}

void testing_proxy_come_back(struct testing_proxy *p)
{
    atomic_store(&p->away, false);
}

void testing_proxy_stop(struct testing_proxy *p)
{
    atomic_store(&p->stopping, true);
    pthread_join(p->thread, NULL);
    close(p->listener);
    free(p);
}
