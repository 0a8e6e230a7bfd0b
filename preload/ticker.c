// ticker.c: see ticker.h.
#include "ticker.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "own_thread.h"
#include "time_profile.h"

enum { LONGEST_PERIODS = 8 };

static void *run(void *context) {
    long period_ns = 1000000000 / (long)(intptr_t)context, wanted_ns = period_ns;
    unsigned short random[3] = {(unsigned short)period_ns, 1, 2};
    prctl(PR_SET_NAME, "cmemprof-time");
    for (unsigned start = time_profile_is_on(); start != 0 && time_profile_is_on() == start;) {
        long pause_ns = wanted_ns / 2 + (long)(erand48(random) * (double)wanted_ns);
        nanosleep(&(struct timespec){.tv_sec = pause_ns / 1000000000, .tv_nsec = pause_ns % 1000000000}, NULL);
        if (time_profile_tick()) {
            wanted_ns = period_ns;
        } else if (wanted_ns < LONGEST_PERIODS * period_ns) {
            wanted_ns *= 2;
        }
    }
    return NULL;
}

bool ticker_start(unsigned hz) {
    return own_thread_start(run, (void *)(intptr_t)hz);
}
