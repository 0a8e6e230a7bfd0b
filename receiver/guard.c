// guard.c: checks where a request comes from (guard.h).
#include "guard.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

// "localhost", "127.0.0.1:8126", "[::1]:8126": a name of this machine, with or without a port.
static bool is_local(const char *host) {
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t length = strlen(names[i]);
        if (strncasecmp(host, names[i], length) != 0) {
            continue;
        }
        const char *rest = host + length;
        return *rest == '\0' || (*rest == ':' && rest[1 + strspn(rest + 1, "0123456789")] == '\0');
    }
    return false;
}

const char *guard_check_headers(const char *host, const char *origin) {
    if (!host || !is_local(host)) {
        return "the Host header must be localhost, 127.0.0.1 or [::1]";
    }
    if (origin && (strncasecmp(origin, "http://", 7) != 0 || strcasecmp(origin + 7, host) != 0)) {
        return "requests from pages of other sites are refused";
    }
    return NULL;
}

const char *guard_check(struct MHD_Connection *connection) {
    return guard_check_headers(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST),
                               MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ORIGIN));
}
