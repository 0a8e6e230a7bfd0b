// inflate_test.c: the three kinds of block, in one piece and through a small window, and damage.

#include "../../base/test/test.h"

#include "../inflate.h"

// Written by zlib: skewed letters with codes of up to 13 bits; a repetitive text; a stored text.
static const uint8_t dynamic[] = {
    5,   193, 129, 129, 3,   49,  12,  195, 176, 217, 190, 237, 93,  98,  75,  228, 254, 227, 60,  64,  55,  75,  218, 4,   116, 212, 234,
    181, 26,  145, 107, 144, 118, 88,  80,  46,  81,  234, 106, 19,  172, 110, 253, 153, 39,  33,  232, 107, 69,  91,  83,  25,  43,  80,
    5,   111, 164, 104, 21,  84,  112, 42,  186, 99,  16,  162, 175, 163, 122, 197, 35,  184, 162, 30,  121, 170, 26,  70,  157, 53,  82,
    165, 10,  162, 98,  139, 45,  155, 181, 11,  107, 172, 90,  181, 220, 6,   77,  109, 123, 85,  37,  18,  36,  134, 63,  218, 20,  157,
    254, 234, 148, 58,  33,  136, 93,  156, 168, 251, 130, 174, 184, 27,  67,  153, 181, 16,  36,  170, 162, 93,  74,  105, 210, 96,  213,
    33,  194, 220, 106, 199, 98,  34,  19,  84,  217, 182, 53,  2,   117, 183, 74,  161, 251, 117, 175, 40,  43,  56,  170, 54,  21,  29,
    137, 136, 181, 170, 199, 221, 162, 163, 65,  1,   170, 16,  95,  16,  192, 74,  59,  81,  20,  148, 94,  193, 171, 72,  213, 81,  237,
    177, 187, 173, 198, 139, 186, 172, 182, 41,  105, 77,  151, 142, 20,  203, 115, 48,  22,  21,  89,  171, 27,  171, 170, 122, 45,  74,
    237, 16,  81,  183, 134, 225, 170, 136, 214, 22,  213, 106, 178, 115, 167, 136, 184, 134, 46,  53,  22,  171, 234, 18,  197, 109, 16,
    131, 225, 250, 108, 49,  118, 236, 205, 118, 212, 34,  74,  64,  131, 162, 241, 134, 55,  7,   165, 219, 80,  122, 22,  42,  213, 170,
    38,  83,  227, 218, 234, 203, 59,  227, 149, 13,  196, 30,  169, 194, 167, 22,  16,  202, 16,  100, 81,  126, 170, 181, 20,  42,  241,
    45,  137, 128, 246, 114, 4,   37,  46,  178, 168, 210, 8,   90,  174, 128, 208, 70,  17,  173, 91,  53,  43,  98,  49,  182, 69,  12,
    74,  196, 7,   207, 57,  117, 169, 22,  191, 42,  232, 97,  35,  130, 108, 71,  101, 255, 1};
static const uint8_t fixed_code[] = {75,  205, 75, 207, 204, 75, 181, 178, 114, 78, 76, 206, 0,  82, 5,
                                     165, 37,  10, 169, 168, 66, 233, 169, 24,  66, 35, 88,  21, 0};
static const uint8_t stored[] = {1, 15, 0, 240, 255, 115, 116, 111, 114, 101, 100, 32, 97, 115, 32, 105, 116, 32, 105, 115};
enum { LETTERS = 986, REPEATED = 304 };
static const uint32_t letters_sum = 0x6ef4264f, repeated_sum = 0x4e7169e9;

static struct inflate inflate;

// Offers `step` more bytes of capacity each time. Returns the number of bytes, or SIZE_MAX on damage.
static size_t inflate_all(const uint8_t *bytes, size_t size, uint8_t *out, size_t capacity, size_t step) {
    size_t at = 0;
    inflate_begin(&inflate, bytes, size);
    while (at < capacity && inflate.state != INFLATE_ENDED && inflate.state != INFLATE_BAD) {
        inflate_run(&inflate, out, &at, at + step < capacity ? at + step : capacity);
    }
    return inflate.state == INFLATE_ENDED ? at : SIZE_MAX;
}

TEST(every_kind_of_block) {
    uint8_t out[2048];
    for (size_t step = 1; step <= sizeof out; step *= 2) {
        assert_int_equal(inflate_all(dynamic, sizeof dynamic, out, sizeof out, step), LETTERS);
        assert_int_equal(inflate_adler(1, out, LETTERS), letters_sum);
        assert_int_equal(inflate_all(fixed_code, sizeof fixed_code, out, sizeof out, step), REPEATED);
        assert_int_equal(inflate_adler(1, out, REPEATED), repeated_sum);
        assert_memory_equal(out, "engine::Cache::put engine::Cache::get engine", 44);
        assert_int_equal(inflate_all(stored, sizeof stored, out, sizeof out, step), 15);
        assert_memory_equal(out, "stored as it is", 15);
    }
}

// A block of the fixed code, written as RFC 1951 3.2.6 has it: what it stands for grows beside it.
struct written {
    uint8_t stream[1 << 20], content[2 << 20];
    size_t bits, bytes;
};

static void write_bits(struct written *written, unsigned value, unsigned count) {
    for (unsigned i = 0; i < count; i++, written->bits++) {
        written->stream[written->bits / 8] |= (uint8_t)((value >> i & 1) << written->bits % 8);
    }
}

static void write_code(struct written *written, unsigned code, unsigned count) { // from its highest bit on
    while (count-- > 0) {
        write_bits(written, code >> count & 1, 1);
    }
}

static void write_literal(struct written *written, uint8_t byte) {
    write_code(written, byte < 144 ? 0x30u + byte : 0x190u + byte - 144, byte < 144 ? 8 : 9);
    written->content[written->bytes++] = byte;
}

// length: 3 to 10, or 258; distance: 1 to 4, or 16385 to 24576.
static void write_match(struct written *written, unsigned length, unsigned distance) {
    if (length == 258) {
        write_code(written, 0xc0 + 285 - 280, 8);
    } else {
        write_code(written, length - 2, 7);
    }
    write_code(written, distance <= 4 ? distance - 1 : 28, 5);
    if (distance > 4) {
        write_bits(written, distance - 16385, 13);
    }
    for (unsigned i = 0; i < length; i++, written->bytes++) {
        written->content[written->bytes] = written->content[written->bytes - distance];
    }
}

static struct written *write_stream(void) {
    struct written *written = calloc(1, sizeof *written);
    uint32_t random = 1;
    write_bits(written, 3, 3); // last block, fixed code
    while (written->bits / 8 < 300000 && written->bytes + 258 < sizeof written->content) {
        random = random * 1664525 + 1013904223;
        unsigned pick = random >> 16;
        if (pick % 4 != 0 || written->bytes < 32768) {
            write_literal(written, (uint8_t)(pick >> 4));
        } else {
            write_match(written, pick % 16 == 0 ? 258 : 3 + pick / 16 % 8, pick % 32 < 16 ? 1 + pick / 128 % 4 : 16385 + pick % 8192);
        }
    }
    write_code(written, 0, 7);
    return written;
}

// The input comes in pieces, and output has room for some more bytes each time.
static void check_pieces(const struct written *written, size_t piece, size_t step) {
    size_t size = written->bits / 8 + 1, read = 0, at = 0;
    uint8_t *out = malloc(written->bytes), *input = calloc(1, piece);
    inflate_begin(&inflate, input, 0);
    inflate_feed(&inflate, input, 0, true);
    while (inflate.state != INFLATE_ENDED && inflate.state != INFLATE_BAD) {
        if (inflate_is_hungry(&inflate)) {
            size_t rest = (size_t)(inflate.in_end - inflate.in.at), part = size - read < piece - rest ? size - read : piece - rest;
            memmove(input, inflate.in.at, rest);
            memcpy(input + rest, written->stream + read, part);
            read += part;
            inflate_feed(&inflate, input, rest + part, read < size);
        }
        inflate_run(&inflate, out, &at, at + step < written->bytes ? at + step : written->bytes);
        if (at == written->bytes && read == size) {
            break;
        }
    }
    assert_int_equal(at, written->bytes);
    assert_memory_equal(out, written->content, at);
    free(input);
    free(out);
}

TEST(input_in_pieces) {
    struct written *written = write_stream();
    for (size_t piece = 1100; piece < 400000; piece = piece * 3 + 1) {
        check_pieces(written, piece, 777);
        check_pieces(written, piece, SIZE_MAX / 2);
    }
    free(written);
}

TEST(truncation_is_bad) {
    uint8_t out[2048];
    for (size_t size = 0; size < sizeof dynamic; size++) {
        uint8_t *exact = malloc(size + 1); // exact size, so that a sanitizer sees reads past it
        memcpy(exact, dynamic, size);
        assert_true(inflate_all(exact, size, out, sizeof out, sizeof out) == SIZE_MAX);
        free(exact);
    }
}

// Damage ends inflation early or late; never a write or read out of bounds.
TEST(damaged_streams_end) {
    for (size_t at = 0; at < sizeof fixed_code; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t *damaged = malloc(sizeof fixed_code), *out = malloc(512);
            memcpy(damaged, fixed_code, sizeof fixed_code);
            damaged[at] ^= (uint8_t)(1u << bit);
            inflate_all(damaged, sizeof fixed_code, out, 512, 100);
            free(damaged);
            free(out);
        }
    }
    static const uint8_t before_the_beginning[] = {0x63, 0x04, 0x06, 0x00}; // a literal, and a match before the start
    uint8_t out[512];
    inflate_begin(&inflate, before_the_beginning, sizeof before_the_beginning);
    size_t at = 0;
    while (inflate.state != INFLATE_ENDED && inflate.state != INFLATE_BAD && at < sizeof out) {
        inflate_run(&inflate, out, &at, sizeof out);
    }
    static const uint8_t unknown_kind[] = {0x07, 0, 0};
    assert_true(inflate_all(unknown_kind, sizeof unknown_kind, out, sizeof out, 1) == SIZE_MAX);
}

TEST(sums_of_pieces) {
    static uint8_t bytes[20000];
    memset(bytes, 0xff, sizeof bytes);
    uint32_t sum = inflate_adler(1, bytes, 7000);
    assert_int_equal(inflate_adler(sum, bytes + 7000, 13000), inflate_adler(1, bytes, sizeof bytes));
    assert_int_equal(inflate_adler(1, (const uint8_t *)"Wikipedia", 9), 0x11e60398);
}

int main(void) {
    return tests_run();
}
