// snapshot_addresses_test.c: every address of a snapshot's stacks is collected once per generation and found again.

#include "../../base/test/test.h"

#include "../profiler.h"
#include "../snapshot.h"

enum { DEPTH = 4 };

static struct stack *new_stack(const uintptr_t pcs[DEPTH], uint32_t retired) {
    struct stack *stack = calloc(1, sizeof *stack + DEPTH * sizeof(uintptr_t));
    assert_non_null(stack);
    stack->depth_frames = DEPTH;
    stack->retired = retired;
    for (int i = 0; i < DEPTH; i++) {
        stack->pcs[i] = pcs[i];
    }
    return stack;
}

static void free_all(struct cmemprof_snapshot *snapshot) {
    for (size_t i = 0; i < snapshot->record_count; i++) {
        free((void *)(uintptr_t)snapshot->records[i].stack);
    }
    mapped_buffer_free(&snapshot->address_memory);
    mapped_buffer_free(&snapshot->go_pc_memory);
    mapped_buffer_free(&snapshot->slot_memory);
}

TEST(each_address_once) {
    struct record records[4] = {{.stack = NULL}}; // the evicted stacks' record has no addresses
    struct cmemprof_snapshot snapshot = {.of = &profiler, .records = records, .record_count = 4, .generation = 9};
    records[1].stack = new_stack((uintptr_t[]){10, 20, 500, 10}, 0);
    records[2].stack = new_stack((uintptr_t[]){20, 30, 501, 500}, 0);
    records[3].stack = new_stack((uintptr_t[]){10, 30, 500, 40}, 7);
    atomic_store(&profiler.unwinder.go_text_start, 500);
    atomic_store(&profiler.unwinder.go_text_end, 600);
    assert_true(snapshot_collect_addresses(&snapshot));
    // 10, 20, 500, 30, 501, and of generation 7 10, 30 and 40: Go code is never unloaded. The present generation is 9, also after it ends.
    assert_int_equal(snapshot.address_count, 8);
    assert_int_equal(snapshot.go_pc_count, 2);
    for (size_t i = 1; i < 4; i++) {
        for (uint32_t frame = 0; frame < DEPTH; frame++) {
            const struct stack *stack = records[i].stack;
            uint32_t at = snapshot_address_index(&snapshot, stack, frame);
            assert_true(at < snapshot.address_count);
            const struct code_address *address = &snapshot.addresses[at];
            assert_int_equal(address->pc, stack->pcs[frame]);
            assert_int_equal(address->generation, address->pc >= 500 ? 0 : stack->retired != 0 ? stack->retired : 9);
            assert_true(address->pc < 500 || snapshot.go_pcs[address->go_index] == address->pc);
        }
    }
    // Retired after the snapshot, at the end of its generation or later: its addresses are unchanged.
    uint32_t before = snapshot_address_index(&snapshot, records[2].stack, 0);
    for (uint32_t retired = 9; retired < 11; retired++) {
        atomic_store((_Atomic uint32_t *)(uintptr_t)&records[2].stack->retired, retired);
        assert_int_equal(snapshot_address_index(&snapshot, records[2].stack, 0), before);
    }
    atomic_store(&profiler.unwinder.go_text_start, 0);
    atomic_store(&profiler.unwinder.go_text_end, 0);
    free_all(&snapshot);
}

TEST(very_many_addresses) {
    enum { STACKS = 20000 };
    static struct record records[STACKS];
    struct cmemprof_snapshot snapshot = {.of = &profiler, .records = records, .record_count = STACKS};
    for (uintptr_t i = 0; i < STACKS; i++) {
        records[i].stack = new_stack((uintptr_t[]){i * 3 + 1, i * 3 + 2, i * 3 + 3, 1}, 0);
    }
    assert_true(snapshot_collect_addresses(&snapshot));
    assert_int_equal(snapshot.address_count, 3 * STACKS);
    for (size_t i = 0; i < STACKS; i++) {
        for (uint32_t frame = 0; frame < DEPTH; frame++) {
            assert_int_equal(snapshot.addresses[snapshot_address_index(&snapshot, records[i].stack, frame)].pc,
                             records[i].stack->pcs[frame]);
        }
    }
    free_all(&snapshot);
}

// A library loaded repeatedly: one address has very many generations. Each is found at once: used slots are not clustered.
TEST(one_address_may_have_many_generations) {
    enum { STACKS = 20000 };
    static struct record records[STACKS];
    struct cmemprof_snapshot snapshot = {.of = &profiler, .records = records, .record_count = STACKS};
    for (uint32_t i = 0; i < STACKS; i++) {
        records[i].stack = new_stack((uintptr_t[]){1, 1, 1, 1}, i + 1);
    }
    assert_true(snapshot_collect_addresses(&snapshot));
    assert_int_equal(snapshot.address_count, STACKS);
    const uint32_t *words = (const uint32_t *)snapshot.address_slots; // address, generation, index plus 1: four words a slot
    size_t run = 0, longest = 0;
    for (size_t i = 0; i < snapshot.address_slot_count; i++) {
        run = words[4 * i + 3] != 0 ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    assert_true(longest < 200);
    free_all(&snapshot);
}

int main(void) {
    return tests_run();
}
