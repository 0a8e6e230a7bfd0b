// inflate.h (naming): inflates deflate streams (RFC 1951) on demand: linkers compress debug data, Go's always.
//
// Private, because zlib may be missing where the program runs. Stops when the output is full, when input is short, and between blocks, so
// that a section can be read in pieces, inflated through a small window and resumed in the middle (elf_section.h).
//
// Threads: any, each with its own state. Memory: none; the caller provides 10 KB for the codes.
#ifndef CMEMPROF_INFLATE_H
#define CMEMPROF_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

enum { INFLATE_WINDOW_BYTES = 32 << 10 }; // maximum match distance
enum { INFLATE_FAST_BITS = 10, INFLATE_MAX_BITS = 15, INFLATE_MAX_SYMBOLS = 288 };

struct inflate_code {
    uint32_t fast[1 << INFLATE_FAST_BITS]; // by the next bits: what they stand for (inflate.c); 0: a longer code
    uint16_t counts[INFLATE_MAX_BITS + 1];
    uint16_t symbols[INFLATE_MAX_SYMBOLS]; // in code order
    bool is_distance;
};

enum inflate_state { INFLATE_BETWEEN_BLOCKS, INFLATE_STORED, INFLATE_CODED, INFLATE_ENDED, INFLATE_BAD };

// Input position. Between blocks it and the window are the whole state.
struct inflate_position {
    const uint8_t *at;
    uint64_t bits;
    unsigned bit_count;
};

struct inflate {
    enum inflate_state state;
    struct inflate_position in;
    const uint8_t *in_end;
    bool is_last;                        // block
    bool more_input;                     // than up to in_end
    uint32_t stored_left;                // of a stored block
    uint32_t match_left, match_distance; // of a match that did not fit
    struct inflate_code literals, distances;
};

void inflate_begin(struct inflate *inflate, const uint8_t *bytes, size_t size);
void inflate_resume(struct inflate *inflate, struct inflate_position position, const uint8_t *end); // at a position between blocks

// Replaces the input that is not read yet by `bytes`, which begin with it. more: they are not the end of the stream. Then inflate_run stops
// before they do, with the state unchanged, and inflate_is_hungry asks for a larger piece.
void inflate_feed(struct inflate *inflate, const uint8_t *bytes, size_t size, bool more);
bool inflate_is_hungry(const struct inflate *inflate);

// Writes at out + *at and advances *at, until it reaches capacity, a block ends, or the stream ends. Matches refer to out up to *at, which
// must hold all previous output or at least its last INFLATE_WINDOW_BYTES.
enum inflate_state inflate_run(struct inflate *inflate, uint8_t *out, size_t *at, size_t capacity);

// Adler-32, the checksum at the end of a zlib stream; start with 1.
uint32_t inflate_adler(uint32_t sum, const uint8_t *bytes, size_t size);

#endif
