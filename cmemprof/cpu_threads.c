// cpu_threads.c (cpu): see cpu_threads.h.

#include "cpu_threads.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/clock.h"

enum { MAX_PROBES = 16 };

// 0: the thread has ended.
static uint64_t time_of(int32_t id) {
    return clock_ns(clock_of_thread(id));
}

static struct cpu_thread *slot_of(struct cpu_threads *threads, int32_t id, size_t probe) {
    return &threads->slots[((uint32_t)id + probe) % CPU_THREADS];
}

static void begin_anew(struct cpu_thread *thread, bool has_timer) {
    thread->is_known = thread->is_left = false;
    thread->has_timer = has_timer;
    thread->waits_since_ns = 0;
    atomic_store(&thread->sample, NULL);
}

struct cpu_thread *cpu_threads_find(struct cpu_threads *threads, int32_t id) {
    for (size_t probe = 0; probe < MAX_PROBES; probe++) {
        struct cpu_thread *thread = slot_of(threads, id, probe);
        int32_t is = atomic_load_explicit(&thread->id, memory_order_relaxed);
        if (is == id || (is == 0 && atomic_compare_exchange_strong(&thread->id, &is, id))) {
            return thread;
        }
    }
    // Threads that live for a moment are more than there is room for.
    for (size_t probe = 0; probe < MAX_PROBES; probe++) {
        struct cpu_thread *thread = slot_of(threads, id, probe);
        int32_t is = atomic_load_explicit(&thread->id, memory_order_relaxed);
        if (time_of(is) == 0 && atomic_compare_exchange_strong(&thread->id, &is, id)) {
            begin_anew(thread, false);
            return thread;
        }
    }
    return NULL;
}

void cpu_threads_forget(struct cpu_threads *threads, int32_t id) {
    for (size_t probe = 0; probe < MAX_PROBES; probe++) {
        struct cpu_thread *thread = slot_of(threads, id, probe);
        if (atomic_load(&thread->id) == id) {
            begin_anew(thread, false);
            return;
        }
    }
}

void cpu_threads_begin(struct cpu_threads *threads) {
    memset(threads, 0, sizeof *threads);
    DIR *directory = opendir("/proc/self/task");
    size_t known = 0;
    for (struct dirent *entry; directory && known < CPU_THREADS / 2 && (entry = readdir(directory));) {
        int32_t id = (int32_t)strtol(entry->d_name, NULL, 10);
        uint64_t ns = id > 0 ? time_of(id) : 0;
        struct cpu_thread *thread = ns != 0 ? cpu_threads_find(threads, id) : NULL;
        if (thread) {
            thread->is_known = true;
            atomic_store(&thread->ns, ns);
            known++;
        }
    }
    if (directory) {
        closedir(directory);
    }
}

uint64_t cpu_threads_note(struct cpu_thread *thread, uint64_t unknown_ns) {
    uint64_t before = atomic_load(&thread->ns), now;
    bool was_known = thread->is_known;
    do { // read after what is there, so that it is later
        now = time_of(atomic_load(&thread->id));
    } while (!atomic_compare_exchange_strong(&thread->ns, &before, now));
    thread->is_known = true;
    return was_known && now >= before ? now - before : unknown_ns;
}

void cpu_threads_timed(struct cpu_thread *thread) {
    begin_anew(thread, true);
}

bool cpu_threads_is_left(struct cpu_thread *thread, uint64_t now_ns, uint64_t longest_ns) {
    if (thread->has_timer) {
        return false;
    }
    if (thread->waits_since_ns == 0 || thread->waits_since_ns > now_ns) {
        thread->waits_since_ns = now_ns;
    }
    thread->is_left |= now_ns - thread->waits_since_ns >= longest_ns;
    return thread->is_left;
}

void cpu_threads_end(struct cpu_threads *threads) {
    for (size_t i = 0; i < CPU_THREADS; i++) {
        struct cpu_thread *thread = &threads->slots[i];
        struct cpu_sample *sample = atomic_exchange(&thread->sample, NULL);
        uint64_t before = atomic_load(&thread->ns), now = sample ? time_of(atomic_load(&thread->id)) : 0;
        if (now > before && atomic_compare_exchange_strong(&thread->ns, &before, now)) { // else it has a sample of that time now
            atomic_fetch_add(&sample->ns, now - before);
        }
    }
}
