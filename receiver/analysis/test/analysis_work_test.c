// analysis_work_test.c: a rise with the work is explained; a larger one, or one without more work, is not.

#include "../../../base/test/test.h"

#include "analysis_series.h"

#include "../analysis_work.h"

#include <math.h>

enum { COUNT = 12 };

static void fill(struct measures *measures, double cpu_after, double allocation_after) {
    for (int i = 0; i < COUNT; i++) {
        measures_clear(&measures[i]);
        measures[i].values[MEASURE_CPU_CORES] = i < 6 ? 1 : cpu_after;
        measures[i].values[MEASURE_ALLOC_BYTES_PER_S] = i < 6 ? 1e6 : 1e6 * allocation_after;
    }
}

TEST(work) {
    struct measures measures[COUNT];
    struct shape shape = {.kind = SHAPE_PLATEAU, .from = 100, .to = 200, .before = 6, .after = 6};
    fill(measures, 2, 2);
    assert_true(work_explains(measures, COUNT, &shape));
    fill(measures, 2, 1); // the one of the two that rose less
    assert_false(work_explains(measures, COUNT, &shape));
    fill(measures, 1.5, 1.5);
    assert_false(work_explains(measures, COUNT, &shape));
    fill(measures, 2, NAN);
    assert_true(work_explains(measures, COUNT, &shape));
    fill(measures, NAN, NAN);
    assert_false(work_explains(measures, COUNT, &shape));
    fill(measures, 1.1, 1.1); // close to equal
    shape.to = 105;
    assert_false(work_explains(measures, COUNT, &shape));
    fill(measures, 2, 2);
    shape.to = 200;
    shape.before = 1, shape.after = COUNT - 1; // stairs: three points at each end
    assert_true(work_explains(measures, COUNT, &shape));
    shape = (struct shape){.kind = SHAPE_GROWS, .from = 100, .to = 200, .start = 6, .before = 9, .after = 9};
    assert_false(work_explains(measures, COUNT, &shape)); // for growth in the newer half, the work of that half counts
    shape.from = 0;                                       // from nothing: more than any work
    assert_false(work_explains(measures, COUNT, &shape));
}

int main(void) {
    return tests_run();
}
