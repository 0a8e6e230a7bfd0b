// named_sums_test.c: the largest are printed, by their sums.

#include "../../../base/test/test.h"

#include "../named_sums.h"

static const char *printed(struct named_sums *sums, size_t shown) {
    static char text[500];
    FILE *file = fmemopen(text, sizeof text, "w");
    assert_non_null(file);
    named_sums_print(sums, shown, "bytes", file);
    fclose(file);
    return text;
}

TEST(names_are_summed_and_sorted) {
    static struct named_sums sums;
    assert_string_equal(printed(&sums, 3), "");
    named_sums_add(&sums, "small", 1000);
    named_sums_add(&sums, "large", 2000);
    named_sums_add(&sums, "middle", 1500);
    named_sums_add(&sums, "large", 3000);
    assert_string_equal(printed(&sums, 2), ": 5.00 kB large, 1.50 kB middle");
    assert_int_equal(sums.count, 3);
}

TEST(late_names_are_not_kept) {
    static struct named_sums sums;
    char name[20];
    for (int i = 0; i < NAMED_SUMS + 5; i++) {
        snprintf(name, sizeof name, "name %d", i);
        named_sums_add(&sums, name, 1);
    }
    named_sums_add(&sums, "name 0", 1000);
    assert_int_equal(sums.count, NAMED_SUMS);
    assert_int_equal(sums.items[0].value, 1001);
}

int main(void) {
    return tests_run();
}
