// access.h: access control: rejects pages of other sites and, if configured, requests without a token. Threads: any. Memory: none.
//
// Without a token only programs of this machine reach the receiver. One of them is a browser with foreign pages: such a page can rebind its
// own name to 127.0.0.1 (DNS rebinding), or post a form. The headers Host and Origin reveal both. A page can also ask without Origin, by an
// image for one: it sees no answer, but the answer costs time. Sec-Fetch-Site reveals it (W3C Fetch Metadata); a link may lead here. With a
// token the name does not matter: a browser sends the cookie only to the name that set it. No browser reaches a Unix socket.
#ifndef CMEMPROF_RECEIVER_ACCESS_H
#define CMEMPROF_RECEIVER_ACCESS_H

#include "../receiver.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

struct guesses;

// A browser that has shown a token gets a cookie in its place: a random value of this start, in a cookie named after the port, since a
// browser sends a name's cookies to all of its ports. Who reads the cookie cannot send with it elsewhere, nor after a restart.
enum { ACCESS_SESSION_BYTES = 33, ACCESS_COOKIE_BYTES = 288 };

struct access {
    // What a request needs one of. Where none may upload, sending needs none, since not all clients can be given one. Sending from a
    // browser's page does, and so does sending symbols, which change what others read: one that may read. No tokens: none is needed.
    const struct receiver_token *tokens;
    size_t token_count;
    bool unix_socket, has_tls;
    uint16_t port;
    const char *base_path;                  // of cookies (base_path.h); NULL, "": none
    const char *page_url;                   // where a proxy shows the page; NULL: not known
    struct guesses *guesses;                // NULL: any number of wrong tokens
    char (*sessions)[ACCESS_SESSION_BYTES]; // of each token; NULL: none
};
enum { ACCESS_TOKEN_MIN = 8, ACCESS_TOKEN_MIN_REMOTE = 16, ACCESS_TOKEN_MAX = 200 }; // remote: where other machines can guess

// What a request tells of its sender; NULL: no such header or parameter.
struct access_headers {
    const char *host, *origin, *authorization, *api_key, *cookie, *query_token;
    const char *fetch_site, *fetch_mode, *fetch_destination; // Sec-Fetch-Site, -Mode, -Dest
    bool is_ambiguous;                                       // several Host, or two ways to tell the body's length
    const char *path_token;                                  // of /t/TOKEN/..., for clients that can be configured with an address alone
    bool sends;                                              // it is an upload; else it reads
    bool stays;                                              // it changes what is shown of all profiles
    bool manages;                                            // it changes what is stored
};
enum access_action { ACCESS_READ, ACCESS_SEND, ACCESS_SEND_SYMBOLS, ACCESS_MANAGE };
enum access_verdict {
    ACCESS_ALLOWED,
    ACCESS_LOGIN,        // allowed by the parameter ?token=, which belongs in a cookie
    ACCESS_FORBIDDEN,    // 403; *why has the reason
    ACCESS_UNAUTHORIZED, // 401
    ACCESS_ROLE,         // 403: there is a token, and it may not do this; *why names the role
    ACCESS_AMBIGUOUS,    // 400: a proxy before the receiver may have understood another request
    ACCESS_GUESSING,     // 429: too many wrong tokens came from this address
};
// Makes the values of cookies. Returns false if the kernel has no random bytes.
bool access_make_sessions(char (*sessions)[ACCESS_SESSION_BYTES], size_t count);
// Writes the Set-Cookie header for a browser that has shown this token.
void access_cookie(const struct access *access, struct MHD_Connection *connection, const char *token, char cookie[ACCESS_COOKIE_BYTES]);
enum access_verdict access_check(const struct access *access, struct MHD_Connection *connection, enum access_action act,
                                 const char *path_token, const char **why);
// Returns what follows "/t/TOKEN" in a path, and TOKEN; or the path itself, and "". An overlong token is cut.
const char *access_path(const char *path, char token[ACCESS_TOKEN_MAX + 2]);
enum access_verdict access_check_headers(const struct access *access, const struct access_headers *headers, const char **why);
// Whether it is a valid token: printable, without cookie separators, of the length above.
bool access_is_token(const char *token);

#endif
