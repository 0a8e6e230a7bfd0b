// cpu_gap_test.c: addresses and names of what is left out.

#include "../../base/test/test.h"

#include "../cpu_gap.h"

TEST(an_address_for_each_number) {
    unsigned frames;
    for (uint32_t i = 0; i <= CPU_GAP_MAX_FRAMES; i++) {
        assert_true(cpu_gap_is(cpu_gap_address(i), &frames));
        assert_int_equal(frames, i);
    }
    assert_int_equal(cpu_gap_address(CPU_GAP_MAX_FRAMES + 1), cpu_gap_address(CPU_GAP_MAX_FRAMES));
    assert_false(cpu_gap_is(cpu_gap_address(0) - 1, &frames));
    assert_false(cpu_gap_is(cpu_gap_address(CPU_GAP_MAX_FRAMES) + 1, &frames));
    assert_false(cpu_gap_is(0, &frames));
    assert_false(cpu_gap_is((uintptr_t)cpu_gap_print, &frames));
}

TEST(names) {
    char text[64], small[8], one[1];
    cpu_gap_print(1, text, sizeof text);
    assert_string_equal(text, "(1 frame left out)");
    cpu_gap_print(2032, text, sizeof text);
    assert_string_equal(text, "(2032 frames left out)");
    cpu_gap_print(2032, small, sizeof small);
    assert_string_equal(small, "(2032 f");
    cpu_gap_print(2032, one, sizeof one);
    assert_string_equal(one, "");
}

TEST(numbers) {
    char buffer[64];
    struct cpu_text text = {buffer, buffer + sizeof buffer - 1};
    cpu_text_put_number(&text, 0, 10);
    cpu_text_put(&text, " ");
    cpu_text_put_number(&text, UINT64_MAX, 16);
    cpu_text_put(&text, " ");
    cpu_text_put_number(&text, UINT64_MAX, 10);
    assert_string_equal(buffer, "0 ffffffffffffffff 18446744073709551615");
}

int main(void) {
    return tests_run();
}
