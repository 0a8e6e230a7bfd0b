// access.c: checks the origin and tokens of a request (access.h).
#include "access.h"

#include "../../base/clock.h"
#include "guesses.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

// A name of this machine. Every address of 127.0.0.0/8 may be listened on; unlike other names, none can be rebound.
static bool is_local_name(const char *name) {
    struct in_addr address;
    return strcasecmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0 ||
           (inet_pton(AF_INET, name, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

// "localhost", "127.0.0.1:8126", "[::1]:8126": with or without a port.
static bool is_local(const char *host) {
    char name[sizeof "127.255.255.255"];
    const char *bracket = *host == '[' ? strchr(host, ']') : NULL;
    size_t length = bracket ? (size_t)(bracket + 1 - host) : strcspn(host, ":");
    const char *rest = host + length;
    if (length >= sizeof name || (*rest && (*rest != ':' || rest[1 + strspn(rest + 1, "0123456789")]))) {
        return false;
    }
    memcpy(name, host, length);
    name[length] = '\0';
    return is_local_name(name);
}

// In constant time: does not reveal how much of it matches.
static bool is_equal(const char *given, size_t length, const char *token) {
    size_t token_length = strlen(token);
    unsigned char difference = length != token_length;
    for (size_t i = 0; i < length; i++) {
        difference |= (unsigned char)(given[i] ^ token[i < token_length ? i : 0]);
    }
    return difference == 0;
}

static bool is_token(const char *given, const char *token) {
    return given && is_equal(given, strlen(given), token);
}

static bool has_cookie(const char *cookies, const struct access *access, const char *session) {
    char name[32];
    size_t size = (size_t)snprintf(name, sizeof name, "cmemprof_%u=", access->port);
    for (const char *at = cookies; at && *at && *session;) {
        at += strspn(at, "; ");
        size_t length = strcspn(at, ";");
        if (length >= size && memcmp(at, name, size) == 0 && is_equal(at + size, length - size, session)) {
            return true;
        }
        at += length;
    }
    return false;
}

bool access_is_token(const char *token) {
    size_t length = strlen(token);
    for (size_t i = 0; i < length; i++) {
        if (token[i] <= ' ' || token[i] > '~' || strchr(",;\"\\", token[i])) {
            return false;
        }
    }
    return length >= ACCESS_TOKEN_MIN && length <= ACCESS_TOKEN_MAX;
}

enum which { TOKEN_ALL, TOKEN_SEND, TOKEN_READ };

static const char *token_of(const struct access *access, enum which which) {
    return which == TOKEN_ALL ? access->token : which == TOKEN_SEND ? access->send_token : access->read_token;
}

static const char *bearer_of(const struct access_headers *headers) {
    const char *text = headers->authorization;
    return text && strncasecmp(text, "Bearer ", 7) == 0 ? text + 7 : NULL;
}

static bool has_token(const struct access *access, const struct access_headers *headers, enum which which) {
    const char *token = token_of(access, which);
    return token && (is_token(bearer_of(headers), token) || is_token(headers->api_key, token) || is_token(headers->path_token, token));
}

static bool has_session(const struct access *access, const struct access_headers *headers, enum which which) {
    return token_of(access, which) && has_cookie(headers->cookie, access, access->sessions[which]);
}

// A page whose name was rebound to this machine has an Origin equal to its Host, and must not read a token. A request with an Origin comes
// from a page, and the receiver's own page has the cookie.
static bool is_open_for(const struct access_headers *headers) {
    return !headers->origin && !headers->stays;
}

// Which token a request needs, beside the one for everything.
static enum which needed(const struct access *access, const struct access_headers *headers, bool *open) {
    *open = headers->sends && !access->token && !access->send_token;
    return headers->sends && !*open ? TOKEN_SEND : TOKEN_READ;
}

static enum access_verdict check_tokens(const struct access *access, const struct access_headers *headers, const char **why) {
    bool open;
    enum which special = needed(access, headers, &open);
    bool has = has_token(access, headers, TOKEN_ALL) || has_token(access, headers, special) || has_session(access, headers, TOKEN_ALL) ||
               has_session(access, headers, special);
    if (has || (open && is_open_for(headers))) {
        return ACCESS_ALLOWED;
    }
    const char *token = token_of(access, special);
    if ((access->token && is_token(headers->query_token, access->token)) || (token && is_token(headers->query_token, token))) {
        return ACCESS_LOGIN;
    }
    *why = "a token is needed: Authorization: Bearer TOKEN, DD-API-KEY: TOKEN, /t/TOKEN in front of the path, or once /?token=TOKEN in a "
           "browser";
    return ACCESS_UNAUTHORIZED;
}

// Counts a wrong token. A browser with a cookie goes on where others guess; a request without any token does not count.
static enum access_verdict check_guesses(const struct access *access, const struct access_headers *headers, const struct sockaddr *from,
                                         int64_t now_ms, enum access_verdict verdict, const char **why) {
    bool open;
    const char *given[] = {bearer_of(headers), headers->api_key, headers->path_token, headers->query_token};
    const char *token = given[0] ? given[0] : given[1] ? given[1] : given[2] ? given[2] : given[3];
    bool tells = verdict == ACCESS_ALLOWED || verdict == ACCESS_LOGIN || verdict == ACCESS_UNAUTHORIZED; // whether a token is right
    enum which special = needed(access, headers, &open);
    if (!access->guesses || !token || !tells || open || has_session(access, headers, TOKEN_ALL) || has_session(access, headers, special)) {
        return verdict;
    }
    if (guesses_exhausted(access->guesses, from, verdict != ACCESS_UNAUTHORIZED, now_ms)) {
        *why = "too many wrong tokens came from this address; try again in a minute";
        return ACCESS_GUESSING;
    }
    for (size_t i = 0; i < sizeof given / sizeof *given && verdict == ACCESS_UNAUTHORIZED; i++) {
        if (given[i]) {
            guesses_add(access->guesses, from, given[i], now_ms);
        }
    }
    return verdict;
}

bool access_make_sessions(struct access *access) {
    unsigned char random[ACCESS_TOKENS][(ACCESS_SESSION_BYTES - 1) / 2];
    if (getrandom(random, sizeof random, 0) != sizeof random) {
        return false;
    }
    for (int which = 0; which < ACCESS_TOKENS; which++) {
        for (size_t i = 0; i < sizeof *random; i++) {
            snprintf(access->sessions[which] + 2 * i, 3, "%02x", random[which][i]);
        }
    }
    return true;
}

static const char *header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

// Secure: a browser that speaks TLS to a proxy does not send it in plain text. Whoever sends the header decides about its own cookie alone.
// Lax: a link from a chat or a ticket opens the page; another site cannot make the browser send anything else with it.
void access_cookie(const struct access *access, struct MHD_Connection *connection, const char *token, char cookie[ACCESS_COOKIE_BYTES]) {
    enum which which = TOKEN_ALL;
    while (which < TOKEN_READ && !(token_of(access, which) && is_token(token, token_of(access, which)))) {
        which++;
    }
    const char *protocol = header(connection, "X-Forwarded-Proto");
    bool is_tls = protocol && strcasecmp(protocol, "https") == 0;
    snprintf(cookie, ACCESS_COOKIE_BYTES, "cmemprof_%u=%s; HttpOnly; SameSite=Lax; Path=/%s", access->port, access->sessions[which],
             is_tls ? "; Secure" : "");
}

const char *access_path(const char *path, char token[ACCESS_TOKEN_MAX + 2]) {
    token[0] = '\0';
    if (strncmp(path, "/t/", 3) != 0) {
        return path;
    }
    size_t length = strcspn(path + 3, "/"), kept = length < ACCESS_TOKEN_MAX + 1 ? length : ACCESS_TOKEN_MAX + 1;
    memcpy(token, path + 3, kept);
    token[kept] = '\0';
    const char *rest = path + 3 + length;
    while (rest[0] == '/' && rest[1] == '/') { // Java's client appends a slash to an address that ends in one
        rest++;
    }
    return *rest ? rest : "/";
}

// "http://HOST" or, behind a TLS proxy, "https://HOST".
static bool is_own_origin(const char *origin, const char *host) {
    size_t scheme = strncasecmp(origin, "http://", 7) == 0 ? 7 : strncasecmp(origin, "https://", 8) == 0 ? 8 : 0;
    return scheme && host && strcasecmp(origin + scheme, host) == 0;
}

static bool is_text(const char *header, const char *text) {
    return header && strcmp(header, text) == 0;
}

static bool is_of_other_site(const struct access_headers *headers) {
    bool is_link = !headers->sends && is_text(headers->fetch_mode, "navigate") && is_text(headers->fetch_destination, "document");
    bool is_own = !headers->fetch_site || is_text(headers->fetch_site, "none") || is_text(headers->fetch_site, "same-origin");
    return !is_own && !is_link; // what a browser of the future says else is another site, as in goshim/debug
}

enum access_verdict access_check_headers(const struct access *access, const struct access_headers *headers, const char **why) {
    if (headers->is_ambiguous) {
        *why = "several Host headers, or Content-Length beside Transfer-Encoding";
        return ACCESS_AMBIGUOUS;
    }
    bool asks = access->token || access->send_token || access->read_token;
    if (!access->unix_socket && !asks && (!headers->host || !is_local(headers->host))) {
        *why = "the Host header must be localhost, 127.x.x.x or [::1]";
        return ACCESS_FORBIDDEN;
    }
    if ((headers->origin && !is_own_origin(headers->origin, headers->host)) || is_of_other_site(headers)) {
        *why = "requests from pages of other sites are refused";
        return ACCESS_FORBIDDEN;
    }
    return asks ? check_tokens(access, headers, why) : ACCESS_ALLOWED;
}

struct framing {
    unsigned hosts, lengths, encodings;
};

static enum MHD_Result count_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value) {
    struct framing *framing = context;
    (void)kind, (void)value;
    framing->hosts += strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0;
    framing->lengths += strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
    framing->encodings += strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0;
    return MHD_YES;
}

static bool is_ambiguous(struct MHD_Connection *connection) {
    struct framing framing = {0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_header, &framing);
    return framing.hosts > 1 || framing.lengths + framing.encodings > 1;
}

enum access_verdict access_check(const struct access *access, struct MHD_Connection *connection, enum access_action act,
                                 const char *path_token, const char **why) {
    struct access_headers headers = {
        .host = header(connection, MHD_HTTP_HEADER_HOST),
        .origin = header(connection, MHD_HTTP_HEADER_ORIGIN),
        .authorization = header(connection, MHD_HTTP_HEADER_AUTHORIZATION),
        .api_key = header(connection, "DD-API-KEY"),
        .cookie = header(connection, MHD_HTTP_HEADER_COOKIE),
        .fetch_site = header(connection, "Sec-Fetch-Site"),
        .fetch_mode = header(connection, "Sec-Fetch-Mode"),
        .fetch_destination = header(connection, "Sec-Fetch-Dest"),
        .is_ambiguous = is_ambiguous(connection),
        .path_token = path_token && *path_token ? path_token : NULL,
        .sends = act != ACCESS_READ,
        .stays = act == ACCESS_SEND_SYMBOLS,
        .query_token = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "token"),
    };
    enum access_verdict verdict = access_check_headers(access, &headers, why);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return check_guesses(access, &headers, info ? info->client_addr : NULL, (int64_t)(clock_ns(CLOCK_MONOTONIC) / 1000000), verdict, why);
}
