// partial_success_test.c: what is rejected and why, also of answers that are cut off, damaged, or have other fields.

#include "../../base/test/test.h"

#include "../partial_success.h"

#include <stdlib.h>
#include <string.h>

static void expect(const char *bytes, size_t size, int64_t rejected, const char *words) {
    char *exact = malloc(size + !size); // for the sanitizer
    memcpy(exact, bytes, size);
    struct partial_success success = partial_success_read(exact, size);
    assert_int_equal(success.rejected, rejected);
    assert_int_equal(success.words_size, words ? strlen(words) : 0);
    assert_int_equal(!!success.words, !!words);
    assert_true(!words || memcmp(success.words, words, success.words_size) == 0);
    free(exact);
}

TEST(rejected) {
    expect("", 0, 0, NULL);
    expect("\x0a\x00", 2, 0, NULL); // an empty partial_success: all is taken
    expect("\x0a\x0c\x08\x03\x12\x08too many", 14, 3, "too many");
    expect("\x0a\x0a\x12\x08too many", 12, 0, "too many"); // a warning
    expect("\x0a\x03\x08\xac\x02", 5, 300, NULL);
    expect("\x10\x07\x1d....\x21........\x0a\x02\x08\x01", 2 + 5 + 9 + 4, 1, NULL); // fields that are not known
}

TEST(cut_off_and_damaged) {
    static const char answer[] = "\x0a\x0c\x08\x03\x12\x08too many";
    for (size_t size = 0; size < 14; size++) {
        char words[] = "too many";
        words[size > 6 ? size - 6 : 0] = '\0';
        expect(answer, size, size > 3 ? 3 : 0, size >= 6 ? words : NULL);
    }
    expect("\x0a\x03\x08\xff\xff", 5, 0, NULL);
    expect("\x0b\x0c\x0a\x02\x08\x01", 6, 0, NULL); // a group
    expect("\x1d..", 3, 0, NULL);
    expect("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11, 0, NULL);
    assert_int_equal(partial_success_read(NULL, 0).rejected, 0);
    unsigned random = 1;
    for (int round = 0; round < 20000; round++) { // nothing is read beyond the end
        char any[24];
        for (size_t i = 0; i < sizeof any; i++) {
            random = random * 1664525 + 1013904223;
            any[i] = (char)(i == 0 ? 0x0a : random >> 24);
        }
        char *exact = malloc(random % sizeof any + 1);
        memcpy(exact, any, random % sizeof any);
        struct partial_success success = partial_success_read(exact, random % sizeof any);
        assert_true(success.words_size <= random % sizeof any);
        free(exact);
    }
}

int main(void) {
    return tests_run();
}
