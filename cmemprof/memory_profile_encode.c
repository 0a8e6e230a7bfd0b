// memory_profile_encode.c (naming): encodes a memory profile: one sample type, resident_space/bytes.
//
// A part's samples have its frame at the root, then its kind's, then what is known of it: the stack, the file, the arena. Their values add
// up to the part to the byte: each is rounded with what the ones before it left.

#include "memory_profile.h"

#include <stdio.h>
#include <string.h>

#include "../merge/memory.h"
#include "../merge/merge.h"

enum { MAX_DEPTH = STACK_TABLE_MAX_FRAMES, ROOT_FRAMES = 2, MAX_NAMES = 1000, CACHED = 4096 };
enum { GO_SMALL_BYTES = 32760, GO_PAGE_BYTES = 8192 }; // runtime/malloc.go: larger objects have a span each

// The frames of each part, root first; "": the part has no kinds.
static const char *const frames[CMEMPROF_MEMORY_PARTS][ROOT_FRAMES] = {
    [CMEMPROF_MEMORY_GO_LIVE] = {"Go heap", "live"},
    [CMEMPROF_MEMORY_GO_DEAD] = {"Go heap", "dead, not yet collected"},
    [CMEMPROF_MEMORY_GO_FREE] = {"Go heap", "free, not returned"},
    [CMEMPROF_MEMORY_GO_STACKS] = {"Go heap", "goroutine stacks"},
    [CMEMPROF_MEMORY_GO_METADATA] = {"Go heap", "runtime metadata"},
    [CMEMPROF_MEMORY_MALLOC_LIVE] = {"C heap", "live"},
    [CMEMPROF_MEMORY_MALLOC_FREE] = {"C heap", "free in the allocator"},
    [CMEMPROF_MEMORY_MALLOC_METADATA] = {"C heap", "allocator's metadata"},
    [CMEMPROF_MEMORY_MAPPED] = {"memory mapped by C", ""},
    [CMEMPROF_MEMORY_THREAD_STACKS] = {"thread stacks", ""},
    [CMEMPROF_MEMORY_FILES] = {"mapped files", ""},
    [CMEMPROF_MEMORY_SHARED_MEMORY] = {"shared memory", ""},
    [CMEMPROF_MEMORY_PROGRAM] = {"program and libraries", ""},
    [CMEMPROF_MEMORY_PROFILER] = {"profiler", ""},
    [CMEMPROF_MEMORY_NOT_SEEN] = {"mapped, not seen by the profiler", ""},
    [CMEMPROF_MEMORY_UNEXPLAINED] = {"unexplained", ""},
};

struct writer {
    struct profile *profile;
    const struct cmemprof_memory_profile *memory;
    const void *go_heap; // NULL: no stacks of Go
    size_t go_heap_size;
    uint32_t root[ROOT_FRAMES]; // locations of the part's frames, leaf first
    size_t root_count;
    enum cmemprof_memory_part part;
    double of; // what the shares of the present part are parts of
    uint64_t whole, written;
    double done;
    const char *age;                    // label of the next live stack; NULL: unknown
    const struct memory_thread *thread; // of the next stack; NULL: none
    const struct stack *set;            // its goroutine's labels; NULL: none
    uint32_t stack[1 + MAX_DEPTH + ROOT_FRAMES];
    struct cached_line {
        const char *function, *file;
        int64_t line;
        uint32_t location;
    } cache[CACHED]; // of frames of Go's heap profile, whose texts are stored once
};

static uint32_t location_of(struct profile *profile, const char *function, const char *file, int64_t line) {
    uint32_t id = profile_add_function(profile, &(struct profile_function){function, function, file, 0});
    return profile_add_location(profile, 0, 0, &(struct profile_line){id, line, 0}, 1);
}

// Shares of `whole` bytes follow, in units of which there are `of`.
static void begin_part(struct writer *writer, enum cmemprof_memory_part part, uint64_t whole, double of) {
    writer->part = part;
    writer->root_count = 0;
    for (int i = ROOT_FRAMES - 1; i >= 0; i--) {
        if (*frames[part][i] != '\0') {
            writer->root[writer->root_count++] = location_of(writer->profile, frames[part][i], "", 0);
        }
    }
    writer->of = of;
    writer->whole = whole;
    writer->written = 0;
    writer->done = 0;
}

static void add_bytes(struct writer *writer, size_t depth, uint64_t bytes, const char *owner) {
    struct profile_label labels[5 + LABEL_SET_LABELS] = {{.key = "part", .text = cmemprof_memory_part_key(writer->part), .unit = ""}};
    size_t count = 1;
    bool is_live = writer->part == CMEMPROF_MEMORY_MALLOC_LIVE && depth != 0,
         is_mapped = writer->part == CMEMPROF_MEMORY_MAPPED && depth != 0;
    int64_t value = (int64_t)bytes;
    if (is_live || is_mapped) {
        labels[count++] = (struct profile_label){.key = "memory", .text = is_mapped ? "mmap" : "C", .unit = ""};
    }
    if (is_live && writer->age) {
        labels[count++] = (struct profile_label){.key = "age", .text = writer->age, .unit = ""};
    }
    if (writer->thread) {
        labels[count++] = (struct profile_label){.key = "thread", .text = writer->thread->name, .unit = ""};
        labels[count++] = (struct profile_label){.key = "threads", .number = (int64_t)writer->thread->count, .unit = "count"};
    }
    if (owner) {
        labels[count++] = (struct profile_label){.key = "owner", .text = owner, .unit = ""};
    }
    if (writer->set) {
        count += snapshot_labels_read(writer->set, &labels[count]);
    }
    memcpy(writer->stack + depth, writer->root, writer->root_count * sizeof *writer->root);
    if (bytes != 0) {
        profile_add_sample(writer->profile, writer->stack, depth + writer->root_count, &value, labels, count);
    }
    writer->written += bytes;
}

// Of the part, so much of what its shares are parts of; the stack's first frames are there.
static void add_share(struct writer *writer, size_t depth, double share, const char *owner) {
    writer->done += share;
    uint64_t until = memory_share(writer->whole, writer->done, writer->of);
    add_bytes(writer, depth, until > writer->written ? until - writer->written : 0, owner);
}

// What the shares left over.
static void end_part(struct writer *writer) {
    add_bytes(writer, 0, writer->whole - writer->written, writer->part == CMEMPROF_MEMORY_PROFILER ? "cmemprof" : NULL);
}

static void add_whole(struct writer *writer, enum cmemprof_memory_part part) {
    begin_part(writer, part, writer->memory->figures.parts[part], 0);
    end_part(writer);
}

// ---- Go's live objects ----

static uint32_t go_location(struct writer *writer, const struct profile_frame *frame) {
    uint64_t hash = ((uintptr_t)frame->function * 31 + (uint64_t)frame->line) * UINT64_C(0x9e3779b97f4a7c15);
    struct cached_line *cached = &writer->cache[hash >> 32 & (CACHED - 1)];
    if (cached->location == 0 || cached->function != frame->function || cached->file != frame->file || cached->line != frame->line) {
        *cached = (struct cached_line){frame->function, frame->file, frame->line,
                                       location_of(writer->profile, frame->function, frame->file, frame->line)};
    }
    return cached->location;
}

// Objects of more than 32 KiB have whole pages of their own, and those that were never written to are not resident: a buffer of 1 GiB may
// be 3 MB. Of a sample, its bytes without such pages, if all objects of its size have them alike.
struct go_sizes {
    const struct resident_go_pages *pages;
    double live[GO_LARGE_SIZES]; // by size
};

static size_t size_of(const struct go_sizes *sizes, const struct profile_sample_view *view) {
    size_t i = sizes->pages->large_count;
    for (size_t k = 0; k < view->label_count; k++) {
        if (!view->labels[k].text && strcmp(view->labels[k].key, "bytes") == 0 && view->labels[k].number > GO_SMALL_BYTES) {
            uint64_t size = ((uint64_t)view->labels[k].number + GO_PAGE_BYTES - 1) / GO_PAGE_BYTES * GO_PAGE_BYTES;
            for (i = 0; i < sizes->pages->large_count && sizes->pages->large[i].size != size; i++) {
            }
        }
    }
    return i;
}

static double written_bytes(const struct go_sizes *sizes, const struct profile_sample_view *view, size_t type) {
    double bytes = view->values[type] > 0 ? (double)view->values[type] : 0;
    size_t i = size_of(sizes, view);
    if (i == sizes->pages->large_count || sizes->live[i] <= 0) {
        return bytes;
    }
    double unwritten = (double)sizes->pages->large[i].unwritten / sizes->live[i];
    return unwritten < 1 ? bytes * (1 - unwritten) : 0;
}

// Fills sizes->live, and returns the sum of the written bytes.
static double sum_of(struct profile *heap, struct go_sizes *sizes, size_t type) {
    struct profile_sample_view view;
    double sum = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < profile_sample_count(heap); i++) {
            if (profile_sample_without_frames(heap, i, &view) != MERGE_OK) {
                continue;
            }
            size_t size = size_of(sizes, &view);
            if (pass == 1) {
                sum += written_bytes(sizes, &view, type);
            } else if (size < sizes->pages->large_count && view.values[type] > 0) {
                sizes->live[size] += (double)view.values[type];
            }
        }
    }
    return sum;
}

static void add_go_stacks(struct writer *writer, struct profile *heap, const struct go_sizes *sizes, size_t type) {
    struct profile_sample_view view;
    for (size_t i = 0; i < profile_sample_count(heap); i++) {
        if (profile_sample_at(heap, i, &view) != MERGE_OK || view.values[type] <= 0) {
            continue;
        }
        // Of a stack that is deeper than any of C, the callers are left out.
        size_t depth = view.frame_count < MAX_DEPTH ? view.frame_count : MAX_DEPTH;
        for (size_t k = 0; k < depth; k++) {
            writer->stack[k] = go_location(writer, &view.frames[k]);
        }
        add_share(writer, depth, written_bytes(sizes, &view, type), NULL);
    }
}

static void add_go_live(struct writer *writer) {
    uint64_t whole = writer->memory->figures.parts[CMEMPROF_MEMORY_GO_LIVE];
    struct profile *heap = writer->go_heap ? profile_new() : NULL;
    int type = heap && profile_decode(heap, writer->go_heap, writer->go_heap_size, NULL, NULL, NULL) == MERGE_OK
                   ? profile_sample_type_index(heap, "inuse_space")
                   : -1;
    struct go_sizes sizes = {.pages = &writer->memory->go_pages};
    begin_part(writer, CMEMPROF_MEMORY_GO_LIVE, whole, type >= 0 ? sum_of(heap, &sizes, (size_t)type) : 0);
    if (type >= 0) {
        add_go_stacks(writer, heap, &sizes, (size_t)type);
    }
    end_part(writer);
    profile_free(heap);
}

// ---- The C heap ----

// Samples of the records from one to another; end_part is the caller's.
static void add_records(struct writer *writer, struct snapshot_encoder *encoder, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        const struct record *record = &writer->memory->snapshot->records[i];
        const uint32_t *locations;
        bool is_own;
        size_t depth = snapshot_locations(encoder, record->stack, &locations, &is_own);
        memcpy(writer->stack, locations, depth * sizeof *locations);
        writer->age = age_label(record->age_class);
        writer->set = stack_labels(record->stack);
        add_share(writer, depth, record->inuse_bytes, is_own ? "cmemprof" : NULL);
    }
    writer->age = NULL;
    writer->set = NULL;
}

static void add_c_live(struct writer *writer, struct snapshot_encoder *encoder) {
    const struct cmemprof_memory_profile *memory = writer->memory;
    begin_part(writer, CMEMPROF_MEMORY_MALLOC_LIVE, memory->live_of_stacks, memory->live_stacks);
    add_records(writer, encoder, 0, memory->mapped_records);
    end_part(writer);
    begin_part(writer, CMEMPROF_MEMORY_MALLOC_LIVE, memory->live_of_others, 1);
    writer->stack[0] = location_of(writer->profile, "allocated before sampling began, or missed by it", "", 0);
    add_share(writer, 1, 1, NULL);
    end_part(writer);
}

static void add_mapped(struct writer *writer, struct snapshot_encoder *encoder) {
    const struct cmemprof_memory_profile *memory = writer->memory;
    uint64_t whole = memory->figures.parts[CMEMPROF_MEMORY_MAPPED];
    begin_part(writer, CMEMPROF_MEMORY_MAPPED, whole, (double)whole);
    add_records(writer, encoder, memory->mapped_records, memory->thread_records);
    end_part(writer);
}

static void add_arenas(struct writer *writer) {
    const struct cmemprof_memory_profile *memory = writer->memory;
    begin_part(writer, CMEMPROF_MEMORY_MALLOC_FREE, memory->figures.parts[CMEMPROF_MEMORY_MALLOC_FREE], memory->arena_sum);
    for (size_t i = 0; i < memory->arena_count; i++) {
        writer->stack[0] = location_of(writer->profile, memory->arenas[i].name, "", 0);
        add_share(writer, 1, memory->arenas[i].bytes, NULL);
    }
    end_part(writer);
}

// ---- Parts by name ----

static enum cmemprof_memory_part part_of(enum resident_part part) {
    switch (part) {
    case RESIDENT_PROGRAM:
    case RESIDENT_LIBRARIES:
        return CMEMPROF_MEMORY_PROGRAM;
    case RESIDENT_FILES:
        return CMEMPROF_MEMORY_FILES;
    case RESIDENT_SHARED:
        return CMEMPROF_MEMORY_SHARED_MEMORY;
    case RESIDENT_STACKS:
        return CMEMPROF_MEMORY_THREAD_STACKS;
    default:
        return CMEMPROF_MEMORY_PARTS;
    }
}

static double sum_of_names(const struct resident *resident, enum cmemprof_memory_part part) {
    double sum = 0;
    for (size_t i = 0; i < resident->entry_count; i++) {
        sum += part_of(resident->entries[i].part) == part ? (double)resident->entries[i].rss : 0;
    }
    return sum;
}

// Paths, names of threads. The largest come first, and there may be very many.
static void add_shares_of_names(struct writer *writer, enum cmemprof_memory_part part) {
    const struct resident *resident = &writer->memory->resident;
    size_t left = MAX_NAMES;
    for (size_t i = 0; i < resident->entry_count && left > 0; i++) {
        const struct resident_entry *entry = &resident->entries[i];
        if (part_of(entry->part) == part && entry->rss != 0) {
            writer->stack[0] = location_of(writer->profile, *entry->name != '\0' ? entry->name : "without a name", "", 0);
            add_share(writer, 1, (double)entry->rss, NULL);
            left--;
        }
    }
}

static void add_names(struct writer *writer, enum cmemprof_memory_part part) {
    begin_part(writer, part, writer->memory->figures.parts[part], sum_of_names(&writer->memory->resident, part));
    add_shares_of_names(writer, part);
    end_part(writer);
}

// The start routine, called by whoever made the thread. Stacks of threads of an unknown maker have their names instead.
static size_t thread_locations(struct writer *writer, struct snapshot_encoder *encoder, const struct memory_thread *thread, bool *is_own) {
    const struct stack *stacks[] = {thread->routine, thread->creator};
    bool is_of_go = thread->owner == THREAD_OF_GO;
    size_t depth = 0;
    *is_own = thread->owner == THREAD_OF_PROFILER;
    for (size_t i = 0; i < sizeof stacks / sizeof *stacks && !is_of_go; i++) {
        const uint32_t *locations = writer->stack;
        bool is_own_call = false;
        size_t count = stacks[i] ? snapshot_locations(encoder, stacks[i], &locations, &is_own_call) : 0;
        memcpy(writer->stack + depth, locations, count * sizeof *locations);
        depth += count;
        *is_own |= is_own_call;
        is_of_go = count != 0 && snapshot_is_thread_of_go(encoder); // known only by its name if this code is preloaded
    }
    if (is_of_go) {
        writer->stack[0] = location_of(writer->profile, "threads of Go's runtime", "", 0);
        depth = 1;
    }
    return depth;
}

static void add_threads(struct writer *writer, struct snapshot_encoder *encoder) {
    const struct cmemprof_memory_profile *memory = writer->memory;
    double sum = sum_of_names(&memory->resident, CMEMPROF_MEMORY_THREAD_STACKS);
    for (size_t i = 0; i < memory->thread_count; i++) {
        sum += (double)memory->threads[i].bytes;
    }
    begin_part(writer, CMEMPROF_MEMORY_THREAD_STACKS, memory->figures.parts[CMEMPROF_MEMORY_THREAD_STACKS], sum);
    for (size_t i = 0; i < memory->thread_count; i++) {
        bool is_own;
        size_t depth = thread_locations(writer, encoder, &memory->threads[i], &is_own);
        writer->thread = &memory->threads[i];
        add_share(writer, depth, (double)memory->threads[i].bytes, is_own ? "cmemprof" : NULL);
    }
    writer->thread = NULL;
    add_shares_of_names(writer, CMEMPROF_MEMORY_THREAD_STACKS);
    end_part(writer);
}

// ---- All ----

static void begin(struct profile *profile, const struct cmemprof_snapshot *snapshot) {
    (void)snapshot;
    profile_add_sample_type(profile, "resident_space", "bytes");
}

static void add_comments(const struct writer *writer) {
    const struct cmemprof_memory_figures *figures = &writer->memory->figures;
    char text[sizeof figures->missing + 100];
    snprintf(text, sizeof text, "cmemprof memory: rss=%llu unexplained=%llu complete=%d", (unsigned long long)figures->rss_bytes,
             (unsigned long long)figures->parts[CMEMPROF_MEMORY_UNEXPLAINED], figures->is_complete);
    profile_add_comment(writer->profile, text);
    if (!figures->is_complete) {
        snprintf(text, sizeof text, "cmemprof: warning: the breakdown of memory is incomplete: %s", figures->missing);
        profile_add_comment(writer->profile, text);
    }
}

static enum cmemprof_error write_memory(struct snapshot_encoder *encoder, struct profile *profile, size_t *size) {
    struct writer *writer = snapshot_context(encoder);
    writer->profile = profile;
    add_go_live(writer);
    add_whole(writer, CMEMPROF_MEMORY_GO_DEAD);
    add_whole(writer, CMEMPROF_MEMORY_GO_FREE);
    add_whole(writer, CMEMPROF_MEMORY_GO_STACKS);
    add_whole(writer, CMEMPROF_MEMORY_GO_METADATA);
    add_c_live(writer, encoder);
    add_arenas(writer);
    add_whole(writer, CMEMPROF_MEMORY_MALLOC_METADATA);
    add_mapped(writer, encoder);
    add_threads(writer, encoder);
    add_names(writer, CMEMPROF_MEMORY_FILES);
    add_names(writer, CMEMPROF_MEMORY_SHARED_MEMORY);
    add_names(writer, CMEMPROF_MEMORY_PROGRAM);
    add_whole(writer, CMEMPROF_MEMORY_PROFILER);
    add_whole(writer, CMEMPROF_MEMORY_NOT_SEEN);
    add_whole(writer, CMEMPROF_MEMORY_UNEXPLAINED);
    add_comments(writer);
    return snapshot_encode_own(encoder, profile, size);
}

enum cmemprof_error cmemprof_memory_profile_encode(struct cmemprof_memory_profile *profile, const struct cmemprof_go_names *names,
                                                   const void *go_heap, size_t go_heap_size, const uint8_t **bytes, size_t *size) {
    profiler_enter(&thread_state);
    struct writer *writer = memory_take_zeroed(1, sizeof *writer);
    enum cmemprof_error error = CMEMPROF_NO_MEMORY;
    if (writer) {
        writer->memory = profile;
        writer->go_heap = go_heap;
        writer->go_heap_size = go_heap_size;
        const struct snapshot_form form = {begin, write_memory, NULL, writer, 0};
        error = snapshot_write(profile->snapshot, names, &form, size);
        *bytes = profile->snapshot->profile.base;
    }
    memory_free(writer);
    profiler_leave(&thread_state);
    return error;
}
