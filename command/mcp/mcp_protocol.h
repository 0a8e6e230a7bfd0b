// mcp_protocol.h: the Model Context Protocol, versions 2024-11-05 to 2026-07-28: JSON-RPC 2.0, a message or a batch of them a line, or a
// message in a POST request.
//
// What there is: tools/list and tools/call; to begin with, initialize and ping until 2025-11-25, and server/discover since. A request says
// in its _meta that it is of 2026-07-28; nothing is kept between requests. Notifications are taken and need no answer. A tool that fails
// answers with isError and words for the model; what is no request at all is an error of the protocol.
//
// Source: modelcontextprotocol.io/specification/2026-07-28, and /2025-11-25.
//
// Threads: any, each with a struct json_query of its own. Memory: malloc, a message and its answer, and a merged profile (tools.h).
#ifndef CMEMPROF_COMMAND_MCP_PROTOCOL_H
#define CMEMPROF_COMMAND_MCP_PROTOCOL_H

#include "tool.h"

enum { MCP_MESSAGE_BYTES = 1 << 20, MCP_BATCH = 32 };

// Answers a message. Returns the answer without a line break, which the caller frees, or NULL if there is none to give: of a notification,
// or without memory. A batch has an array of answers.
char *mcp_answer(struct json_query *query, const struct receiver_address *receiver, const char *message);
// The same of a message that was sent to the receiver's /mcp. Any thread.
receiver_answerer mcp_answer_post;

#endif
