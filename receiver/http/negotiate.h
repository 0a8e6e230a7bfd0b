// negotiate.h: what a client accepts and what it already has: Accept-Encoding (RFC 9110, 12.5.3), If-None-Match (13.1.2). Threads: any.
#ifndef CMEMPROF_RECEIVER_NEGOTIATE_H
#define CMEMPROF_RECEIVER_NEGOTIATE_H

#include "../base/json.h"

#include <stdbool.h>

// header: the value of Accept-Encoding; NULL: none was sent; then the answer is not compressed.
bool negotiate_takes_gzip(const char *header);
// Only where it is named: browsers name it where nothing between them and the receiver can spoil it.
bool negotiate_takes_brotli(const char *header);
// header: the value of If-None-Match or NULL; tag: as sent in ETag, W/"...".
bool negotiate_has(const char *header, const char *tag);

enum { NEGOTIATE_GZIP_MIN_BYTES = 1400 }; // what fits into one packet is not compressed

// Replaces the contents of json by their gzip. Returns false, with json unchanged, without memory or if it is small or would not shrink.
bool negotiate_compress(struct json *json);

#endif
