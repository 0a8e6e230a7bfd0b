// ticker.c: see ticker.h.
#include "ticker.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "../base/clock.h"
#include "own_thread.h"
#include "time_profile.h"

enum { LONGEST_PERIODS = 8, PAUSES = 20 }; // PAUSES: a pause is so many times what a look takes, at least

static void *run(void *context) {
    long period_ns = 1000000000 / (long)(intptr_t)context, wanted_ns = period_ns;
    unsigned short random[3] = {(unsigned short)period_ns, 1, 2};
    prctl(PR_SET_NAME, "cmemprof-time");
    for (unsigned start = time_profile_is_on(); start != 0 && time_profile_is_on() == start;) {
        long pause_ns = wanted_ns / 2 + (long)(erand48(random) * (double)wanted_ns);
        nanosleep(&(struct timespec){.tv_sec = pause_ns / 1000000000, .tv_nsec = pause_ns % 1000000000}, NULL);
        uint64_t begin = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        bool runs = time_profile_tick();
        long least_ns = (long)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin) * PAUSES;
        if (runs) {
            wanted_ns = least_ns > period_ns ? least_ns : period_ns;
        } else if (wanted_ns < LONGEST_PERIODS * period_ns) {
            wanted_ns *= 2;
        }
    }
    return NULL;
}

bool ticker_start(unsigned hz) {
    return own_thread_start(run, (void *)(intptr_t)hz);
}
