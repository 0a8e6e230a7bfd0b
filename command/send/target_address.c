// target_address.c: see target_address.h.
#include "target_address.h"
#include "../../merge/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct target_kind target_kinds[] = {
    [RECEIVER_TARGET_DATADOG] = {"datadog:", "/profiling/v1/input", "/input"},
    [RECEIVER_TARGET_OTLP] = {"otlp:", "/v1development/profiles", "/v1development/profiles"},
    [RECEIVER_TARGET_PYROSCOPE] = {"pyroscope:", "/push.v1.PusherService/Push", "/push.v1.PusherService/Push"},
};
enum { KINDS = sizeof target_kinds / sizeof *target_kinds };

int target_kind_of(const char *text) {
    for (int kind = 0; kind < KINDS; kind++) {
        if (strncmp(text, target_kinds[kind].word, strlen(target_kinds[kind].word)) == 0) {
            return kind;
        }
    }
    return -1;
}

static bool ends_with(const char *text, size_t length, const char *end) {
    size_t end_length = strlen(end);
    return length >= end_length && memcmp(text + length - end_length, end, end_length) == 0;
}

// Of a URL's path, without a slash at its end: a query and a fragment are behind it.
static size_t path_end(const char *url) {
    size_t end = strcspn(url, "?#");
    return end - (end > 0 && url[end - 1] == '/');
}

char *target_address_below(enum receiver_target_kind kind, const char *base) {
    char *address = NULL;
    int size = asprintf(&address, "%.*s%s%s", (int)path_end(base), base, target_kinds[kind].path, base + strcspn(base, "?#"));
    return size < 0 ? NULL : address;
}

char *target_address(enum receiver_target_kind kind, const char *url) {
    size_t end = path_end(url);
    bool is_whole =
        ends_with(url, end, target_kinds[kind].end) || (kind == RECEIVER_TARGET_DATADOG && ends_with(url, end, "/api/v2/profile"));
    return is_whole ? strdup(url) : target_address_below(kind, url);
}

// NULL: there is none.
static const char *environment(struct header_list *headers, const char *variable) {
    const char *value = getenv(variable);
    headers->variable = variable;
    return value && *value ? value : NULL;
}

static bool set_otlp(struct header_list *headers) {
    const char *text = environment(headers, "OTEL_EXPORTER_OTLP_PROFILES_HEADERS");
    return headers_set_pairs(headers, text ? text : environment(headers, "OTEL_EXPORTER_OTLP_HEADERS"));
}

static bool set_pyroscope(struct header_list *headers) {
    const char *tenant = environment(headers, "PYROSCOPE_TENANT_ID");
    if (tenant && !headers_set(headers, "X-Scope-OrgID", tenant)) {
        return false;
    }
    const char *user = environment(headers, "PYROSCOPE_BASIC_AUTH_USER"), *password = getenv("PYROSCOPE_BASIC_AUTH_PASSWORD");
    return !user || headers_set_basic(headers, user, password ? password : "");
}

bool target_set_headers(struct header_list *headers, enum receiver_target_kind kind, const char *key) {
    bool ok = headers_set(headers, "User-Agent", "cmemprof/" CMEMPROF_VERSION);
    headers->variable = NULL;
    switch (kind) {
    case RECEIVER_TARGET_DATADOG:
        return ok && (!*key || headers_set(headers, "DD-API-KEY", key));
    case RECEIVER_TARGET_OTLP:
        return ok && set_otlp(headers) && headers_set(headers, "Content-Type", "application/x-protobuf") &&
               headers_set(headers, "Content-Encoding", "gzip");
    case RECEIVER_TARGET_PYROSCOPE:
        return ok && headers_set(headers, "Content-Type", "application/proto") && set_pyroscope(headers);
    }
    return false;
}
