// age.c (tables): see age.h.

#include "age.h"

static void raise_to(_Atomic uint32_t *value, uint32_t at_least) {
    uint32_t before = atomic_load_explicit(value, memory_order_relaxed);
    while (before < at_least &&
           !atomic_compare_exchange_weak_explicit(value, &before, at_least, memory_order_relaxed, memory_order_relaxed)) {
    }
}

void age_advance(struct age_clock *clock, int64_t monotonic_ns, bool with_pause) {
    int64_t elapsed_s = (monotonic_ns - clock->zero_ns) / 1000000000;
    uint32_t before_s = age_now(clock), now_s = elapsed_s > before_s ? (uint32_t)elapsed_s : before_s;
    raise_to(&clock->now_s, now_s);
    if (with_pause) {
        raise_to(&clock->worst_pause_s, age_between(before_s, now_s));
    }
}

static const struct {
    uint32_t below_s;
    const char *label;
} classes[CMEMPROF_AGE_CLASSES] = {{60, "<1m"},          {5 * 60, "1-5m"},     {30 * 60, "5-30m"},
                                   {120 * 60, "30m-2h"}, {24 * 3600, "2h-1d"}, {UINT32_MAX, ">1d"}};

unsigned age_class(uint32_t age_s) {
    unsigned class = 0;
    while (class < CMEMPROF_AGE_CLASSES - 1 && age_s >= classes[class].below_s) {
        class ++;
    }
    return class;
}

const char *age_label(unsigned class) {
    return classes[class < CMEMPROF_AGE_CLASSES ? class : CMEMPROF_AGE_CLASSES - 1].label;
}
