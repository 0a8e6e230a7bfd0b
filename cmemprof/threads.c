// threads.c (sample): see threads.h.

#include "threads.h"

#include "profiler.h"

// runtime/cgo's function through which Go's runtime makes threads, if this program has one. It is short, and what follows it makes none.
extern char go_creates[] __asm__("_cgo_try_pthread_create") __attribute__((weak, visibility("hidden")));
enum { GO_CREATES_BYTES = 256 };

static enum thread_owner owner_of(const struct thread_state *thread, uintptr_t caller) {
    if (thread->busy != 0) {
        return THREAD_OF_PROFILER;
    }
    return go_creates && caller - (uintptr_t)go_creates < GO_CREATES_BYTES ? THREAD_OF_GO : THREAD_OF_PROGRAM;
}

// Returns NULL if it cannot be had. Caller must hold the shard.
static struct stack *walk(struct profiler *self, struct shard *shard, struct thread_state *thread, const struct mapping_call *call) {
    struct unwind_start start = machine_caller(call->frame);
    if (start.pc == call->caller) {
        unwind_stack_slow(&self->unwinder, thread, start, &shard->memo);
    } else {
        unwind_stack_from_here(&self->unwinder, thread, call->caller, &shard->memo);
    }
    shard->is_whose_known = false;
    sample_stack_change(self, shard, STACK_OF_THREADS, NULL, sample_python(self, shard, false));
    if (shard->memo.end != UNWIND_COMPLETE) {
        shard_count(&shard->ends[shard->memo.end], 1);
    }
    return shard->stack;
}

// The shard is held until the note is there: an eviction, which waits for all shards, then finds the stack in use.
static void add_with_stack(struct profiler *self, struct thread_creation *creation, const struct mapping_call *call) {
    struct thread_state *thread = &thread_state;
    profiler_enter(thread);
    struct shard *shard = shards_take(&self->shards, thread);
    creation->stack = shard ? walk(self, shard, thread, call) : NULL;
    thread_creators_add(&self->creators, creation);
    if (shard) {
        shard_release(shard);
    }
    profiler_leave(thread);
}

// Where the program's pthread_t cannot be gone: it is on the caller's own stack, or the program's own data.
extern char end_of_code[] __asm__("etext") __attribute__((weak, visibility("hidden"))), end_of_data[] __asm__("end")
                                                                                            __attribute__((weak, visibility("hidden")));

static bool can_be_read(struct thread_state *thread, uintptr_t address) {
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    stack_memory_enter(thread, here);
    bool is_on_stack = here >= thread->stack_low && here < thread->stack_high && address > here && address < thread->stack_high;
    return address % sizeof(uintptr_t) == 0 &&
           (is_on_stack || (address >= (uintptr_t)end_of_code && address < ((uintptr_t)end_of_data & ~(sizeof(uintptr_t) - 1))));
}

void threads_created(struct profiler *self, const uintptr_t *thread, uintptr_t routine, uintptr_t argument,
                     const struct mapping_call *call) {
    struct thread_state *state = &thread_state;
    atomic_fetch_add_explicit(&self->made_threads, 1, memory_order_relaxed);
    struct thread_creation creation = {
        .descriptor = can_be_read(state, (uintptr_t)thread) && *thread % 2 == 0 ? *thread : 0,
        .routine = routine,
        .argument = argument,
        .caller = call->caller,
        .owner = owner_of(state, call->caller),
    };
    if (creation.owner == THREAD_OF_PROGRAM && atomic_load(&self->open) &&
        atomic_load_explicit(&self->interval_bytes, memory_order_relaxed) != 0) {
        add_with_stack(self, &creation, call);
    } else {
        thread_creators_add(&self->creators, &creation);
    }
}

static void add_one(struct stack *stack, void *context) {
    (void)context;
    stack->inuse_objects += 1;
}

void threads_sum_live(struct profiler *self) {
    thread_creators_each_stack(&self->creators, add_one, NULL);
}
