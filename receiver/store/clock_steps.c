// clock_steps.c: steps of the time of day (clock_steps.h).
#include "clock_steps.h"

static int64_t distance(int64_t a, int64_t b) {
    return a > b ? a - b : b - a;
}

bool clock_steps_settled(struct clock_steps *steps, int64_t day_ms, int64_t boot_ms, int64_t newest_ms) {
    int64_t ahead_ms = day_ms - boot_ms;
    if (!steps->is_known) {
        bool is_plausible = newest_ms == 0 || distance(day_ms, newest_ms) <= CLOCK_STEPS_PLAUSIBLE_MS;
        steps->settles_ms = boot_ms + (is_plausible ? 0 : CLOCK_STEPS_WAIT_MS);
        steps->is_known = true;
    } else if (distance(ahead_ms, steps->ahead_ms) > CLOCK_STEPS_STEP_MS) {
        steps->settles_ms = boot_ms + CLOCK_STEPS_WAIT_MS;
    }
    steps->ahead_ms = ahead_ms;
    return boot_ms >= steps->settles_ms;
}
