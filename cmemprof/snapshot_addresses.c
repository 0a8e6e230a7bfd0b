// snapshot_addresses.c (tables): collects the distinct addresses of a snapshot's stacks by a hash table: most stacks share most frames.
//
// Threads: as the snapshot's. Memory: mapped_buffer.h.

#include "snapshot.h"

#include <string.h>

struct address_slot {
    uintptr_t pc;
    uint32_t generation;
    uint32_t index_and_one; // index in addresses plus 1; 0: free
};

enum { FIRST_SLOTS = 4096 };

bool snapshot_is_go(const struct cmemprof_snapshot *snapshot, uintptr_t pc) {
    return unwind_is_go(&snapshot->of->unwinder, pc);
}

static struct address_slot *slot_of(struct address_slot *slots, size_t slot_count, uintptr_t pc, uint32_t generation) {
    // A library that is loaded and unloaded repeatedly gives one address very many generations.
    uint64_t hash = (pc + generation * 0xd6e8feb86659fd93u) * 0x9e3779b97f4a7c15u;
    for (size_t at = hash >> 32;; at++) {
        struct address_slot *slot = &slots[at & (slot_count - 1)];
        if (slot->index_and_one == 0 || (slot->pc == pc && slot->generation == generation)) {
            return slot;
        }
    }
}

// Doubles the table and rehashes.
static bool grow_slots(struct cmemprof_snapshot *snapshot) {
    struct mapped_buffer memory = {0};
    size_t count = snapshot->address_slot_count == 0 ? FIRST_SLOTS : snapshot->address_slot_count * 2;
    if (!mapped_buffer_reserve(&memory, count * sizeof(struct address_slot))) {
        return false;
    }
    for (size_t i = 0; i < snapshot->address_count; i++) {
        const struct code_address *address = &snapshot->addresses[i];
        *slot_of(memory.base, count, address->pc, address->generation) =
            (struct address_slot){address->pc, address->generation, (uint32_t)i + 1};
    }
    mapped_buffer_free(&snapshot->slot_memory);
    snapshot->slot_memory = memory;
    snapshot->address_slots = memory.base;
    snapshot->address_slot_count = count;
    return true;
}

// Ensures capacity for one more; grows by half.
static bool fit_one(struct mapped_buffer *memory, size_t count, size_t item_bytes) {
    return (count + 1) * item_bytes <= memory->size_bytes || mapped_buffer_reserve(memory, (count + count / 2 + 1024) * item_bytes);
}

static bool add_address(struct cmemprof_snapshot *snapshot, struct address_slot *slot, uintptr_t pc, uint32_t generation) {
    bool is_go = snapshot_is_go(snapshot, pc);
    if (!fit_one(&snapshot->address_memory, snapshot->address_count, sizeof(struct code_address)) ||
        !fit_one(&snapshot->go_pc_memory, snapshot->go_pc_count, sizeof(uintptr_t))) {
        return false;
    }
    snapshot->addresses = snapshot->address_memory.base;
    snapshot->go_pcs = snapshot->go_pc_memory.base;
    snapshot->addresses[snapshot->address_count++] = (struct code_address){pc, generation, (uint32_t)snapshot->go_pc_count};
    if (is_go) {
        snapshot->go_pcs[snapshot->go_pc_count++] = pc;
    }
    *slot = (struct address_slot){pc, generation, (uint32_t)snapshot->address_count};
    return snapshot->address_count * 2 <= snapshot->address_slot_count || grow_slots(snapshot);
}

// The snapshot's generation, since other code may be there when the address is symbolized. Go code is never unloaded, and names of Python
// stay.
static uint32_t generation_of(const struct cmemprof_snapshot *snapshot, uintptr_t pc, uint32_t retired) {
    return snapshot_is_go(snapshot, pc) || python_names_is(pc) ? 0 : retired != 0 ? retired : snapshot->generation;
}

bool snapshot_collect_addresses(struct cmemprof_snapshot *snapshot) {
    if (!grow_slots(snapshot)) {
        return false;
    }
    for (size_t i = 0; i < snapshot->record_count; i++) {
        const struct stack *stack = snapshot->records[i].stack;
        uint32_t retired = stack ? atomic_load_explicit(&stack->retired, memory_order_relaxed) : 0;
        for (uint32_t frame = 0; stack && frame < stack->depth_frames; frame++) {
            uintptr_t pc = stack->pcs[frame];
            uint32_t generation = generation_of(snapshot, pc, retired);
            struct address_slot *slot = slot_of(snapshot->address_slots, snapshot->address_slot_count, pc, generation);
            if (slot->index_and_one == 0 && !add_address(snapshot, slot, pc, generation)) {
                return false;
            }
        }
    }
    return true;
}

static uint32_t index_of(const struct cmemprof_snapshot *snapshot, uintptr_t pc, uint32_t generation) {
    return slot_of(snapshot->address_slots, snapshot->address_slot_count, pc, generation)->index_and_one - 1;
}

uint32_t snapshot_address_index(const struct cmemprof_snapshot *snapshot, const struct stack *stack, uint32_t frame) {
    uintptr_t pc = stack->pcs[frame];
    uint32_t retired = atomic_load_explicit(&stack->retired, memory_order_relaxed);
    uint32_t index = index_of(snapshot, pc, generation_of(snapshot, pc, retired));
    // Not found: the stack was retired after the snapshot.
    return index != SNAPSHOT_NO_ADDRESS ? index : index_of(snapshot, pc, generation_of(snapshot, pc, 0));
}
