// ticker.c: see ticker.h.
#include "ticker.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "../base/clock.h"
#include "own_thread.h"
#include "time_profile.h"

// A look takes a hundredth of a processor at most, for which pauses grow to four periods; beyond, a twentieth.
enum { LONGEST_PERIODS = 8, PAUSES = 100, STRETCHED_PERIODS = 4, LEAST_PAUSES = 20 };

static long pause_after(long look_ns, long period_ns) {
    long stretched_ns = look_ns * PAUSES, least_ns = look_ns * LEAST_PAUSES;
    stretched_ns = stretched_ns < STRETCHED_PERIODS * period_ns ? stretched_ns : STRETCHED_PERIODS * period_ns;
    stretched_ns = stretched_ns > least_ns ? stretched_ns : least_ns;
    return stretched_ns > period_ns ? stretched_ns : period_ns;
}

static void *run(void *context) {
    long period_ns = 1000000000 / (long)(intptr_t)context, wanted_ns = period_ns, look_ns = 0; // look_ns: a mean of the last ones
    unsigned short random[3] = {(unsigned short)period_ns, 1, 2};
    prctl(PR_SET_NAME, "cmemprof-time");
    for (unsigned start = time_profile_is_on(); start != 0 && time_profile_is_on() == start;) {
        long pause_ns = wanted_ns / 2 + (long)(erand48(random) * (double)wanted_ns);
        nanosleep(&(struct timespec){.tv_sec = pause_ns / 1000000000, .tv_nsec = pause_ns % 1000000000}, NULL);
        uint64_t begin = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        bool runs = time_profile_tick();
        look_ns += ((long)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin) - look_ns) / 8;
        if (runs) {
            wanted_ns = pause_after(look_ns, period_ns);
        } else if (wanted_ns < LONGEST_PERIODS * period_ns) {
            wanted_ns *= 2;
        }
    }
    return NULL;
}

bool ticker_start(unsigned hz) {
    return own_thread_start(run, (void *)(intptr_t)hz);
}
