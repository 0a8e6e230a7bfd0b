// load.c: starts sampling before main, and before Go's runtime: as a constructor.
//
// If the program has package goshim/autostart, or DD_PROFILING_CMEMPROF_AUTOSTART is true. The other variables mean what they do for
// package profiler, which reports what is wrong with them.

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../../cmemprof/cmemprof.h"

extern const bool cmemprof_autostart_always __attribute__((weak));

// As Go's strconv.ParseBool.
static bool is_one_of(const char *name, const char *const words[6]) {
    const char *value = getenv(name);
    for (int i = 0; value && i < 6; i++) {
        if (strcmp(value, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_true(const char *name) {
    return is_one_of(name, (const char *const[6]){"1", "t", "T", "true", "TRUE", "True"});
}

static bool is_false(const char *name) {
    return is_one_of(name, (const char *const[6]){"0", "f", "F", "false", "FALSE", "False"});
}

static uint64_t interval(void) {
    const char *text = getenv("DD_PROFILING_CMEMPROF_SAMPLING_RATE");
    char *end = NULL;
    uint64_t bytes = text ? strtoull(text, &end, 10) : 0;
    return end && end != text && *end == '\0' ? bytes : CMEMPROF_DEFAULT_INTERVAL_BYTES;
}

bool cmemprof_load_started; // read by Go

static __attribute__((constructor)) void start(void) {
    bool always = &cmemprof_autostart_always;
    if ((always || is_true("DD_PROFILING_CMEMPROF_AUTOSTART")) && !is_false("DD_PROFILING_ENABLED") &&
        !is_false("DD_PROFILING_CMEMPROF_ENABLED")) {
        cmemprof_load_started = cmemprof_start(interval()) == CMEMPROF_OK; // what else it says is said again to profiler.Start
    }
}
