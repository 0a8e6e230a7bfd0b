// unsample.c: what sampled allocations stand for (unsample.h).
#include "unsample.h"

#include <math.h>

static int64_t times(int64_t value, double factor) {
    double product = (double)value * factor;
    return product >= 9.2e18 ? INT64_MAX : product <= -9.2e18 ? INT64_MIN : (int64_t)product;
}

void unsample(int64_t interval_bytes, int64_t *count, int64_t *bytes) {
    if (*count == 0 || *bytes == 0) {
        *count = *bytes = 0;
        return;
    }
    if (interval_bytes <= 1) {
        return;
    }
    double mean = (double)*bytes / (double)*count, scale = 1 / (1 - exp(-mean / (double)interval_bytes));
    if (isfinite(scale)) {
        *count = times(*count, scale);
        *bytes = times(*bytes, scale);
    }
}
