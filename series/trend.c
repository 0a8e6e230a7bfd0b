// trend.c: tells growth from what resembles it (trend.h).
#include "trend.h"

#include <stddef.h>

enum { FEW_POINTS = 8 };

// Selects the n-th smallest, with none larger before it and none smaller after it: Hoare's quickselect. A series has 1,770 slopes, and
// sorting them would take most of the time.
static void select_nth(double *values, ptrdiff_t count, ptrdiff_t n) {
    for (ptrdiff_t low = 0, high = count - 1; low < high;) {
        double pivot = values[low + (high - low) / 2];
        ptrdiff_t i = low, j = high;
        while (i <= j) {
            while (i < high && values[i] < pivot) {
                i++;
            }
            while (j > low && values[j] > pivot) {
                j--;
            }
            if (i <= j) {
                double value = values[i];
                values[i++] = values[j];
                values[j--] = value;
            }
        }
        // Everything between j and i equals the pivot.
        if (n > j && n < i) {
            return;
        }
        low = n <= j ? low : i;
        high = n <= j ? j : high;
    }
}

double trend_median(double *values, size_t count) {
    if (count == 0) {
        return 0;
    }
    size_t half = count / 2;
    select_nth(values, (ptrdiff_t)count, (ptrdiff_t)half);
    double upper = values[half], lower = values[0];
    if (count % 2) {
        return upper;
    }
    for (size_t i = 1; i < half; i++) {
        lower = values[i] > lower ? values[i] : lower;
    }
    return (lower + upper) / 2;
}

double trend_median_of(const struct series_point *points, size_t count) {
    double values[TREND_MAX_POINTS];
    for (size_t i = 0; i < count; i++) {
        values[i] = points[i].value;
    }
    return trend_median(values, count);
}

static double seconds_between(const struct series_point *a, const struct series_point *b) {
    return (double)(b->ms - a->ms) / 1000;
}

double trend_slope(const struct series_point *points, size_t count) {
    double slopes[TREND_MAX_POINTS * (TREND_MAX_POINTS - 1) / 2];
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            double seconds = seconds_between(&points[i], &points[j]);
            if (seconds > 0) {
                slopes[used++] = (points[j].value - points[i].value) / seconds;
            }
        }
    }
    return trend_median(slopes, used);
}

struct pairs {
    size_t rising, falling, steps; // steps: rises between neighbours
};

static struct pairs count_pairs(const struct series_point *points, size_t count) {
    struct pairs pairs = {0};
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            pairs.rising += points[j].value > points[i].value;
            pairs.falling += points[j].value < points[i].value;
        }
        pairs.steps += i > 0 && points[i].value > points[i - 1].value;
    }
    return pairs;
}

// A few points rise one after the other by chance: one in 120 orders of five, and a program has hundreds of sites. So with few points, each
// step must have at least a quarter of the slope, and the whole must double.
static bool is_line(const struct series_point *points, size_t count, double slope_per_s, double first) {
    for (size_t i = 1; i < count; i++) {
        double seconds = seconds_between(&points[i - 1], &points[i]);
        if (points[i].value - points[i - 1].value < slope_per_s * seconds / 4) {
            return false;
        }
    }
    return points[count - 1].value >= 2 * first;
}

struct trend trend_of(const struct series_point *points, size_t count, double min_growth) {
    struct trend trend = {0};
    if (count < TREND_MIN_POINTS || count > TREND_MAX_POINTS) {
        return trend;
    }
    size_t third = count / 3, half = count / 2;
    trend.first = trend_median_of(points, third);
    trend.last = trend_median_of(points + count - third, third);
    double growth = trend.last - trend.first;
    // Most series of a steady program end here, before all pairs are compared. A quarter: slower growth is found once more of it has
    // passed.
    if (growth < min_growth || growth <= 0 || growth < trend.first / 4) {
        return trend;
    }
    double middle = trend_median_of(points + third, count - 2 * third);
    struct pairs pairs = count_pairs(points, count);
    trend.slope_per_s = trend_slope(points, count);
    trend.rising = (double)pairs.rising / (double)(pairs.rising + pairs.falling);
    double late_slope = trend_slope(points + half, count - half);
    // A program that fills its caches grows more and more slowly. Between the last two medians lies half of a steady leak's growth; of an
    // approach (1 - exp(-t)), 0.34 if two of its time constants are visible, 0.27 for three, 0.14 for five.
    bool goes_on = trend.last - middle >= 0.36 * growth && late_slope >= 0.4 * trend.slope_per_s;
    bool from_start = middle - trend.first >= 0.15 * growth;
    // Noise has a tau of 0 with a standard deviation of 0.27 for 8 points, 0.12 for 30: 0.7 is 2.6 and 6 of them. One period of a sawtooth
    // or more stays below 0.5 (two teeth: 0.5, three: 0.33).
    bool monotonic = pairs.rising > 0 && trend.rising >= 0.85;
    bool many_steps = pairs.steps >= 3 && pairs.steps * 5 >= count - 1;
    bool sure = count >= FEW_POINTS || is_line(points, count, trend.slope_per_s, trend.first);
    trend.grows = trend.slope_per_s > 0 && goes_on && from_start && monotonic && many_steps && sure;
    return trend;
}
