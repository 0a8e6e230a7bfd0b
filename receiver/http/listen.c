// listen.c: the listening socket (listen.h).
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

// Splits "HOST:PORT". Returns false if malformed, or if the host is no number.
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

// ---- Unix sockets ----

// A socket file without a listener was left by a killed receiver.
static void remove_stale(const struct sockaddr_un *address) {
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct stat about;
    if (lstat(address->sun_path, &about) == 0 && S_ISSOCK(about.st_mode) &&
        connect(probe, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED) {
        unlink(address->sun_path);
    }
    close(probe);
}

static enum receiver_error open_unix(const char *path, struct listener *listener, char *text, size_t text_size) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!*path || strlen(path) >= sizeof address.sun_path) {
        snprintf(text, text_size, "unix:%.120s: the path is empty or longer than %zu bytes", path, sizeof address.sun_path - 1);
        return RECEIVER_BAD_ADDRESS;
    }
    strcpy(address.sun_path, path);
    remove_stale(&address);
    listener->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool bound = listener->socket >= 0 && bind(listener->socket, (struct sockaddr *)&address, sizeof address) == 0;
    // Profiles tell about the program: for its owner only, as the data directory.
    if (!bound || chmod(path, 0600) != 0 || listen(listener->socket, BACKLOG) != 0) {
        enum receiver_error error = errno == EADDRINUSE ? RECEIVER_ADDRESS_IN_USE : RECEIVER_CANNOT_LISTEN;
        snprintf(text, text_size, "unix:%.120s: %s", path, strerror(errno));
        if (bound) {
            unlink(path);
        }
        if (listener->socket >= 0) {
            close(listener->socket);
        }
        return error;
    }
    strcpy(listener->path, path);
    listener->is_unix = true;
    snprintf(listener->url, sizeof listener->url, "unix:%s", path);
    return RECEIVER_OK;
}

// ---- Any ----

enum receiver_error listen_open(const char *text_address, bool any, struct listener *listener, char *text, size_t text_size) {
    union address address;
    enum receiver_error error = RECEIVER_OK;
    *listener = (struct listener){.socket = -1};
    if (strncmp(text_address, "unix:", 5) == 0) {
        return open_unix(text_address + 5, listener, text, text_size);
    }
    if (!parse(text_address, &address)) {
        error = RECEIVER_BAD_ADDRESS;
    } else if (!any && !is_loopback(&address)) {
        error = RECEIVER_NOT_LOOPBACK;
    }
    if (error != RECEIVER_OK) {
        snprintf(text, text_size, "%.60s: %s", text_address, receiver_error_text(error));
        return error;
    }
    int one = 1;
    listener->socket = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // Else a restart would have to wait for old connections to expire.
    setsockopt(listener->socket, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (listener->socket < 0 || bind(listener->socket, &address.any, size_of(&address)) != 0 || listen(listener->socket, BACKLOG) != 0) {
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

// Whether others have no rights on the path. Without one, who knows the name may connect.
static bool is_for_its_owner(const char *path) {
    struct stat about;
    return *path && stat(path, &about) == 0 && (about.st_mode & 077) == 0;
}

enum receiver_error listen_take(int socket, bool any, struct listener *listener, char *text, size_t text_size) {
    union {
        union address ip;
        struct sockaddr_un local;
    } bound;
    memset(&bound, 0, sizeof bound);
    socklen_t size = sizeof bound.local - 1; // so that the path ends
    *listener = (struct listener){.socket = socket, .is_passed = true};
    if (getsockname(socket, &bound.ip.any, &size) != 0) {
        snprintf(text, text_size, "the socket that was passed: %s", strerror(errno));
        return RECEIVER_CANNOT_LISTEN;
    }
    if (bound.ip.any.sa_family == AF_UNIX) {
        if (!any && !is_for_its_owner(bound.local.sun_path)) {
            snprintf(text, text_size,
                     "unix:%.107s: other users can connect to it (SocketMode=0600 in its unit); without a token it is for its owner",
                     bound.local.sun_path);
            return RECEIVER_NOT_LOOPBACK;
        }
        listener->is_unix = true;
        snprintf(listener->url, sizeof listener->url, "unix:%.107s", bound.local.sun_path);
        return RECEIVER_OK;
    }
    if (bound.ip.any.sa_family != AF_INET && bound.ip.any.sa_family != AF_INET6) {
        snprintf(text, text_size, "the socket that was passed is neither of IP nor a Unix socket (address family %d)",
                 bound.ip.any.sa_family);
        return RECEIVER_BAD_ADDRESS;
    }
    describe(listener);
    if (!any && !is_loopback(&bound.ip)) {
        snprintf(text, text_size, "%.100s: %s", listener->url, receiver_error_text(RECEIVER_NOT_LOOPBACK));
        return RECEIVER_NOT_LOOPBACK;
    }
    return RECEIVER_OK;
}

void listen_close(struct listener *listener) {
    close(listener->socket);
    if (*listener->path) {
        unlink(listener->path);
    }
}
