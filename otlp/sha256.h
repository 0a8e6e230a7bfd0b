// sha256.h: SHA-256 (FIPS 180-4), for small inputs (internal to this folder). No library for it is linked into services.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_OTLP_SHA256_H
#define CMEMPROF_OTLP_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

enum { SHA256_BYTES = 32 };
void sha256(const uint8_t *bytes, size_t size, uint8_t digest[SHA256_BYTES]);

#endif
