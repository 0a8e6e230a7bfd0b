// tool.c: see tool.h.
#include "tool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../client/download.h"
#include "../base/web_address.h"

bool tool_fail(struct tool_call *call, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(call->text, sizeof call->text, format, arguments);
    va_end(arguments);
    return false;
}

static bool text_at(struct tool_call *call, const char *within, const char *name, char **text) {
    char path[80];
    snprintf(path, sizeof path, "%s.%s", within, name);
    *text = json_query_text(call->query, call->arguments, path);
    const char *type = *text ? "" : json_query_type(call->query, call->arguments, path);
    return type[0] == '\0' || strcmp(type, "null") == 0 || tool_fail(call, "%s must be a string", name);
}

bool tool_text(struct tool_call *call, const char *name, char **text) {
    return text_at(call, "$", name, text);
}

// Returns false if it is given and not within the limits.
static bool number_at(struct tool_call *call, const char *path, const char *name, int64_t min, int64_t max, int64_t *number) {
    const char *type = json_query_type(call->query, call->arguments, path);
    if (type[0] == '\0' || strcmp(type, "null") == 0) {
        return true;
    }
    *number = json_query_integer(call->query, call->arguments, path, min - 1);
    return (*number >= min && *number <= max) ||
           tool_fail(call, "%s must be an integer from %lld to %lld", name, (long long)min, (long long)max);
}

bool tool_rows(struct tool_call *call, int64_t *rows) {
    *rows = TOOL_ROWS;
    return number_at(call, "$.limit", "limit", 1, TOOL_MAX_ROWS, rows);
}

// ---- The query ----

bool tool_add(struct tool_call *call, const char *name, const char *value, char query[TOOL_QUERY_BYTES]) {
    return !value || web_address_add(query, TOOL_QUERY_BYTES, name, value) || tool_fail(call, "the arguments are too long");
}

bool tool_select(struct tool_call *call, const char *within, char query[TOOL_QUERY_BYTES]) {
    static const char *const names[] = {"service", "env", "version", "host", "q", "from", "to"};
    bool ok = true, has_from = false;
    for (size_t i = 0; i < sizeof names / sizeof *names && ok; i++) {
        char *value = NULL;
        ok = text_at(call, within, names[i], &value) && tool_add(call, names[i], value, query);
        has_from |= value && strcmp(names[i], "from") == 0;
        free(value);
    }
    char path[80], from[24];
    int64_t minutes = 0;
    snprintf(path, sizeof path, "%s.last_minutes", within);
    ok = ok && number_at(call, path, "last_minutes", 1, 366 * 24 * 60, &minutes);
    if (ok && minutes > 0 && has_from) {
        return tool_fail(call, "give from or last_minutes, not both");
    }
    snprintf(from, sizeof from, "%lld", (long long)((time(NULL) - minutes * 60) * 1000));
    return ok && (minutes == 0 || tool_add(call, "from", from, query));
}

// ---- The receiver ----

char *tool_get(struct tool_call *call, const char *path, const char *query, size_t *size) {
    char url[TOOL_QUERY_BYTES + 1024], text[300] = "";
    struct download download;
    const struct receiver_inside *inside = call->receiver->inside;
    if (inside) {
        char *bytes;
        if (!inside->get(inside->context, path, query, &bytes, size, text, sizeof text)) {
            tool_fail(call, "the receiver's %s: %s", path, text);
            return NULL;
        }
        return bytes;
    }
    snprintf(url, sizeof url, "%s%s?%s", call->receiver->url, path, query);
    if (!download_get(url, &call->receiver->authorization, !!call->receiver->authorization, TOOL_ANSWER_BYTES, &download)) {
        tool_fail(call, "the receiver's %s: %s", path, download.text);
        return NULL;
    }
    *size = download.size;
    return (char *)download.bytes;
}
