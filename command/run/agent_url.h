// agent_url.h: the URL of --agent: where batches are posted.
//
// Threads: any. Memory: the caller's.
#ifndef CMEMPROF_AGENT_URL_H
#define CMEMPROF_AGENT_URL_H

// Returns the URL to post batches to, which the caller frees. The Agent's path is appended to a URL without a path and to
// http://HOST/t/TOKEN; any other path is kept. Returns NULL without memory.
char *agent_url_target(const char *url);
extern const char agent_url_input_path[];

#endif
