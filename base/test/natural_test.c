// natural_test.c: compared with libm.

#include "test.h"

#include <math.h>

#include "../natural.h"

static void assert_close(double ours, double theirs) {
    assert_true(fabs(ours - theirs) <= 4e-16 * fabs(theirs));
}

TEST(powers_of_e) {
    for (double x = -699; x < 699; x += 0.37) {
        assert_close(natural_exp(x), exp(x));
        assert_close(natural_expm1(x), expm1(x));
    }
    assert_true(natural_exp(-1000) == 0);
    assert_true(natural_exp(0) == 1);
}

// Where e^x - 1 would lose what little there is.
TEST(small_powers) {
    for (double x = 1; x > 1e-300; x *= 0.83) {
        assert_close(natural_expm1(x), expm1(x));
        assert_close(natural_expm1(-x), expm1(-x));
    }
    assert_true(natural_expm1(0) == 0);
    assert_true(natural_expm1(-INFINITY) == -1);
}

TEST(logarithms) {
    for (double x = 1e-300; x < 1e300; x *= 1.37) {
        assert_close(natural_log(x), log(x));
        assert_int_equal(natural_log2(x), ilogb(x));
    }
    for (double x = 0.5; x < 2; x += 0.0009) {
        assert_true(fabs(natural_log(x) - log(x)) <= 2e-16);
    }
    assert_true(natural_log(1) == 0);
}

TEST(nearest_integers) {
    for (double x = 0; x < 100; x += 0.125) {
        assert_int_equal(natural_round(x), llround(x));
    }
    assert_int_equal(natural_round(0x1p52 + 1), 0x1p52 + 1);
}

int main(void) {
    return tests_run();
}
