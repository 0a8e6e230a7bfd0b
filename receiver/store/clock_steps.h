// clock_steps.h: whether the time of day can be trusted to tell ages: a clock that is a month ahead for a moment must not empty the store.
//
// It is compared with a clock that nobody sets (CLOCK_BOOTTIME, which goes on while the machine sleeps). After a step the time of day is
// trusted once an hour has passed without another. At the start it is trusted if the newest upload came within a day of it.
//
// Threads: one. Memory: none.
#ifndef CMEMPROF_RECEIVER_CLOCK_STEPS_H
#define CMEMPROF_RECEIVER_CLOCK_STEPS_H

#include <stdbool.h>
#include <stdint.h>

enum { CLOCK_STEPS_WAIT_MS = 3600 * 1000, CLOCK_STEPS_STEP_MS = 10 * 1000, CLOCK_STEPS_PLAUSIBLE_MS = 24 * 3600 * 1000 };

struct clock_steps { // zero-initialised
    bool is_known;
    int64_t ahead_ms;   // the time of day before the other clock
    int64_t settles_ms; // by the other clock
};

// newest_ms: when the newest upload came, by the time of day; 0: there is none. Call it at least every few minutes: what happens between
// two calls is one step.
bool clock_steps_settled(struct clock_steps *steps, int64_t day_ms, int64_t boot_ms, int64_t newest_ms);

#endif
