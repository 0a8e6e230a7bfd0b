// sample_stack.c (sample): the entry for a sample's stack, with the labels of the goroutine it belongs to. Shared by the hooks of malloc
// and of mmap.
//
// A stack has the labels of the goroutine that its thread runs if it has a frame of Go. Without one it is C's own: a thread that C has made
// may keep the g of an earlier callback (go_labels.h). A stack too deep to be walked is taken to be like the thread's other stacks: all of
// a thread that Go has made begin in Go. Of one that was cut elsewhere without a Go frame it is not known, and counts as lost: it may be
// that of a destructor of a thread that Go has let go, whose g is freed by then.
//
// Threads: any, also inside malloc; the caller holds the shard.

#include "profiler.h"
#include "thread_pointer.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define SLOW static __attribute__((noinline))

// Searches from the root, which is in Go for a goroutine's call of C, and in C for a callback on a thread that C has made.
SLOW bool is_goroutines(const struct profiler *self, const struct unwind_memo *memo, struct thread_state *thread) {
    const struct unwinder *unwinder = &self->unwinder;
    uintptr_t start = atomic_load_explicit(&unwinder->go_text_start, memory_order_relaxed),
              bytes = atomic_load_explicit(&unwinder->go_text_end, memory_order_relaxed) - start;
    uint32_t at = memo->depth_frames;
    while (at > 0 && memo->pcs[at - 1] - 1 - start >= bytes) {
        at--;
    }
    if (at == memo->depth_frames && at > 0 && memo->end == UNWIND_COMPLETE) {
        thread->is_gos = true;
    }
    return at > 0 || (memo->end == UNWIND_TOO_DEEP && thread->is_gos);
}

SLOW void count_missing(struct shard *shard) {
    shard_count(&shard->labels_left_out, shard->labels.left_out);
    shard_count(&shard->lost_labels, shard->labels.lost);
}

struct stack *sample_labels(struct profiler *self, struct shard *shard, struct thread_state *thread, bool is_same) {
    if (!is_same || !shard->is_whose_known || shard->memo.end != UNWIND_COMPLETE) { // a cut stack may be another thread's now
        shard->is_goroutines = is_goroutines(self, &shard->memo, thread);
        shard->is_whose_known = true;
    }
    if (!shard->is_goroutines) {
        if (shard->memo.end != UNWIND_COMPLETE && thread->is_gos) {
            shard_count(&shard->lost_labels, 1);
        }
        return NULL;
    }
    const struct go_label_slice *labels = go_labels_get(&self->go_labels, thread_pointer_get());
    if (!labels || labels->count == 0) {
        return NULL;
    }
    struct label_memo *memo = &shard->labels;
    struct stack *set = memo->set;
    if (!LIKELY(label_memo_has(memo, &self->labels.keys, labels))) {
        if ((set = label_memo_find(memo, &self->labels.keys, labels))) {
            return set;
        }
        set = label_sets_intern(&self->labels, labels, memo);
    }
    if ((shard->labels.left_out | shard->labels.lost) != 0) {
        count_missing(shard);
    }
    return set;
}

bool sample_python_frames(struct profiler *self, struct shard *shard, bool is_same) {
    const struct python_walk walk = python_walk_of(&shard->memo);
    bool is_same_whole = python_stack(&self->python, &walk, &shard->python);
    return is_same_whole && (is_same || shard->python.depth_frames != 0);
}

void sample_stack_change(struct profiler *self, struct shard *shard, enum stack_source source, struct stack *labels, bool is_same) {
    bool has_python = shard->python.depth_frames != 0;
    const uintptr_t *pcs = has_python ? shard->python.pcs : shard->memo.pcs;
    uint32_t depth_frames = has_python ? shard->python.depth_frames : shard->memo.depth_frames;
    if (!is_same || shard->stack_hash == 0) {
        shard->stack_hash = stack_table_hash(pcs, depth_frames);
    }
    shard_flush(shard);
    shard->stack = stack_table_intern_as(&self->stacks, source, shard->stack_hash, pcs, depth_frames, labels);
    shard->stack_labels = labels;
}
