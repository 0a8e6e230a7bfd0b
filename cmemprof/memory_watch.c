// memory_watch.c (resident): see memory_watch.h.

#include "memory_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "cgroup_memory.h"
#include "page_residency.h"

enum {
    SHARE_LEFT = 20,
    SHARE_OF_SMALL = 8,
    LEFT_OF_SMALL = 32 << 20,
    CLOSER = 4,
    CLOSEST = 4 << 20,
    TROUBLING_PERCENT = 20,
    LOOKS_BEFORE_THE_LIMIT = 2,
    START_BYTES = 4096,
};
static const uint64_t shortest_wait_ns = 20 * 1000 * 1000, wait_when_told_ns = 100 * 1000 * 1000;

// ---- Reading ----

static uint64_t min(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static uint64_t max(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static void read_start(const char *path, char text[START_BYTES]) {
    int saved = errno, file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file >= 0 ? read(file, text, START_BYTES - 1) : -1;
    if (file >= 0) {
        close(file);
    }
    errno = saved;
    text[size > 0 ? size : 0] = '\0';
}

static uint64_t line_of(const char *text, const char *name) {
    const char *at = strstr(text, name);
    return at ? strtoull(at + strlen(name), NULL, 10) * 1024 : UINT64_MAX;
}

static void read_machine(uint64_t *total, uint64_t *available) {
    char text[START_BYTES];
    read_start("/proc/meminfo", text);
    *total = line_of(text, "MemTotal:");
    *available = line_of(text, "\nMemAvailable:");
}

void memory_watch_read(uint64_t threshold_bytes, struct memory_reading *reading) {
    struct cgroup_room room;
    *reading = (struct memory_reading){
        .limit = UINT64_MAX, .left = UINT64_MAX, .hard_left = UINT64_MAX, .rss = UINT64_MAX, .threshold = UINT64_MAX};
    if (cgroup_memory_room(CGROUP_MEMORY_LIST, CGROUP_MEMORY_MOUNT, false, &room)) {
        bool is_high = room.left_to_high < room.left;
        reading->limit = is_high ? room.high : room.limit;
        reading->left = is_high ? room.left_to_high : room.left;
        reading->hard_left = room.left;
    }
    reading->pressure_percent = room.pressure_percent;
    uint64_t total, available;
    read_machine(&total, &available);
    if (total != UINT64_MAX && available < reading->left) {
        reading->limit = total;
        reading->left = available;
    }
    reading->hard_left = min(reading->hard_left, available);
    if (threshold_bytes != 0) {
        size_t rss = page_residency_of_process();
        reading->rss = rss != 0 ? rss : UINT64_MAX;
        reading->threshold = threshold_bytes;
    }
}

// ---- Judging ----

// In bytes per second, from one look to the next.
static uint64_t rate(uint64_t from_bytes, uint64_t bytes, uint64_t from_ns, uint64_t now_ns) {
    return bytes > from_bytes && now_ns > from_ns ? (uint64_t)((double)(bytes - from_bytes) / (double)(now_ns - from_ns) * 1e9) : 0;
}

// The lower rate of the last two times between looks: one block that is allocated and freed is no growth.
static uint64_t growth(struct cmemprof_memory_watch *watch, uint64_t used, uint64_t now_ns) {
    uint64_t now = watch->last_ns != 0 ? rate(watch->last_bytes, used, watch->last_ns, now_ns) : 0, steady = min(now, watch->last_rate);
    watch->last_ns = now_ns;
    watch->last_bytes = used;
    watch->last_rate = now;
    return steady;
}

// Until the next look: half of what the limit is away, even if growth begins now at the highest rate.
static uint64_t wait_for(uint64_t left, uint64_t shortest) {
    uint64_t part = min(left / LOOKS_BEFORE_THE_LIMIT, MEMORY_WATCH_FASTEST);
    return max(part * MEMORY_WATCH_SECOND / MEMORY_WATCH_FASTEST, shortest);
}

static bool limit_is_near(const struct memory_reading *reading, uint64_t growth_bytes) {
    uint64_t little = max(reading->limit / SHARE_LEFT, min(reading->limit / SHARE_OF_SMALL, LEFT_OF_SMALL));
    return reading->left < little || (double)reading->left < (double)growth_bytes * ((double)MEMORY_WATCH_HORIZON / MEMORY_WATCH_SECOND);
}

// Told when near, again when much nearer, and after a pause if it was clear in between.
static bool tells_limit(struct cmemprof_memory_watch *watch, uint64_t left, bool is_near, uint64_t now_ns) {
    bool is_closer = watch->told_ns == 0 || (left < watch->told_left / CLOSER && watch->told_left > CLOSEST),
         is_again = watch->was_clear && now_ns - watch->told_ns >= MEMORY_WATCH_PAUSE, tells = is_near && (is_closer || is_again);
    watch->was_clear = !tells && (watch->was_clear || !is_near);
    if (tells) {
        watch->told_ns = now_ns;
        watch->told_left = left;
    }
    return tells;
}

// Told when crossed, and again after a pause if RSS was below in between. Apart from the limit, which comes later and is told, too.
static bool tells_threshold(struct cmemprof_memory_watch *watch, bool is_over, uint64_t now_ns) {
    bool tells = is_over && !watch->over_is_told && (watch->over_ns == 0 || now_ns - watch->over_ns >= MEMORY_WATCH_PAUSE);
    watch->over_is_told = is_over && (watch->over_is_told || tells);
    watch->over_ns = tells ? now_ns : watch->over_ns;
    return tells;
}

bool memory_watch_judge(struct cmemprof_memory_watch *watch, const struct memory_reading *reading, uint64_t now_ns, uint64_t *wait_ns) {
    bool has_limit = reading->limit != UINT64_MAX;
    uint64_t to_threshold = reading->threshold == UINT64_MAX || reading->rss == UINT64_MAX ? UINT64_MAX
                            : reading->rss < reading->threshold                            ? reading->threshold - reading->rss
                                                                                           : 0;
    bool is_over = to_threshold == 0;
    watch->left_bytes = reading->left;
    watch->growth_bytes = has_limit ? growth(watch, reading->limit - min(reading->left, reading->limit), now_ns) : 0;
    bool is_near = (has_limit && limit_is_near(reading, watch->growth_bytes)) || reading->pressure_percent >= TROUBLING_PERCENT;
    // Over the threshold, the limit alone says when to look again.
    *wait_ns = wait_for(min(reading->left, is_over ? UINT64_MAX : to_threshold), is_near || is_over ? wait_when_told_ns : shortest_wait_ns);
    bool of_limit = tells_limit(watch, reading->left, is_near, now_ns), of_threshold = tells_threshold(watch, is_over, now_ns);
    return of_limit || of_threshold;
}

bool cmemprof_memory_watch_step(struct cmemprof_memory_watch *watch, uint64_t threshold_bytes, uint64_t *wait_ns) {
    struct memory_reading reading;
    memory_watch_read(threshold_bytes, &reading);
    return memory_watch_judge(watch, &reading, clock_ns(CLOCK_MONOTONIC), wait_ns);
}

uint64_t cmemprof_memory_limit(void) {
    struct cgroup_memory memory;
    return cgroup_memory_read(CGROUP_MEMORY_LIST, CGROUP_MEMORY_MOUNT, &memory) ? memory.limit : UINT64_MAX;
}

uint64_t cmemprof_memory_left(void) {
    uint64_t total, available;
    read_machine(&total, &available);
    return min(cgroup_memory_left(CGROUP_MEMORY_LIST, CGROUP_MEMORY_MOUNT), available);
}
