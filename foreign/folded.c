// folded.c: folded stacks: "main;f;g 12" a line, root first, the value last (reading.h).
//
// Values may have a fraction. A line " 3" is of samples without a stack, as py-spy has them. Lines that begin with '#' are comments. As
// flamegraph.pl does, lines without a value are passed over; they are counted.
#include "reading.h"

#include <stdlib.h>

// Splits a line into its stack, which may be empty, and its value. False: it has no value.
static bool split(struct span line, struct span *stack, double *value) {
    while (line.size > 0 && span_is_blank(line.at[line.size - 1])) {
        line.size--;
    }
    size_t digits = 0, dots = 0, length = line.size;
    while (length > 0 && ((line.at[length - 1] >= '0' && line.at[length - 1] <= '9') || (line.at[length - 1] == '.' && dots == 0))) {
        dots += line.at[length - 1] == '.';
        digits += line.at[length - 1] != '.';
        length--;
    }
    bool minus = length > 0 && line.at[length - 1] == '-';
    size_t start = length - minus, bytes = line.size - start;
    char text[64];
    if (digits == 0 || start < 1 || !span_is_blank(line.at[start - 1]) || bytes >= sizeof text) {
        return false;
    }
    memcpy(text, line.at + start, bytes);
    text[bytes] = '\0';
    *value = strtod(text, NULL);
    *stack = span_trim((struct span){line.at, start});
    return true;
}

static bool is_comment(struct span line) {
    line = span_trim_start(line);
    return line.size == 0 || *line.at == '#';
}

// Each of the first ten lines has a value, and one of them a stack of more than one frame. Prose, cookies and style sheets have a blank
// after their semicolons.
bool folded_is(const char *bytes, size_t size, size_t least) {
    struct lines lines = lines_of(bytes, size);
    size_t stacks = 0, deep = 0;
    while (stacks < 10 && lines_next(&lines)) {
        struct span stack;
        double value;
        bool cut = lines.at == lines.end && size > 0 && bytes[size - 1] != '\n' && stacks > 0;
        if (is_comment(lines.line) || cut) {
            continue;
        }
        if (memchr(lines.line.at, '\0', lines.line.size) || !split(lines.line, &stack, &value)) {
            return false;
        }
        if (span_has(stack, "; ")) {
            return false;
        }
        stacks++;
        deep += memchr(stack.at, ';', stack.size) ? 1 : 0;
    }
    return deep > 0 && stacks >= least;
}

static bool read_stack(struct reading *reading, struct span stack) {
    reading_begin_stack(reading);
    for (;;) {
        const char *end = memchr(stack.at, ';', stack.size);
        struct span name = {stack.at, end ? (size_t)(end - stack.at) : stack.size};
        if (name.size > 0 && !reading_push(reading, reading_frame(reading, name, "", 0))) {
            return false;
        }
        if (!end) {
            break;
        }
        stack = span_skip(stack, name.size + 1);
    }
    reading_reverse_stack(reading);
    return reading->depth > 0 || reading_push(reading, reading_frame(reading, (struct span){"(no stack)", 10}, "", 0));
}

bool folded_read(struct reading *reading, const struct folded_type *type) {
    struct lines lines = lines_of(reading->bytes, reading->size);
    struct reading_rounding rounding = {0};
    profile_add_sample_type(reading->profile, type->type, type->unit);
    while (lines_next(&lines)) {
        struct span stack;
        double value;
        if (is_comment(lines.line)) {
            continue;
        }
        if (!split(lines.line, &stack, &value)) {
            reading->damaged++;
            continue;
        }
        int64_t whole = reading_round(&rounding, value);
        if (!read_stack(reading, stack) || !reading_sample(reading, &whole, NULL, 0)) {
            return false;
        }
    }
    reading_left_out(reading, reading->damaged, "lines without a value at their end");
    return true;
}
