// extremes_test.c: as fmax and fmin.

#include "test.h"

#include <math.h>

#include "../extremes.h"

TEST(are_those_of_libm) {
    static const double values[] = {0, 1, -1, 2.5, INFINITY, -INFINITY, NAN};
    enum { COUNT = sizeof values / sizeof *values };
    for (size_t i = 0; i < (size_t)COUNT * COUNT; i++) {
        double a = values[i / COUNT], b = values[i % COUNT], most = extremes_max(a, b), least = extremes_min(a, b);
        assert_true(most == fmax(a, b) || (isnan(most) && isnan(fmax(a, b))));
        assert_true(least == fmin(a, b) || (isnan(least) && isnan(fmin(a, b))));
    }
}

int main(void) {
    return tests_run();
}
