// shard.h (sample): the part of the profiler's state that samples write, replicated so that threads do not contend.
//
// A shard caches what a repeated sample needs: the last stack, what was allocated there since, and the last weight.
//
// The first 48 shards have an owner each; the rest are shared. The owner is the address of a thread's thread_state. Whichever thread is at
// that address, also a later one, has exclusive use of the shard and can hold it with a plain store. The end of a thread goes unnoticed, so
// a shard keeps its owner: the next thread at that address gets it, even if the previous one ended inside a sample. Threads that find no
// unowned shard left take a shared one with an atomic exchange.
//
//   holder    store held = 1; full barrier; wanted is 0: held               otherwise: store held = 0, take another shard
//   waiter    wanted + 1; full barrier; held is 0: nobody holds it          otherwise: check again later
//
// One of the two always sees the other (Dekker). An owner needs no barrier of its own where an atomic read-modify-write follows anyway,
// such as that of the block filter; everything in the shard, and everything that a waiter may change, is read after it.
//
// Threads: any, also inside malloc. One thread at a time holds a shard. Inside malloc no thread waits for one: it takes another, and if
// none is free the sample is lost and counted. Memory: mmap at the start, 210 KiB a shard, of which stacks of 24 frames touch about ten
// pages, and three more with frames of Python.
#ifndef CMEMPROF_SHARD_H
#define CMEMPROF_SHARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"
#include "label_sets.h"
#include "lifetimes.h"
#include "python_stack.h"
#include "stack_table.h"
#include "thread_state.h"
#include "unwind.h"

enum { SHARDS_OWNED = 48, SHARDS_SHARED = 16, SHARDS = SHARDS_OWNED + SHARDS_SHARED, SHARD_USED_BYTES = 10 * 4096 };

struct shard {
    _Atomic uint32_t held;   // 1: a sample is in flight in it
    _Atomic uint32_t wanted; // number of waiters and readers; while not 0, threads take another shard
    _Atomic bool stuck;      // a wait timed out: the holder may have ended
    _Atomic(const struct thread_state *) owner;
    struct stack *stack;        // the stack that memo describes; NULL: none
    struct stack *stack_labels; // of it
    uint64_t stack_hash;        // of the memo's stack, or of that with Python's frames; kept by sample_stack.c
    bool is_goroutines;         // that stack is of a goroutine; if is_whose_known
    bool is_whose_known;
    // Allocated at stack and not yet in its totals: a thread that samples in a loop writes private memory only.
    double objects, bytes;
    uint64_t unflushed_samples;
    _Atomic double lost_bytes; // that the samples in lost_live stood for
    // The weight of the last size.
    size_t weight_size;
    uint64_t weight_interval;
    double weight, weight_bytes;
    // Sample numbers: samples before timed_until are in sampling_ns; timed_next is timed next.
    uint64_t timed_until, timed_next;
    // Counters: written by the holder, read by any thread.
    _Atomic uint64_t samples, lost_stacks, lost_live, sampling_ns, labels_left_out, lost_labels;
    _Atomic uint64_t ends[UNWIND_END_COUNT]; // UNWIND_COMPLETE is not counted
    struct lifetimes lifetimes;              // of what the owner freed, also while the shard is not held

    struct label_memo labels;
    struct unwind_memo memo;
    struct python_memo python; // of the memo's stack
} __attribute__((aligned(64)));

struct shards {
    struct shard *items;   // SHARDS of them; NULL: not open
    _Atomic uint64_t used; // one bit per shard ever used
};

// Returns false if memory runs out.
bool shards_open(struct shards *shards);
void shards_close(struct shards *shards); // also if not open; no thread may use a shard any more

// Adds to a counter of a shard. Caller must hold the shard.
static inline void shard_count(_Atomic uint64_t *counter, uint64_t amount) {
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + amount, memory_order_relaxed);
}

static inline void shard_release(struct shard *shard) {
    atomic_store_explicit(&shard->held, 0, memory_order_release);
}
static inline bool shard_is_wanted(const struct shard *shard) {
    return atomic_load_explicit(&shard->wanted, memory_order_acquire) != 0;
}

// Takes the shard that the thread owns, without the barrier: an atomic read-modify-write must come next; if shard_is_wanted is then true,
// release it. Returns NULL if the thread owns none or already holds it.
static inline struct shard *shards_take_own(const struct shards *shards, const struct thread_state *thread) {
    uint32_t number = thread->shard - 1;
    if (number >= SHARDS_OWNED) {
        return NULL;
    }
    struct shard *own = &shards->items[number];
    if (atomic_load_explicit(&own->held, memory_order_relaxed) != 0) {
        return NULL;
    }
    atomic_store_explicit(&own->held, 1, memory_order_relaxed);
    return own;
}
// Takes the thread's own shard, claiming one if needed, or a shared one. Returns NULL if none is free.
struct shard *shards_take(struct shards *shards, struct thread_state *thread);

// Waits until nobody holds the shard, and keeps it free until shard_leave. Waits half a second at most, and not at all if the last wait
// timed out. Not inside malloc. Returns false on a timeout.
bool shard_wait(struct shard *shard);
void shard_leave(struct shard *shard);
// For each used shard in the mask `which`, waits until its present holder has released it, and calls visit while it is free. One thread at
// a time. Returns the shards that timed out.
#define SHARDS_ALL UINT64_MAX
_Static_assert(SHARDS == 64, "as many as a mask has bits");
uint64_t shards_settle(const struct shards *shards, uint64_t which, void (*visit)(struct shard *shard));
// Iterates over the shards that were ever used; NULL is before the first and after the last. Others were never written to, and their pages
// stay untouched.
struct shard *shards_next(const struct shards *shards, const struct shard *last);

// Adds the pending allocations to the stack's totals. Caller must hold the shard.
void shard_flush(struct shard *shard);
// Flushes and forgets the stack and the labels: no pointer into a table survives.
void shard_forget(struct shard *shard);

// Call in a forked child: other threads' shards are as they left them. Discards what may be half written (for the samples in flight see
// lifecycle.c). Returns false if there was such a shard. Leaves the pages of other shards shared with the parent.
bool shards_after_fork(const struct shards *shards);

#endif
