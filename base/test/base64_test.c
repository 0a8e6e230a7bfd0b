// base64_test.c: the test vectors of RFC 4648, 10, and all values of a byte.

#include "test.h"

#include "../base64.h"

#include <string.h>

TEST(vectors) {
    static const char *const cases[][2] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[16] = "";
        size_t size = base64_size(strlen(cases[i][0]));
        base64_write(cases[i][0], strlen(cases[i][0]), out);
        assert_int_equal(size, strlen(cases[i][1]));
        assert_memory_equal(out, cases[i][1], size);
    }
}

TEST(every_byte) {
    char out[8];
    base64_write("\x00\x10\x83\xff\xef\xbe", 6, out);
    assert_memory_equal(out, "ABCD/+++", 8);
}

int main(void) {
    return tests_run();
}
