// readers.h: names of the readers, as fuzz target, seeds and mk/fuzz.mk have them: folders of seeds, and the environment variable
// FOREIGN_READER.
#ifndef CMEMPROF_FOREIGN_FUZZ_READERS_H
#define CMEMPROF_FOREIGN_FUZZ_READERS_H

#include "../foreign.h"

static const char *const readers[FOREIGN_READABLE] = {
    [FOREIGN_FOLDED] = "folded",
    [FOREIGN_SPEEDSCOPE] = "speedscope",
    [FOREIGN_V8_CPU] = "v8_cpu",
    [FOREIGN_V8_HEAP] = "v8_heap",
    [FOREIGN_PPROF_HEAP] = "pprof_heap",
    [FOREIGN_JEMALLOC] = "jemalloc",
    [FOREIGN_PPROF_CONTENTION] = "pprof_contention",
    [FOREIGN_PPROF_THREADS] = "pprof_threads",
    [FOREIGN_PPROF_COUNT] = "pprof_count",
    [FOREIGN_PPROF_CPU] = "pprof_cpu",
    [FOREIGN_PERF_SCRIPT] = "perf_script",
    [FOREIGN_HEAPTRACK] = "heaptrack",
    [FOREIGN_GO_TRACE] = "go_trace",
};

#endif
