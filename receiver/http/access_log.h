// access_log.h: a line of JSON for each request that has ended, in a file or on standard output.
//
// Lines are handed to a thread that writes them, since the threads that speak HTTP never wait for a disk or a pipe. What it cannot keep up
// with, ACCESS_LOG_BYTES, is lost and counted in the next line. No line has a token: the path is without /t/TOKEN, and the parameters token
// and api_key are left out.
//
// Threads: open and close one; the others any. Memory: malloc, twice ACCESS_LOG_BYTES at most.
#ifndef CMEMPROF_RECEIVER_ACCESS_LOG_H
#define CMEMPROF_RECEIVER_ACCESS_LOG_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ACCESS_LOG_BYTES = 1 << 20, ACCESS_LOG_TEXT_BYTES = 1000 }; // of a path, of all parameters, of a header: what is longer is cut

struct access_log;

// path: a file, to which is appended; "-": standard output. say (may be NULL) hears of lines that cannot be written. NULL with errno.
struct access_log *access_log_open(const char *path, void (*say)(const char *text));
void access_log_close(struct access_log *log);  // writes what waits, for two seconds at most; NULL is allowed
void access_log_reopen(struct access_log *log); // soon: the file was renamed, as by logrotate

struct access_log_request {
    struct MHD_Connection *connection; // in a callback of libmicrohttpd
    const char *method, *path;         // path: without base path and token
    unsigned status;                   // 0: the connection ended before the answer
    uint64_t body_bytes;
    int64_t begun_ms; // since 1970
    double ms;
};
void access_log_add(struct access_log *log, const struct access_log_request *request);

// Hands over a line, which must end in a newline. Returns false if it is lost.
bool access_log_line(struct access_log *log, const char *line, size_t size);

#endif
