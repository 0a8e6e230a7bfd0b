// pprof_heap.c: heap profiles as text, of gperftools, tcmalloc and Go (debug=1), with growth and fragmentation (reading.h).
//
//     heap profile: 12: 3456 [34: 5678] @ heap_v2/524288
//       1: 64 [2: 128] @ 0x4010 0x4020
//     MAPPED_LIBRARIES:
//
// In use, then allocated in brackets. "heap_v2/N" and "heap/2N" are sampled every N bytes, and are made estimates as pprof does.
#include "address_stack.h"
#include "unsample.h"

struct pairs {
    int64_t values[4]; // objects and bytes in use, objects and bytes allocated
};

static void skip_blanks(struct span *rest) {
    *rest = span_trim_start(*rest);
}

// "12: 3456 [34: 5678] @".
static bool take_pairs(struct span *rest, struct pairs *pairs) {
    static const char *const after[] = {":", "[", ":", "]"};
    for (size_t i = 0; i < 4; i++) {
        skip_blanks(rest);
        if (!span_take_signed(rest, &pairs->values[i])) {
            return false;
        }
        skip_blanks(rest);
        if (!span_take(rest, after[i])) {
            return false;
        }
    }
    skip_blanks(rest);
    return span_take(rest, "@");
}

struct heap {
    int64_t period;  // as the profile has it
    bool is_sampled; // values are to be made estimates
    bool has_allocated;
};

static bool read_header(struct reading *reading, const struct lines *lines, struct heap *heap) {
    struct span rest = span_trim(lines->line);
    struct pairs pairs;
    uint64_t period = 0;
    if (!span_take(&rest, "heap profile:") || !take_pairs(&rest, &pairs)) {
        return reading_fail_line(reading, lines, "no heap profile's: \"heap profile: 1: 2 [3: 4] @ heap_v2/524288\" is expected");
    }
    struct span kind = span_word(&rest);
    const char *slash = memchr(kind.at, '/', kind.size);
    struct span name = {kind.at, slash ? (size_t)(slash - kind.at) : kind.size}, number = span_skip(kind, name.size + 1);
    if (slash && (!span_take_number(&number, 10, &period) || period > INT64_MAX)) {
        return reading_fail_line(reading, lines, "the sampling interval is no number");
    }
    const int64_t *v = pairs.values;
    heap->has_allocated = (v[2] != v[0] && v[2] != 0) || (v[3] != v[1] && v[3] != 0);
    heap->period = 1;
    if (span_is(name, "heapz_v2") || span_is(name, "heap_v2") || span_is(name, "heap")) {
        heap->is_sampled = true;
        heap->period = (int64_t)(span_is(name, "heap") ? period / 2 : period);
    } else if (span_begins(name, "growth") || span_begins(name, "fragmentation")) {
        heap->has_allocated = false;
    } else if (!span_is(name, "heapprofile")) {
        return reading_fail_line(reading, lines, "an unknown kind of heap profile: %.*s", (int)(name.size < 40 ? name.size : 40), name.at);
    }
    return true;
}

static void add_types(struct reading *reading, const struct heap *heap) {
    if (heap->has_allocated) {
        profile_add_sample_type(reading->profile, "alloc_objects", "count");
        profile_add_sample_type(reading->profile, "alloc_space", "bytes");
    }
    profile_add_sample_type(reading->profile, heap->has_allocated ? "inuse_objects" : "objects", "count");
    profile_add_sample_type(reading->profile, heap->has_allocated ? "inuse_space" : "space", "bytes");
    profile_set_period(reading->profile, "space", "bytes", heap->period);
}

struct entry { // a sample whose names may follow
    bool open;
    int64_t values[4], block_bytes;
};

static bool take_values(const struct heap *heap, int64_t count, int64_t bytes, struct entry *entry, size_t column) {
    if (count == 0 && bytes != 0) {
        return false;
    }
    if (count != 0) {
        entry->block_bytes = count == -1 && bytes == INT64_MIN ? INT64_MAX : bytes / count;
        if (heap->is_sampled) {
            unsample(heap->period, &count, &bytes);
        }
    }
    entry->values[column] = count;
    entry->values[column + 1] = bytes;
    return true;
}

static bool end_entry(struct reading *reading, struct address_stack *stack, struct entry *entry) {
    bool ok = !entry->open || address_stack_sample(reading, stack, entry->values, entry->block_bytes);
    *entry = (struct entry){0};
    return ok;
}

static bool begin_entry(struct reading *reading, const struct lines *lines, const struct heap *heap, struct address_stack *stack,
                        struct entry *entry) {
    struct span rest = lines->line;
    struct pairs pairs;
    if (!take_pairs(&rest, &pairs)) {
        return reading_fail_line(reading, lines, "no sample: \"1: 64 [2: 128] @ 0x4010\" is expected");
    }
    const int64_t *v = pairs.values;
    size_t column = heap->has_allocated ? 2 : 0;
    if ((heap->has_allocated && !take_values(heap, v[2], v[3], entry, 0)) || !take_values(heap, v[0], v[1], entry, column)) {
        return reading_fail_line(reading, lines, "bytes of no objects");
    }
    entry->open = true;
    address_stack_begin(stack);
    return address_stack_push(reading, stack, rest, 0);
}

static bool read_samples(struct reading *reading, struct lines *lines, const struct heap *heap, struct address_stack *stack) {
    struct entry entry = {0};
    while (lines_next(lines)) {
        struct span line = span_trim(lines->line);
        if (line.size == 0 || *line.at == '#') {
            address_stack_take_name(reading, stack, lines->line);
            continue;
        }
        if (!end_entry(reading, stack, &entry) || !begin_entry(reading, lines, heap, stack, &entry)) {
            return false;
        }
    }
    return end_entry(reading, stack, &entry);
}

bool pprof_heap_read(struct reading *reading) {
    struct address_stack stack = {0};
    struct heap heap = {0};
    const char *map = memory_map_find_list(reading), *end = reading->bytes + reading->size;
    struct lines lines = lines_of(reading->bytes, (size_t)(map - reading->bytes));
    bool ok = memory_map_read(reading, &stack.map, (struct span){map, (size_t)(end - map)});
    struct span line = {"", 0};
    while (line.size == 0 && lines_next(&lines)) {
        line = span_trim(lines.line);
    }
    ok = ok && read_header(reading, &lines, &heap);
    if (ok) {
        add_types(reading, &heap);
        ok = read_samples(reading, &lines, &heap, &stack);
    }
    address_stack_free(&stack);
    return ok;
}
