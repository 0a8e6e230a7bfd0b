// Tests of intern.c: every entry is found after each growth, and absent ones are not.

#include "../../base/test/test.h"

#include "sample_profile.h"

#include "../intern.h"

static bool same_number(const void *context, uint32_t id, const void *key) {
    return ((const uint64_t *)context)[id] == *(const uint64_t *)key;
}

TEST(entries_are_found_through_all_growths) {
    enum { COUNT = 5000 };
    static uint64_t numbers[COUNT + 1];
    const uint32_t masks[] = {UINT32_MAX, 3, 0}; // few hashes or one: long probe sequences
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

// Hashes must depend on zero words and on the length.
TEST(hashes_of_small_inputs_differ) {
    static const char zeros[64];
    for (size_t a = 0; a < 64; a++) {
        for (size_t b = 0; b < a; b++) {
            assert_true(intern_hash_bytes(99, zeros, a) != intern_hash_bytes(99, zeros, b));
        }
    }
}

// They must depend on the order of words, within and between the two chains, and on every bit.
TEST(hashes_of_similar_inputs_differ) {
    enum { WORDS = 9 };
    uint64_t words[WORDS];
    for (uint64_t i = 0; i < WORDS; i++) {
        words[i] = i;
    }
    uint64_t hash = intern_hash_bytes(99, (const char *)words, sizeof words);
    for (size_t a = 0; a < WORDS; a++) {
        for (size_t b = 0; b < a; b++) {
            words[a] = b, words[b] = a;
            assert_true(intern_hash_bytes(99, (const char *)words, sizeof words) != hash);
            words[a] = a, words[b] = b;
        }
        for (int bit = 0; bit < 64; bit++) {
            words[a] ^= UINT64_C(1) << bit;
            assert_true(intern_hash_bytes(99, (const char *)words, sizeof words) != hash);
            words[a] ^= UINT64_C(1) << bit;
        }
    }
}

// intern_likely must return what intern_find will look at, and 0 for an empty table.
TEST(likely_ids_have_the_hash) {
    const uint64_t numbers[] = {0, 10, 20, 30};
    struct intern table = {0};
    intern_fetch(&table, 7);
    assert_int_equal(intern_likely(&table, 7), 0);
    assert_true(intern_add(&table, 7, 1) && intern_add(&table, 7 + 64, 2) && intern_add(&table, 7, 3)); // all in the same slot
    assert_int_equal(intern_likely(&table, 7), 1);
    assert_int_equal(intern_likely(&table, 7 + 64), 2);
    assert_int_equal(intern_likely(&table, 7 + 128), 0);
    assert_int_equal(intern_find(&table, 7, same_number, numbers, &numbers[3]), 3);
    intern_free(&table);
}

static uint32_t guess(struct intern *table, const uint64_t *numbers, uint64_t number) {
    return intern_guess(table, same_number, numbers, &number);
}
static uint32_t find_next(struct intern *table, const uint64_t *numbers, uint64_t number) {
    return intern_find_next(table, intern_hash_end(number), same_number, numbers, &number);
}

// In the previous input's order no hash is needed; a wrong guess returns 0.
TEST(guesses_follow_the_order) {
    const uint64_t numbers[] = {0, 10, 20, 30, 40, 15};
    struct intern table = {0};
    assert_true(intern_order(&table));
    assert_int_equal(guess(&table, numbers, 10), 0);
    for (uint32_t id = 1; id <= 4; id++) {
        assert_true(intern_add(&table, intern_hash_end(numbers[id]), id));
    }
    intern_rewind(&table);
    assert_int_equal(guess(&table, numbers, 10), 1);
    assert_int_equal(guess(&table, numbers, 15), 0); // a new key
    assert_true(intern_add(&table, intern_hash_end(15), 5));
    assert_int_equal(guess(&table, numbers, 20), 2); // continues in the old order
    assert_int_equal(guess(&table, numbers, 40), 0); // 30 was skipped
    assert_int_equal(find_next(&table, numbers, 40), 4);
    assert_int_equal(guess(&table, numbers, 40), 0); // past the end
    intern_rewind(&table);
    const uint32_t order[] = {1, 5, 2, 4};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(guess(&table, numbers, numbers[order[i]]), order[i]);
    }
    intern_free(&table);
}

// Room keeps what is there, with its order, and is not made smaller.
TEST(room_keeps_entries_and_their_order) {
    uint64_t numbers[1001];
    struct intern table = {0};
    for (uint32_t id = 0; id <= 1000; id++) {
        numbers[id] = id * 3;
    }
    assert_true(intern_order(&table));
    for (uint32_t id = 1; id <= 20; id++) {
        assert_true(intern_add(&table, intern_hash_end(numbers[id]), id));
    }
    assert_true(intern_reserve(&table, 1000));
    const struct intern_slot *slots = table.slots;
    assert_true(intern_reserve(&table, 10));
    for (uint32_t id = 21; id <= 1000; id++) {
        assert_true(intern_add(&table, intern_hash_end(numbers[id]), id));
    }
    assert_ptr_equal(table.slots, slots); // it was large enough from the start
    intern_rewind(&table);
    for (uint32_t id = 1; id <= 1000; id++) {
        assert_int_equal(guess(&table, numbers, numbers[id]), id);
    }
    intern_free(&table);
    assert_true(intern_reserve(&table, 0)); // one that is empty
    assert_int_equal(find_next(&table, numbers, 3), 0);
    intern_free(&table);
}

int main(void) {
    return tests_run();
}
