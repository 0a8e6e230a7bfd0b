// pprof_threads.c: stacks of threads as text: threadz of C++, Go's goroutine and threadcreate profiles (debug=1) (reading.h).
//
//     --- Thread 7f1c (name: worker/123) stack: ---        goroutine profile: total 3
//       0x4010 main                                        2 @ 0x4010 0x4020
//     --- Thread ...                                       #    0x400f  main.f+0xf  /src/main.go:12
#include "address_stack.h"

// ---- Threads ----

struct thread {
    bool open;
    bool fresh; // addresses of its own have been read; else its stack is that of the thread before
};

// pprof drops a leaf that the profile has twice: of the signal's context and of the stack, there less 1.
static void drop_double_leaf(struct address_stack *stack) {
    if (stack->count > 1 && stack->addresses[0] == stack->addresses[1] + 1) {
        memmove(stack->addresses + 1, stack->addresses + 2, (stack->count - 2) * sizeof *stack->addresses);
        stack->count--;
    }
}

// "same as previous thread", or no address: the stack before counts once more.
static bool end_thread(struct reading *reading, struct address_stack *stack, struct thread *thread) {
    const int64_t one = 1;
    if (thread->fresh) {
        drop_double_leaf(stack);
    }
    bool counts = thread->open && stack->count > 0;
    *thread = (struct thread){0};
    return !counts || address_stack_sample(reading, stack, &one, -1);
}

static bool push(struct reading *reading, struct address_stack *stack, struct thread *thread, struct span line) {
    if (!thread->open || !span_has(line, "0x")) {
        return true;
    }
    if (!thread->fresh) {
        address_stack_begin(stack);
        thread->fresh = true;
    }
    return address_stack_push(reading, stack, line, 1);
}

static bool read_threads(struct reading *reading, struct lines *lines, struct address_stack *stack) {
    struct thread thread = {0};
    while (lines_next(lines)) {
        struct span line = span_trim(lines->line);
        if (span_begins(line, "---- no stack trace for")) {
            break;
        }
        if (span_begins(line, "--- Thread ")) {
            if (!end_thread(reading, stack, &thread)) {
                return false;
            }
            thread.open = true;
        } else if (thread.open && span_begins(line, "---")) {
            return reading_fail_line(reading, lines, "\"--- Thread\" is expected");
        } else if (!push(reading, stack, &thread, line)) {
            return false;
        }
    }
    return end_thread(reading, stack, &thread);
}

bool pprof_threads_read(struct reading *reading) {
    struct address_stack stack = {0};
    const char *map = memory_map_find_list(reading), *end = reading->bytes + reading->size;
    struct lines lines = lines_of(reading->bytes, (size_t)(map - reading->bytes));
    profile_add_sample_type(reading->profile, "thread", "count");
    profile_set_period(reading->profile, "thread", "count", 1);
    bool ok = memory_map_read(reading, &stack.map, (struct span){map, (size_t)(end - map)}) && read_threads(reading, &lines, &stack);
    address_stack_free(&stack);
    return ok;
}

// ---- Go's counts ----

static bool read_counts(struct reading *reading, struct lines *lines, struct address_stack *stack) {
    int64_t value = 0;
    bool open = false;
    while (lines_next(lines)) {
        struct span line = span_trim(lines->line);
        uint64_t count;
        if (line.size == 0 || *line.at == '#') {
            address_stack_take_name(reading, stack, lines->line);
            continue;
        }
        if (span_begins(line, "---")) {
            break;
        }
        if (open && !address_stack_sample(reading, stack, &value, -1)) {
            return false;
        }
        if (!span_take_number(&line, 10, &count) || count > INT64_MAX || !span_take(&line, " @")) {
            return reading_fail_line(reading, lines, "no sample: \"2 @ 0x4010\" is expected");
        }
        value = (int64_t)count;
        open = true;
        address_stack_begin(stack);
        if (!address_stack_push(reading, stack, line, 0)) {
            return false;
        }
    }
    return !open || address_stack_sample(reading, stack, &value, -1);
}

bool pprof_count_read(struct reading *reading) {
    struct address_stack stack = {0};
    const char *map = memory_map_find_list(reading), *end = reading->bytes + reading->size;
    struct lines lines = lines_of(reading->bytes, (size_t)(map - reading->bytes));
    struct span line = {"", 0};
    while ((line.size == 0 || *line.at == '#') && lines_next(&lines)) {
        line = span_trim(lines.line);
    }
    const char *type = reading_text(reading, span_word(&line)); // "goroutine profile: total 3"
    if (!type) {
        return false;
    }
    profile_add_sample_type(reading->profile, type, "count");
    profile_set_period(reading->profile, type, "count", 1);
    bool ok = memory_map_read(reading, &stack.map, (struct span){map, (size_t)(end - map)}) && read_counts(reading, &lines, &stack);
    address_stack_free(&stack);
    return ok;
}
