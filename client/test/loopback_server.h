// loopback_server.h: a test server that answers, or misbehaves, in one chosen way. One connection at a time.
//
// server_start listens on a free port of 127.0.0.1 (or on a Unix socket) and serves on its own thread; server_stop ends it at any
// time. request holds the last request; tests may read it after upload_client_send has returned.
#ifndef CMEMPROF_UPLOAD_LOOPBACK_SERVER_H
#define CMEMPROF_UPLOAD_LOOPBACK_SERVER_H

#include "../../base/test/test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>

#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum server_way {
    SERVER_ANSWERS,         // reads the request, then sends answer
    SERVER_SILENT,          // reads the request and never answers
    SERVER_RESETS,          // reads a little, then resets the connection
    SERVER_KEEPS_OPEN,      // as SERVER_ANSWERS, and then reads the next request
    SERVER_ANSWERS_ENDLESS, // reads the request, then sends answer followed by endless bytes
};

struct server {
    enum server_way way;
    const char *answer;
    int listener;
    atomic_int open; // the connection, or -1
    int port;
    char url[64];
    pthread_t thread;
    atomic_bool stopping;
    atomic_int connections;
    atomic_size_t request_bytes; // bytes received; read them after the connection has ended
    char *request;
};

enum { SERVER_REQUEST_CAPACITY = 16 << 20 };

static bool server_request_complete(const struct server *server, size_t length) {
    const char *end_of_headers = memmem(server->request, length, "\r\n\r\n", 4);
    if (!end_of_headers) {
        return false;
    }
    const char *field = strcasestr(server->request, "\r\nContent-Length:");
    size_t body = field && field < end_of_headers ? strtoul(field + 17, NULL, 10) : 0;
    return length >= (size_t)(end_of_headers + 4 - server->request) + body;
}

static void server_wait_for_close(const struct server *server, int fd) {
    char c;
    struct timeval slice = {.tv_usec = 20000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof slice);
    while (!atomic_load(&server->stopping)) {
        if (recv(fd, &c, 1, MSG_PEEK) == 0) {
            return;
        }
    }
}

static void server_send(struct server *server, int fd) {
    send(fd, server->answer, strlen(server->answer), MSG_NOSIGNAL);
    char noise[4096];
    memset(noise, 'x', sizeof noise);
    while (server->way == SERVER_ANSWERS_ENDLESS && !atomic_load(&server->stopping) && send(fd, noise, sizeof noise, MSG_NOSIGNAL) > 0) {
    }
}

// false: the connection ended.
static bool server_read(struct server *server, int fd) {
    char c;
    if (recv(fd, &c, 1, MSG_PEEK) <= 0) { // keeps the previous request until another one begins
        return false;
    }
    size_t length = 0;
    size_t enough = server->way == SERVER_RESETS ? 1 : SERVER_REQUEST_CAPACITY;
    memset(server->request, 0, 4096);
    while (length < enough && !server_request_complete(server, length)) {
        ssize_t got = recv(fd, server->request + length, SERVER_REQUEST_CAPACITY - length, 0);
        if (got <= 0) {
            break;
        }
        length += (size_t)got;
        server->request[length] = '\0';
    }
    atomic_store(&server->request_bytes, length);
    return length > 0;
}

static void server_serve(struct server *server, int fd) {
    server->open = fd;
    bool complete = server_read(server, fd);
    if (server->way == SERVER_RESETS) {
        struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    } else if (server->way == SERVER_SILENT) {
        server_wait_for_close(server, fd);
    } else {
        do {
            server_send(server, fd);
        } while (server->way == SERVER_KEEPS_OPEN && complete && !atomic_load(&server->stopping) && server_read(server, fd));
    }
    server->open = -1;
    close(fd);
}

static void *server_run(void *context) {
    struct server *server = context;
    while (!atomic_load(&server->stopping)) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0 || atomic_load(&server->stopping)) {
            close(fd);
            break;
        }
        atomic_fetch_add(&server->connections, 1);
        server_serve(server, fd);
    }
    return NULL;
}

static int server_listen(struct server *server, const char *unix_path) {
    struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    socklen_t size = sizeof tcp;
    server->listener = socket(unix_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (unix_path) {
        snprintf(local.sun_path, sizeof local.sun_path, "%s", unix_path);
    }
    const struct sockaddr *address = unix_path ? (void *)&local : (void *)&tcp;
    if (bind(server->listener, address, unix_path ? sizeof local : sizeof tcp) != 0 || listen(server->listener, 8) != 0) {
        return -1;
    }
    if (!unix_path) {
        getsockname(server->listener, (void *)&tcp, &size);
        server->port = ntohs(tcp.sin_port);
    }
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d/profiling/v1/input", server->port);
    return 0;
}

// unix_path NULL: TCP. Returns NULL if it cannot listen.
static struct server *server_start(enum server_way way, const char *answer, const char *unix_path) {
    struct server *server = calloc(1, sizeof *server);
    server->way = way;
    server->open = -1;
    server->answer = answer;
    server->request = calloc(1, SERVER_REQUEST_CAPACITY + 1);
    if (server_listen(server, unix_path) != 0 || pthread_create(&server->thread, NULL, server_run, server) != 0) {
        return NULL;
    }
    return server;
}

static void server_stop(struct server *server) {
    atomic_store(&server->stopping, true);
    shutdown(server->listener, SHUT_RDWR); // wakes accept
    if (server->way == SERVER_KEEPS_OPEN && server->open >= 0) {
        shutdown(server->open, SHUT_RDWR); // wakes recv
    }
    pthread_join(server->thread, NULL);
    close(server->listener);
    free(server->request);
    free(server);
}

#endif
