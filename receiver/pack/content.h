// content.h: what an attachment has to say, apart from how its client compressed it, and the bytes as they came again.
//
// The bytes of a content are the inflated ones, then a recipe for the compression: of gzip a deflate_recipe.h. What is not compressed is
// its own content, and what no recipe makes again is kept as it came. No library compresses anything here: the next version of one may find
// other matches, and then the bytes as they came would be lost.
//
// Threads: any. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_CONTENT_H
#define CMEMPROF_RECEIVER_CONTENT_H

#include "deflate_recipe.h"

// Stored in files: numbers are never given to others.
enum content_kind { CONTENT_AS_CAME, CONTENT_PLAIN, CONTENT_GZIP, CONTENT_KINDS };
enum { CONTENT_MAX_BYTES = 16 << 20 }; // of what is taken apart; what is larger is kept as it came

struct content {
    enum content_kind kind;
    uint8_t *bytes; // NULL: as it came
    size_t size, plain_size;
};

// What the last one of the same client was: tried first. Zero-initialize.
struct content_hint {
    enum deflate_writer deflate;
};

// CONTENT_AS_CAME has no bytes. stop: NULL, or it is given up when that is set. RECEIVER_BUSY: it was. RECEIVER_NO_MEMORY.
enum receiver_error content_take(const uint8_t *came, size_t size, struct content_hint *hint, const atomic_bool *stop,
                                 struct content *content);
// The bytes as they came, which the caller frees. RECEIVER_DAMAGED: the recipe is none.
enum receiver_error content_give(const struct content *content, uint8_t **came, size_t *size);

#endif
