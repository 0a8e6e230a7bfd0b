// listen.h: opens the listening socket: loopback, a Unix socket or, if allowed, any address. Threads: any. Memory: none.
#ifndef CMEMPROF_RECEIVER_LISTEN_H
#define CMEMPROF_RECEIVER_LISTEN_H

#include "../base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct listener {
    int socket;
    uint16_t port;           // chosen by the system if 0 was given
    char url[256];           // "http://127.0.0.1:8126/", "unix:PATH"
    char path[108];          // of a Unix socket that was made here, else ""
    bool is_unix, is_passed; // is_passed: others have the socket too
};
// address: "127.0.0.1:8126", "[::1]:0", "localhost:8126", "unix:PATH". any: allows others than loopback. On failure text gets one line.
enum receiver_error listen_open(const char *address, bool any, struct listener *listener, char *text, size_t text_size);
// Takes a socket that listens already. A Unix socket that others may connect to is like an address that is not loopback.
enum receiver_error listen_take(int socket, bool any, struct listener *listener, char *text, size_t text_size);
void listen_close(struct listener *listener); // removes the file of a Unix socket

#endif
