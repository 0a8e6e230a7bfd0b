// agent_url.h: the URL of --agent: where batches are posted, and how to print it without secrets.
//
// Threads: any. Memory: the caller's.
#ifndef CMEMPROF_AGENT_URL_H
#define CMEMPROF_AGENT_URL_H

enum { AGENT_URL_SHOWN_BYTES = 500 };

// Returns the URL with xxxxx for a password and for the token of http://HOST/t/TOKEN, since messages end up in logs. A long URL is cut.
const char *agent_url_shown(const char *url, char shown[AGENT_URL_SHOWN_BYTES]);

// Returns the URL to post batches to, which the caller frees. The Agent's path is appended to a URL without a path and to
// http://HOST/t/TOKEN; any other path is kept. Returns NULL without memory.
char *agent_url_target(const char *url);
extern const char agent_url_input_path[];

#endif
