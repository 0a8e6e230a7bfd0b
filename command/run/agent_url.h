// agent_url.h: the address of --agent: where batches go, and what may be said of it.
//
// Threads: any. Memory: the caller's.
#ifndef CMEMPROF_AGENT_URL_H
#define CMEMPROF_AGENT_URL_H

enum { AGENT_URL_SHOWN_BYTES = 500 };

// The address with xxxxx in place of a password and of the token in http://HOST/t/TOKEN: messages end up in logs. A long one is cut.
const char *agent_url_shown(const char *url, char shown[AGENT_URL_SHOWN_BYTES]);

// Where batches are posted to, allocated: behind an address alone, and behind http://HOST/t/TOKEN, comes the path of an Agent. Any other
// path is taken as it is. NULL: no memory.
char *agent_url_target(const char *url);
extern const char agent_url_input_path[];

#endif
