// inflate.c (naming): see inflate.h. Codes of up to 10 bits, nearly all, are looked up; longer ones are decoded canonically. Far from the
// ends of input and output several symbols are decoded without a check in between.

#include "inflate.h"

#include <string.h>

enum { ENOUGH_BITS = 48 };       // a length and a distance with all extra bits
enum { MIN_INPUT_BYTES = 1024 }; // a block's header takes at most 562

// ---- Bits ----

// The next 8 bytes of input. Bits beyond the new count are left behind; they are those that the next refill adds.
static inline void refill_word(struct inflate_position *in) {
    uint64_t next;
    memcpy(&next, in->at, sizeof next);
    in->bits |= next << in->bit_count;
    in->at += (63 - in->bit_count) / 8;
    in->bit_count |= 56;
}

static void refill(struct inflate *inflate) {
    struct inflate_position *in = &inflate->in;
    if (inflate->in_end - in->at >= 8) {
        refill_word(in);
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

// What a code stands for: value << 16 | kind | bits of the code << 8 | bits with the extra ones. No kind: damage.
enum { LITERAL = 1 << 12, MATCH = 1 << 13, END = 1 << 14 };

static uint32_t entry_of(uint32_t kind, unsigned value, unsigned extra_bits) {
    return value << 16 | kind | extra_bits;
}

static inline unsigned code_bits(uint32_t entry) {
    return entry >> 8 & 15;
}

static uint32_t literal_entry(unsigned symbol) {
    static const uint16_t bases[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                       31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t extra_bits[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    if (symbol < 256) {
        return entry_of(LITERAL, symbol, 0);
    }
    if (symbol == 256) {
        return entry_of(END, 0, 0);
    }
    return symbol - 257 < 29 ? entry_of(MATCH, bases[symbol - 257], extra_bits[symbol - 257]) : 0;
}

static uint32_t distance_entry(unsigned symbol) {
    static const uint16_t bases[30] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                       193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    static const uint8_t extra_bits[30] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                           6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
    return symbol < 30 ? entry_of(MATCH, bases[symbol], extra_bits[symbol]) : 0;
}

static uint32_t symbol_entry(const struct inflate_code *code, unsigned symbol, unsigned bits) {
    return (code->is_distance ? distance_entry(symbol) : literal_entry(symbol)) + (bits << 8 | bits);
}

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

static bool make_code(struct inflate_code *code, const uint8_t *lengths, unsigned count, bool is_distance) {
    uint16_t first[INFLATE_MAX_BITS + 2] = {0};
    memset(code, 0, sizeof *code);
    code->is_distance = is_distance;
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
            uint32_t entry = symbol_entry(code, code->symbols[at], bits);
            for (unsigned slot = reversed(next, bits); slot < 1u << INFLATE_FAST_BITS; slot += 1u << bits) {
                code->fast[slot] = entry;
            }
        }
    }
    return true;
}

// Returns 0 if no code begins like this.
static __attribute__((noinline, cold)) uint32_t long_entry(const struct inflate_code *code, uint64_t bits) {
    unsigned value = 0, first = 0, at = 0;
    for (unsigned length = 1; length <= INFLATE_MAX_BITS; length++, bits >>= 1) {
        value |= bits & 1;
        unsigned count = code->counts[length];
        if (value < first + count) {
            return symbol_entry(code, code->symbols[at + value - first], length);
        }
        at += count;
        first = (first + count) * 2;
        value *= 2;
    }
    return 0;
}

static inline uint32_t entry_at(const struct inflate_code *code, uint64_t bits) {
    uint32_t entry = code->fast[bits & ((1u << INFLATE_FAST_BITS) - 1)];
    return __builtin_expect(entry != 0, 1) ? entry : long_entry(code, bits);
}

// The next symbol's entry, without its extra bits. Damage: no kind.
static uint32_t next_entry(struct inflate *inflate, const struct inflate_code *code) {
    uint32_t entry = entry_at(code, inflate->in.bits);
    drop(inflate, code_bits(entry));
    return inflate->state == INFLATE_BAD ? 0 : entry;
}

static unsigned value_of(struct inflate *inflate, uint32_t entry) {
    return (entry >> 16) + take(inflate, (entry & 63) - code_bits(entry));
}

// ---- Block header ----

static bool fixed_codes(struct inflate *inflate) {
    uint8_t lengths[INFLATE_MAX_SYMBOLS];
    for (unsigned i = 0; i < INFLATE_MAX_SYMBOLS; i++) {
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    }
    uint8_t distances[32];
    memset(distances, 5, sizeof distances);
    return make_code(&inflate->literals, lengths, INFLATE_MAX_SYMBOLS, false) && make_code(&inflate->distances, distances, 32, true);
}

// Code lengths are themselves coded, with repetitions.
static bool read_lengths(struct inflate *inflate, uint8_t *lengths, unsigned count) {
    unsigned at = 0;
    while (at < count && inflate->state != INFLATE_BAD) {
        refill(inflate);
        uint32_t entry = next_entry(inflate, &inflate->literals);
        unsigned what = entry >> 16;
        if ((entry & LITERAL) == 0) {
            return false;
        }
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
    if (!make_code(&inflate->literals, lengths, 19, false)) {
        return false;
    }
    memset(lengths, 0, sizeof lengths);
    return read_lengths(inflate, lengths, literals + distances) && lengths[256] != 0 && // a block needs an end-of-block code
           make_code(&inflate->literals, lengths, literals, false) && make_code(&inflate->distances, lengths + literals, distances, true);
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
        size_t there = (size_t)(inflate->in_end - in->at);
        if (part > there && !inflate->more_input) {
            inflate->state = INFLATE_BAD;
            return;
        }
        part = part < there ? part : there;
        memcpy(out + *at, in->at, part);
        in->at += part;
        *at += part;
        inflate->stored_left -= (uint32_t)part;
    }
    if (inflate->stored_left == 0) {
        inflate->state = INFLATE_BETWEEN_BLOCKS;
    }
}

enum { WORDS_BYTES = 24 }; // most matches are not longer

// Writes up to WORDS_BYTES, or 7 bytes, more than the length. distance: at least 8.
static inline void copy_words(uint8_t *to, uint32_t length, uint32_t distance) {
    memcpy(to, to - distance, 8);
    memcpy(to + 8, to + 8 - distance, 8);
    memcpy(to + 16, to + 16 - distance, 8);
    for (uint32_t i = WORDS_BYTES; i < length; i += 8) {
        memcpy(to + i, to + i - distance, 8);
    }
}

static inline void copy_bytes(uint8_t *to, uint32_t length, uint32_t distance) {
    for (uint32_t i = 0; i < length; i++) {
        to[i] = to[(ptrdiff_t)i - (ptrdiff_t)distance];
    }
}

static void copy_match(struct inflate *inflate, uint8_t *out, size_t *at, size_t capacity) {
    uint32_t length = inflate->match_left, distance = inflate->match_distance;
    if (distance > *at) {
        inflate->state = INFLATE_BAD;
        inflate->match_left = 0;
        return;
    }
    length = length < capacity - *at ? length : (uint32_t)(capacity - *at);
    copy_bytes(out + *at, length, distance);
    *at += length;
    inflate->match_left -= length;
}

// One symbol, near an end.
static void run_one(struct inflate *inflate, uint8_t *out, size_t *at) {
    if (inflate->in.bit_count < ENOUGH_BITS) {
        refill(inflate);
    }
    uint32_t entry = next_entry(inflate, &inflate->literals);
    if ((entry & LITERAL) != 0) {
        out[(*at)++] = (uint8_t)(entry >> 16);
    } else if ((entry & END) != 0) {
        inflate->state = INFLATE_BETWEEN_BLOCKS;
    } else if ((entry & MATCH) != 0) {
        unsigned length = value_of(inflate, entry);
        uint32_t distance = next_entry(inflate, &inflate->distances);
        inflate->match_distance = value_of(inflate, distance);
        inflate->match_left = length;
        if ((distance & MATCH) == 0 || inflate->state == INFLATE_BAD) {
            inflate->state = INFLATE_BAD;
            inflate->match_left = 0;
        }
    } else {
        inflate->state = INFLATE_BAD;
    }
}

// Drops the code and its extra bits, which were refilled.
static inline void drop_entry(struct inflate_position *in, uint32_t entry) {
    in->bits >>= entry & 63;
    in->bit_count -= entry & 63;
}

static inline uint32_t read_value(struct inflate_position *in, uint32_t entry) {
    uint64_t bits = in->bits;
    drop_entry(in, entry);
    return (entry >> 16) + (uint32_t)((bits & (((uint64_t)1 << (entry & 63)) - 1)) >> code_bits(entry));
}

// Of one step of run_fast: two refills; two literals and the longest match, copied by words.
enum { FAST_INPUT_BYTES = 16, FAST_OUTPUT_BYTES = 2 + 258 + WORDS_BYTES };

static void run_fast(struct inflate *inflate, uint8_t *out, size_t *out_at, size_t capacity) {
    struct inflate_position in = inflate->in; // in registers
    const struct inflate_code *literals = &inflate->literals, *distances = &inflate->distances;
    const uint8_t *in_limit = inflate->in_end - FAST_INPUT_BYTES;
    size_t at = *out_at, limit = capacity - FAST_OUTPUT_BYTES;
    while (in.at <= in_limit && at <= limit) {
        refill_word(&in); // at least 56 bits: two literals of 15, and a length of 15 with 5 extra ones
        uint32_t entry = entry_at(literals, in.bits);
        if ((entry & LITERAL) != 0) {
            drop_entry(&in, entry);
            out[at++] = (uint8_t)(entry >> 16);
            entry = entry_at(literals, in.bits);
            if ((entry & LITERAL) != 0) {
                drop_entry(&in, entry);
                out[at++] = (uint8_t)(entry >> 16);
                entry = entry_at(literals, in.bits);
                if ((entry & LITERAL) != 0) {
                    drop_entry(&in, entry);
                    out[at++] = (uint8_t)(entry >> 16);
                    continue;
                }
            }
        }
        uint32_t length = read_value(&in, entry);
        if ((entry & MATCH) == 0) {
            inflate->state = (entry & END) != 0 ? INFLATE_BETWEEN_BLOCKS : INFLATE_BAD;
            break;
        }
        refill_word(&in);
        entry = entry_at(distances, in.bits);
        uint32_t distance = read_value(&in, entry);
        if ((entry & MATCH) == 0 || distance > at) {
            inflate->state = INFLATE_BAD;
            break;
        }
        if (distance >= 8) {
            copy_words(out + at, length, distance);
        } else {
            copy_bytes(out + at, length, distance);
        }
        at += length;
    }
    inflate->in = in;
    *out_at = at;
}

static void run_coded(struct inflate *inflate, uint8_t *out, size_t *at, size_t capacity) {
    while (*at < capacity && inflate->state == INFLATE_CODED && !inflate_is_hungry(inflate)) {
        if (inflate->match_left > 0) {
            copy_match(inflate, out, at, capacity);
        } else if (capacity - *at >= FAST_OUTPUT_BYTES && inflate->in_end - inflate->in.at >= FAST_INPUT_BYTES) {
            run_fast(inflate, out, at, capacity);
        } else {
            run_one(inflate, out, at);
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
    inflate->is_last = inflate->more_input = false;
    inflate->stored_left = inflate->match_left = inflate->match_distance = 0;
}

void inflate_feed(struct inflate *inflate, const uint8_t *bytes, size_t size, bool more) {
    inflate->in.at = bytes;
    inflate->in_end = bytes + size;
    inflate->more_input = more;
}

bool inflate_is_hungry(const struct inflate *inflate) {
    return inflate->more_input && inflate->in_end - inflate->in.at < MIN_INPUT_BYTES;
}

enum inflate_state inflate_run(struct inflate *inflate, uint8_t *out, size_t *at, size_t capacity) {
    if (inflate->state == INFLATE_BETWEEN_BLOCKS && !inflate_is_hungry(inflate)) {
        begin_block(inflate);
    }
    if (inflate->state == INFLATE_STORED) {
        run_stored(inflate, out, at, capacity);
    } else if (inflate->state == INFLATE_CODED) {
        run_coded(inflate, out, at, capacity);
    }
    return inflate->state;
}

// Sums of 4 bytes at a time, in 4 lanes of 16 bits: a grows by each byte, b by each a. 22 steps cannot overflow: 255 * 22 * 23 / 2 < 2^16.
enum { ADLER_STEPS = 22, ADLER_BYTES = 8 * ADLER_STEPS };

static uint64_t sum_of_lanes(uint64_t lanes) {
    return (lanes & 0xffff) + (lanes >> 16 & 0xffff) + (lanes >> 32 & 0xffff) + (lanes >> 48);
}

// What lane i holds is that of bytes 2 * i (even) or 2 * i + 1 (odd) of each word, which count for up to 8 positions less in b.
static uint64_t weighed_lanes(uint64_t lanes, unsigned first_weight) {
    return (lanes & 0xffff) * first_weight + (lanes >> 16 & 0xffff) * (first_weight - 2) + (lanes >> 32 & 0xffff) * (first_weight - 4) +
           (lanes >> 48) * (first_weight - 6);
}

static void add_words(uint32_t *a, uint32_t *b, const uint8_t *bytes) {
    const uint64_t mask = 0x00ff00ff00ff00ff;
    uint64_t even = 0, odd = 0, evens = 0, odds = 0, word; // evens: the sum of even before each step
    for (int i = 0; i < ADLER_STEPS; i++) {
        memcpy(&word, bytes + 8 * i, sizeof word);
        evens += even;
        odds += odd;
        even += word & mask;
        odd += word >> 8 & mask;
    }
    uint64_t before = 8 * (sum_of_lanes(evens) + sum_of_lanes(odds));
    *b = (uint32_t)((*b + (uint64_t)*a * ADLER_BYTES + before + weighed_lanes(even, 8) + weighed_lanes(odd, 7)) % 65521);
    *a = (uint32_t)((*a + sum_of_lanes(even) + sum_of_lanes(odd)) % 65521);
}

uint32_t inflate_adler(uint32_t sum, const uint8_t *bytes, size_t size) {
    uint32_t a = sum & 0xffff, b = sum >> 16;
    for (; size >= ADLER_BYTES; bytes += ADLER_BYTES, size -= ADLER_BYTES) {
        add_words(&a, &b, bytes);
    }
    for (size_t i = 0; i < size; i++) {
        a += bytes[i];
        b += a;
    }
    return b % 65521 << 16 | a % 65521;
}
