// words_test.c: numbered texts: the same text the same number, forgotten when it is released, over many random steps.
#include "../../test/http.h"

#include "../words.h"

static void test_numbers(void **state) {
    (void)state;
    struct words words = {0};
    assert_int_equal(words_find(&words, "a", 1), 0);
    uint32_t a = words_use(&words, "a:bc", 1), b = words_use(&words, "b", 1);
    assert_int_not_equal(a, b);
    assert_int_equal(words_use(&words, "a", 1), a);
    assert_int_equal(words_find(&words, "a", 1), a);
    assert_string_equal(words_text(&words, a), "a");
    words_release(&words, a);
    assert_int_equal(words_find(&words, "a", 1), a); // one use is left
    words_release(&words, a);
    assert_int_equal(words_find(&words, "a", 1), 0);
    assert_null(words_text(&words, a));
    assert_int_equal(words_use(&words, "c", 1), a); // its number is used again
    assert_null(words_text(&words, 0));
    words_release(&words, 0);
    words_free(&words);
}

// Beside a plain array of counts.
static void test_many(void **state) {
    (void)state;
    enum { TEXTS = 5000 };
    static int uses[TEXTS];
    static uint32_t numbers[TEXTS];
    struct words words = {0};
    unsigned random = 1;
    for (int step = 0; step < 100000; step++) {
        random = random * 1664525u + 1013904223u;
        unsigned i = (random >> 8) % TEXTS;
        char text[20];
        size_t length = (size_t)snprintf(text, sizeof text, "key:%u", i);
        if ((random >> 30) && uses[i]) {
            words_release(&words, numbers[i]);
            uses[i]--;
        } else {
            uint32_t number = words_use(&words, text, length);
            assert_true(!uses[i] || number == numbers[i]);
            numbers[i] = number;
            uses[i]++;
        }
        assert_int_equal(words_find(&words, text, length), uses[i] ? numbers[i] : 0);
        if (uses[i]) {
            assert_string_equal(words_text(&words, numbers[i]), text);
        }
    }
    assert_true(words.end <= TEXTS + 1);
    words_free(&words);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers), cmocka_unit_test(test_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
