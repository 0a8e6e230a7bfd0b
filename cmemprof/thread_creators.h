// thread_creators.h (tables): which call made each thread: the creating stack, of threads that were made by pthread_create.
//
// A thread is known by its descriptor (pthread_t is its address, in glibc and musl), or if that is unknown by its start routine and the
// argument of it; if two stacks make threads with the same two, it is not said which made which.
//
// A descriptor is used again by later threads, also by such that nobody noted (libc's own). So a note counts for a thread only if the start
// routine and the argument that libc keeps in the descriptor are those of the note (memory_profile_threads.c).
//
// The table holds the newest THREAD_CREATORS notes. What is displaced, or finds its entry being written, is a thread of an unknown creator.
//
// Threads: any may add, also in a signal handler and after fork; lock-free. Never calls malloc or Go. Memory: the owner's, touched as far
// as it is used.
#ifndef CMEMPROF_THREAD_CREATORS_H
#define CMEMPROF_THREAD_CREATORS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"

enum { THREAD_CREATORS = 4096 };

enum thread_owner {
    THREAD_OF_PROGRAM,  // and its libraries
    THREAD_OF_GO,       // Go's runtime
    THREAD_OF_PROFILER, // libcmemprof.so's
};

struct stack;
struct thread_creation {
    uintptr_t descriptor;        // 0: unknown
    uintptr_t routine, argument; // of pthread_create
    uintptr_t caller;            // its return address; 0: two different ones
    struct stack *stack;         // NULL: unknown, as for Go's threads, before the profiler's first start and while it is stopped
    enum thread_owner owner;
};

struct thread_creator_slot {
    _Atomic uint32_t version; // odd: being written
    _Atomic uint32_t owner;
    _Atomic uintptr_t routine, argument, caller;
    _Atomic(struct stack *) stack;
};

// All zeros is an empty table.
struct thread_creators {
    _Atomic uint32_t taken;                  // slots that were ever taken; the newest one displaces slot taken % THREAD_CREATORS
    _Atomic uintptr_t keys[THREAD_CREATORS]; // the descriptor, or a hash of routine and argument, which is odd; 0: free
    struct thread_creator_slot slots[THREAD_CREATORS];
};

void thread_creators_add(struct thread_creators *creators, const struct thread_creation *creation);
// Finds the note for a thread by its descriptor, or by what libc keeps there. False: there is none, and
// *creation is undefined.
bool thread_creators_find(const struct thread_creators *creators, uintptr_t descriptor, uintptr_t routine, uintptr_t argument,
                          struct thread_creation *creation);
// Every stack of the table: it may be found as long as its note exists.
void thread_creators_each_stack(const struct thread_creators *creators, void (*visit)(struct stack *stack, void *context), void *context);

#endif
