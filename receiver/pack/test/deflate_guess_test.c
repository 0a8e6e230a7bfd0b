// deflate_guess_test.c: the matches are those of the compressors themselves.
//
// The expected sums are of streams that they made of the same bytes: Go 1.26.8, klauspost/compress 1.18.7, zlib 1.2.13.

#include "../../../base/test/test.h"

#include "../deflate_guess.h"
#include "texts.h"

static uint64_t sum_of(const struct deflate_matches *matches) {
    uint64_t sum = 0;
    for (size_t i = 0; i < matches->count; i++) {
        const struct deflate_match *match = &matches->list[i];
        sum = (sum ^ match->at) * UINT64_C(0x9e3779b97f4a7c15);
        sum = (sum ^ match->length) * UINT64_C(0x9e3779b97f4a7c15);
        sum = (sum ^ match->distance1) * UINT64_C(0x9e3779b97f4a7c15);
        sum ^= sum >> 29;
    }
    return sum;
}

static void expect(enum deflate_writer writer, size_t size, size_t count, uint64_t sum) {
    struct deflate_matches matches = {0};
    uint8_t *plain = text_of(1, 0, size);
    assert_int_equal(deflate_guess(writer, plain, size, NULL, &matches), RECEIVER_OK);
    assert_int_equal(matches.count, count);
    assert_true(sum_of(&matches) == sum);
    free(matches.list);
    free(plain);
}

TEST(as_the_compressors) {
    expect(DEFLATE_KLAUSPOST_1, 400000, 35620, 0x7c3e31731ee48160);
    expect(DEFLATE_GO_1, 400000, 42513, 0x2286e99e0a506c26);
    expect(DEFLATE_GO_6, 400000, 31930, 0xfac623dacdc4b479);
    expect(DEFLATE_ZLIB_6, 400000, 34041, 0x6a6b466f82435d79);
    expect(DEFLATE_ZLIB_9, 400000, 34039, 0xa33dc100e3c376ac);
}

TEST(a_step_and_less) {
    expect(DEFLATE_KLAUSPOST_1, 65535, 5600, 0x190550a199b7f498);
    expect(DEFLATE_GO_1, 65535, 6793, 0xe9e4795b48ac6743);
    expect(DEFLATE_KLAUSPOST_1, 3000, 126, 0xaa24d26670b5add1);
    expect(DEFLATE_GO_1, 3000, 190, 0xc80c00b7ffa3173f);
    expect(DEFLATE_GO_6, 3000, 180, 0x2b19c59c5442b13b);
    expect(DEFLATE_ZLIB_6, 3000, 200, 0x7749fe1624a0511d);
}

// Whatever the bytes: nothing is read beyond them, and each match is one.
TEST(any_bytes) {
    for (size_t size = 0; size < 700; size += size < 40 ? 1 : 97) {
        for (int kind = 0; kind < 3; kind++) {
            uint8_t *plain = kind == 2 ? text_of((uint32_t)size, 0, size) : calloc(size + 1, 1), *exact = malloc(size ? size : 1);
            for (size_t i = 0; kind == 1 && i < size; i++) {
                plain[i] = (uint8_t)(i * i >> 3);
            }
            memcpy(exact, plain, size); // of that size to the byte
            for (int writer = 0; writer < DEFLATE_WRITERS; writer++) {
                struct deflate_matches matches = {0};
                size_t end = 0;
                assert_int_equal(deflate_guess((enum deflate_writer)writer, exact, size, NULL, &matches), RECEIVER_OK);
                for (size_t i = 0; i < matches.count; i++) {
                    const struct deflate_match *match = &matches.list[i];
                    size_t from = match->at - match->distance1 - 1U;
                    assert_true(match->at >= end && match->length >= 3 && match->length <= 258 && match->distance1 < match->at);
                    for (size_t at = 0; at < match->length; at++) {
                        assert_int_equal(exact[match->at + at], exact[from + at]);
                    }
                    end = match->at + match->length;
                    assert_true(end <= size);
                }
                free(matches.list);
            }
            free(exact);
            free(plain);
        }
    }
    struct deflate_matches none = {0};
    assert_int_equal(deflate_guess(DEFLATE_WRITERS, (const uint8_t *)"", 0, NULL, &none), RECEIVER_DAMAGED);
}

int main(void) {
    return tests_run();
}
