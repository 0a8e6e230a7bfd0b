// entrance.h: where requests come in: the listening socket, its certificate, and the tokens that they need.
//
// Threads: one opens and closes; access may be used by any meanwhile. Memory: malloc, copies of the tokens.
#ifndef CMEMPROF_RECEIVER_ENTRANCE_H
#define CMEMPROF_RECEIVER_ENTRANCE_H

#include "../receiver.h"
#include "access.h"
#include "base_path.h"
#include "guesses.h"
#include "listen.h"
#include "tls.h"

struct entrance {
    struct access access;
    struct listener listener;
    struct guesses guesses;
    struct tls *tls; // NULL: HTTP without TLS
    struct base_path base;
    // What access points to.
    struct receiver_token tokens[RECEIVER_TOKENS_MAX];
    char sessions[RECEIVER_TOKENS_MAX][ACCESS_SESSION_BYTES];
};

// Zero-initialise. text gets one line on failure; there is nothing to close then.
enum receiver_error entrance_open(struct entrance *entrance, const struct receiver_options *options, char *text, size_t text_size);
void entrance_close(struct entrance *entrance);

#endif
