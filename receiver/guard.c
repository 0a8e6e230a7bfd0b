// guard.c: checks where a request comes from (guard.h).
#include "guard.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

// A name of this machine. Each address of 127.0.0.0/8 can be listened on; none of them can be rebound, as other names can.
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

const char *guard_check_headers(const char *host, const char *origin) {
    if (!host || !is_local(host)) {
        return "the Host header must be localhost, 127.x.x.x or [::1]";
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
