// mcp_post.h: POST /mcp: the Model Context Protocol's transport "streamable HTTP". Each message is a request of its own: there are no
// sessions and no streams. What it says is up to the receiver's answerer (base/answerer.h).
//
// Threads: one at a time for a struct mcp_post; answers are made on a thread pool of their own (requests.h). Memory: malloc, a message of
// at most MCP_POST_BYTES, and that of its answer.
#ifndef CMEMPROF_RECEIVER_MCP_POST_H
#define CMEMPROF_RECEIVER_MCP_POST_H

#include "../base/answerer.h"
#include "access.h"
#include "api.h"

#include <microhttpd.h>

enum { MCP_POST_BYTES = 64 << 10 }; // arguments of a tool are a few hundred

// Zero-initialised: none.
struct mcp_post {
    receiver_answerer *answerer; // NULL: the request is none
    char *body;
    size_t size, received;
};

bool mcp_post_is_path(const char *path);
// What is too much is counted only, and refused by mcp_post_answer. Returns false if it has no end.
bool mcp_post_data(struct mcp_post *post, const char *bytes, size_t size);
void mcp_post_answer(const struct mcp_post *post, struct api *api, const struct access *access, struct MHD_Connection *connection);
void mcp_post_free(struct mcp_post *post);

#endif
