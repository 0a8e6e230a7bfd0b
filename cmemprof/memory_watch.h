// memory_watch.h (resident): tells when a process is about to be killed for its memory: at its cgroup's limit, at the end of the machine's
// memory, or at a threshold that was set.
//
// It polls. While much is left it looks once a second; the less is left, the more often: a program that fills memory at
// MEMORY_WATCH_FASTEST is seen twice more before it reaches the limit. Notification (thresholds by eventfd, triggers of memory.pressure) is
// not used: it needs files that containers mount read-only, and a look is cheap (docs/memory.md).
//
// Trouble is: a twentieth of the limit left (of a small limit more: an eighth, but not more than 32 MiB, since naming takes some), or what
// is left gone within MEMORY_WATCH_HORIZON at the rate of growth of the last two looks, or pressure (cgroup_memory.h), or RSS at the
// threshold. It is told once a crossing: again when a quarter is left of what was left the last time, if that was more than 4 MiB; or when
// memory was no longer short in between, at least MEMORY_WATCH_PAUSE after the last time.
//
// Threads: one at a time per watch; not inside malloc. Memory: 20 KiB of stack.
#ifndef CMEMPROF_MEMORY_WATCH_H
#define CMEMPROF_MEMORY_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"
#include "cmemprof.h"

#define MEMORY_WATCH_SECOND UINT64_C(1000000000)
#define MEMORY_WATCH_HORIZON (2 * MEMORY_WATCH_SECOND)
#define MEMORY_WATCH_PAUSE (300 * MEMORY_WATCH_SECOND)
#define MEMORY_WATCH_FASTEST (UINT64_C(1) << 30) // bytes per second

// What is read at one moment. UINT64_MAX: unknown, and no limit.
struct memory_reading {
    uint64_t limit, left; // memory.high counts as one
    uint64_t rss, threshold;
    unsigned pressure_percent;
    uint64_t hard_left; // to where the kernel kills
};
void memory_watch_read(uint64_t threshold_bytes, struct memory_reading *reading);

// Takes a reading of the time now_ns. Returns true if there is trouble that was not told yet. *wait_ns: when to read again.
bool memory_watch_judge(struct cmemprof_memory_watch *watch, const struct memory_reading *reading, uint64_t now_ns, uint64_t *wait_ns);

#endif
