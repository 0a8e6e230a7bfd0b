// python_layout_test.c: versions are told apart, and 3.13 must confirm what is known of it. e2e/python compares offsets with Python's
// headers.

#include "../../base/test/test.h"

#include "../python_layout.h"
#include "like_python.h"

TEST(versions) {
    uint64_t words[LIKE_PYTHON_OFFSETS];
    like_python_offsets(words);
    assert_null(python_layout_of(0x030a0df0, words));
    assert_null(python_layout_of(0x030e00f0, words));
    assert_null(python_layout_of(0x030b00b1, NULL)); // a beta
    assert_non_null(python_layout_of(0x030b00c1, NULL));
    const struct python_layout *eleven = python_layout_of(0x030b02f0, NULL), *twelve = python_layout_of(0x030c01f0, NULL);
    assert_int_equal(eleven->first_shim, 0);
    assert_true(eleven->has_activations && twelve->has_activations && twelve->first_shim != 0);
    assert_false(python_layout_of(0x030d00f0, words)->has_activations);
}

TEST(unconfirmed) {
    static const unsigned changed[] = {0, 2, 23, 29, 30, 31, 33, 35, 37, 38, 39, 43};
    uint64_t words[LIKE_PYTHON_OFFSETS];
    assert_null(python_layout_of(0x030d00f0, NULL));
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
        like_python_offsets(words);
        words[changed[i]] += 8;
        assert_null(python_layout_of(0x030d00f0, words));
    }
}

int main(void) {
    return tests_run();
}
