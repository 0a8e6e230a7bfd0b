// curl_setup.h: what every transfer with libcurl has here: http and https alone, no redirects, so that a key cannot leak, no signals, the
// certificates that Go's net/http takes, and proxies as in Go.
//
// Threads: any. Memory: libcurl's.
#ifndef CMEMPROF_CLIENT_CURL_SETUP_H
#define CMEMPROF_CLIENT_CURL_SETUP_H

#include <curl/curl.h>
#include <stdbool.h>

#include "address.h"

// Initializes libcurl; may be retried after a failure for lack of memory. Never undone: curl_global_cleanup is safe only if no other part
// of the process uses libcurl, which is unknown here.
bool curl_setup_global(void);
// "" means none; NULL lets libcurl choose. no_proxy and NO_PROXY apply unless it is "". libcurl ignores HTTP_PROXY, since in a CGI program
// a client's header "Proxy" sets it. Go reads it, before http_proxy, except in a CGI program (REQUEST_METHOD).
const char *curl_setup_proxy(const struct upload_address *address);
bool curl_setup_safety(CURL *easy, const char *proxy);

#endif
