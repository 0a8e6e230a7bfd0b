// thread_creators.c (tables): see thread_creators.h.

#include "thread_creators.h"

#include <stddef.h>

static uintptr_t key_of(uintptr_t descriptor, uintptr_t routine, uintptr_t argument) {
    return descriptor != 0 ? descriptor : ((routine * 31 + argument) * UINT64_C(0x9e3779b97f4a7c15)) | 1;
}

static uint32_t used(const struct thread_creators *creators) {
    uint32_t taken = atomic_load_explicit(&creators->taken, memory_order_acquire);
    return taken < THREAD_CREATORS ? taken : THREAD_CREATORS;
}

// Returns THREAD_CREATORS if there is none from index on.
static uint32_t find_key(const struct thread_creators *creators, uintptr_t key, uint32_t index) {
    for (uint32_t count = used(creators); index < count; index++) {
        if (atomic_load_explicit(&creators->keys[index], memory_order_relaxed) == key) {
            return index;
        }
    }
    return THREAD_CREATORS;
}

// The counter stops short of wrapping round to "unused".
static uint32_t take_slot(struct thread_creators *creators) {
    uint32_t taken = atomic_load_explicit(&creators->taken, memory_order_relaxed), next;
    do {
        next = taken + 1 < 2 * THREAD_CREATORS ? taken + 1 : THREAD_CREATORS;
    } while (!atomic_compare_exchange_weak_explicit(&creators->taken, &taken, next, memory_order_acq_rel, memory_order_relaxed));
    return taken % THREAD_CREATORS;
}

// Returns false if the slot was being written.
static bool read_slot(const struct thread_creators *creators, uint32_t index, struct thread_creation *creation) {
    const struct thread_creator_slot *slot = &creators->slots[index];
    uint32_t version = atomic_load_explicit(&slot->version, memory_order_acquire);
    uintptr_t key = atomic_load_explicit(&creators->keys[index], memory_order_relaxed);
    *creation = (struct thread_creation){
        .descriptor = (key & 1) != 0 ? 0 : key,
        .routine = atomic_load_explicit(&slot->routine, memory_order_relaxed),
        .argument = atomic_load_explicit(&slot->argument, memory_order_relaxed),
        .caller = atomic_load_explicit(&slot->caller, memory_order_relaxed),
        .stack = atomic_load_explicit(&slot->stack, memory_order_relaxed),
        .owner = (enum thread_owner)atomic_load_explicit(&slot->owner, memory_order_relaxed),
    };
    atomic_thread_fence(memory_order_acquire);
    return version % 2 == 0 && version != 0 && atomic_load_explicit(&slot->version, memory_order_relaxed) == version;
}

// Of what two stacks have made with one routine and argument, the stack is unknown, and stays so.
static void write_slot(struct thread_creators *creators, uint32_t index, uintptr_t key, const struct thread_creation *creation) {
    struct thread_creator_slot *slot = &creators->slots[index];
    uint32_t version = atomic_load_explicit(&slot->version, memory_order_relaxed);
    if (version % 2 != 0 ||
        !atomic_compare_exchange_strong_explicit(&slot->version, &version, version + 1, memory_order_acquire, memory_order_relaxed)) {
        return;
    }
    atomic_thread_fence(memory_order_release);
    bool is_again = creation->descriptor == 0 && atomic_load_explicit(&creators->keys[index], memory_order_relaxed) == key &&
                    atomic_load_explicit(&slot->routine, memory_order_relaxed) == creation->routine &&
                    atomic_load_explicit(&slot->argument, memory_order_relaxed) == creation->argument,
         is_other = is_again && (atomic_load_explicit(&slot->stack, memory_order_relaxed) != creation->stack ||
                                 atomic_load_explicit(&slot->caller, memory_order_relaxed) != creation->caller);
    atomic_store_explicit(&creators->keys[index], key, memory_order_relaxed);
    atomic_store_explicit(&slot->routine, creation->routine, memory_order_relaxed);
    atomic_store_explicit(&slot->argument, creation->argument, memory_order_relaxed);
    atomic_store_explicit(&slot->caller, is_other ? 0 : creation->caller, memory_order_relaxed);
    atomic_store_explicit(&slot->stack, is_other ? NULL : creation->stack, memory_order_relaxed);
    atomic_store_explicit(&slot->owner, creation->owner, memory_order_relaxed);
    atomic_store_explicit(&slot->version, version + 2 != 0 ? version + 2 : 2, memory_order_release);
}

void thread_creators_add(struct thread_creators *creators, const struct thread_creation *creation) {
    uintptr_t key = key_of(creation->descriptor, creation->routine, creation->argument);
    uint32_t index = find_key(creators, key, 0);
    write_slot(creators, index != THREAD_CREATORS ? index : take_slot(creators), key, creation);
}

static bool find(const struct thread_creators *creators, uintptr_t key, uintptr_t routine, uintptr_t argument,
                 struct thread_creation *creation) {
    for (uint32_t at = 0; (at = find_key(creators, key, at)) != THREAD_CREATORS; at++) {
        if (read_slot(creators, at, creation) && creation->routine == routine && creation->argument == argument) {
            return true;
        }
    }
    return false;
}

bool thread_creators_find(const struct thread_creators *creators, uintptr_t descriptor, uintptr_t routine, uintptr_t argument,
                          struct thread_creation *creation) {
    return find(creators, descriptor, routine, argument, creation) ||
           find(creators, key_of(0, routine, argument), routine, argument, creation);
}

void thread_creators_each_stack(const struct thread_creators *creators, void (*visit)(struct stack *stack, void *context), void *context) {
    for (uint32_t i = 0, count = used(creators); i < count; i++) {
        struct stack *stack = atomic_load_explicit(&creators->slots[i].stack, memory_order_acquire);
        if (stack) {
            visit(stack, context);
        }
    }
}
