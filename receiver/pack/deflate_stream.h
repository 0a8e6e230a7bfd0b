// deflate_stream.h: takes a deflate stream (RFC 1951) apart into what it says and how it says it, and puts it together again.
//
// What it says are the inflated bytes. How: which of them are matches with earlier ones, where its blocks end, and the blocks' headers with
// their Huffman codes. All else follows from these, so that the same stream comes back, bit for bit, unless its writer chose what no usual
// one does (a length of 258 in its other spelling, padding that is not zero): so whoever keeps the parts compares once.
//
// Threads: any. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_DEFLATE_STREAM_H
#define CMEMPROF_RECEIVER_DEFLATE_STREAM_H

#include "../base/error.h"
#include "deflate_bits.h"

#include <stdint.h>

struct deflate_match {
    uint32_t at;                // in the inflated bytes
    uint16_t length, distance1; // 3 to 258; the distance less 1
};

struct deflate_matches {
    struct deflate_match *list; // ascending, none reaches into the next one
    size_t count, capacity;
};

struct deflate_stream { // zero-initialize
    uint8_t *plain;
    size_t plain_size, plain_capacity;
    struct deflate_matches matches;
    uint32_t *blocks; // the inflated size of each
    size_t block_count, block_capacity;
    struct bit_writer headers; // of all blocks, one behind the other: final, type, and of type 2 the codes
};

// Reads one stream at the start of bytes; *used are its bytes. RECEIVER_BAD_UPLOAD: it is none, or is cut off. RECEIVER_TOO_LARGE: more
// than plain_max bytes (below 4 GiB) inflated. RECEIVER_NO_MEMORY.
enum receiver_error deflate_read(const uint8_t *bytes, size_t size, size_t plain_max, struct deflate_stream *stream, size_t *used);

// Appends the stream that these parts make. Matches must be of the plain bytes, as above. RECEIVER_DAMAGED: they make none.
enum receiver_error deflate_write(const uint8_t *plain, size_t plain_size, const struct deflate_matches *matches, const uint32_t *blocks,
                                  size_t block_count, const uint8_t *headers, size_t headers_size, struct bit_writer *out);

void deflate_free(struct deflate_stream *stream);

#endif
