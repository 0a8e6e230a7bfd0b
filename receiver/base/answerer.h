// answerer.h: answers messages of the Model Context Protocol, which are sent to /mcp, with what the receiver knows.
#ifndef CMEMPROF_RECEIVER_ANSWERER_H
#define CMEMPROF_RECEIVER_ANSWERER_H

#include <stdbool.h>
#include <stddef.h>

// The receiver, as who sent the message may read it.
struct receiver_inside {
    void *context;
    // The answer of GET path?query: of the facets, or of what reads profiles. The caller frees *bytes, which end in a 0 that *size does not
    // count. Returns false with a line in text.
    bool (*get)(void *context, const char *path, const char *query, char **bytes, size_t *size, char *text, size_t text_size);
    const char *url; // as who sent the message sees it, without a slash at its end
    bool needs_token;
};

struct receiver_message {
    const char *body;
    const char *version, *method, *name; // the headers MCP-Protocol-Version, Mcp-Method and Mcp-Name; NULL: none
};

// Called by several threads at once. Returns JSON, which the caller frees, and its status of HTTP. NULL: there is nothing to say beside the
// status.
typedef char *receiver_answerer(const struct receiver_inside *inside, const struct receiver_message *message, unsigned *status);

#endif
