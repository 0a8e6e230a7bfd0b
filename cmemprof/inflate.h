// inflate.h: inflates deflate streams (RFC 1951), as far as is asked for: debug data is compressed by the linker, Go's always.
//
// Of its own, because zlib would have to be where the program runs. It stops when there is no more room and between blocks, so that a
// section can be inflated through a small window, and begun in its midst (elf_section.h).
//
// Threads: any, each with its own. Memory: none; 12 KB for the codes are the caller's.
#ifndef CMEMPROF_INFLATE_H
#define CMEMPROF_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

enum { INFLATE_WINDOW_BYTES = 32 << 10 }; // what a match may reach back
enum { INFLATE_FAST_BITS = 10, INFLATE_MAX_BITS = 15, INFLATE_MAX_SYMBOLS = 288 };

struct inflate_code {
    uint16_t fast[1 << INFLATE_FAST_BITS]; // by the next bits: symbol << 4 | bits; 0: a longer code
    uint16_t counts[INFLATE_MAX_BITS + 1];
    uint16_t symbols[INFLATE_MAX_SYMBOLS]; // in the order of their codes
};

enum inflate_state { INFLATE_BETWEEN_BLOCKS, INFLATE_STORED, INFLATE_CODED, INFLATE_ENDED, INFLATE_BAD };

// Where in the input it stands. Between blocks this and the window are all there is to know.
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
    uint32_t stored_left;                // of a stored block
    uint32_t match_left, match_distance; // of a match that had no room
    struct inflate_code literals, distances;
};

void inflate_begin(struct inflate *inflate, const uint8_t *bytes, size_t size);
void inflate_resume(struct inflate *inflate, struct inflate_position position, const uint8_t *end); // at a place between blocks

// Writes to out + *at and moves it on, until `room` is reached, a block has ended, or all. out up to *at is what matches refer to: all of
// what came before, or the last INFLATE_WINDOW_BYTES of it at least.
enum inflate_state inflate_run(struct inflate *inflate, uint8_t *out, size_t *at, size_t capacity);

// Adler-32 of bytes, as zlib's streams end with it; 1 to begin with.
uint32_t inflate_adler(uint32_t sum, const uint8_t *bytes, size_t size);

#endif
