// listen.h: opens the socket the receiver listens on. Loopback addresses only. Threads: any. Memory: none.
#ifndef CMEMPROF_RECEIVER_LISTEN_H
#define CMEMPROF_RECEIVER_LISTEN_H

#include "receiver.h"

struct listener {
    int socket;
    uint16_t port; // the one the system chose, if 0 was asked for
    char url[64];  // "http://127.0.0.1:8126/"
};
// address: "127.0.0.1:8126", "[::1]:0", "localhost:8126". On failure text gets one line.
enum receiver_error listen_open(const char *address, struct listener *listener, char *text, size_t text_size);

#endif
