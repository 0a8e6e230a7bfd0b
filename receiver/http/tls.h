// tls.h: HTTPS: a certificate and its key, from files that are read again when they have changed.
//
// A connection keeps the certificate that was there when it began, so that one that is open stays open when the files change. What is in
// place of a good pair and cannot be used is told, and the good one stays. libmicrohttpd speaks the protocol, with GnuTLS.
//
// Threads: tls_open and tls_close one; tls_look one at a time; the others any. Memory: malloc and GnuTLS's.
#ifndef CMEMPROF_RECEIVER_TLS_H
#define CMEMPROF_RECEIVER_TLS_H

#include "../base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// TLS 1.2 and 1.3, in the order of the client: one that is asked for another key exchange than it offers needs a round trip more.
#define TLS_PRIORITIES "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"

struct tls;
struct tls_pair; // a certificate with its key

// The files in PEM form: the certificate first, then those between it and an authority. What is odd (it has expired, others can read the
// key) is told by say (may be NULL). On failure text gets one line.
enum receiver_error tls_open(const char *certificate, const char *key, void (*say)(const char *text), struct tls **tls, char *text,
                             size_t text_size);
void tls_close(struct tls *tls); // after all connections; NULL is allowed
// Gives a session of GnuTLS that has just begun the pair of now. NULL: there was no memory, or the session will not have it: its handshake
// fails.
struct tls_pair *tls_enter(struct tls *tls, void *session);
void tls_leave(struct tls *tls, struct tls_pair *pair); // at the end of the connection; NULL is allowed
// Reads the files anew if they are others than those that were read, and have been the same at two looks: certificate and key are
// seldom replaced in one step. always: in any case, at once. Returns whether there is another pair now.
bool tls_look(struct tls *tls, bool always);
int64_t tls_expires_at(struct tls *tls); // seconds since 1970: of the certificates in the file the one that expires first

#endif
