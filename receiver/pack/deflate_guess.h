// deflate_guess.h: which matches a well-known compressor finds in given bytes.
//
// Compressors are deterministic: the same bytes have the same matches. Those written here are Go's compress/flate (level 1, and the default
// 6), klauspost/compress/flate (level 1), and zlib (6 and 9; level 6 is Java's default). Of other levels and versions a guess is wrong in
// places; the caller keeps the differences (deflate_recipe.h). So a guess never changes: each is a format.
//
// The last three follow chains of places, and bytes can be made of which each is in a long one. So what a guess does is counted, in steps:
// a place that was tried, or some bytes compared. 20 million take 0.1 to 0.2 s.
//
// Threads: any. Memory: malloc: 0.7 MiB during a guess.
#ifndef CMEMPROF_RECEIVER_DEFLATE_GUESS_H
#define CMEMPROF_RECEIVER_DEFLATE_GUESS_H

#include "deflate_stream.h"

#include <stdatomic.h>

// Stored in files: numbers are never given to others.
enum deflate_writer {
    DEFLATE_KLAUSPOST_1,
    DEFLATE_GO_1,
    DEFLATE_GO_6,
    DEFLATE_ZLIB_6,
    DEFLATE_ZLIB_9,
    DEFLATE_WRITERS,
};

struct deflate_effort {
    uint64_t steps;          // what is left
    const atomic_bool *stop; // NULL: nobody does
};

// Appends to matches. Sizes are below 2 GiB. effort NULL: as many steps as it takes. RECEIVER_TOO_LARGE: it takes more. RECEIVER_BUSY: it
// was stopped. RECEIVER_NO_MEMORY.
enum receiver_error deflate_guess(enum deflate_writer writer, const uint8_t *plain, size_t size, struct deflate_effort *effort,
                                  struct deflate_matches *matches);

#endif
