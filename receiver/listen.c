// listen.c: the listening socket (listen.h).
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

// Takes "HOST:PORT" apart; false: not of that form, or the host is no number.
static bool parse(const char *text, union address *address) {
    char host[64];
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text || (size_t)(colon - text) >= sizeof host || !colon[1]) {
        return false;
    }
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (*end || port > 65535 || strspn(colon + 1, "0123456789") == 0) {
        return false;
    }
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    *address = (union address){0};
    size_t length = strlen(host);
    if (host[0] == '[' && host[length - 1] == ']') {
        host[length - 1] = '\0';
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons((uint16_t)port);
        return inet_pton(AF_INET6, host + 1, &address->v6.sin6_addr) == 1;
    }
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &address->v4.sin_addr) == 1;
}

static bool is_loopback(const union address *address) {
    if (address->any.sa_family == AF_INET6) {
        return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
    }
    return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
}

static socklen_t size_of(const union address *address) {
    return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

static void describe(struct listener *listener) {
    union address bound = {0};
    socklen_t size = sizeof bound;
    char host[INET6_ADDRSTRLEN] = "";
    getsockname(listener->socket, &bound.any, &size);
    bool v6 = bound.any.sa_family == AF_INET6;
    inet_ntop(bound.any.sa_family, v6 ? (void *)&bound.v6.sin6_addr : (void *)&bound.v4.sin_addr, host, sizeof host);
    listener->port = ntohs(v6 ? bound.v6.sin6_port : bound.v4.sin_port);
    snprintf(listener->url, sizeof listener->url, v6 ? "http://[%s]:%u/" : "http://%s:%u/", host, listener->port);
}

enum receiver_error listen_open(const char *text_address, struct listener *listener, char *text, size_t text_size) {
    union address address;
    enum receiver_error error = RECEIVER_OK;
    if (!parse(text_address, &address)) {
        error = RECEIVER_BAD_ADDRESS;
    } else if (!is_loopback(&address)) {
        error = RECEIVER_NOT_LOOPBACK;
    }
    if (error != RECEIVER_OK) {
        snprintf(text, text_size, "%.60s: %s", text_address, receiver_error_text(error));
        return error;
    }
    int one = 1;
    listener->socket = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // Without it a restart would have to wait for old connections to expire.
    setsockopt(listener->socket, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (listener->socket < 0 || bind(listener->socket, &address.any, size_of(&address)) != 0 || listen(listener->socket, 64) != 0) {
        error = errno == EADDRINUSE ? RECEIVER_ADDRESS_IN_USE : RECEIVER_CANNOT_LISTEN;
        snprintf(text, text_size, "%.60s: %s", text_address, strerror(errno));
        if (listener->socket >= 0) {
            close(listener->socket);
        }
        return error;
    }
    describe(listener);
    return RECEIVER_OK;
}
