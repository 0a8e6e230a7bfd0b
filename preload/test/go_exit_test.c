// go_exit_test.c: what is taken for Go's exit, and what is left alone. e2e/command runs Go programs.

#include "../../base/test/test.h"

#include "../go_exit.h"

#ifdef __aarch64__
static const uint8_t code[] = {0xe0, 0x0b, 0x80, 0xb9, 0xc8, 0x0b, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4, 0xc0, 0x03, 0x5f, 0xd6};
#else
static const uint8_t code[] = {0x8b, 0x7c, 0x24, 0x08, 0xb8, 0xe7, 0x00, 0x00, 0x00, 0x0f, 0x05, 0xc3};
#endif

TEST(found_anywhere) {
    uint8_t bytes[64];
    for (size_t at = 0; at + sizeof code <= sizeof bytes; at++) {
        memset(bytes, 0xcc, sizeof bytes);
        memcpy(bytes + at, code, sizeof code);
        assert_int_equal(go_exit_find(bytes, sizeof bytes), at);
        assert_int_equal(go_exit_find(bytes, at + sizeof code - 1), SIZE_MAX); // cut
    }
}

TEST(each_byte_counts) {
    for (size_t i = 0; i < sizeof code; i++) {
        uint8_t other[sizeof code];
        memcpy(other, code, sizeof code);
        other[i] ^= 1;
        assert_int_equal(go_exit_find(other, sizeof other), SIZE_MAX);
    }
    assert_int_equal(go_exit_find(code, 0), SIZE_MAX);
}

static void leave(int status) {
    (void)status;
}

// A segment without them.
TEST(not_taken) {
    struct go_program none = {0};
    assert_false(go_exit_take(&none, leave));
}

int main(void) {
    return tests_run();
}
