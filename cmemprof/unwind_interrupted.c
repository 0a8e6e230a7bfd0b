// unwind_interrupted.c (unwind): see unwind_interrupted.h.

#include "unwind_interrupted.h"

#include <string.h>

#include "unwind_walk.h"

static bool is_go(const struct unwind_walk *walk, uintptr_t pc) {
    return pc - walk->go_start < walk->go_bytes;
}

enum { MAX_CAPACITY = 64 };

// Orders the root part, which was written as a ring, and drops its oldest entry.
static void straighten(uintptr_t *ring, uint32_t count, uint32_t oldest) {
    uintptr_t ordered[MAX_CAPACITY];
    for (uint32_t i = 0; i < count - 1; i++) {
        ordered[i] = ring[(oldest + 1 + i) % count];
    }
    memcpy(ring, ordered, (count - 1) * sizeof *ordered);
}

uintptr_t unwind_interrupted_pc(const void *context) {
    return machine_interrupted(context).pc;
}

uint32_t unwind_interrupted_whole(struct unwinder *unwinder, struct thread_state *thread, const void *context, struct unwind_trail *scratch,
                                  uintptr_t **pcs, enum unwind_end *end) {
    const struct unwind_start start = machine_interrupted(context);
    struct unwind_walk walk = unwind_walk_prepare(unwinder, thread, &start, scratch);
    unwind_walk_follow(&walk, (struct unwind_frame){.after = start.pc + 1, .sp = start.sp, .exact = true});
    *pcs = &scratch->pcs[UNWIND_FIRST_STEP];
    *end = walk.end;
    return unwind_walk_next_step(&walk) - UNWIND_FIRST_STEP;
}

void unwind_interrupted(struct unwinder *unwinder, struct thread_state *thread, const void *context, struct unwind_trail *scratch,
                        uintptr_t *pcs, uint32_t capacity, struct unwind_interrupted *result) {
    const struct unwind_start start = machine_interrupted(context);
    capacity = capacity < MAX_CAPACITY ? capacity : MAX_CAPACITY;
    const uint32_t leaf = capacity - capacity / 2, ring = capacity / 2;
    struct unwind_walk walk = unwind_walk_prepare(unwinder, thread, &start, scratch);
    struct unwind_frame now = {.after = start.pc + 1, .sp = start.sp, .exact = true};
    uint32_t count = 0;
    *result = (struct unwind_interrupted){.end = UNWIND_COMPLETE};
    while (now.after != 0 && !is_go(&walk, now.after - 1)) {
        if (count == UNWIND_INTERRUPTED_MAX_FRAMES) {
            result->end = UNWIND_TOO_DEEP;
            break;
        }
        uintptr_t *pc = &pcs[count < leaf ? count : leaf + (count - leaf) % ring];
        *pc = now.after - 1;
        count += *pc != 0; // after a call through a NULL pointer; 0 would be the end
        // What a step needs of the trail: room for its reads, and a last step, which may turn out to begin at a function's first byte.
        walk.read = &scratch->reads[UNWIND_FIRST_READ];
        const uint8_t beyond = walk.step->pc_beyond = now.exact;
        bool followed = unwind_walk_step_c(&walk, &now);
        *pc += walk.step->pc_beyond - beyond;
        if (!followed) {
            result->end = walk.end;
            break;
        }
    }
    result->depth_frames = result->leaf_frames = count;
    if (count > capacity) {
        bool rooted = result->end != UNWIND_TOO_DEEP;
        result->leaf_frames = leaf;
        result->depth_frames = rooted ? capacity - 1 : leaf;
        result->left_out = count - result->depth_frames;
        if (rooted) {
            straighten(pcs + leaf, ring, (count - leaf) % ring);
        }
    }
}
