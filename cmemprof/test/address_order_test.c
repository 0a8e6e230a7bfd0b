// address_order_test.c: sort and search with few and many items, with equal ones, and without memory.

#include "../../base/test/test.h"

#include "../address_order.h"

struct item {
    uint64_t address, before;
};

TEST(sorted_and_stable) {
    static const size_t counts[] = {0, 1, 2, 3, 7, 100, 10000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        size_t count = counts[i];
        struct symbolizer_arena memory;
        struct item *items = calloc(count + 1, sizeof *items);
        uint64_t random = 1;
        for (size_t at = 0; at < count; at++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            items[at] = (struct item){(random >> 33) % (count / 2 + 1), at};
        }
        symbolizer_arena_open(&memory);
        assert_true(address_sort(&memory, items, count, sizeof *items));
        for (size_t at = 1; at < count; at++) {
            assert_true(items[at - 1].address < items[at].address ||
                        (items[at - 1].address == items[at].address && items[at - 1].before < items[at].before));
        }
        for (uint64_t address = 0; count > 0 && address < 20; address++) {
            size_t found = address_upper_bound(items, count, sizeof *items, address);
            assert_true(found == 0 || items[found - 1].address <= address);
            assert_true(found == count || items[found].address > address);
        }
        symbolizer_arena_close(&memory);
        free(items);
    }
}

TEST(fails_without_memory) {
    struct symbolizer_arena none = {0};
    struct item items[] = {{2, 0}, {1, 1}}, sorted[] = {{1, 0}, {1, 1}, {3, 2}};
    assert_false(address_sort(&none, items, 2, sizeof *items));
    assert_true(address_sort(&none, sorted, 3, sizeof *sorted)); // needs no memory
}

int main(void) {
    return tests_run();
}
