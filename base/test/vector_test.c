// vector_test.c: growth keeps the items, doubles, and fails without a change.

#include "test.h"

#include "../vector.h"

TEST(growth) {
    enum { COUNT = 10000 };
    uint32_t *items = NULL;
    size_t capacity = 0, growths = 0;
    for (size_t count = 0; count < COUNT; count++) {
        size_t before = capacity;
        assert_true(VECTOR_RESERVE(items, capacity, count + 1));
        assert_true(capacity > count);
        growths += capacity != before;
        items[count] = (uint32_t)(count * 7);
    }
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(items[i], i * 7);
    }
    assert_int_equal(growths, 11); // 16, then doubled up to 16384
    free(items);
}

TEST(capacities) {
    uint64_t *items = NULL;
    size_t capacity = 0;
    assert_true(VECTOR_RESERVE(items, capacity, 0));
    assert_null(items);
    assert_true(VECTOR_RESERVE(items, capacity, 1));
    assert_int_equal(capacity, VECTOR_FIRST_ITEMS);
    assert_true(VECTOR_RESERVE(items, capacity, 10000));
    assert_int_equal(capacity, 10000);
    assert_true(VECTOR_RESERVE(items, capacity, 10001));
    assert_int_equal(capacity, 20000);
    free(items);
}

TEST(no_memory) {
    uint64_t *items = NULL, *before;
    size_t capacity = 0, counts[] = {SIZE_MAX, SIZE_MAX / 8 + 1, SIZE_MAX / 8, SIZE_MAX / 16}, tried = 4;
#ifdef __SANITIZE_ADDRESS__
    tried = 2; // its allocator ends the program at the others, which overflow nothing
#endif
    assert_true(VECTOR_RESERVE(items, capacity, 1));
    before = items;
    for (size_t i = 0; i < tried; i++) {
        assert_false(VECTOR_RESERVE(items, capacity, counts[i]));
        assert_ptr_equal(items, before);
        assert_int_equal(capacity, VECTOR_FIRST_ITEMS);
    }
    free(items);
}

int main(void) {
    return tests_run();
}
