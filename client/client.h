// client.h: sends batches over HTTP with libcurl, for programs without Go's net/http.
//
// Safety: http and https only; redirects are never followed, so that an API key cannot leak; certificates are verified (SSL_CERT_FILE and
// SSL_CERT_DIR apply, as in Go); no signals (CURLOPT_NOSIGNAL, and SIGPIPE is blocked on the calling thread while it sends); connect and
// total time-outs. Proxies are taken from the environment as libcurl does, and HTTP_PROXY as Go does, but none is used for localhost,
// 127.0.0.0/8 and [::1], where the Agent runs and Go's own client connects directly too.
#ifndef CMEMPROF_CLIENT_CLIENT_H
#define CMEMPROF_CLIENT_CLIENT_H

#include "../upload/upload.h"

// Cancels a running call from another thread. Zero-initialize. Cannot be reset.
struct upload_cancel {
    int cancelled; // atomic; use upload_cancel_now
};
void upload_cancel_now(struct upload_cancel *cancel);

// Keeps one connection to the server for the next batch. Threads: one at a time per client; sending blocks until the answer, a
// time-out or upload_cancel_now. In a forked child, sending returns UPLOAD_FORKED, and closing only frees memory. Must not be called from
// inside malloc.
struct upload_client;
struct upload_client *upload_client_open(void); // NULL: no memory
// cancel may be NULL. Returns within a second of its cancellation. UPLOAD_REJECTED with a status of 200: an OTLP server rejected profiles.
void upload_client_send(struct upload_client *client, const struct upload_request *request, struct upload_cancel *cancel,
                        struct upload_result *result);
void upload_client_close(struct upload_client *client); // client may be NULL

#endif
