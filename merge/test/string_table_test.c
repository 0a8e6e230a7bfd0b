// Tests of string_table.c and intern.c: ids are stable, hash collisions are harmless, zero bytes and long strings survive, addresses are
// stable.

#include "../../base/test/test.h"

#include "sample_profile.h"

#include "../string_table.h"

TEST(same_text_same_id) {
    // With mask 0 all hashes are equal, and only the comparison distinguishes strings.
    const uint32_t masks[] = {UINT32_MAX, 0};
    for (int m = 0; m < 2; m++) {
        struct string_table table;
        assert_true(string_table_init(&table));
        const char *first = NULL;
        for (int round = 0; round < 2; round++) {
            for (uint32_t i = 1; i <= 2000; i++) {
                char text[16];
                int length = snprintf(text, sizeof text, "text%u", i);
                assert_int_equal(string_table_intern(&table, 42, masks[m], text, (size_t)length), i);
                assert_string_equal(string_table_get(&table, i).bytes, text);
                if (!first) {
                    first = string_table_get(&table, 1).bytes;
                }
            }
        }
        assert_ptr_equal(string_table_get(&table, 1).bytes, first);
        string_table_free(&table);
    }
}

TEST(any_bytes) {
    struct string_table table;
    assert_true(string_table_init(&table));
    assert_int_equal(string_table_intern(&table, 1, UINT32_MAX, "", 0), 0);
    assert_int_equal(string_table_intern(&table, 1, UINT32_MAX, "a\0b", 3), 1);
    assert_int_equal(string_table_intern(&table, 1, UINT32_MAX, "a", 1), 2);
    assert_int_equal(string_table_intern(&table, 1, UINT32_MAX, "a\0", 2), 3);
    size_t size = 300000;
    char *large = malloc(size);
    memset(large, 'l', size);
    assert_int_equal(string_table_intern(&table, 1, UINT32_MAX, large, size), 4);
    assert_int_equal(string_table_intern(&table, 1, UINT32_MAX, "small", 5), 5);
    assert_int_equal(string_table_intern(&table, 1, UINT32_MAX, large, size), 4);
    assert_memory_equal(string_table_get(&table, 4).bytes, large, size);
    assert_int_equal(string_table_get(&table, 4).bytes[size], 0);
    assert_memory_equal(string_table_get(&table, 1).bytes, "a\0b", 4);
    free(large);
    string_table_free(&table);
}

TEST(seeds_differ) {
    assert_true(intern_seed() != intern_seed());
}

int main(void) {
    return tests_run();
}
