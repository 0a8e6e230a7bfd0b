// snapshot.c: takes a snapshot: what the tables hold at one moment, while the program runs on.
//
// Threads: any, several at once. The thread counts as the profiler's own meanwhile. Memory: malloc.

#include "snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "profiler.h"
#include "reclaim.h"

static struct record *add_record(struct cmemprof_snapshot *snapshot, const struct stack *stack) {
    if (snapshot->record_count == snapshot->record_room) {
        size_t room = snapshot->record_room == 0 ? 256 : snapshot->record_room * 2;
        struct record *records = realloc(snapshot->records, room * sizeof *records);
        if (records == NULL) {
            snapshot->failed = true;
            return NULL;
        }
        snapshot->records = records;
        snapshot->record_room = room;
    }
    struct record *record = &snapshot->records[snapshot->record_count++];
    *record = (struct record){.stack = stack};
    return record;
}

static void visit_live(const struct live_sample *sample, void *context) {
    struct record *record = add_record(context, sample->stack);
    if (record != NULL) {
        record->inuse_objects = sample->weight;
        record->inuse_bytes = sample->weight * (double)sample->size_bytes;
    }
}

static void visit_stack(struct stack *stack, void *context) {
    struct record *record = add_record(context, stack);
    if (record != NULL) {
        record->alloc_objects = stack_alloc_objects(stack);
        record->alloc_bytes = stack_alloc_bytes(stack);
        record->samples = stack_samples(stack);
        atomic_store_explicit(&stack->profiled_samples, record->samples, memory_order_relaxed);
    }
}

static int by_stack(const void *left, const void *right) {
    const struct record *a = left, *b = right;
    return a->stack != b->stack ? (a->stack < b->stack ? -1 : 1) : 0;
}

static void add_up_by_stack(struct cmemprof_snapshot *snapshot) {
    if (snapshot->record_count == 0) {
        return;
    }
    qsort(snapshot->records, snapshot->record_count, sizeof *snapshot->records, by_stack);
    size_t last = 0;
    for (size_t i = 1; i < snapshot->record_count; i++) {
        const struct record *next = &snapshot->records[i];
        struct record *sum = &snapshot->records[last];
        if (next->stack != sum->stack) {
            snapshot->records[++last] = *next;
            continue;
        }
        sum->alloc_objects += next->alloc_objects;
        sum->alloc_bytes += next->alloc_bytes;
        sum->inuse_objects += next->inuse_objects;
        sum->inuse_bytes += next->inuse_bytes;
        sum->samples += next->samples;
    }
    snapshot->record_count = last + 1;
}

int snapshot_compare_places(const void *left, const void *right) {
    const struct code_place *a = left, *b = right;
    if (a->pc != b->pc) {
        return a->pc < b->pc ? -1 : 1;
    }
    return a->generation != b->generation ? (a->generation < b->generation ? -1 : 1) : 0;
}

static size_t sort_unique(struct code_place *places, size_t count) {
    if (count == 0) {
        return 0;
    }
    qsort(places, count, sizeof *places, snapshot_compare_places);
    size_t last = 0;
    for (size_t i = 1; i < count; i++) {
        if (snapshot_compare_places(&places[i], &places[last]) != 0) {
            places[++last] = places[i];
        }
    }
    return last + 1;
}

bool snapshot_is_go(uintptr_t pc) {
    return pc >= atomic_load(&profiler.unwinder.go_text_start) && pc < atomic_load(&profiler.unwinder.go_text_end);
}

// Go's code is never unloaded.
struct code_place snapshot_place(const struct stack *stack, uint32_t frame) {
    uintptr_t pc = stack->pcs[frame];
    return (struct code_place){pc, snapshot_is_go(pc) ? 0 : atomic_load_explicit(&stack->retired, memory_order_relaxed)};
}

// Every address of the snapshot once. NULL: no memory.
static struct code_place *collect_places(const struct cmemprof_snapshot *snapshot, size_t *count) {
    size_t total = 0, used = 0;
    for (size_t i = 0; i < snapshot->record_count; i++) {
        total += snapshot->records[i].stack->depth_frames;
    }
    struct code_place *places = malloc((total + 1) * sizeof *places);
    for (size_t i = 0; places != NULL && i < snapshot->record_count; i++) {
        const struct stack *stack = snapshot->records[i].stack;
        for (uint32_t frame = 0; frame < stack->depth_frames; frame++) {
            places[used++] = snapshot_place(stack, frame);
        }
    }
    *count = places != NULL ? sort_unique(places, used) : 0;
    return places;
}

static bool collect_go_pcs(struct cmemprof_snapshot *snapshot) {
    snapshot->go_pcs = malloc((snapshot->place_count + 1) * sizeof *snapshot->go_pcs);
    for (size_t i = 0; snapshot->go_pcs != NULL && i < snapshot->place_count; i++) {
        if (snapshot_is_go(snapshot->places[i].pc)) {
            snapshot->go_pcs[snapshot->go_pc_count++] = snapshot->places[i].pc;
        }
    }
    return snapshot->go_pcs != NULL;
}

static void fill(struct cmemprof_snapshot *snapshot) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snapshot->time_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    snapshot->interval_bytes = atomic_load(&profiler.interval_bytes);
    if (atomic_load(&profiler.open)) {
        // What is alive first: every block seen here was counted as allocated before, so in-use never exceeds alloc.
        live_table_each(&profiler.live, visit_live, snapshot);
        shards_settle(profiler.shards, shard_flush);
        stack_table_each(&profiler.stacks, visit_stack, snapshot);
    }
    cmemprof_get_stats(&snapshot->stats);
    add_up_by_stack(snapshot);
    snapshot->places = collect_places(snapshot, &snapshot->place_count);
    snapshot->failed |= snapshot->places == NULL || !collect_go_pcs(snapshot);
}

struct cmemprof_snapshot *cmemprof_snapshot_take(void) {
    profiler_enter(&thread_state);
    struct cmemprof_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot != NULL) {
        reclaim_snapshot_begins(&profiler);
        fill(snapshot);
        if (snapshot->failed) {
            cmemprof_snapshot_free(snapshot);
            snapshot = NULL;
        }
    }
    profiler_leave(&thread_state);
    return snapshot;
}

void cmemprof_snapshot_free(struct cmemprof_snapshot *snapshot) {
    if (snapshot != NULL) {
        reclaim_snapshot_ends();
        free(snapshot->records);
        free(snapshot->places);
        free(snapshot->go_pcs);
        free(snapshot);
    }
}

size_t cmemprof_snapshot_go_pcs(const struct cmemprof_snapshot *snapshot, const uintptr_t **pcs) {
    *pcs = snapshot->go_pcs;
    return snapshot->go_pc_count;
}
