/* Opens the socket a server listens on. */
#include "server.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

static int try_listen(const struct addrinfo *a)
{
    int on = 1;
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 && bind(fd, a->ai_addr, a->ai_addrlen) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    int fault = errno;
    close(fd);
    errno = fault;
    return -1;
}

/* "127.0.0.1:80", "[::1]:80", "localhost:80", ":80" */
static bool cut(const char *address, char host[256], const char **port)
{
    const char *colon = strrchr(address, ':');
    if (!colon || colon[1] == '\0' || colon - address >= 256)
        return false;
    size_t n = (size_t)(colon - address);
    bool brackets = n >= 2 && address[0] == '[' && colon[-1] == ']';
    snprintf(host, 256, "%.*s", (int)(brackets ? n - 2 : n), address + (brackets ? 1 : 0));
    *port = colon + 1;
    return true;
}

int listen_open(const char *address, char problem[200])
{
    char host[256];
    const char *port;
    if (!cut(address, host, &port)) {
        snprintf(problem, 200, "'%s' is not an address to listen on: host:port is expected", address);
        return -1;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found = NULL;
    int fault = getaddrinfo(host[0] ? host : NULL, port, &hints, &found);
    if (fault) {
        snprintf(problem, 200, "cannot listen on %s: %s", address, gai_strerror(fault));
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next)
        fd = try_listen(a);
    if (fd < 0)
        snprintf(problem, 200, "cannot listen on %s: %s", address, strerror(errno));
    freeaddrinfo(found);
    return fd;
}

unsigned listen_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a = {0};
    socklen_t n = sizeof(a);
    if (getsockname(fd, &a.any, &n) != 0)
        return 0;
    return ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}
