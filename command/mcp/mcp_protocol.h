// mcp_protocol.h: the Model Context Protocol, versions 2024-11-05 to 2025-06-18: JSON-RPC 2.0, a message or a batch of
// them a line.
//
// What there is: initialize, ping, tools/list and tools/call. Notifications are taken and need no answer. A tool that fails answers with
// isError and words for the model; what is no request at all is an error of the protocol.
//
// Source: modelcontextprotocol.io/specification/2025-06-18.
//
// Threads: one. Memory: malloc, a message and its answer.
#ifndef CMEMPROF_COMMAND_MCP_PROTOCOL_H
#define CMEMPROF_COMMAND_MCP_PROTOCOL_H

#include "tool.h"

enum { MCP_MESSAGE_BYTES = 1 << 20 };

// Answers a message. Returns the answer without a line break, which the caller frees, or NULL if there is none to give: of a notification,
// or without memory. A batch has an array of answers.
char *mcp_answer(struct json_query *query, const struct receiver_address *receiver, const char *message);

#endif
