// pprof_contention.c: contention profiles as text: contentionz of C++, Go's mutex and block profiles (debug=1) (reading.h).
//
//     --- mutex:
//     cycles/second=2600000000
//     sampling period=5
//     123456 7 @ 0x4010 0x4020
//
// Cycles, then contentions. Cycles become nanoseconds, and both are multiplied by the sampling period, as pprof does.
#include "address_stack.h"

#include <math.h>

struct head {
    int64_t cycles_per_s, period, duration_ms;
};

// "cycles/second = 2600000000". False: the line is no such.
static bool take_attribute(struct span line, struct span *key, uint64_t *value, bool *is_number) {
    const char *equals = memchr(line.at, '=', line.size);
    if (!equals) {
        return false;
    }
    *key = span_trim((struct span){line.at, (size_t)(equals - line.at)});
    struct span rest = span_trim(span_skip(line, (size_t)(equals - line.at) + 1));
    *is_number = span_take_number(&rest, 10, value) && *value <= INT64_MAX && rest.size == 0;
    return true;
}

// Of the line. *more: it was an attribute.
static bool read_attribute(struct reading *reading, const struct lines *lines, struct head *head, bool *more) {
    struct span key;
    uint64_t value;
    bool is_number;
    *more = take_attribute(lines->line, &key, &value, &is_number);
    if (!*more || span_is(key, "discarded samples")) {
        return true;
    }
    int64_t *number = span_is(key, "cycles/second")     ? &head->cycles_per_s
                      : span_is(key, "sampling period") ? &head->period
                      : span_is(key, "ms since reset")  ? &head->duration_ms
                                                        : NULL;
    if (span_is(key, "format") || span_is(key, "resolution")) {
        return reading_fail_line(reading, lines, "a contention profile of Java, which is not read here");
    }
    if (!number || !is_number) {
        return reading_fail_line(reading, lines, "%s", number ? "the value is no number" : "an unknown attribute");
    }
    *number = (int64_t)value;
    return true;
}

struct entry {
    bool open;
    int64_t values[2];
};

static bool end_entry(struct reading *reading, struct address_stack *stack, struct entry *entry) {
    bool ok = !entry->open || address_stack_sample(reading, stack, entry->values, -1);
    entry->open = false;
    return ok;
}

static bool begin_entry(struct reading *reading, const struct lines *lines, const struct head *head, struct address_stack *stack,
                        struct entry *entry) {
    struct span rest = span_trim(lines->line);
    uint64_t delay = 0, count = 0;
    bool ok = span_take_number(&rest, 10, &delay) && delay <= INT64_MAX;
    rest = span_trim_start(rest);
    ok = ok && span_take_number(&rest, 10, &count) && count <= INT64_MAX;
    rest = span_trim_start(rest);
    if (!ok || !span_take(&rest, "@")) {
        return reading_fail_line(reading, lines, "no sample: \"123456 7 @ 0x4010\" is expected");
    }
    entry->values[0] = (int64_t)count;
    entry->values[1] = (int64_t)delay;
    if (head->period > 0) {
        double scaled = (double)delay * (double)head->period / ((double)head->cycles_per_s / 1e9);
        if (head->cycles_per_s > 0) {
            entry->values[1] = scaled < 9.2e18 ? (int64_t)scaled : INT64_MAX;
        }
        if (__builtin_mul_overflow(entry->values[0], head->period, &entry->values[0])) {
            entry->values[0] = INT64_MAX;
        }
    }
    entry->open = true;
    address_stack_begin(stack);
    return address_stack_push(reading, stack, rest, 0);
}

static bool read_lines(struct reading *reading, struct lines *lines, struct address_stack *stack) {
    struct head head = {.period = 1};
    struct entry entry = {0};
    bool in_head = true;
    lines_next(lines); // "--- mutex:"
    while (lines_next(lines)) {
        struct span line = span_trim(lines->line);
        if (line.size == 0 || *line.at == '#') {
            address_stack_take_name(reading, stack, lines->line);
            continue;
        }
        if (span_begins(line, "---")) {
            break;
        }
        if (in_head && !read_attribute(reading, lines, &head, &in_head)) {
            return false;
        }
        if (!in_head && (!end_entry(reading, stack, &entry) || !begin_entry(reading, lines, &head, stack, &entry))) {
            return false;
        }
    }
    profile_set_period(reading->profile, "contentions", "count", head.period);
    profile_set_time(reading->profile, 0, head.duration_ms < INT64_MAX / 1000000 ? head.duration_ms * 1000000 : 0);
    return end_entry(reading, stack, &entry);
}

bool pprof_contention_read(struct reading *reading) {
    struct address_stack stack = {0};
    const char *map = memory_map_find_list(reading), *end = reading->bytes + reading->size;
    struct lines lines = lines_of(reading->bytes, (size_t)(map - reading->bytes));
    profile_add_sample_type(reading->profile, "contentions", "count");
    profile_add_sample_type(reading->profile, "delay", "nanoseconds");
    bool ok = memory_map_read(reading, &stack.map, (struct span){map, (size_t)(end - map)}) && read_lines(reading, &lines, &stack);
    address_stack_free(&stack);
    return ok;
}
