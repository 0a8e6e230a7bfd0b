// routes.c: paths of uploads (routes.h).
#include "routes.h"
#include "../store/protocol_upload.h"

#include <string.h>

bool route_is_get(const char *method) {
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

bool route_is_post(const char *method) {
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;
}

// An Agent forwards what it receives to /api/v2/profile of its intake, which may be a receiver.
static bool is_datadog(const char *path) {
    return strcmp(path, "/profiling/v1/input") == 0 || strcmp(path, "/api/v2/profile") == 0;
}

bool route_is_import(const char *path) {
    return strcmp(path, "/api/import") == 0;
}

bool route_is_symbols(const char *path) {
    return strcmp(path, "/api/symbols") == 0;
}

bool route_has_uploads(const char *path) {
    return route_is_import(path) || protocol_of(path) || is_datadog(path);
}
