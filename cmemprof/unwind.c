// unwind.c (unwind): starts walks, keeps their memos and invalidates them.

#include "unwind.h"

#include <stddef.h>

#include "unwind_walk.h"

struct unwind_walk unwind_walk_prepare(struct unwinder *unwinder, struct thread_state *thread, const struct unwind_start *start,
                                       struct unwind_trail *trail) {
    stack_memory_enter(thread, start->sp);
    trail->steps_begin = trail->steps_end = trail->reusable_from = UNWIND_FIRST_STEP;
    trail->fp_until = trail->aux_until = 0;
    trail->fp = start->fp;
    trail->aux = start->aux;
    trail->aux_known = start->aux_known;
    trail->generation = atomic_load_explicit(&unwinder->generation, memory_order_acquire);
    uintptr_t go_text_start = atomic_load_explicit(&unwinder->go_text_start, memory_order_relaxed);
    uintptr_t go_panic_start = atomic_load_explicit(&unwinder->go_panic_start, memory_order_relaxed);
    uintptr_t go_call_start = atomic_load_explicit(&unwinder->go_call_start, memory_order_relaxed);
    trail->stack_low = thread->stack_low;
    trail->stack_high = thread->stack_high;
    return (struct unwind_walk){
        .unwinder = unwinder,
        .stack_low = thread->stack_low,
        .stack_bytes = thread->stack_high - thread->stack_low,
        .go_start = go_text_start,
        .go_bytes = atomic_load_explicit(&unwinder->go_text_end, memory_order_relaxed) - go_text_start,
        .go_call_start = go_call_start,
        .go_call_bytes = atomic_load_explicit(&unwinder->go_call_end, memory_order_relaxed) - go_call_start,
        .go_panic_start = go_panic_start,
        .go_panic_bytes = atomic_load_explicit(&unwinder->go_panic_end, memory_order_relaxed) - go_panic_start,
        .go_page = UINTPTR_MAX,
        .probed_page = UINTPTR_MAX,
        .trail = trail,
        .step = &trail->steps[UNWIND_FIRST_STEP - 1],
        .read = &trail->reads[UNWIND_FIRST_READ],
        .old = trail,
        .old_at = trail->steps_end,
    };
}

// Inlined: a copy of what was just written stalls.
static inline __attribute__((always_inline)) struct unwind_walk prepare(struct unwinder *unwinder, struct thread_state *thread,
                                                                        const struct unwind_start *start, struct unwind_memo *memo) {
    const struct unwind_trail *old = &memo->trails[memo->current];
    struct unwind_walk walk = unwind_walk_prepare(unwinder, thread, start, &memo->trails[!memo->current]);
    walk.old = old;
    walk.old_at = unwind_trail_is_usable(old, walk.trail) ? unwind_trail_unchanged_from(old) : old->steps_end;
    return walk;
}

static void show_repeat(const struct unwind_trail *trail, struct unwind_repeat *repeat) {
    uint32_t begin = trail->steps_begin;
    const struct unwind_step *step = &trail->steps[begin];
    bool is_repeatable = trail->reusable_from == begin && trail->aux_until == 0 && !step->exact && (trail->generation & 1) == 0;
    repeat->pc = unwind_trail_pc(trail, begin);
    repeat->sp = is_repeatable ? step->sp : 0;
    repeat->fp = trail->fp;
    repeat->any_fp = trail->fp_until == 0;
    repeat->generation = trail->generation;
    repeat->stack_low = trail->stack_low;
    repeat->stack_high = trail->stack_high;
    repeat->reads = &trail->reads[step->reads];
    repeat->reads_end = &trail->reads[trail->reads_end];
}

static void show(struct unwind_memo *memo) {
    const struct unwind_trail *trail = &memo->trails[memo->current];
    show_repeat(trail, &memo->repeat);
    memo->pcs = &trail->pcs[trail->steps_begin];
    memo->depth_frames = trail->steps_end - trail->steps_begin;
    memo->end = trail->end;
}

// Makes the walk just done the current one. Returns true if its stack is the same as before.
static bool replace(struct unwind_walk *walk, struct unwind_memo *memo) {
    struct unwind_trail *trail = walk->trail;
    trail->steps_end = unwind_walk_next_step(walk);
    trail->reads_end = (uint32_t)(walk->read - trail->reads);
    trail->end = walk->end;
    if (walk->end != UNWIND_COMPLETE && walk->end != UNWIND_TOO_DEEP) { // a failure may go away without any change in the words read
        trail->reusable_from = UNWIND_NEVER;
    }
    memo->current = !memo->current;
    return unwind_trail_same_stack(walk->old, trail);
}

// The rest of the walk is the old trail from old_at on. Returns true if the stack is the same as before.
static bool join(struct unwind_walk *walk, struct unwind_memo *memo) {
    struct unwind_trail *old = &memo->trails[memo->current], *now = walk->trail;
    if (now->steps_end - 1 - now->steps_begin <= old->steps_end - walk->old_at) {
        return unwind_trail_join(old, walk->old_at, now);
    }
    unwind_trail_append(now, old, walk->old_at);
    memo->current = !memo->current;
    return unwind_trail_same_stack(old, now);
}

enum outcome { CHANGED, SAME, WANTS_AUX };

static enum outcome unwind_from(struct unwinder *unwinder, struct thread_state *thread, const struct unwind_start *start,
                                struct unwind_memo *memo) {
    bool same, held = memo->depth_frames != 0;
    struct unwind_walk walk = prepare(unwinder, thread, start, memo);
    struct unwind_frame first = {.after = start->pc + start->exact, .sp = start->sp, .exact = start->exact};
    first.aux_at_or_high = MACHINE_RETURN_IN_AUX && !start->exact ? UNWIND_LOST : UNWIND_IN_REGISTER; // a call overwrites X30
    if (unwind_walk_follow(&walk, first)) {
        same = join(&walk, memo);
    } else if (walk.wants_aux) {
        return WANTS_AUX;
    } else {
        same = replace(&walk, memo);
    }
    show(memo);
    return same && held ? SAME : CHANGED;
}

// ---- Starts ----

bool unwind_stack_slow(struct unwinder *unwinder, struct thread_state *thread, struct unwind_start start, struct unwind_memo *memo) {
    enum outcome outcome = unwind_from(unwinder, thread, &start, memo);
    return outcome == WANTS_AUX ? unwind_stack_from_here(unwinder, thread, start.pc, memo) : outcome == SAME;
}

// noinline: the registers must be those of a frame called from outside this file.
__attribute__((noinline)) bool unwind_stack_from_here(struct unwinder *unwinder, struct thread_state *thread, uintptr_t caller,
                                                      struct unwind_memo *memo) {
    struct unwind_start start = machine_here();
    struct unwind_walk walk = prepare(unwinder, thread, &start, memo);
    enum outcome outcome = WANTS_AUX;
    if (unwind_walk_find_caller(&walk, &start, caller)) {
        outcome = unwind_from(unwinder, thread, &start, memo);
    }
    if (outcome != WANTS_AUX) {
        return outcome == SAME;
    }
    bool held = memo->depth_frames != 0;
    walk.step++;
    walk.trail->pcs[UNWIND_FIRST_STEP] = caller;
    walk.trail->steps[UNWIND_FIRST_STEP] = (struct unwind_step){0};
    walk.trail->reusable_from = UNWIND_NEVER;
    bool same = replace(&walk, memo);
    show(memo);
    return same && held;
}

// ---- Go ----

uintptr_t unwind_find_go_call(struct unwinder *unwinder, struct thread_state *thread, struct unwind_memo *memo, uintptr_t *goroutine) {
    struct unwind_start start = machine_here();
    struct unwind_walk walk = prepare(unwinder, thread, &start, memo);
    return unwind_walk_find_go_call(&walk, &start, goroutine);
}

static void set_range(struct unwinder *unwinder, _Atomic uintptr_t *start_at, _Atomic uintptr_t *end_at, uintptr_t start, uintptr_t end) {
    uintptr_t start_before = atomic_exchange(start_at, start), end_before = atomic_exchange(end_at, end);
    if (start_before != start || end_before != end) {
        atomic_fetch_add(&unwinder->generation, 2);
    }
}

void unwind_set_go_text(struct unwinder *unwinder, uintptr_t start, uintptr_t end) {
    set_range(unwinder, &unwinder->go_text_start, &unwinder->go_text_end, start, end);
}

void unwind_set_go_call(struct unwinder *unwinder, uintptr_t start, uintptr_t end) {
    set_range(unwinder, &unwinder->go_call_start, &unwinder->go_call_end, start, end);
}

void unwind_set_go_panic(struct unwinder *unwinder, uintptr_t start, uintptr_t end) {
    set_range(unwinder, &unwinder->go_panic_start, &unwinder->go_panic_end, start, end);
}

// ---- Unloading ----

// The generation is even while nobody unloads; otherwise odd, with the count in the upper 16 bits.
#define ONE_UNLOADING (UINT64_C(1) << 48)

static uint64_t with_unloadings(uint64_t generation, uint64_t unloadings) {
    return unloadings * ONE_UNLOADING + ((generation & (ONE_UNLOADING - 1) & ~UINT64_C(1)) | (unloadings != 0));
}

// change is 1 or -1.
static void change_unloadings(struct unwinder *unwinder, uint64_t change, uint64_t step) {
    uint64_t before = atomic_load(&unwinder->generation);
    while (!atomic_compare_exchange_weak(&unwinder->generation, &before, with_unloadings(before + step, before / ONE_UNLOADING + change))) {
    }
}

void unwind_before_unload(struct unwinder *unwinder) {
    change_unloadings(unwinder, 1, 0);
    cfi_cache_clear(&unwinder->rows); // for a load in between
}

void unwind_after_unload(struct unwinder *unwinder) {
    cfi_cache_clear(&unwinder->rows);
    change_unloadings(unwinder, (uint64_t)-1, 2);
}

void unwind_forget_code(struct unwinder *unwinder) {
    atomic_fetch_add(&unwinder->generation, 2); // first: a row put meanwhile is either cleared or sees this
    cfi_cache_clear(&unwinder->rows);
}

void unwind_after_fork(struct unwinder *unwinder, unsigned unloadings) {
    atomic_store(&unwinder->generation, with_unloadings(atomic_load(&unwinder->generation), unloadings));
}
