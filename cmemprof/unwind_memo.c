// unwind_memo.c (unwind): see unwind_memo.h.

#include "unwind_memo.h"

#include <string.h>

bool unwind_trail_is_usable(const struct unwind_trail *old, const struct unwind_trail *now) {
    return old->steps_begin < old->steps_end && old->reusable_from < old->steps_end && old->generation == now->generation &&
           (now->generation & 1) == 0 && now->stack_low <= old->stack_low && now->stack_high >= old->stack_high;
}

UNWIND_UNCHECKED uint32_t unwind_trail_unchanged_from(const struct unwind_trail *trail) {
    uint32_t first = trail->reusable_from > trail->steps_begin ? trail->reusable_from : trail->steps_begin, at = trail->steps_end;
    if (first >= at) {
        return at;
    }
    const struct unwind_read *last = &trail->reads[trail->reads_end], *low = &trail->reads[trail->steps[first].reads];
    while (last > low && unwind_read_change(last - 1) == 0) {
        last--;
    }
    // All from last on are.
    uint32_t reads = (uint32_t)(last - trail->reads);
    while (at > first && trail->steps[at - 1].reads >= reads) {
        at--;
    }
    return at;
}

// A beginning of another length changes where a deep stack is cut.
static bool depths_agree(const struct unwind_trail *old, uint32_t at, const struct unwind_trail *now) {
    uint32_t before = now->steps_end - 1 - now->steps_begin;
    if (old->end == UNWIND_TOO_DEEP) {
        return before == at - old->steps_begin;
    }
    return before + (old->steps_end - at) <= UNWIND_MAX_FRAMES;
}

bool unwind_trail_may_join(const struct unwind_trail *old, uint32_t at, const struct unwind_trail *now) {
    const struct unwind_step *a = &old->steps[at], *b = &now->steps[now->steps_end - 1];
    return now->reusable_from != UNWIND_NEVER && a->sp == b->sp && unwind_trail_pc(old, at) == unwind_trail_pc(now, now->steps_end - 1) &&
           a->exact == b->exact && a->fp_at == b->fp_at && a->aux_at_or_high == b->aux_at_or_high && at >= old->reusable_from &&
           (at >= old->fp_until || old->fp == now->fp) && (at >= old->aux_until || (now->aux_known && old->aux == now->aux)) &&
           depths_agree(old, at, now) && now->steps[now->steps_end - 1].reads - now->steps[now->steps_begin].reads <= a->reads;
}

static uint32_t moved(uint32_t until, uint32_t steps, uint32_t at, uint32_t old_until) {
    uint32_t here = until == 0 ? 0 : until - steps;
    return old_until > at ? old_until : here;
}

bool unwind_trail_join(struct unwind_trail *old, uint32_t at, const struct unwind_trail *now) {
    uint32_t count = now->steps_end - 1 - now->steps_begin, begin = at - count;
    uint32_t reads_begin = now->steps[now->steps_begin].reads, reads = now->steps[now->steps_end - 1].reads - reads_begin;
    uint32_t reads_to = old->steps[at].reads - reads, steps_by = now->steps_begin - begin, reads_by = reads_begin - reads_to;
    bool same = begin == old->steps_begin && memcmp(&old->pcs[begin], &now->pcs[now->steps_begin], count * sizeof *old->pcs) == 0;
    memcpy(&old->pcs[begin], &now->pcs[now->steps_begin], count * sizeof *old->pcs);
    memcpy(&old->reads[reads_to], &now->reads[reads_begin], reads * sizeof *old->reads);
    memcpy(&old->steps[begin], &now->steps[now->steps_begin], count * sizeof *old->steps);
    for (uint32_t i = 0; reads_by != 0 && i < count; i++) { // 0 if a stack was replaced by one of the same shape
        old->steps[begin + i].reads -= reads_by;
    }
    old->reusable_from = now->reusable_from - steps_by;
    old->fp_until = moved(now->fp_until, steps_by, at, old->fp_until);
    old->aux_until = moved(now->aux_until, steps_by, at, old->aux_until);
    old->fp = now->fp;
    old->aux = now->aux;
    old->aux_known = now->aux_known;
    old->stack_low = now->stack_low;
    old->stack_high = now->stack_high;
    old->steps_begin = begin;
    return same;
}

void unwind_trail_append(struct unwind_trail *now, const struct unwind_trail *old, uint32_t at) {
    uint32_t last = now->steps_end - 1, count = old->steps_end - at;
    uint32_t reads_from = old->steps[at].reads, reads = old->reads_end - reads_from, reads_to = now->steps[last].reads;
    memcpy(&now->pcs[last], &old->pcs[at], count * sizeof *now->pcs);
    memcpy(&now->reads[reads_to], &old->reads[reads_from], reads * sizeof *now->reads);
    memcpy(&now->steps[last], &old->steps[at], count * sizeof *now->steps);
    for (uint32_t i = 0; i < count; i++) {
        now->steps[last + i].reads += reads_to - reads_from;
    }
    now->fp_until = old->fp_until > at ? old->fp_until - at + last : now->fp_until;
    now->aux_until = old->aux_until > at ? old->aux_until - at + last : now->aux_until;
    now->steps_end = last + count;
    now->reads_end = reads_to + reads;
    now->end = old->end;
}

bool unwind_trail_same_stack(const struct unwind_trail *a, const struct unwind_trail *b) {
    uint32_t count = a->steps_end - a->steps_begin;
    return count == b->steps_end - b->steps_begin && a->end == b->end &&
           memcmp(&a->pcs[a->steps_begin], &b->pcs[b->steps_begin], count * sizeof *a->pcs) == 0;
}
