// shard.h: the part of the profiler's state that samples write, in many copies, so that threads do not meet in one.
//
// A shard holds what makes a sample cheap when a thread samples much as it did before: the stack it found last, what was allocated there
// since, and the last weight.
//
// The first 48 have an owner each, the others are anybody's. The owner is the place of a thread's thread_state: whoever has that place,
// also a later thread at the same address, is alone with the shard, so it can hold it by a plain store. Nothing tells when a thread ends,
// so a shard is never taken from its owner: the next thread at its address has it, also if the one before ended inside a sample. Threads
// that find none left, since that many addresses were used before them, take one of the others, by an atomic exchange.
//
//   thread             held = 1; a full barrier; wanted is 0: it is ours      else: held = 0, and another one
//   who waits for it   wanted + 1, a full barrier; held is 0: nobody has it   else: look again later
//
// One of the two always sees the other (Dekker). An owner needs no barrier of its own where an atomic read-modify-write follows anyway, as
// that of the filter of sampled blocks does; all that belongs to a shard, or that whoever waits for it changes meanwhile, is read after it.
//
// Threads: any, also inside malloc. A shard is held by one thread at a time; nobody inside malloc ever waits for one: it takes another, and
// with none free the sample is lost and counted. Memory: mmap at the start, 200 KiB a shard, of which stacks of 24 frames use about ten
// pages.
#ifndef CMEMPROF_SHARD_H
#define CMEMPROF_SHARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"
#include "stack_table.h"
#include "thread_state.h"
#include "unwind.h"

enum { SHARDS_OWNED = 48, SHARDS_SHARED = 16, SHARDS = SHARDS_OWNED + SHARDS_SHARED, SHARD_USED_BYTES = 10 * 4096 };

struct shard {
    _Atomic uint32_t held;   // 1: a sample is being taken in it
    _Atomic uint32_t wanted; // so many wait for it or look at it, so others take another one
    _Atomic bool stuck;      // was not to be had in time: the thread that holds it may have ended
    _Atomic(const struct thread_state *) owner;
    struct stack *stack; // that memo describes; NULL: none
    // Allocated at stack, and not in its totals yet: a thread that samples in a loop writes to memory of its own.
    double objects, bytes;
    uint64_t unflushed_samples;
    // The weight of the last size.
    size_t weight_size;
    uint64_t weight_interval;
    double weight, weight_bytes;
    // Numbers of samples: those before the first are in sampling_ns, the second is timed next.
    uint64_t timed_until, timed_next;
    // Counters: written by the holder, read by anybody.
    _Atomic uint64_t samples, lost_stacks, lost_live, sampling_ns;
    _Atomic uint64_t ends[UNWIND_END_COUNT]; // but for UNWIND_COMPLETE

    struct unwind_memo memo;
} __attribute__((aligned(64)));

// A counter of a shard, by its holder.
static inline void shard_count(_Atomic uint64_t *counter, uint64_t amount) {
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + amount, memory_order_relaxed);
}

static inline void shard_release(struct shard *shard) {
    atomic_store_explicit(&shard->held, 0, memory_order_release);
}
static inline bool shard_is_wanted(const struct shard *shard) {
    return atomic_load_explicit(&shard->wanted, memory_order_acquire) != 0;
}

// The shard that the thread owns, held but for the barrier: an atomic read-modify-write must come next, and then shard_is_wanted must be
// false, or it is to be released. NULL: the thread owns none, or has it in use.
static inline struct shard *shards_take_own(struct shard *shards, const struct thread_state *thread) {
    uint32_t number = thread->shard - 1;
    if (number >= SHARDS_OWNED || atomic_load_explicit(&shards[number].held, memory_order_relaxed) != 0) {
        return NULL;
    }
    atomic_store_explicit(&shards[number].held, 1, memory_order_relaxed);
    return &shards[number];
}
// The thread's own shard, which it looks for if it has not yet, or one of those that are anybody's. NULL: none is free.
struct shard *shards_take(struct shard *shards, struct thread_state *thread);

// Waits until nobody holds it, and nobody will until shard_leave; half a second at most, and not at all if it was not to be had the last
// time either: for those who are not inside malloc. False: it was not to be had.
bool shard_wait(struct shard *shard);
void shard_leave(struct shard *shard);
// Of these shards, one bit each, takes those that were ever used: waits until everybody who holds one now has let go of it, and calls visit
// while it is nobody's; one thread at a time. Returns those that were not to be had in time.
#define SHARDS_ALL UINT64_MAX
_Static_assert(SHARDS == 64, "as many as a mask has bits");
uint64_t shards_settle(struct shard *shards, uint64_t which, void (*visit)(struct shard *shard));
// The shards that were ever used, one after the other: NULL comes before the first and after the last. Others have never been written to,
// and their pages stay untouched.
struct shard *shards_next(struct shard *shards, const struct shard *last);

// By its holder. What was allocated becomes part of the stack's totals.
void shard_flush(struct shard *shard);
// Also forgets the stack: pointers to entries of the table of stacks do not outlive this.
void shard_forget(struct shard *shard);

// In a forked child: shards that other threads held are as they left them. What may be half written is given up (the samples they were at:
// see profiler.c). False: there was such a shard. The pages of others stay the parent's.
bool shards_after_fork(struct shard *shards);

#endif
