// sender.c: the sender of an upload (sender.h).
#include "sender.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

const char *sender_tags(struct MHD_Connection *connection) {
    const char *tags = header(connection, "X-Datadog-Additional-Tags");
    return tags && *tags ? tags : NULL;
}

static bool is_loopback(const struct sockaddr *address) {
    if (address->sa_family == AF_INET6) {
        const struct in6_addr *v6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
        return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
    }
    if (address->sa_family == AF_INET) {
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
    }
    return address->sa_family == AF_UNIX;
}

bool sender_is_here(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    bool passed_on = header(connection, "X-Forwarded-For") || header(connection, "Forwarded") || header(connection, "Via");
    return info && info->client_addr && is_loopback(info->client_addr) && !passed_on && !sender_tags(connection);
}

bool sender_has_tag(const char *tags, size_t size, const char *key) {
    size_t length = strlen(key);
    for (size_t at = 0; at < size;) {
        const char *tag = tags + at, *comma = memchr(tag, ',', size - at);
        size_t tag_size = comma ? (size_t)(comma - tag) : size - at;
        if (tag_size > length + 1 && tag[length] == ':' && memcmp(tag, key, length) == 0) {
            return true;
        }
        at += tag_size + 1;
    }
    return false;
}

bool sender_event_has_host(const char *event, size_t size) {
    for (size_t i = 1; i + 6 <= size; i++) {
        if ((event[i - 1] == ',' || event[i - 1] == '"') && memcmp(event + i, "host:", 5) == 0 && event[i + 5] != ',' &&
            event[i + 5] != '"') {
            return true;
        }
    }
    return false;
}

void sender_own_host(char *tag, size_t size) {
    char name[HOST_NAME_MAX + 1] = "";
    bool ok = gethostname(name, sizeof name - 1) == 0 && *name && !strpbrk(name, ",\" ");
    snprintf(tag, size, "%s%s", ok ? "host:" : "", ok ? name : "");
}
