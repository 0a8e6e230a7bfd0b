// Tests of intern.c: every entry is found again through all growths, and none that is not there.
#include "sample_profile.h"

#include "../intern.h"

static bool same_number(const void *context, uint32_t id, const void *key) {
    return ((const uint64_t *)context)[id] == *(const uint64_t *)key;
}

static void entries_are_found_through_all_growths(void **state) {
    (void)state;
    enum { COUNT = 5000 };
    static uint64_t numbers[COUNT + 1];
    const uint32_t masks[] = {UINT32_MAX, 3, 0}; // few or only one hash: long runs of candidates
    for (int m = 0; m < 3; m++) {
        struct intern table = {0};
        for (uint32_t id = 1; id <= COUNT; id++) {
            numbers[id] = (uint64_t)id * id;
            uint32_t hash = intern_hash_end(intern_hash_word(7, numbers[id])) & masks[m];
            assert_int_equal(intern_find(&table, hash, same_number, numbers, &numbers[id]), 0);
            assert_true(intern_add(&table, hash, id));
        }
        for (uint32_t id = 1; id <= COUNT; id++) {
            uint32_t hash = intern_hash_end(intern_hash_word(7, numbers[id])) & masks[m];
            assert_int_equal(intern_find(&table, hash, same_number, numbers, &numbers[id]), id);
        }
        assert_true(table.count <= table.mask / 2 + 1);
        intern_free(&table);
    }
}

// Neither zero words nor lengths may make hashes collapse.
static void hashes_of_small_inputs_differ(void **state) {
    (void)state;
    static const char zeros[64];
    for (size_t a = 0; a < 64; a++)
        for (size_t b = 0; b < a; b++)
            assert_true(intern_hash_bytes(99, zeros, a) != intern_hash_bytes(99, zeros, b));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_found_through_all_growths),
        cmocka_unit_test(hashes_of_small_inputs_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
