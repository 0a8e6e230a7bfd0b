// id_set_test.c: ids by content: found, not found, equal hashes, growth.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../id_set.h"

static bool same_number(const void *context, uint32_t id, const void *thing) {
    return ((const uint32_t *)context)[id] == *(const uint32_t *)thing;
}

static void check(uint64_t (*hash)(uint32_t)) {
    enum { COUNT = 3000 };
    static uint32_t numbers[COUNT];
    struct id_set set = {0};
    for (uint32_t i = 0; i < COUNT; i++) {
        numbers[i] = 7 * i;
        assert_int_equal(id_set_find(&set, hash(numbers[i]), same_number, numbers, &numbers[i]), ID_NONE);
        assert_true(id_set_add(&set, hash(numbers[i]), i));
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(id_set_find(&set, hash(numbers[i]), same_number, numbers, &numbers[i]), i);
    }
    id_set_free(&set);
}

static uint64_t good(uint32_t number) {
    return id_set_hash(0, &number, sizeof number);
}
static uint64_t bad(uint32_t number) {
    return number % 2;
}

static void test_find(void **state) {
    (void)state;
    check(good);
}
static void test_equal_hashes(void **state) {
    (void)state;
    check(bad);
}

static void test_hash(void **state) {
    (void)state;
    assert_true(id_set_hash(0, "12345678", 8) != id_set_hash(0, "12345679", 8));
    assert_true(id_set_hash(0, "a", 1) != id_set_hash(0, "a\0", 2));
    assert_true(id_set_hash(0, "", 0) != id_set_hash(1, "", 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_find), cmocka_unit_test(test_equal_hashes), cmocka_unit_test(test_hash)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
