// peak.c (tables): looks, and copies the stacks that were live.

#include "peak.h"

#include <string.h>

#include "../base/clock.h"
#include "../base/natural.h"
#include "cmemprof.h"
#include "page_residency.h"
#include "reclaim.h"

// ---- Copying ----

static size_t copy_bytes(const struct stack *stack) {
    size_t bytes = sizeof *stack + stack_words(stack) * sizeof *stack->pcs, line = sizeof *stack;
    return (bytes + line - 1) / line * line;
}

// Stacks by the logarithm of their live bytes: the largest are copied, and of the last class that fits in part what comes first.
enum { SIZES = 64, LIVE_BIT = 1, RSS_BIT = 2 };

static int size_of(const struct stack *stack) {
    int logarithm = stack->inuse_bytes >= 1 ? natural_log2(stack->inuse_bytes) : 0;
    return logarithm < SIZES ? logarithm : SIZES - 1;
}

// Lengths of mappings are no live memory of malloc.
static bool counts(const struct stack *stack) {
    return stack->inuse_objects != 0 && stack->source == STACK_OF_BLOCKS;
}

struct copying {
    struct peak *peak;
    uint8_t peak_bit; // in the sets of labels that it refers to
    uint32_t generation;
    size_t bytes[SIZES];
    int last_size;     // copied from here on
    size_t last_bytes; // left for stacks of this size
};

static void measure(struct stack *stack, void *context) {
    struct copying *copying = context;
    if (counts(stack)) {
        copying->bytes[size_of(stack)] += copy_bytes(stack);
    }
}

// Returns the bytes that the copy takes.
static size_t choose(struct copying *copying) {
    size_t taken = 0;
    int size = SIZES - 1;
    while (size > 0 && taken + copying->bytes[size] <= PEAK_MAX_BYTES) {
        taken += copying->bytes[size--];
    }
    size_t left = PEAK_MAX_BYTES - taken;
    copying->last_size = size;
    copying->last_bytes = copying->bytes[size] < left ? copying->bytes[size] : left;
    return taken + copying->last_bytes;
}

// While a bit is set, a peak refers to the set (reclaim.c). Nobody else writes `touched` of a set: no sample adds to it.
static void mark_set(struct stack *set, uint8_t bit, bool is_in_use) {
    uint8_t bits = atomic_load_explicit(&set->touched, memory_order_relaxed);
    atomic_store_explicit(&set->touched, is_in_use ? bits | bit : bits & (uint8_t)~bit, memory_order_relaxed);
}

static void unmark_set(struct stack *set, void *bit) {
    mark_set(set, *(uint8_t *)bit, false);
}

static void copy_stack(struct copying *copying, const struct stack *stack) {
    struct peak *peak = copying->peak;
    struct stack *labels = stack_labels(stack), *copy = (struct stack *)((uint8_t *)peak->memory.base + peak->size_bytes);
    uint32_t retired = atomic_load_explicit(&stack->retired, memory_order_relaxed);
    memset(copy, 0, sizeof *copy);
    copy->inuse_objects = stack->inuse_objects;
    copy->inuse_bytes = stack->inuse_bytes;
    copy->retired = retired != 0 ? retired : copying->generation; // what lies at its addresses now
    copy->depth_frames = stack->depth_frames;
    copy->has_labels = stack->has_labels;
    memcpy(copy->pcs, stack->pcs, stack_words(stack) * sizeof *stack->pcs);
    peak->size_bytes += copy_bytes(stack);
    if (labels) {
        mark_set(labels, copying->peak_bit, true);
    }
}

static void copy_if_chosen(struct stack *stack, void *context) {
    struct copying *copying = context;
    struct peak *peak = copying->peak;
    size_t bytes = copy_bytes(stack);
    if (!counts(stack)) {
        return;
    }
    peak->bytes += stack->inuse_bytes;
    int size = size_of(stack);
    bool fits = size > copying->last_size || (size == copying->last_size && bytes <= copying->last_bytes);
    if (fits) {
        copying->last_bytes -= size == copying->last_size ? bytes : 0;
        copy_stack(copying, stack);
    } else {
        peak->other_objects += stack->inuse_objects;
        peak->other_bytes += stack->inuse_bytes;
    }
}

static bool reserve(struct profiler *self, struct mapped_buffer *memory, size_t bytes) {
    size_t whole = (bytes + 4095) / 4096 * 4096, more = whole > memory->size_bytes ? whole - memory->size_bytes : 0;
    if (more == 0) {
        return true;
    }
    if (!memory_budget_take(&self->budget, more)) {
        return false;
    }
    if (!mapped_buffer_reserve(memory, whole)) {
        memory_budget_give(&self->budget, more);
        return false;
    }
    return true;
}

// inuse_* of all stacks must be of this moment.
static void take(struct profiler *self, struct peak *peak, uint64_t rss_bytes) {
    struct copying copying = {
        .peak = peak, .peak_bit = peak == &self->peaks.live ? LIVE_BIT : RSS_BIT, .generation = self->code.retired_generations + 1};
    stack_table_each(&self->stacks, measure, &copying);
    size_t bytes = choose(&copying);
    atomic_store(&self->peaks.are_copying, true);
    if (reserve(self, &peak->memory, bytes)) {
        stack_table_each(&self->labels.table, unmark_set, &copying.peak_bit);
        *peak = (struct peak){.memory = peak->memory, .rss_bytes = rss_bytes, .at_s = age_now(&self->clock)};
        stack_table_each(&self->stacks, copy_if_chosen, &copying);
        peak->time_ns = (int64_t)clock_ns(CLOCK_REALTIME);
    }
    atomic_store(&self->peaks.are_copying, false);
}

// ---- Looking ----

static void add_live(uintptr_t block, const struct live_sample *sample, void *context) {
    (void)block;
    *(double *)context += sample->weight * (double)sample->size_bytes;
}

static bool is_worth_it(double value, double before, uint32_t pause_s) {
    return value > before && (value > before + before / PEAK_STEP || pause_s >= PEAK_PAUSE_S);
}

static void look(struct profiler *self) {
    struct peaks *peaks = &self->peaks;
    double live_bytes = 0;
    uint64_t rss_bytes = page_residency_of_process();
    live_table_each(&self->live, add_live, &live_bytes);
    uint32_t now_s = age_now(&self->clock);
    bool is_live = is_worth_it(live_bytes, peaks->live.bytes, age_between(peaks->live.at_s, now_s));
    bool is_rss = is_worth_it((double)rss_bytes, (double)peaks->rss.rss_bytes, age_between(peaks->rss.at_s, now_s));
    if (is_live || is_rss) {
        reclaim_sum_live(self);
    }
    if (is_live) {
        take(self, &peaks->live, rss_bytes);
    }
    if (is_rss) {
        take(self, &peaks->rss, rss_bytes);
    }
}

void peak_look(struct profiler *self) {
    uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
    if (!atomic_load(&self->open) || atomic_load(&self->interval_bytes) == 0 || !reclaim_try_lock(self)) {
        return;
    }
    if (begin_ns >= self->peaks.next_look_ns) {
        look(self);
        uint64_t end_ns = clock_ns(CLOCK_MONOTONIC);
        self->peaks.next_look_ns = end_ns + (end_ns - begin_ns) * PEAK_LOOK_SHARE;
    }
    reclaim_unlock(self);
}

void peak_of_snapshot(struct profiler *self, double live_bytes) {
    uint64_t rss_bytes = page_residency_of_process();
    if (live_bytes > self->peaks.live.bytes) {
        take(self, &self->peaks.live, rss_bytes);
    }
    if (rss_bytes > self->peaks.rss.rss_bytes) {
        take(self, &self->peaks.rss, rss_bytes);
    }
}

// ---- Reading ----

void peak_visit(const struct peak *peak, void (*visit)(const struct stack *stack, void *context), void *context) {
    for (size_t at = 0; at < peak->size_bytes;) {
        const struct stack *stack = (const struct stack *)((const uint8_t *)peak->memory.base + at);
        at += copy_bytes(stack);
        visit(stack, context);
    }
}

bool peak_copy(const struct peak *from, struct peak *to) {
    struct mapped_buffer memory = {0};
    if (from->size_bytes != 0) {
        if (!mapped_buffer_reserve(&memory, from->size_bytes)) {
            return false;
        }
        memcpy(memory.base, from->memory.base, from->size_bytes);
    }
    *to = *from;
    to->memory = memory;
    return true;
}

static struct cmemprof_peak moment_of(const struct peak *peak) {
    return (struct cmemprof_peak){.live_bytes = peak->bytes, .rss_bytes = peak->rss_bytes, .time_ns = peak->time_ns, .after_s = peak->at_s};
}

void cmemprof_get_peaks(struct cmemprof_peak *live, struct cmemprof_peak *rss) {
    reclaim_lock(&profiler);
    *live = moment_of(&profiler.peaks.live);
    *rss = moment_of(&profiler.peaks.rss);
    reclaim_unlock(&profiler);
}

// ---- Its end ----

static void give(struct profiler *self, struct mapped_buffer *memory) {
    memory_budget_give(&self->budget, memory->size_bytes);
    mapped_buffer_free(memory);
}

void peak_forget(struct profiler *self) {
    uint8_t bits = LIVE_BIT | RSS_BIT;
    stack_table_each(&self->labels.table, unmark_set, &bits);
    give(self, &self->peaks.live.memory);
    give(self, &self->peaks.rss.memory);
    memset(&self->peaks, 0, sizeof self->peaks);
}

// A buffer that was about to move is left to the kernel.
void peak_after_fork(struct profiler *self) {
    if (atomic_load(&self->peaks.are_copying)) {
        memset(&self->peaks, 0, sizeof self->peaks);
    }
    peak_forget(self);
}
