// tool.h: what the tools of `cmemprof mcp` share: the arguments of a call, and answers of the receiver.
//
// Threads: one. Memory: malloc, the receiver's answer, at most TOOL_ANSWER_BYTES.
#ifndef CMEMPROF_COMMAND_TOOL_H
#define CMEMPROF_COMMAND_TOOL_H

#include "../../receiver/base/answerer.h"
#include "../../receiver/base/json.h"
#include "json_query.h"

#include <stddef.h>

enum { TOOL_TEXT_BYTES = 600, TOOL_QUERY_BYTES = 8192, TOOL_ANSWER_BYTES = 256 << 20, TOOL_ROWS = 20, TOOL_MAX_ROWS = 200 };

struct receiver_address {
    const char *url;                      // http://HOST:PORT, without a slash at its end
    const char *authorization;            // "Authorization: Bearer TOKEN"; NULL: none
    const struct receiver_inside *inside; // the tools are asked in the receiver itself; NULL: by HTTP
};

struct tool_call {
    const struct receiver_address *receiver;
    struct json_query *query;
    const char *arguments;      // a JSON object
    char text[TOOL_TEXT_BYTES]; // why it failed: for a model, which may try again
    struct json answer;         // a JSON object
};

// Each returns false with call->text set.
bool tool_fail(struct tool_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
// A text of an argument; *text NULL if it is not given. The caller frees it.
bool tool_text(struct tool_call *call, const char *name, char **text);
// The number of rows asked for.
bool tool_rows(struct tool_call *call, int64_t *rows);
// Appends the selection of the arguments to a query: service, env, version, host, q, from, to, last_minutes. within: "$.arguments", or the
// path of an object in it. prefix: of each parameter, "base." or "".
bool tool_select(struct tool_call *call, const char *within, char query[TOOL_QUERY_BYTES]);
// Appends &name=value, if the value is not NULL.
bool tool_add(struct tool_call *call, const char *name, const char *value, char query[TOOL_QUERY_BYTES]);
// GET path?query. Returns the body, terminated by 0, which the caller frees, or NULL with call->text set.
char *tool_get(struct tool_call *call, const char *path, const char *query, size_t *size);

#endif
