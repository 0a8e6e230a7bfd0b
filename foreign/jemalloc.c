// jemalloc.c: heap profiles of jemalloc, as jeprof reads them (reading.h).
//
//     heap_v2/524288
//       t*: 28106: 56637512 [0: 0]
//       t0: 352: 16777344 [0: 0]
//     @ 0x5f86da8 0x5f5a1dc
//       t*: 13: 6688 [0: 0]
//     MAPPED_LIBRARIES:
//
// "t*" is of all threads, and all that is read. Allocations are sampled every N bytes, and are made estimates as jeprof does. What was
// allocated, in brackets, is zero unless prof_accum was on.
#include "address_stack.h"
#include "unsample.h"

struct file {
    int64_t interval;
    bool has_allocated;
    bool open; // a stack whose values follow
};

// "t*: 13: 6688 [0: 0]".
static bool take_values(struct span line, int64_t values[4]) {
    static const char *const before[] = {"t*:", ":", "[", ":"};
    struct span rest = span_trim(line);
    for (size_t i = 0; i < 4; i++) {
        rest = span_trim_start(rest);
        if (!span_take(&rest, before[i])) {
            return false;
        }
        rest = span_trim_start(rest);
        if (!span_take_signed(&rest, &values[i])) {
            return false;
        }
    }
    return true;
}

static bool add_sample(struct reading *reading, struct address_stack *stack, const struct file *file, const int64_t values[4]) {
    int64_t objects = values[0], bytes = values[1], sum_objects = values[2], sum_bytes = values[3];
    unsample(file->interval, &objects, &bytes);
    unsample(file->interval, &sum_objects, &sum_bytes);
    const int64_t all[] = {sum_objects, sum_bytes, objects, bytes};
    return address_stack_sample(reading, stack, file->has_allocated ? all : all + 2, -1);
}

static bool read_head(struct reading *reading, struct lines *lines, struct file *file) {
    struct span line = {"", 0};
    uint64_t interval;
    int64_t values[4];
    while (line.size == 0 && lines_next(lines)) {
        line = span_trim(lines->line);
    }
    if (!span_take(&line, "heap_v2/") || !span_take_number(&line, 10, &interval) || interval > INT64_MAX) {
        return reading_fail_line(reading, lines, "\"heap_v2/\" and the sampling interval are expected");
    }
    file->interval = (int64_t)interval;
    if (!lines_next(lines) || !take_values(lines->line, values)) {
        return reading_fail_line(reading, lines, "the sums of all threads are expected: \"t*: 1: 2 [3: 4]\"");
    }
    file->has_allocated = values[2] != 0 || values[3] != 0;
    if (file->has_allocated) {
        profile_add_sample_type(reading->profile, "alloc_objects", "count");
        profile_add_sample_type(reading->profile, "alloc_space", "bytes");
    }
    profile_add_sample_type(reading->profile, "inuse_objects", "count");
    profile_add_sample_type(reading->profile, "inuse_space", "bytes");
    profile_set_period(reading->profile, "space", "bytes", file->interval);
    return true;
}

static bool read_line(struct reading *reading, const struct lines *lines, struct address_stack *stack, struct file *file) {
    struct span line = span_trim(lines->line);
    int64_t values[4];
    if (span_begins(line, "@")) {
        address_stack_begin(stack);
        file->open = true;
        return address_stack_push(reading, stack, line, 0);
    }
    if (span_begins(line, "t*:")) {
        bool known = file->open && take_values(line, values);
        file->open = false;
        return known ? add_sample(reading, stack, file, values)
                     : reading_fail_line(reading, lines, "values that are of no stack, or damaged");
    }
    if (line.size > 0 && *line.at != 't' && *line.at != '#') {
        return reading_fail_line(reading, lines, "neither a stack (@) nor its values (t*)");
    }
    return true; // of one thread
}

bool jemalloc_read(struct reading *reading) {
    struct address_stack stack = {0};
    struct file file = {0};
    const char *map = memory_map_find_list(reading), *end = reading->bytes + reading->size;
    struct lines lines = lines_of(reading->bytes, (size_t)(map - reading->bytes));
    bool ok = memory_map_read(reading, &stack.map, (struct span){map, (size_t)(end - map)}) && read_head(reading, &lines, &file);
    while (ok && lines_next(&lines)) {
        ok = read_line(reading, &lines, &stack, &file);
    }
    address_stack_free(&stack);
    return ok;
}
