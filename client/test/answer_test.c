// answer_test.c: what is kept of a server's answer.

#include "../../base/test/test.h"

#include "../answer.h"

static void assert_kept(const char *input, const char *kept) {
    char text[16];
    struct upload_answer whole, pieces;
    upload_answer_init(&whole, text, sizeof text);
    upload_answer_add(&whole, input, strlen(input));
    assert_string_equal(text, kept);
    // The same byte by byte.
    upload_answer_init(&pieces, text, sizeof text);
    for (size_t i = 0; i < strlen(input); i++) {
        upload_answer_add(&pieces, input + i, 1);
    }
    assert_string_equal(text, kept);
    assert_int_equal(pieces.total_bytes, strlen(input));
}

TEST(is_one_line_of_text) {
    assert_kept("", "");
    assert_kept(" \r\n a\r\n\tb \n", "a b");
    assert_kept("a\033[31mb\x7f", "a?[31mb?");
    assert_kept("\xc3\xa4", "\xc3\xa4");
}

TEST(keeps_what_fits) {
    assert_kept("0123456789abcde", "0123456789abcde");
    assert_kept("0123456789abcdefgh", "0123456789abcde");
    assert_kept("0123456789abcd efgh", "0123456789abcd ");
    char one[1] = {'x'};
    struct upload_answer answer;
    upload_answer_init(&answer, one, sizeof one);
    upload_answer_add(&answer, "abc", 3);
    assert_int_equal(one[0], '\0');
    assert_int_equal(answer.total_bytes, 3);
}

int main(void) {
    return tests_run();
}
