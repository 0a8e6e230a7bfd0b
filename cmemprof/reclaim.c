// reclaim.c (tables): choose, unlink, wait for samples in flight, check again what is live, evict.

#include "reclaim.h"

#include <stdlib.h>
#include <time.h>

#include "cmemprof.h"
#include "lock_order.h"
#include "mapped_ranges.h"
#include "page_residency.h"
#include "threads.h"

enum { MIN_LIMIT_BYTES = 8 << 20, SHARE_OF_RESIDENT = 100, LEAST_BYTES = 1 << 20, SHARE_OF_LEFT = 8 };

// ---- Limit ----

// What is charged to the limit besides the tables.
static size_t fixed_bytes(const struct profiler *self) {
    size_t fixed = sizeof *self;
    for (struct shard *shard = NULL; self->shards.items && (shard = shards_next(&self->shards, shard));) {
        fixed += atomic_load_explicit(&shard->samples, memory_order_relaxed) != 0 ? SHARD_USED_BYTES : 0;
    }
    return fixed;
}

size_t reclaim_limit(size_t resident, size_t used, uint64_t left) {
    size_t limit = resident / SHARE_OF_RESIDENT;
    limit = limit > MIN_LIMIT_BYTES ? limit : MIN_LIMIT_BYTES;
    uint64_t near = left / SHARE_OF_LEFT;
    near = near < limit ? used + near : limit;
    limit = near < limit ? near : limit;
    return limit > LEAST_BYTES ? limit : LEAST_BYTES;
}

void reclaim_set_limit(struct profiler *self) {
    size_t limit = atomic_load(&self->reclaim.wanted_limit);
    if (limit == 0) {
        limit = reclaim_limit(page_residency_of_process(), atomic_load(&self->budget.used_bytes), cmemprof_memory_left());
    }
    atomic_store(&self->budget.limit_bytes, limit);
    atomic_store(&self->budget.fixed_bytes, fixed_bytes(self));
}

void cmemprof_set_memory_limit(uint64_t limit_bytes) {
    atomic_store(&profiler.reclaim.wanted_limit, limit_bytes);
    reclaim_set_limit(&profiler);
}

// ---- Live totals ----

static void forget_alive(struct stack *stack, void *context) {
    (void)context;
    stack->inuse_objects = stack->inuse_bytes = 0;
}

static void add_alive(uintptr_t block, const struct live_sample *sample, void *context) {
    (void)block;
    sample->stack->inuse_objects += sample->weight;
    sample->stack->inuse_bytes += sample->weight * (double)sample->size_bytes;
    ++*(uint64_t *)context;
}

uint64_t reclaim_sum_live(struct profiler *self) {
    uint64_t blocks = 0;
    stack_table_each(&self->stacks, forget_alive, NULL);
    live_table_each(&self->live, add_alive, &blocks);
    threads_sum_live(self);
    self->reclaim.mappings_summed = mapped_ranges_sum_live(self);
    return blocks;
}

// ---- Choosing stacks ----

// In order of eviction. After NOTHING_ALIVE come stacks with unreported allocations, by the logarithm of their samples: the fewer, the less
// is lost per stack.
enum { STAYS, OF_UNLOADED_CODE, NOTHING_NEW, NOTHING_ALIVE, CLASSES = NOTHING_ALIVE + 32 };

// What is mapped is not known if the map could not be had: its stacks stay, and only they.
static bool may_be_alive(const struct profiler *self, const struct stack *stack) {
    return stack->inuse_objects != 0 || (stack->source == STACK_OF_MAPPINGS && !self->reclaim.mappings_summed);
}

static int class_of(const struct profiler *self, const struct stack *stack) {
    if (may_be_alive(self, stack)) {
        return STAYS;
    }
    if (atomic_load_explicit(&stack->touched, memory_order_relaxed) == 0) {
        return atomic_load_explicit(&stack->retired, memory_order_relaxed) != 0 ? OF_UNLOADED_CODE : NOTHING_NEW;
    }
    uint64_t samples = stack_samples(stack);
    int logarithm = samples != 0 ? 63 - __builtin_clzll(samples) : 0;
    return NOTHING_ALIVE + (logarithm < CLASSES - NOTHING_ALIVE ? logarithm : CLASSES - NOTHING_ALIVE - 1);
}

struct choice {
    struct profiler *self;
    int last_class, last_class_of_sets; // evicts from the first class to this one; of sets also their stacks
    size_t bytes[CLASSES], set_bytes[CLASSES];
    struct stack *chosen, *chosen_sets;
};

// ---- Sets of labels ----

// A set's class is the highest of its stacks', or NO_STACK. It is noted where a stack has its live objects.
enum { NO_STACK = CLASSES };

static int class_of_set(const struct stack *set) {
    return (int)set->inuse_objects;
}

static void forget_stacks(struct stack *set, void *context) {
    (void)context;
    set->inuse_objects = NO_STACK;
}

static void note_stack(struct stack *stack, void *self) {
    struct stack *set = stack_labels(stack);
    int class = class_of(self, stack);
    if (set && class_of_set(set) != STAYS && (class == STAYS || class_of_set(set) == NO_STACK || class > class_of_set(set))) {
        set->inuse_objects = class;
    }
}

// A copy of a peak refers to it (peak.h).
static void note_peaks(struct stack *set, void *context) {
    (void)context;
    if (atomic_load_explicit(&set->touched, memory_order_relaxed) != 0) {
        set->inuse_objects = STAYS;
    }
}

static void classify_sets(struct profiler *self) {
    stack_table_each(&self->labels.table, forget_stacks, NULL);
    stack_table_each(&self->stacks, note_stack, self);
    stack_table_each(&self->labels.table, note_peaks, NULL);
}

static void measure_set(struct stack *set, void *context) {
    struct choice *choice = context;
    if (class_of_set(set) != NO_STACK) {
        choice->set_bytes[class_of_set(set)] += stack_entry_bytes(set);
    }
}

static void choose_set(struct stack *set, void *context) {
    struct choice *choice = context;
    int class = class_of_set(set);
    if (class == NO_STACK || (class != STAYS && (class <= choice->last_class || class <= choice->last_class_of_sets))) {
        atomic_store_explicit(&set->next, choice->chosen_sets, memory_order_relaxed);
        choice->chosen_sets = set;
        stack_table_unlink(&choice->self->labels.table, set);
    }
}

static size_t taken_by_sets(const struct profiler *self) {
    size_t used = atomic_load(&self->labels.table.share.used_bytes), free = atomic_load(&self->labels.table.free_bytes);
    return used > free ? used - free : 0;
}

static bool sets_are_short(const struct profiler *self) {
    return atomic_load(&self->labels.table.share.refusals) != self->reclaim.settled_set_refusals;
}

// Down to half of what sets may have.
static int last_class_of_sets(const struct profiler *self, const struct choice *choice) {
    size_t goes = 0, may_stay = memory_share_capacity(&self->labels.table.share) / 2;
    int last = STAYS;
    while (last + 1 < CLASSES && taken_by_sets(self) > may_stay + goes) {
        goes += choice->set_bytes[++last];
    }
    return last;
}

// ---- Stacks ----

static void measure(struct stack *stack, void *context) {
    struct choice *choice = context;
    choice->bytes[class_of(choice->self, stack)] += stack_entry_bytes(stack);
}

static void choose(struct stack *stack, void *context) {
    struct choice *choice = context;
    const struct stack *set = stack_labels(stack);
    int class = class_of(choice->self, stack), class_by_set = set ? class_of_set(set) : STAYS;
    bool goes_with_set = class_by_set != STAYS && class_by_set <= choice->last_class_of_sets;
    if (class != STAYS && (class <= choice->last_class || goes_with_set)) {
        atomic_store_explicit(&stack->next, choice->chosen, memory_order_relaxed);
        choice->chosen = stack;
        stack_table_unlink(&choice->self->stacks, stack);
    }
}

// Memory in use that a new stack could not have.
static size_t taken_bytes(const struct profiler *self) {
    size_t used = atomic_load(&self->budget.used_bytes);
    size_t free = atomic_load(&self->stacks.free_bytes) + atomic_load(&self->labels.table.free_bytes);
    return used > free ? used - free : 0;
}

// Returns true if five eighths of the capacity are taken or a request was refused, and that has changed since memory was last short: live
// samples may account for all of it.
static bool memory_is_short(const struct profiler *self) {
    size_t capacity = memory_budget_capacity(&self->budget), taken = taken_bytes(self);
    return (taken > capacity - capacity / 8 * 3 && taken > self->reclaim.settled_bytes + capacity / 16) ||
           atomic_load(&self->budget.refusals) != self->reclaim.settled_refusals;
}

// Down to half of the capacity.
static int last_class_to_go(const struct profiler *self, const struct choice *choice) {
    size_t capacity = memory_budget_capacity(&self->budget), taken = taken_bytes(self), goes = choice->bytes[OF_UNLOADED_CODE];
    int last = OF_UNLOADED_CODE;
    while (last + 1 < CLASSES && taken > capacity / 2 + goes) {
        last++;
        goes += choice->bytes[last] + choice->set_bytes[last];
    }
    return last;
}

// ---- Evicting ----

// Returns false if a shard timed out, whose holder may still use what was unlinked.
static bool all_shards_settled(struct profiler *self) {
    return shards_settle(&self->shards, SHARDS_ALL, shard_forget) == 0;
}

static bool settle_shards(void *context) {
    const struct profiler *self = context;
    return shards_settle(&self->shards, SHARDS_ALL, shard_flush) == 0;
}

static void evict(struct profiler *self, struct stack *chosen) {
    for (struct stack *stack = chosen, *next; stack; stack = next) {
        next = atomic_load_explicit(&stack->next, memory_order_relaxed);
        if (may_be_alive(self, stack)) {
            continue; // a sample came to it before it was unlinked: it stays, unfindable
        }
        atomic_fetch_add_explicit(&self->reclaimed_stacks, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&self->reclaimed_samples, stack_samples(stack), memory_order_relaxed);
        stack_table_evict(&self->stacks, stack);
    }
}

// After the stacks: those that remain, some of them new, say again which sets are referred to.
static void evict_sets(struct profiler *self, struct stack *chosen) {
    classify_sets(self);
    for (struct stack *set = chosen, *next; set; set = next) {
        next = atomic_load_explicit(&set->next, memory_order_relaxed);
        if (class_of_set(set) == NO_STACK) {
            stack_table_evict(&self->labels.table, set);
        }
    }
}

// Frees levels that are no longer used. Unlink first: a fork in between leaves the child without them rather than with a freed one.
static void free_unused_levels(struct profiler *self) {
    struct stack_level *levels = self->reclaim.unused_levels, *of_sets = self->reclaim.unused_levels_of_sets;
    self->reclaim.unused_levels = self->reclaim.unused_levels_of_sets = NULL;
    stack_index_free_levels(&self->stacks.index, levels);
    stack_index_free_levels(&self->labels.table.index, of_sets);
}

// The indexes' levels to come; NULL: they stay.
struct renewal {
    struct stack_level *stacks, *sets;
};

static void finish_renewal(struct profiler *self, const struct renewal *renewal) {
    if (renewal->stacks) {
        self->reclaim.unused_levels = stack_table_renew_finish(renewal->stacks);
    }
    if (renewal->sets) {
        self->reclaim.unused_levels_of_sets = stack_table_renew_finish(renewal->sets);
    }
}

// If it returns early, unlinked stacks keep their totals and are evicted later.
static void evict_unlinked(struct profiler *self, const struct choice *choice, const struct renewal *renewal) {
    if (!all_shards_settled(self)) {
        return;
    }
    free_unused_levels(self);
    if (choice->chosen || choice->chosen_sets) {
        reclaim_sum_live(self);
        evict(self, choice->chosen);
        evict_sets(self, choice->chosen_sets);
    }
    finish_renewal(self, renewal);
    stack_table_gather_free(&self->stacks);
    stack_table_gather_free(&self->labels.table);
    if (all_shards_settled(self)) {
        free_unused_levels(self);
        stack_table_release_blocks(&self->stacks);
        stack_table_release_blocks(&self->labels.table);
    }
}

static void evict_chosen(struct profiler *self, const struct choice *choice, const struct renewal *renewal) {
    atomic_fetch_add(&self->evictions, 1);
    evict_unlinked(self, choice, renewal);
    atomic_fetch_add(&self->evictions, 1);
}

static void settle(struct profiler *self, bool was_short) {
    size_t taken = taken_bytes(self);
    if (was_short || taken < self->reclaim.settled_bytes) {
        self->reclaim.settled_bytes = taken;
    }
    self->reclaim.settled_refusals = atomic_load(&self->budget.refusals);
    self->reclaim.settled_set_refusals = atomic_load(&self->labels.table.share.refusals);
}

// What is short decides how far the choice goes.
static void choose_all(struct profiler *self, struct choice *choice, bool is_short, bool sets_short) {
    reclaim_sum_live(self);
    classify_sets(self);
    stack_table_each(&self->stacks, measure, choice);
    stack_table_each(&self->labels.table, measure_set, choice);
    choice->last_class = is_short ? last_class_to_go(self, choice) : STAYS;
    choice->last_class_of_sets = sets_short ? last_class_of_sets(self, choice) : STAYS;
    stack_table_each(&self->stacks, choose, choice);
    stack_table_each(&self->labels.table, choose_set, choice);
}

void reclaim_run(struct profiler *self) {
    reclaim_set_limit(self);
    live_table_tidy(&self->live, settle_shards, self);
    if (self->reclaim.snapshots != 0) {
        return;
    }
    bool is_short = memory_is_short(self), sets_short = sets_are_short(self);
    bool has_sets = atomic_load(&self->labels.table.count) != 0;
    struct renewal renewal = {stack_table_renew_begin(&self->stacks), has_sets ? stack_table_renew_begin(&self->labels.table) : NULL};
    struct choice choice = {.self = self};
    if (is_short || sets_short) {
        choose_all(self, &choice, is_short, sets_short);
    }
    if (choice.chosen || choice.chosen_sets || renewal.stacks || renewal.sets || self->reclaim.unused_levels ||
        self->reclaim.unused_levels_of_sets) {
        evict_chosen(self, &choice, &renewal);
    }
    settle(self, is_short);
}

bool reclaim_make_room(struct profiler *self) {
    mapped_ranges_apply(self);
    if (!atomic_load(&self->open) || !(memory_is_short(self) || sets_are_short(self) || live_table_needs_tidying(&self->live)) ||
        !lock_try(&self->reclaim.lock, LOCK_RECLAIMING)) {
        return false;
    }
    profiler_enter(&thread_state);
    uint64_t before = atomic_load(&self->reclaimed_stacks);
    reclaim_run(self);
    bool made = atomic_load(&self->reclaimed_stacks) != before;
    profiler_leave(&thread_state);
    lock_release(&self->reclaim.lock, LOCK_RECLAIMING);
    return made;
}

// ---- The lock ----

void reclaim_lock(struct profiler *self) {
    lock_take(&self->reclaim.lock, LOCK_RECLAIMING);
}

bool reclaim_timed_lock(struct profiler *self) {
    return lock_take_in_time(&self->reclaim.lock, LOCK_RECLAIMING);
}

bool reclaim_try_lock(struct profiler *self) {
    return lock_try(&self->reclaim.lock, LOCK_RECLAIMING);
}

void reclaim_unlock(struct profiler *self) {
    lock_release(&self->reclaim.lock, LOCK_RECLAIMING);
}

void reclaim_snapshot_begins(struct profiler *self) {
    self->reclaim.snapshots++;
}

void reclaim_snapshot_ends(struct profiler *self) {
    reclaim_lock(self);
    self->reclaim.snapshots -= self->reclaim.snapshots != 0; // 0: forked since
    if (atomic_load(&self->open)) {
        reclaim_run(self);
    }
    reclaim_unlock(self);
}

// The lock's holder does not exist in the child. Its work is left as it is: each step leaves the tables consistent.
void reclaim_after_fork(struct profiler *self) {
    lock_after_fork(&self->reclaim.lock, LOCK_RECLAIMING);
    self->reclaim.snapshots = 0;
    atomic_fetch_add(&self->evictions, atomic_load(&self->evictions) & 1);
}

void reclaim_close(struct profiler *self) {
    free_unused_levels(self);
}
