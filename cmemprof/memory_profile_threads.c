// memory_profile_threads.c (resident): thread stacks, by who made the thread.
//
// libc keeps a thread's start routine and its argument in the thread's descriptor, one behind the other, where the layout of this version
// has them. Where that is, is learned from a thread whose creation was noted (thread_creators.h), by finding the two there; without one
// nothing is read. A note counts for a thread if both are the note's; else its descriptor was used again, and the routine is all that is
// known.

#include "memory_profile.h"

#include <string.h>

#include "address_order.h"
#include "resident_pieces.h"
#include "thread_creators.h"

enum { DESCRIPTOR_BYTES = 4096, WORD = sizeof(uint64_t) };

static bool is_code(const struct resident *resident, uint64_t address) {
    const struct resident_piece *piece = address != 0 ? resident_piece_at(resident, address) : NULL;
    return piece && piece->is_executable;
}

// ---- What the descriptor says ----

static void learn(struct resident *resident, struct profiler *self, const struct resident_stack *stack) {
    uint64_t words[DESCRIPTOR_BYTES / WORD], bytes = stack->high - stack->descriptor;
    size_t count = (bytes < sizeof words ? bytes : sizeof words) / WORD;
    if (!resident_bytes(resident, stack->descriptor, words, count * WORD)) {
        return;
    }
    for (size_t i = 1; i + 1 < count && self->memory.routine_offset == 0; i++) {
        struct thread_creation creation;
        if (is_code(resident, words[i]) && thread_creators_find(&self->creators, stack->descriptor, words[i], words[i + 1], &creation)) {
            self->memory.routine_offset = i * WORD;
        }
    }
}

// The routine and its argument. False: not to be read.
static bool read_start(struct resident *resident, const struct profiler *self, const struct resident_stack *stack, uint64_t start[2]) {
    uint64_t at = stack->descriptor + self->memory.routine_offset;
    return at + 2 * WORD <= stack->high && resident_bytes(resident, at, start, 2 * WORD) && is_code(resident, start[0]);
}

static struct stack *one_frame(struct profiler *self, uintptr_t pc) {
    return pc != 0 ? stack_table_intern_as(&self->stacks, STACK_OF_THREADS, stack_table_hash(&pc, 1), &pc, 1, NULL) : NULL;
}

static void find_maker(struct resident *resident, struct profiler *self, const struct resident_stack *stack, struct memory_thread *thread) {
    uint64_t start[2];
    struct thread_creation creation;
    if (stack->is_kept || !read_start(resident, self, stack, start)) {
        return;
    }
    if (!thread_creators_find(&self->creators, stack->descriptor, start[0], start[1], &creation)) {
        creation = (struct thread_creation){0};
    }
    thread->owner = (uint8_t)creation.owner;
    thread->routine = one_frame(self, start[0] + 1); // a frame has the address after that of a call
    thread->creator = creation.stack ? creation.stack : one_frame(self, creation.caller);
}

void memory_profile_find_makers(struct resident *resident, struct cmemprof_memory_profile *profile) {
    struct profiler *self = profile->snapshot->of;
    const uint64_t *offset = &self->memory.routine_offset;
    profile->threads = symbolizer_arena_alloc(&resident->memory, resident->stack_count * sizeof *profile->threads);
    profile->thread_count = profile->threads ? resident->stack_count : 0;
    size_t looked_at = atomic_load(&self->open) ? profile->thread_count : 0;
    for (size_t i = 0; i < looked_at && *offset == 0; i++) {
        if (!resident->stacks[i].is_kept) {
            learn(resident, self, &resident->stacks[i]);
        }
    }
    for (size_t i = 0; i < looked_at && *offset != 0; i++) {
        find_maker(resident, self, &resident->stacks[i], &profile->threads[i]);
    }
}

// ---- Groups ----

static uint64_t group_of(const struct memory_thread *thread, uint32_t name) {
    uint64_t hash = thread->owner;
    const uint64_t parts[] = {(uintptr_t)thread->routine, (uintptr_t)thread->creator, name};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        hash = (hash ^ parts[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    return hash;
}

static void count_pages(struct cmemprof_memory_profile *profile) {
    struct resident *resident = &profile->resident;
    for (size_t i = 0; i < resident->piece_count; i++) {
        const struct resident_piece *piece = &resident->pieces[i];
        size_t at = piece->part == RESIDENT_STACKS
                        ? address_upper_bound(resident->stacks, resident->stack_count, sizeof *resident->stacks, piece->low)
                        : 0;
        if (at > 0 && piece->low < resident->stacks[at - 1].high) {
            profile->threads[at - 1].bytes += piece->rss;
        }
    }
}

// What is told by its maker is not told once more by its name.
static void take_from_entry(struct resident *resident, const struct memory_thread *thread) {
    for (size_t i = 0; i < resident->entry_count; i++) {
        struct resident_entry *entry = &resident->entries[i];
        if (entry->part == RESIDENT_STACKS && entry->name == thread->name) {
            entry->rss -= thread->bytes < entry->rss ? thread->bytes : entry->rss;
            return;
        }
    }
}

static size_t merge_groups(struct memory_thread *threads, size_t count) {
    size_t groups = 0;
    for (size_t i = 0; i < count; i++) {
        struct memory_thread *last = groups > 0 ? &threads[groups - 1] : NULL;
        if (last && last->group == threads[i].group) {
            last->bytes += threads[i].bytes;
            last->count++;
        } else {
            threads[groups++] = threads[i];
        }
    }
    return groups;
}

static bool add_record(struct cmemprof_memory_profile *profile, struct stack *stack) {
    struct record *record = stack ? snapshot_add_record(profile->snapshot) : NULL;
    if (record) {
        *record = (struct record){.stack = stack};
    }
    return record || !stack;
}

bool memory_profile_divide_threads(struct cmemprof_memory_profile *profile) {
    struct resident *resident = &profile->resident;
    size_t known = 0;
    profile->thread_records = profile->snapshot->record_count;
    if (profile->thread_count != resident->stack_count) {
        profile->thread_count = 0; // memory ran short: by name only
    }
    if (profile->thread_count != 0) {
        count_pages(profile);
    }
    for (size_t i = 0; i < profile->thread_count; i++) {
        struct memory_thread *thread = &profile->threads[i];
        if (thread->routine) {
            thread->group = group_of(thread, resident->stacks[i].name);
            thread->name = resident->names[resident->stacks[i].name].text;
            thread->count = 1;
            profile->threads[known++] = *thread;
        }
    }
    if (!address_sort(&resident->memory, profile->threads, known, sizeof *profile->threads)) {
        return false;
    }
    profile->thread_count = merge_groups(profile->threads, known);
    for (size_t i = 0; i < profile->thread_count; i++) {
        take_from_entry(resident, &profile->threads[i]);
        if (!add_record(profile, profile->threads[i].routine) || !add_record(profile, profile->threads[i].creator)) {
            return false;
        }
    }
    return true;
}
