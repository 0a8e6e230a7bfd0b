// guard.h: keeps other sites' pages away from the receiver. Threads: any. Memory: none.
//
// The receiver has no login, because only programs of this machine reach it. A browser is one of them, and it runs pages of strangers: such
// a page can point a name of its own at 127.0.0.1 (DNS rebinding), or post a form. Both show in the headers Host and Origin.
#ifndef CMEMPROF_RECEIVER_GUARD_H
#define CMEMPROF_RECEIVER_GUARD_H

#include <microhttpd.h>

// NULL: let in. Else why not, for the answer 403.
const char *guard_check(struct MHD_Connection *connection);
// The same on plain header values; NULL: the request has no such header.
const char *guard_check_headers(const char *host, const char *origin);

#endif
