// hmac.h: HMAC with SHA-256 (FIPS 180-4, RFC 2104), for signatures of small messages. libcurl has none to offer, and TLS libraries differ.
//
// Threads: any. Memory: the stack. Takes as long for each key and message of a size.
#ifndef CMEMPROF_CLIENT_HMAC_H
#define CMEMPROF_CLIENT_HMAC_H

#include <stddef.h>

enum { HMAC_HEX_BYTES = 65 };
void hmac_sha256_hex(const void *key, size_t key_size, const void *message, size_t size, char hex[HMAC_HEX_BYTES]);

#endif
