// download.h: gets what a URL has, with libcurl (curl_setup.h). For files given as URLs, and for the interface of a receiver.
//
// Threads: any. Memory: malloc, the answer.
#ifndef CMEMPROF_CLIENT_DOWNLOAD_H
#define CMEMPROF_CLIENT_DOWNLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DOWNLOAD_TEXT_BYTES = 300, DOWNLOAD_STALL_S = 300 };

struct download {
    uint8_t *bytes; // the answer's body, terminated by 0; the caller frees it
    size_t size;
    long status;                    // of HTTP; 0: none
    char text[DOWNLOAD_TEXT_BYTES]; // why it failed, one line: the server's own words for a status from 400 on
};

// headers: "Name: value". Returns false for any answer other than 200, one of more than max_bytes, one that stops for DOWNLOAD_STALL_S (a
// profile of some seconds is sent at their end), and without an answer; bytes is then NULL. The URL is not in the text: it may have
// secrets.
bool download_get(const char *url, const char *const *headers, size_t header_count, size_t max_bytes, struct download *download);

#endif
