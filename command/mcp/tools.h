// tools.h: the tools of `cmemprof mcp`: questions about the profiles of a receiver, each with a small typed answer.
//
// Threads: one. Memory: that of a call.
#ifndef CMEMPROF_COMMAND_TOOLS_H
#define CMEMPROF_COMMAND_TOOLS_H

#include "tool.h"

struct tool {
    const char *name, *title, *description;
    const char *input;    // properties of its arguments, in JSON, beside those of a selection
    const char *required; // names of arguments, in JSON
    const char *output;   // JSON Schema of its answer
    bool (*run)(struct tool_call *call);
};
extern const struct tool tools[];
extern const size_t tools_count;

// Whether all arguments, and those in base, are properties of the tool's. False: call->text names the first that is not, and those there
// are.
bool tools_check_arguments(const struct tool *tool, struct tool_call *call);
// Writes the list of the tools as the protocol has it: [{name, title, description, inputSchema, outputSchema, annotations}].
void tools_list(struct json *json);

// Of tool_profile.c. See `tools` for arguments and answers.
bool tool_top(struct tool_call *call);
bool tool_diff(struct tool_call *call);
bool tool_source(struct tool_call *call);

#endif
