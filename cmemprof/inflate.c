// inflate.c (naming): see inflate.h. Codes of up to 10 bits, nearly all, use a lookup table; longer ones are decoded canonically.

#include "inflate.h"

#include <string.h>

enum { ENOUGH_BITS = 48 }; // a length and a distance with all extra bits

// ---- Bits ----

static void refill(struct inflate *inflate) {
    struct inflate_position *in = &inflate->in;
    if (inflate->in_end - in->at >= 8) {
        uint64_t next;
        memcpy(&next, in->at, sizeof next);
        in->bits |= next << in->bit_count;
        in->at += (63 - in->bit_count) / 8;
        in->bit_count |= 56;
        return;
    }
    while (in->bit_count <= 56 && in->at < inflate->in_end) {
        in->bits |= (uint64_t)*in->at++ << in->bit_count;
        in->bit_count += 8;
    }
}

static void drop(struct inflate *inflate, unsigned count) {
    if (count > inflate->in.bit_count) { // end of input
        inflate->state = INFLATE_BAD;
        count = inflate->in.bit_count;
    }
    inflate->in.bits >>= count;
    inflate->in.bit_count -= count;
}

// At most 16 bits, which must have been refilled.
static unsigned take(struct inflate *inflate, unsigned count) {
    unsigned value = (unsigned)(inflate->in.bits & ((1u << count) - 1));
    drop(inflate, count);
    return value;
}

// ---- Codes ----

static unsigned reversed(unsigned code, unsigned bits) {
    unsigned result = 0;
    for (unsigned i = 0; i < bits; i++) {
        result = result << 1 | (code >> i & 1);
    }
    return result;
}

// Returns false for an over-subscribed code, or an incomplete one (except a single 1-bit code, or none).
static bool counts_are_right(const uint16_t *counts) {
    int left = 1, used = 0;
    for (unsigned bits = 1; bits <= INFLATE_MAX_BITS; bits++) {
        left = left * 2 - counts[bits];
        used += counts[bits];
        if (left < 0) {
            return false;
        }
    }
    return left == 0 || used == 0 || (used == 1 && counts[1] == 1);
}

static bool make_code(struct inflate_code *code, const uint8_t *lengths, unsigned count) {
    uint16_t first[INFLATE_MAX_BITS + 2] = {0};
    memset(code, 0, sizeof *code);
    for (unsigned i = 0; i < count; i++) {
        code->counts[lengths[i]]++;
    }
    code->counts[0] = 0;
    if (!counts_are_right(code->counts)) {
        return false;
    }
    for (unsigned bits = 1; bits <= INFLATE_MAX_BITS; bits++) {
        first[bits + 1] = (uint16_t)(first[bits] + code->counts[bits]);
    }
    for (unsigned i = 0; i < count; i++) {
        if (lengths[i] != 0) {
            code->symbols[first[lengths[i]]++] = (uint16_t)i;
        }
    }
    unsigned next = 0, at = 0;
    for (unsigned bits = 1; bits <= INFLATE_FAST_BITS; bits++, next *= 2) {
        for (unsigned i = 0; i < code->counts[bits]; i++, next++, at++) {
            for (unsigned slot = reversed(next, bits); slot < 1u << INFLATE_FAST_BITS; slot += 1u << bits) {
                code->fast[slot] = (uint16_t)(code->symbols[at] << 4 | bits);
            }
        }
    }
    return true;
}

static unsigned long_symbol(struct inflate *inflate, const struct inflate_code *code) {
    uint64_t bits = inflate->in.bits;
    unsigned value = 0, first = 0, at = 0;
    for (unsigned length = 1; length <= INFLATE_MAX_BITS; length++, bits >>= 1) {
        value |= bits & 1;
        unsigned count = code->counts[length];
        if (value < first + count) {
            drop(inflate, length);
            return code->symbols[at + value - first];
        }
        at += count;
        first = (first + count) * 2;
        value *= 2;
    }
    inflate->state = INFLATE_BAD;
    return 0;
}

static inline unsigned symbol(struct inflate *inflate, const struct inflate_code *code) {
    unsigned entry = code->fast[inflate->in.bits & ((1u << INFLATE_FAST_BITS) - 1)];
    if (entry == 0) {
        return long_symbol(inflate, code);
    }
    drop(inflate, entry & 15);
    return entry >> 4;
}

// ---- Block header ----

static bool fixed_codes(struct inflate *inflate) {
    uint8_t lengths[INFLATE_MAX_SYMBOLS];
    for (unsigned i = 0; i < INFLATE_MAX_SYMBOLS; i++) {
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    }
    uint8_t distances[32];
    memset(distances, 5, sizeof distances);
    return make_code(&inflate->literals, lengths, INFLATE_MAX_SYMBOLS) && make_code(&inflate->distances, distances, 32);
}

// Code lengths are themselves coded, with repetitions.
static bool read_lengths(struct inflate *inflate, uint8_t *lengths, unsigned count) {
    unsigned at = 0;
    while (at < count && inflate->state != INFLATE_BAD) {
        refill(inflate);
        unsigned what = symbol(inflate, &inflate->literals);
        if (what < 16) {
            lengths[at++] = (uint8_t)what;
            continue;
        }
        if (what > 18 || (what == 16 && at == 0)) {
            return false;
        }
        uint8_t length = what == 16 ? lengths[at - 1] : 0;
        unsigned times = what == 16 ? 3 + take(inflate, 2) : what == 17 ? 3 + take(inflate, 3) : 11 + take(inflate, 7);
        if (times > count - at) {
            return false;
        }
        memset(lengths + at, length, times);
        at += times;
    }
    return inflate->state != INFLATE_BAD;
}

static bool own_codes(struct inflate *inflate) {
    static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[286 + 32] = {0};
    refill(inflate);
    unsigned literals = 257 + take(inflate, 5), distances = 1 + take(inflate, 5), codes = 4 + take(inflate, 4);
    if (literals > 286 || distances > 30) {
        return false;
    }
    for (unsigned i = 0; i < codes; i++) {
        refill(inflate);
        lengths[order[i]] = (uint8_t)take(inflate, 3);
    }
    if (!make_code(&inflate->literals, lengths, 19)) {
        return false;
    }
    memset(lengths, 0, sizeof lengths);
    return read_lengths(inflate, lengths, literals + distances) && lengths[256] != 0 && // a block needs an end-of-block code
           make_code(&inflate->literals, lengths, literals) && make_code(&inflate->distances, lengths + literals, distances);
}

static bool stored_head(struct inflate *inflate) {
    drop(inflate, inflate->in.bit_count % 8);
    refill(inflate);
    unsigned size = take(inflate, 16), inverted = take(inflate, 16);
    inflate->stored_left = size;
    return inflate->state != INFLATE_BAD && size == (~inverted & 0xffff);
}

static void begin_block(struct inflate *inflate) {
    if (inflate->is_last) {
        inflate->state = INFLATE_ENDED;
        return;
    }
    refill(inflate);
    inflate->is_last = take(inflate, 1) != 0;
    unsigned kind = take(inflate, 2);
    bool ok = kind == 0 ? stored_head(inflate) : kind == 1 ? fixed_codes(inflate) : kind == 2 && own_codes(inflate);
    inflate->state = !ok || inflate->state == INFLATE_BAD ? INFLATE_BAD : kind == 0 ? INFLATE_STORED : INFLATE_CODED;
}

// ---- Block contents ----

static void run_stored(struct inflate *inflate, uint8_t *out, size_t *at, size_t capacity) {
    struct inflate_position *in = &inflate->in;
    while (inflate->stored_left > 0 && *at < capacity && in->bit_count >= 8) { // bytes refilled ahead
        out[(*at)++] = (uint8_t)take(inflate, 8);
        inflate->stored_left--;
    }
    if (in->bit_count < 8) {
        in->bits = 0; // a refill leaves uncounted bits behind
        in->bit_count = 0;
        size_t part = inflate->stored_left < capacity - *at ? inflate->stored_left : capacity - *at;
        if (part > (size_t)(inflate->in_end - in->at)) {
            inflate->state = INFLATE_BAD;
            return;
        }
        memcpy(out + *at, in->at, part);
        in->at += part;
        *at += part;
        inflate->stored_left -= (uint32_t)part;
    }
    if (inflate->stored_left == 0) {
        inflate->state = INFLATE_BETWEEN_BLOCKS;
    }
}

static inline void copy_match(struct inflate *inflate, uint8_t *out, size_t *at, size_t capacity) {
    uint32_t length = inflate->match_left, distance = inflate->match_distance;
    if (distance > *at) {
        inflate->state = INFLATE_BAD;
        inflate->match_left = 0;
        return;
    }
    uint8_t *to = out + *at;
    if (distance >= 8 && capacity - *at >= length + 8) { // by words; the last may write 7 extra bytes, which are overwritten later
        for (uint32_t i = 0; i < length; i += 8) {
            memcpy(to + i, to + i - distance, 8);
        }
    } else {
        length = length < capacity - *at ? length : (uint32_t)(capacity - *at);
        for (uint32_t i = 0; i < length; i++) {
            to[i] = to[(ptrdiff_t)i - (ptrdiff_t)distance];
        }
    }
    *at += length;
    inflate->match_left -= length;
}

static inline void read_match(struct inflate *inflate, unsigned symbol_of_length) {
    static const uint16_t length_bases[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                              31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t length_bits[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    static const uint16_t distance_bases[30] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                                193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    static const uint8_t distance_bits[30] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                              6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
    unsigned at = symbol_of_length - 257;
    if (at >= 29) {
        inflate->state = INFLATE_BAD;
        return;
    }
    unsigned length = length_bases[at] + take(inflate, length_bits[at]);
    unsigned by = symbol(inflate, &inflate->distances);
    if (by >= 30 || inflate->state == INFLATE_BAD) {
        inflate->state = INFLATE_BAD;
        return;
    }
    inflate->match_distance = distance_bases[by] + take(inflate, distance_bits[by]);
    inflate->match_left = inflate->state == INFLATE_BAD ? 0 : length;
}

static void run_coded(struct inflate *inflate, uint8_t *out, size_t *at, size_t capacity) {
    while (*at < capacity && inflate->state == INFLATE_CODED) {
        if (inflate->match_left > 0) {
            copy_match(inflate, out, at, capacity);
            continue;
        }
        if (inflate->in.bit_count < ENOUGH_BITS) {
            refill(inflate);
        }
        unsigned what = symbol(inflate, &inflate->literals);
        if (what < 256) {
            out[*at] = (uint8_t)what;
            *at += inflate->state == INFLATE_CODED;
        } else if (what == 256) {
            inflate->state = inflate->state == INFLATE_CODED ? INFLATE_BETWEEN_BLOCKS : INFLATE_BAD;
        } else {
            read_match(inflate, what);
        }
    }
}

void inflate_begin(struct inflate *inflate, const uint8_t *bytes, size_t size) {
    inflate_resume(inflate, (struct inflate_position){.at = bytes}, bytes + size);
}

void inflate_resume(struct inflate *inflate, struct inflate_position position, const uint8_t *end) {
    inflate->state = INFLATE_BETWEEN_BLOCKS;
    inflate->in = position;
    inflate->in_end = end;
    inflate->is_last = false;
    inflate->stored_left = inflate->match_left = inflate->match_distance = 0;
}

enum inflate_state inflate_run(struct inflate *inflate, uint8_t *out, size_t *at, size_t capacity) {
    if (inflate->state == INFLATE_BETWEEN_BLOCKS) {
        begin_block(inflate);
    }
    if (inflate->state == INFLATE_STORED) {
        run_stored(inflate, out, at, capacity);
    } else if (inflate->state == INFLATE_CODED) {
        run_coded(inflate, out, at, capacity);
    }
    return inflate->state;
}

uint32_t inflate_adler(uint32_t sum, const uint8_t *bytes, size_t size) {
    enum { PRIME = 65521, NMAX = 5552 }; // the most bytes before the sums overflow
    uint32_t a = sum & 0xffff, b = sum >> 16;
    while (size > 0) {
        size_t part = size < NMAX ? size : NMAX;
        for (size_t i = 0; i < part; i++) {
            a += bytes[i];
            b += a;
        }
        a %= PRIME;
        b %= PRIME;
        bytes += part;
        size -= part;
    }
    return b << 16 | a;
}
