// hmac.c: HMAC with SHA-256 (hmac.h).
#include "hmac.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../base/sha256.h"

void hmac_sha256_hex(const void *key, size_t key_size, const void *message, size_t size, char hex[HMAC_HEX_BYTES]) {
    struct sha256 hash;
    uint8_t block[SHA256_BLOCK_BYTES] = {0}, digest[SHA256_BYTES];
    if (key_size > sizeof block) {
        sha256_begin(&hash);
        sha256_add(&hash, key, key_size);
        sha256_end(&hash, block);
    } else {
        memcpy(block, key, key_size);
    }
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] ^= 0x36;
    }
    sha256_begin(&hash);
    sha256_add(&hash, block, sizeof block);
    sha256_add(&hash, message, size);
    sha256_end(&hash, digest);
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] ^= 0x36 ^ 0x5c;
    }
    sha256_begin(&hash);
    sha256_add(&hash, block, sizeof block);
    sha256_add(&hash, digest, sizeof digest);
    sha256_end(&hash, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
}
