// profiler.c: start, stop, and the way of a sample: stack, table of stacks, table of live blocks.

#include "profiler.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "cmemprof.h"
#include "sampler.h"
#include "snapshot.h"

__thread struct thread_state thread_state __attribute__((tls_model("initial-exec")));
struct profiler profiler;

// Address space, not memory: tables use pages as they fill. 32 MiB hold some 130,000 stacks of 24 frames; 64 MiB some 2 million live
// samples, which is 1 TB at the default interval.
enum { STACK_TABLE_LIMIT_BYTES = 32 << 20, LIVE_TABLE_LIMIT_BYTES = 64 << 20 };

static void count(_Atomic uint64_t *counter) {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

// ---- A sample ----

static int take_scratch(struct profiler *self) {
    uint64_t taken = atomic_load_explicit(&self->scratch_taken, memory_order_relaxed);
    while (~taken != 0) {
        int free_bit = __builtin_ctzll(~taken);
        if (atomic_compare_exchange_weak_explicit(&self->scratch_taken, &taken, taken | (uint64_t)1 << free_bit, memory_order_acquire,
                                                  memory_order_relaxed)) {
            return free_bit;
        }
    }
    return -1;
}

static struct stack *capture_stack(struct profiler *self, struct thread_state *thread, uintptr_t caller) {
    int at = take_scratch(self);
    if (at < 0) {
        return NULL;
    }
    enum unwind_end end;
    uint32_t depth = unwind(&self->unwinder, thread, caller, self->scratch[at], &end);
    struct stack *stack = stack_table_intern(&self->stacks, self->scratch[at], depth);
    atomic_fetch_and_explicit(&self->scratch_taken, ~((uint64_t)1 << at), memory_order_release);
    count(&self->ends[end]);
    return stack;
}

void profiler_record(struct profiler *self, struct thread_state *thread, const void *block, size_t size, uint64_t interval_bytes,
                     uintptr_t caller, bool markable) {
    count(&self->samples);
    struct stack *stack = capture_stack(self, thread, caller);
    if (stack == NULL) {
        count(&self->lost_stacks);
        return;
    }
    double weight = sampler_weight(size, interval_bytes);
    // Before the block is visible as alive, so that in-use never exceeds what was allocated.
    stack_add_allocation(stack, weight, weight * (double)size);
    struct live_sample sample = {stack, size, weight};
    if (!markable || !live_table_add(&self->live, block, &sample)) {
        count(&self->lost_live);
    }
}

// ---- Start and stop ----

static bool open_tables(struct profiler *self) {
    size_t scratch_bytes = PROFILER_SCRATCH_BUFFERS * sizeof *self->scratch;
    void *scratch = mmap(NULL, scratch_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (scratch == MAP_FAILED) {
        return false;
    }
    if (!stack_table_open(&self->stacks, STACK_TABLE_LIMIT_BYTES)) {
        munmap(scratch, scratch_bytes);
        return false;
    }
    self->scratch = scratch;
    live_table_open(&self->live, LIVE_TABLE_LIMIT_BYTES);
    return true;
}

// What a sample calls for the first time must not run the loader's lazy binding inside malloc. So everything is called once here.
static void bind_early(struct profiler *self) {
    struct thread_state nobody = {0};
    struct live_sample sample = {NULL, 0, sampler_weight(1, CMEMPROF_DEFAULT_INTERVAL_BYTES)};
    const void *block = (const void *)4096; // nobody's: the first pages are never mapped
    uintptr_t pcs[UNWIND_MAX_FRAMES];
    enum unwind_end end;
    sampler_next(&nobody, CMEMPROF_DEFAULT_INTERVAL_BYTES);
    unwind(&self->unwinder, &nobody, (uintptr_t)__builtin_return_address(0), pcs, &end);
    if (live_table_add(&self->live, block, &sample)) {
        live_table_remove(&self->live, block, &sample);
    }
}

static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;

// In the child there is one thread, and what others held is held for ever. The tables need nothing: they have no locks. The random numbers
// must go another way than the parent's, or the children of one parent would all sample alike.
static void after_fork(void) {
    pthread_mutex_init(&starting, NULL);
    snapshot_after_fork_in_child();
    atomic_store(&profiler.scratch_taken, 0);
    thread_state.random = 0;
}

static enum cmemprof_error open_once(struct profiler *self) {
    if (atomic_load(&self->open)) {
        return CMEMPROF_OK;
    }
    if (!open_tables(self)) {
        return CMEMPROF_NO_MEMORY;
    }
    bind_early(self);
    pthread_atfork(snapshot_before_fork, snapshot_after_fork_in_parent, after_fork);
    atomic_store(&self->open, true);
    return CMEMPROF_OK;
}

enum cmemprof_error cmemprof_start(uint64_t interval_bytes) {
    // The process's malloc must be the one of the object that this code is in; in a plugin that was loaded late it is not.
    if (dlsym(RTLD_DEFAULT, "malloc") != (void *)malloc) {
        return CMEMPROF_NOT_BOUND;
    }
    pthread_mutex_lock(&starting);
    enum cmemprof_error error = open_once(&profiler);
    pthread_mutex_unlock(&starting);
    if (error == CMEMPROF_OK) {
        atomic_store(&profiler.interval_bytes, interval_bytes);
    }
    return error;
}

void cmemprof_stop(void) {
    atomic_store(&profiler.interval_bytes, 0);
}

void cmemprof_set_go_text(uintptr_t start, uintptr_t end) {
    atomic_store(&profiler.unwinder.go_text_start, start);
    atomic_store(&profiler.unwinder.go_text_end, end);
}

const char *cmemprof_error_text(enum cmemprof_error error) {
    static const char *const texts[CMEMPROF_ERROR_COUNT] = {
        [CMEMPROF_OK] = "ok",
        [CMEMPROF_NO_MEMORY] = "no memory for the profiler's tables",
        [CMEMPROF_NOT_BOUND] = "this program's malloc is not the profiler's: it was loaded late, or a sanitizer came first",
        [CMEMPROF_BAD_NAMES] = "the names of Go addresses do not add up",
        [CMEMPROF_ENCODING] = "the profile could not be written",
    };
    return error >= 0 && error < CMEMPROF_ERROR_COUNT ? texts[error] : "unknown error";
}

static uint64_t read_count(const _Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void cmemprof_get_stats(struct cmemprof_stats *stats) {
    *stats = (struct cmemprof_stats){
        .interval_bytes = read_count(&profiler.interval_bytes),
        .samples = read_count(&profiler.samples),
        .live = read_count(&profiler.live.count),
        .stacks = read_count(&profiler.stacks.count),
        .own_bytes = atomic_load(&profiler.stacks.arena.used_bytes) + atomic_load(&profiler.live.used_bytes) + sizeof profiler,
        .lost_stacks = read_count(&profiler.lost_stacks),
        .lost_live = read_count(&profiler.lost_live),
        .unsampled_nested = read_count(&profiler.unsampled_nested),
        .cut_no_rule = read_count(&profiler.ends[UNWIND_NO_RULE]),
        .cut_unsupported = read_count(&profiler.ends[UNWIND_UNSUPPORTED]),
        .cut_unreadable = read_count(&profiler.ends[UNWIND_UNREADABLE]),
        .cut_depth = read_count(&profiler.ends[UNWIND_TOO_DEEP]),
    };
}
