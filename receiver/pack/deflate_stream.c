// deflate_stream.c: see deflate_stream.h.
#include "deflate_stream.h"

enum {
    MAX_CODE_BITS = 15,
    LITERALS = 288, // with lengths and the end of a block
    DISTANCES = 32,
    END_OF_BLOCK = 256,
    STORED_MAX = 65535,
};

// RFC 1951, 3.2.5. The last two of each are no codes.
static const uint16_t length_base[31] = {3,  4,  5,  6,  7,  8,  9,  10,  11,  13,  15,  17,  19,  23, 27, 31,
                                         35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258, 0,  0};
static const uint8_t length_bits[31] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0, 0, 0};
static const uint16_t distance_base[32] = {1,   2,   3,   4,   5,    7,    9,    13,   17,   25,   33,   49,    65,    97,    129, 193,
                                           257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577, 0,   0};
static const uint8_t distance_bits[32] = {0, 0, 0, 0, 1, 1, 2,  2,  3,  3,  4,  4,  5,  5,  6, 6,
                                          7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 0, 0};

struct code {
    uint8_t lengths[LITERALS]; // 0: not in use
    uint16_t bits[LITERALS];   // as they are written, the first one lowest
};

struct table {
    uint16_t entries[1 << MAX_CODE_BITS]; // by the next bits: symbol << 4 | length; 0: no code begins so
};

struct codes {
    struct code literals, distances;
    struct table literal_table, distance_table; // for reading alone
};

static uint16_t mirrored(unsigned bits, unsigned count) {
    unsigned result = 0;
    for (unsigned i = 0; i < count; i++) {
        result = result << 1 | (bits >> i & 1);
    }
    return (uint16_t)result;
}

// The canonical code of the lengths. False: there are too many short ones.
static bool assign(struct code *code, size_t count) {
    unsigned of_length[MAX_CODE_BITS + 1] = {0}, next[MAX_CODE_BITS + 2] = {0};
    for (size_t i = 0; i < count; i++) {
        of_length[code->lengths[i]]++;
    }
    of_length[0] = 0;
    for (unsigned length = 1; length <= MAX_CODE_BITS; length++) {
        next[length + 1] = (next[length] + of_length[length]) << 1;
        if (next[length] + of_length[length] > 1U << length) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        unsigned length = code->lengths[i];
        code->bits[i] = length ? mirrored(next[length]++, length) : 0;
    }
    return true;
}

static void fill_table(const struct code *code, size_t count, struct table *table) {
    memset(table, 0, sizeof *table);
    for (size_t i = 0; i < count; i++) {
        unsigned length = code->lengths[i];
        for (unsigned at = code->bits[i]; length && at < 1U << MAX_CODE_BITS; at += 1U << length) {
            table->entries[at] = (uint16_t)(i << 4 | length);
        }
    }
}

// -1: no code begins so.
static int symbol(struct bit_reader *in, const struct table *table) {
    unsigned entry = table->entries[bits_peek(in, MAX_CODE_BITS)];
    if (entry == 0) {
        return -1;
    }
    bits_skip(in, entry & 15);
    return (int)(entry >> 4);
}

// ---- Headers ----

static uint32_t copy_bits(struct bit_reader *in, unsigned count, struct bit_writer *copy) {
    uint32_t value = bits_get(in, count);
    if (copy) {
        bits_put(copy, value, count);
    }
    return value;
}

static void fixed_codes(struct codes *codes) {
    for (unsigned i = 0; i < LITERALS; i++) {
        codes->literals.lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    }
    memset(codes->distances.lengths, 5, DISTANCES);
    assign(&codes->literals, LITERALS);
    assign(&codes->distances, DISTANCES);
}

// The lengths of both codes, packed by a third one.
static bool read_lengths(struct bit_reader *in, const struct table *table, size_t count, uint8_t *lengths, struct bit_writer *copy) {
    for (size_t done = 0; done < count;) {
        unsigned entry = table->entries[bits_peek(in, MAX_CODE_BITS)];
        if (entry == 0 || in->over) {
            return false;
        }
        copy_bits(in, entry & 15, copy);
        unsigned value = entry >> 4, times = 1;
        if (value >= 16) {
            static const uint8_t extra[3] = {2, 3, 7}, least[3] = {3, 3, 11};
            times = least[value - 16] + copy_bits(in, extra[value - 16], copy);
            if (times > count - done || (value == 16 && done == 0)) {
                return false;
            }
            value = value == 16 ? lengths[done - 1] : 0;
        }
        memset(lengths + done, (int)value, times);
        done += times;
    }
    return !in->over;
}

static bool read_codes(struct bit_reader *in, struct codes *codes, struct bit_writer *copy) {
    static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    struct code packing = {{0}, {0}};
    uint8_t lengths[LITERALS + DISTANCES] = {0};
    size_t literals = copy_bits(in, 5, copy) + 257, distances = copy_bits(in, 5, copy) + 1, packed = copy_bits(in, 4, copy) + 4;
    for (size_t i = 0; i < packed; i++) {
        packing.lengths[order[i]] = (uint8_t)copy_bits(in, 3, copy);
    }
    if (in->over || literals > LITERALS || !assign(&packing, 19)) {
        return false;
    }
    fill_table(&packing, 19, &codes->literal_table);
    if (!read_lengths(in, &codes->literal_table, literals + distances, lengths, copy)) {
        return false;
    }
    memset(&codes->literals, 0, sizeof codes->literals);
    memset(&codes->distances, 0, sizeof codes->distances);
    memcpy(codes->literals.lengths, lengths, literals);
    memcpy(codes->distances.lengths, lengths + literals, distances);
    return assign(&codes->literals, LITERALS) && assign(&codes->distances, DISTANCES);
}

struct block {
    bool is_final;
    unsigned type; // 0: stored, 1: fixed codes, 2: its own codes
};

static bool read_header(struct bit_reader *in, struct codes *codes, struct block *block, struct bit_writer *copy) {
    block->is_final = copy_bits(in, 1, copy);
    block->type = copy_bits(in, 2, copy);
    if (block->type == 1) {
        fixed_codes(codes);
    }
    return !in->over && block->type < 3 && (block->type != 2 || read_codes(in, codes, copy));
}

// ---- Reading ----

struct reading {
    struct bit_reader in;
    struct deflate_stream *stream;
    size_t plain_max;
};

static enum receiver_error make_room(struct reading *reading, size_t more) {
    struct deflate_stream *stream = reading->stream;
    if (more > reading->plain_max - stream->plain_size) {
        return RECEIVER_TOO_LARGE;
    }
    return VECTOR_RESERVE(stream->plain, stream->plain_capacity, stream->plain_size + more) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

static enum receiver_error read_stored(struct reading *reading) {
    struct bit_reader *in = &reading->in;
    bits_skip(in, in->count % 8);
    size_t size = bits_get(in, 16), inverse = bits_get(in, 16);
    in->at -= in->count / 8; // what is held are bytes of the block
    in->held = 0;
    in->count = 0;
    if (in->over || (size ^ inverse) != 0xffff || size > in->size - in->at) {
        return RECEIVER_BAD_UPLOAD;
    }
    enum receiver_error error = make_room(reading, size);
    if (error == RECEIVER_OK && size > 0) {
        memcpy(reading->stream->plain + reading->stream->plain_size, in->bytes + in->at, size);
        reading->stream->plain_size += size;
        in->at += size;
    }
    return error;
}

static enum receiver_error read_match(struct reading *reading, const struct codes *codes, unsigned length_code) {
    struct bit_reader *in = &reading->in;
    struct deflate_stream *stream = reading->stream;
    if (length_code > 28) {
        return RECEIVER_BAD_UPLOAD;
    }
    size_t length = length_base[length_code] + bits_get(in, length_bits[length_code]);
    int code = symbol(in, &codes->distance_table);
    if (code < 0 || code > 29) {
        return RECEIVER_BAD_UPLOAD;
    }
    size_t distance = distance_base[code] + bits_get(in, distance_bits[code]);
    if (in->over || distance > stream->plain_size) {
        return RECEIVER_BAD_UPLOAD;
    }
    enum receiver_error error = make_room(reading, length);
    struct deflate_matches *matches = &stream->matches;
    if (error != RECEIVER_OK || !VECTOR_RESERVE(matches->list, matches->capacity, matches->count + 1)) {
        return error != RECEIVER_OK ? error : RECEIVER_NO_MEMORY;
    }
    matches->list[matches->count++] = (struct deflate_match){(uint32_t)stream->plain_size, (uint16_t)length, (uint16_t)(distance - 1)};
    for (size_t i = 0; i < length; i++, stream->plain_size++) { // they may overlap
        stream->plain[stream->plain_size] = stream->plain[stream->plain_size - distance];
    }
    return RECEIVER_OK;
}

static enum receiver_error read_coded(struct reading *reading, struct codes *codes) {
    struct deflate_stream *stream = reading->stream;
    fill_table(&codes->literals, LITERALS, &codes->literal_table);
    fill_table(&codes->distances, DISTANCES, &codes->distance_table);
    for (;;) {
        int code = symbol(&reading->in, &codes->literal_table);
        if (code < 0 || reading->in.over) {
            return RECEIVER_BAD_UPLOAD;
        }
        if (code == END_OF_BLOCK) {
            return RECEIVER_OK;
        }
        enum receiver_error error = code < END_OF_BLOCK ? make_room(reading, 1) : read_match(reading, codes, (unsigned)code - 257);
        if (error != RECEIVER_OK) {
            return error;
        }
        if (code < END_OF_BLOCK) {
            stream->plain[stream->plain_size++] = (uint8_t)code;
        }
    }
}

// Blocks of real compressors hold thousands of symbols, but for the empty ones of a flush.
enum { BLOCK_BYTES = 256, BLOCKS_ANYWAY = 64 };

enum receiver_error deflate_read(const uint8_t *bytes, size_t size, size_t plain_max, struct deflate_stream *stream, size_t *used) {
    struct reading reading = {.in = {.bytes = bytes, .size = size}, .stream = stream, .plain_max = plain_max};
    struct codes *codes = malloc(sizeof *codes);
    struct block block = {0};
    enum receiver_error error = codes ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    while (error == RECEIVER_OK && !block.is_final) {
        size_t before = stream->plain_size;
        if (stream->block_count > size / BLOCK_BYTES + BLOCKS_ANYWAY) {
            error = RECEIVER_BAD_UPLOAD; // each fills two tables: empty ones, of ten bits, would take minutes
        } else if (!read_header(&reading.in, codes, &block, &stream->headers)) {
            error = RECEIVER_BAD_UPLOAD;
        } else if (!VECTOR_RESERVE(stream->blocks, stream->block_capacity, stream->block_count + 1) || stream->headers.failed) {
            error = RECEIVER_NO_MEMORY;
        } else {
            error = block.type == 0 ? read_stored(&reading) : read_coded(&reading, codes);
            stream->blocks[stream->block_count++] = (uint32_t)(stream->plain_size - before);
        }
    }
    bits_align(&stream->headers);
    *used = reading.in.at - reading.in.count / 8;
    free(codes);
    return error == RECEIVER_OK && stream->headers.failed ? RECEIVER_NO_MEMORY : error;
}

// ---- Writing ----

static bool put(struct bit_writer *out, const struct code *code, size_t which) {
    bits_put(out, code->bits[which], code->lengths[which]);
    return code->lengths[which] > 0;
}

static unsigned code_of(const uint16_t *bases, unsigned last, unsigned value) {
    while (bases[last] > value) {
        last--;
    }
    return last;
}

static bool put_match(struct bit_writer *out, const struct codes *codes, const struct deflate_match *match) {
    unsigned length = match->length, distance = match->distance1 + 1U;
    if (length < 3 || length > 258 || distance > 32768) {
        return false;
    }
    unsigned length_code = code_of(length_base, 28, length), code = code_of(distance_base, 29, distance);
    bool ok = put(out, &codes->literals, 257 + length_code);
    bits_put(out, length - length_base[length_code], length_bits[length_code]);
    ok = put(out, &codes->distances, code) && ok;
    bits_put(out, distance - distance_base[code], distance_bits[code]);
    return ok;
}

// *next: the first match that is not written yet.
static bool put_coded(struct bit_writer *out, const struct codes *codes, const uint8_t *plain, size_t begin, size_t end,
                      const struct deflate_matches *matches, size_t *next) {
    bool ok = true;
    for (size_t at = begin; ok && at < end;) {
        const struct deflate_match *match = *next < matches->count ? &matches->list[*next] : NULL;
        if (match && match->at == at) {
            ok = match->length <= end - at && put_match(out, codes, match);
            at += match->length;
            ++*next;
        } else {
            ok = !match || match->at > at;
            ok = ok && put(out, &codes->literals, plain[at++]);
        }
    }
    return ok && put(out, &codes->literals, END_OF_BLOCK);
}

static bool put_stored(struct bit_writer *out, const uint8_t *bytes, size_t size) {
    bits_align(out);
    bits_put(out, (uint32_t)size, 16);
    bits_put(out, (uint32_t)size ^ 0xffff, 16);
    if (size > STORED_MAX || !VECTOR_RESERVE(out->bytes, out->capacity, out->size + size)) {
        out->failed = out->failed || size <= STORED_MAX;
        return false;
    }
    if (size > 0) {
        memcpy(out->bytes + out->size, bytes, size);
        out->size += size;
    }
    return true;
}

enum receiver_error deflate_write(const uint8_t *plain, size_t plain_size, const struct deflate_matches *matches, const uint32_t *blocks,
                                  size_t block_count, const uint8_t *headers, size_t headers_size, struct bit_writer *out) {
    struct bit_reader in = {.bytes = headers, .size = headers_size};
    struct codes *codes = malloc(sizeof *codes);
    size_t at = 0, next = 0;
    bool ok = codes;
    for (size_t i = 0; ok && i < block_count; i++) {
        struct block block;
        ok = blocks[i] <= plain_size - at && read_header(&in, codes, &block, out);
        ok = ok &&
             (block.type == 0 ? put_stored(out, plain + at, blocks[i]) : put_coded(out, codes, plain, at, at + blocks[i], matches, &next));
        at += blocks[i];
    }
    bits_align(out);
    enum receiver_error error = !codes || out->failed ? RECEIVER_NO_MEMORY : ok && at == plain_size ? RECEIVER_OK : RECEIVER_DAMAGED;
    free(codes);
    return error;
}

void deflate_free(struct deflate_stream *stream) {
    free(stream->plain);
    free(stream->matches.list);
    free(stream->blocks);
    free(stream->headers.bytes);
    *stream = (struct deflate_stream){0};
}
