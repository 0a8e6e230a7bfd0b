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
    bool has = false;
    size_t size = (size_t)snprintf(name, sizeof name, "cmemprof_%u=", access->port);
    for (const char *at = cookies; at && *at;) {
        at += strspn(at, "; ");
        size_t length = strcspn(at, ";");
        if (length >= size && memcmp(at, name, size) == 0) {
            has |= is_equal(at + size, length - size, session);
        }
        at += length;
    }
    return has;
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

static const char *bearer_of(const struct access_headers *headers) {
    const char *text = headers->authorization;
    return text && strncasecmp(text, "Bearer ", 7) == 0 ? text + 7 : NULL;
}

// The password of "Basic BASE64(USER:PASSWORD)", as clients of Pyroscope send it, cut behind the longest token. NULL: it is not of that
// form.
static const char *password_of(const struct access_headers *headers, char password[ACCESS_TOKEN_MAX + 2]) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *text = headers->authorization, *digit;
    if (!text || strncasecmp(text, "Basic ", 6) != 0) {
        return NULL;
    }
    uint32_t bits = 0;
    size_t length = 0, bit_count = 0;
    bool in_password = false;
    for (text += 6 + strspn(text + 6, " "); *text && (digit = strchr(digits, *text)); text++) {
        bits = bits << 6 | (uint32_t)(digit - digits);
        if ((bit_count += 6) < 8) {
            continue;
        }
        bit_count -= 8;
        char byte = (char)(bits >> bit_count);
        if (in_password && length <= ACCESS_TOKEN_MAX) {
            password[length++] = byte;
        }
        in_password = in_password || byte == ':';
    }
    password[length] = '\0';
    return in_password && text[strspn(text, "= ")] == '\0' ? password : NULL;
}

// Where a request may have tokens.
enum { QUERY, BEARER, PASSWORD, API_KEY, PATH, PLACES };

// NULL: none there.
static void list_given(const struct access_headers *headers, char password[ACCESS_TOKEN_MAX + 2], const char *given[PLACES]) {
    given[QUERY] = headers->query_token;
    given[BEARER] = bearer_of(headers);
    given[PASSWORD] = password_of(headers, password);
    given[API_KEY] = headers->api_key;
    given[PATH] = headers->path_token;
}

// A set of enum receiver_role: what this token may do; 0: it is wrong. All are compared, so that the time does not tell which is near.
static unsigned roles_of(const struct access *access, const char *given) {
    unsigned roles = 0;
    for (size_t i = 0; i < access->token_count; i++) {
        roles |= is_token(given, access->tokens[i].token) ? access->tokens[i].roles : 0;
    }
    return roles;
}

static unsigned roles_of_sessions(const struct access *access, const struct access_headers *headers) {
    unsigned roles = 0;
    for (size_t i = 0; access->sessions && i < access->token_count; i++) {
        roles |= has_cookie(headers->cookie, access, access->sessions[i]) ? access->tokens[i].roles : 0;
    }
    return roles;
}

// A page whose name was rebound to this machine has an Origin equal to its Host, and must not read a token. A request with an Origin comes
// from a page, and the receiver's own page has the cookie.
static bool is_open_for(const struct access_headers *headers) {
    return !headers->origin && !headers->stays;
}

// Which role a request needs. open: none, if it is_open_for it.
static enum receiver_role needed(const struct access *access, const struct access_headers *headers, bool *open) {
    *open = headers->sends && !headers->manages;
    for (size_t i = 0; i < access->token_count; i++) {
        *open = *open && !(access->tokens[i].roles & RECEIVER_UPLOADS);
    }
    return headers->manages ? RECEIVER_ADMIN : headers->sends && !*open ? RECEIVER_UPLOADS : RECEIVER_READS;
}

static const char *why_not(enum receiver_role role) {
    return role == RECEIVER_ADMIN     ? "this token may not change what is stored: one with the role admin is needed"
           : role == RECEIVER_UPLOADS ? "this token may not send: one with the role upload is needed"
                                      : "this token may not read: one with the role read is needed";
}

// A browser that shows its token in the address again has it taken from there as well, whatever cookie it has.
static enum access_verdict check_tokens(const struct access *access, const struct access_headers *headers, const char **why) {
    bool open;
    enum receiver_role role = needed(access, headers, &open);
    char password[ACCESS_TOKEN_MAX + 2];
    const char *given[PLACES];
    list_given(headers, password, given);
    unsigned shown = roles_of(access, given[QUERY]), has = roles_of_sessions(access, headers);
    for (size_t i = QUERY + 1; i < PLACES; i++) {
        has |= roles_of(access, given[i]);
    }
    if (open && is_open_for(headers)) { // first: the answer does not tell whether a token is right
        return ACCESS_ALLOWED;
    }
    if (shown & role) {
        return ACCESS_LOGIN;
    }
    if (has & role) {
        return ACCESS_ALLOWED;
    }
    if (shown | has) {
        *why = why_not(role);
        return ACCESS_ROLE;
    }
    *why =
        "a token is needed: Authorization: Bearer TOKEN, or as the password of Basic, DD-API-KEY: TOKEN, /t/TOKEN in front of the path, or "
        "once /?token=TOKEN in a browser";
    return ACCESS_UNAUTHORIZED;
}

// Counts wrong tokens, also beside a right one. A browser with a cookie goes on where others guess; a request without any token does not
// count.
static enum access_verdict check_guesses(const struct access *access, const struct access_headers *headers, const struct sockaddr *from,
                                         int64_t now_ms, enum access_verdict verdict, const char **why) {
    bool open, tells = verdict == ACCESS_ALLOWED || verdict == ACCESS_LOGIN || verdict == ACCESS_ROLE || verdict == ACCESS_UNAUTHORIZED;
    enum receiver_role role = needed(access, headers, &open);
    if (!access->guesses || access->token_count == 0 || !tells || (open && is_open_for(headers))) { // tells: whether a token is right
        return verdict;
    }
    char password[ACCESS_TOKEN_MAX + 2];
    const char *given[PLACES];
    struct guess tokens[PLACES];
    size_t count = 0;
    list_given(headers, password, given);
    for (size_t i = 0; i < PLACES; i++) {
        if (given[i]) {
            tokens[count++] = (struct guess){given[i], roles_of(access, given[i]) != 0};
        }
    }
    if (count == 0 || !guesses_exhausted(access->guesses, from, tokens, count, now_ms)) {
        return verdict;
    }
    if (roles_of_sessions(access, headers) & role) {
        return ACCESS_ALLOWED; // never ACCESS_LOGIN, which tells that the parameter is right
    }
    *why = "too many wrong tokens came from this address; try again in a minute";
    return ACCESS_GUESSING;
}

bool access_make_sessions(char (*sessions)[ACCESS_SESSION_BYTES], size_t count) {
    for (size_t session = 0; session < count; session++) {
        unsigned char random[(ACCESS_SESSION_BYTES - 1) / 2];
        if (getrandom(random, sizeof random, 0) != sizeof random) {
            return false;
        }
        for (size_t i = 0; i < sizeof random; i++) {
            snprintf(sessions[session] + 2 * i, 3, "%02x", random[i]);
        }
    }
    return true;
}

static const char *header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

// Secure: a browser that speaks TLS, to the receiver or to a proxy, does not send it in plain text. Whoever sends the header decides about
// its own cookie alone. Lax: a link from a chat or a ticket opens the page; another site cannot make the browser send anything else with
// it.
void access_cookie(const struct access *access, struct MHD_Connection *connection, const char *token, char cookie[ACCESS_COOKIE_BYTES]) {
    size_t which = 0;
    while (which + 1 < access->token_count && !is_token(token, access->tokens[which].token)) {
        which++;
    }
    const char *protocol = header(connection, "X-Forwarded-Proto");
    size_t length = protocol ? strcspn(protocol, ", \t") : 0; // each proxy may add one; the first is the browser's
    bool is_tls = access->has_tls || (length == 5 && strncasecmp(protocol, "https", 5) == 0);
    snprintf(cookie, ACCESS_COOKIE_BYTES, "cmemprof_%u=%s; HttpOnly; SameSite=Lax; Path=%s%s", access->port, access->sessions[which],
             access->base_path && *access->base_path ? access->base_path : "/", is_tls ? "; Secure" : "");
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

// A proxy that sends a Host of its own: the address that others see has the same origin.
static bool is_page_origin(const char *origin, const char *page_url) {
    size_t length = strlen(origin);
    return page_url && strstr(origin, "://") && strncasecmp(origin, page_url, length) == 0 && page_url[length] == '/';
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
    bool asks = access->token_count > 0;
    if (!access->unix_socket && !asks && (!headers->host || !is_local(headers->host))) {
        *why = "the Host header must be localhost, 127.x.x.x or [::1]";
        return ACCESS_FORBIDDEN;
    }
    bool is_own = !headers->origin || is_own_origin(headers->origin, headers->host) || is_page_origin(headers->origin, access->page_url);
    if (!is_own || is_of_other_site(headers)) {
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
        .manages = act == ACCESS_MANAGE,
        .query_token = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "token"),
    };
    enum access_verdict verdict = access_check_headers(access, &headers, why);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return check_guesses(access, &headers, info ? info->client_addr : NULL, (int64_t)(clock_ns(CLOCK_MONOTONIC) / 1000000), verdict, why);
}
