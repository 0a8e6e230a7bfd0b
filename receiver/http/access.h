// access.h: decides who may ask: keeps other sites' pages away, and on request everybody without the token. Threads: any. Memory: none.
//
// Without a token only programs of this machine reach the receiver. A browser is one of them, and it runs pages of strangers: such a page
// can point a name of its own at 127.0.0.1 (DNS rebinding), or post a form. Both show in the headers Host and Origin. With a token the name
// does not matter: a browser sends the cookie only to the name it was given under. No browser reaches a Unix socket.
#ifndef CMEMPROF_RECEIVER_ACCESS_H
#define CMEMPROF_RECEIVER_ACCESS_H

#include <microhttpd.h>
#include <stdbool.h>

struct access {
    const char *token; // for everything
    // For sending alone, for all else. With the second one only, sending needs none, since not all clients can be given one; what a
    // browser's page sends does, and so do symbols, which change what others read. All three NULL: none is asked for.
    const char *send_token, *read_token;
    bool unix_socket;
};
enum { ACCESS_TOKEN_MIN = 8, ACCESS_TOKEN_MAX = 200 };

// What a request says of who sent it; NULL: it has no such header or parameter.
struct access_headers {
    const char *host, *origin, *authorization, *api_key, *cookie, *query_token;
    const char *path_token; // of /t/TOKEN/..., for clients that can be told an address and nothing else
    bool sends;             // it brings something; else it reads
    bool stays;             // what it brings changes what is shown of all profiles
};
enum access_action { ACCESS_READ, ACCESS_SEND, ACCESS_SEND_SYMBOLS };
enum access_verdict {
    ACCESS_ALLOWED,
    ACCESS_LOGIN,        // let in by the parameter ?token=, which belongs into a cookie
    ACCESS_FORBIDDEN,    // *why says why, for the answer 403
    ACCESS_UNAUTHORIZED, // for the answer 401
};
enum access_verdict access_check(const struct access *access, struct MHD_Connection *connection, enum access_action act,
                                 const char *path_token, const char **why);
// What follows "/t/TOKEN" of a path, and TOKEN; or the path itself, and "". A token that is too long to be one is cut.
const char *access_path(const char *path, char token[ACCESS_TOKEN_MAX + 2]);
enum access_verdict access_check_headers(const struct access *access, const struct access_headers *headers, const char **why);
// Whether it can be a token: printable, without what separates cookies, and of the length above.
bool access_is_token(const char *token);

#endif
