// time_events.c: events and spans, of time_profile.h: what a thread says of itself, with the GIL.
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../cmemprof/profiler.h"
#include "time_context.h"
#include "time_entry.h"
#include "time_locks.h"
#include "time_profile.h"

static void add_event(struct time_state *it, const struct time_event *event, struct time_scratch *scratch, uint32_t depth,
                      uintptr_t thread) {
    enum time_table table = event->kind == TIME_EVENT_RAISED ? TIME_RAISED : TIME_LOCKS;
    struct time_labels labels = {
        .thread = (int32_t)syscall(SYS_gettid), .is_python = true, .is_release = event->kind == TIME_EVENT_RELEASED};
    if (event->type) {
        const struct python_name name = {.function = event->type, .function_size = strnlen(event->type, PYTHON_NAME_BYTES), .file = ""};
        labels.exception = python_names_word(&it->of->python.names, &name, 0);
    }
    struct time_period *period = time_profile_enter(it);
    time_context_read(it, period, table, &scratch->python.reader, thread, &labels);
    cpu_samples_add(&period->tables[table], scratch->words, time_labels_put(&labels, scratch->words, depth), event->ns * event->count,
                    event->count);
    time_profile_leave(period);
}

bool time_profile_event(const struct time_event *event) {
    struct time_state *it = time_profile_current();
    struct time_scratch *scratch = it && it->has_wall ? time_profile_take_scratch(it) : NULL;
    if (!scratch) {
        return false;
    }
    struct python *python = &it->of->python;
    uintptr_t *words = scratch->words, thread = (uintptr_t)python->symbols.this_thread();
    python_reader_begin(&scratch->python.reader, NULL);
    uint32_t depth = python_frames(python, &scratch->python.reader, NULL, thread, words, TIME_MAX_FRAMES, NULL);
    uint32_t skip = event->skip < depth ? event->skip : depth;
    memmove(words, words + skip, (depth -= skip) * sizeof *words);
    bool counts = event->kind != TIME_EVENT_ACQUIRED || !time_locks_is_none(&python->names, words, depth);
    if (counts) {
        add_event(it, event, scratch, depth, thread);
    }
    atomic_store_explicit(&scratch->busy, false, memory_order_release);
    return counts;
}

bool time_profile_watch_spans(uintptr_t variable) {
    struct time_state *it = time_profile_current();
    bool ok = false;
    if (it && it->has_wall) {
        pthread_mutex_lock(&it->lock); // a tick may have found asyncio, and open the same texts
        ok = time_context_watch(it, variable);
        pthread_mutex_unlock(&it->lock);
    }
    return ok;
}

void time_profile_endpoint(uint64_t root, const char *text) {
    struct time_state *it = time_profile_current();
    if (it && atomic_load(&it->span) != 0) {
        struct time_period *period = time_profile_enter(it);
        time_context_endpoint(period, root, text);
        time_profile_leave(period);
    }
}

bool time_profile_expect_locks(void) {
    struct time_state *it = time_profile_current();
    return it && it->has_wall && cpu_samples_open(&it->periods[0].tables[TIME_LOCKS]) &&
           cpu_samples_open(&it->periods[1].tables[TIME_LOCKS]);
}
