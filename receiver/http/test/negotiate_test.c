// negotiate_test.c: Accept-Encoding and If-None-Match by RFC 9110, and a round trip of the compression.

#include "../../../base/test/test.h"

#include <libdeflate.h>

#include "../negotiate.h"

TEST(gzip) {
    static const char *const yes[] = {"gzip",
                                      "gzip, deflate, br, zstd",
                                      "br;q=1.0, gzip;q=0.8, *;q=0.1",
                                      "GZIP",
                                      "x-gzip",
                                      "identity;q=0.5, gzip",
                                      "*",
                                      "br , gzip ; q=0.001",
                                      "deflate,gzip"};
    static const char *const no[] = {"", "identity", "br, deflate", "gzip;q=0", "gzip; q=0.000, *", "*;q=0", "gzipped", "gzi", ",", " ; "};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        assert_true(negotiate_takes_gzip(yes[i]));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        assert_false(negotiate_takes_gzip(no[i]));
    }
    assert_false(negotiate_takes_gzip(NULL));
}

TEST(brotli) {
    static const char *const yes[] = {"br", "gzip, deflate, br, zstd", "gzip;q=1.0, BR;q=0.8", " br ; q=0.001"};
    static const char *const no[] = {"", "gzip, deflate", "*", "br;q=0", "br; q=0.000, gzip", "brotli", "b", "gzip;br"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        assert_true(negotiate_takes_brotli(yes[i]));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        assert_false(negotiate_takes_brotli(no[i]));
    }
    assert_false(negotiate_takes_brotli(NULL));
}

TEST(tags) {
    static const char *const yes[] = {"W/\"a1\"", "\"a1\"", "\"b\", W/\"a1\"", "*", " \"a1\" ", "\"a1\",\"b\""};
    static const char *const no[] = {"", "\"a\"", "\"a1", "a1", "\"a11\"", "W/", "W/\"b\", \"c\""};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        assert_true(negotiate_has(yes[i], "W/\"a1\""));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        assert_false(negotiate_has(no[i], "W/\"a1\""));
    }
    assert_false(negotiate_has(NULL, "W/\"a1\""));
}

TEST(compression) {
    struct json json = {0};
    json_array_begin(&json);
    for (int i = 0; i < 100; i++) {
        json_number(&json, i % 7);
    }
    size_t small = json.size;
    assert_false(negotiate_compress(&json));
    assert_int_equal(json.size, small);
    for (int i = 0; i < 10000; i++) {
        json_number(&json, i % 7);
    }
    json_array_end(&json);
    char *text = malloc(json.size), *inflated = malloc(json.size);
    size_t size = json.size;
    memcpy(text, json.bytes, size);
    assert_true(negotiate_compress(&json));
    assert_true(json.size < size / 10);
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    assert_int_equal(libdeflate_gzip_decompress(decompressor, json.bytes, json.size, inflated, size, NULL), LIBDEFLATE_SUCCESS);
    assert_memory_equal(inflated, text, size);
    libdeflate_free_decompressor(decompressor);
    json_free(&json);
    free(text);
    free(inflated);
}

TEST(what_does_not_shrink) {
    struct json json = {0};
    uint64_t random = 1;
    for (int i = 0; i < 4000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        json_raw(&json, (char[]){(char)(random >> 56)}, 1);
        json.comma = false;
    }
    char *bytes = json.bytes;
    assert_int_equal(json.size, 4000);
    assert_false(negotiate_compress(&json));
    assert_ptr_equal(json.bytes, bytes);
    assert_int_equal(json.size, 4000);
    json_free(&json);
}

int main(void) {
    return tests_run();
}
