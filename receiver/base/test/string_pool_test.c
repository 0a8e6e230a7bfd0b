// string_pool_test.c: equal strings have equal numbers, unused after the last release, over many random steps.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../string_pool.h"

TEST(numbers) {
    struct string_pool pool = {0};
    assert_int_equal(string_pool_find(&pool, "a", 1), 0);
    uint32_t a = string_pool_intern(&pool, "a:bc", 1), b = string_pool_intern(&pool, "b", 1);
    assert_int_not_equal(a, b);
    assert_int_equal(string_pool_intern(&pool, "a", 1), a);
    assert_int_equal(string_pool_find(&pool, "a", 1), a);
    assert_string_equal(string_pool_text(&pool, a), "a");
    string_pool_release(&pool, a);
    assert_int_equal(string_pool_find(&pool, "a", 1), a); // one reference is left
    string_pool_release(&pool, a);
    assert_int_equal(string_pool_find(&pool, "a", 1), 0);
    assert_null(string_pool_text(&pool, a));
    assert_int_equal(string_pool_intern(&pool, "c", 1), a); // its number is reused
    assert_null(string_pool_text(&pool, 0));
    string_pool_release(&pool, 0);
    string_pool_free(&pool);
}

// Against a plain array of counts.
TEST(many) {
    enum { TEXTS = 5000 };
    static int uses[TEXTS];
    static uint32_t numbers[TEXTS];
    struct string_pool pool = {0};
    unsigned random = 1;
    for (int step = 0; step < 100000; step++) {
        random = random * 1664525u + 1013904223u;
        unsigned i = (random >> 8) % TEXTS;
        char text[20];
        size_t length = (size_t)snprintf(text, sizeof text, "key:%u", i);
        if ((random >> 30) && uses[i]) {
            string_pool_release(&pool, numbers[i]);
            uses[i]--;
        } else {
            uint32_t number = string_pool_intern(&pool, text, length);
            assert_true(!uses[i] || number == numbers[i]);
            numbers[i] = number;
            uses[i]++;
        }
        assert_int_equal(string_pool_find(&pool, text, length), uses[i] ? numbers[i] : 0);
        if (uses[i]) {
            assert_string_equal(string_pool_text(&pool, numbers[i]), text);
        }
    }
    assert_true(pool.end <= TEXTS + 1);
    size_t bytes = 0;
    for (uint32_t i = 1; i < pool.end; i++) {
        const char *text = string_pool_text(&pool, i);
        bytes += text ? string_pool_cost(strlen(text)) : 0;
    }
    assert_int_equal(pool.bytes, bytes);
    string_pool_free(&pool);
}

int main(void) {
    return tests_run();
}
