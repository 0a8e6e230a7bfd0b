// listen.h: opens the socket the receiver listens on: loopback, a Unix socket or, if that is allowed, any address. Threads: any. Memory:
// none.
#ifndef CMEMPROF_RECEIVER_LISTEN_H
#define CMEMPROF_RECEIVER_LISTEN_H

#include "../base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct listener {
    int socket;
    uint16_t port;  // the one the system chose, if 0 was asked for
    char url[128];  // "http://127.0.0.1:8126/", "unix:PATH"
    char path[108]; // of a Unix socket, else ""
};
// address: "127.0.0.1:8126", "[::1]:0", "localhost:8126", "unix:PATH". any: others than loopback, too. On failure text gets one line.
enum receiver_error listen_open(const char *address, bool any, struct listener *listener, char *text, size_t text_size);
void listen_close(struct listener *listener, bool socket_is_closed); // removes the file of a Unix socket

#endif
