// address_stack.c: stacks of addresses (address_stack.h).
#include "address_stack.h"

#include <stdlib.h>

void address_stack_begin(struct address_stack *stack) {
    stack->count = stack->name_count = 0;
}

bool address_stack_push(struct reading *reading, struct address_stack *stack, struct span text, size_t calls_from) {
    for (;;) {
        const char *at = memmem(text.at, text.size, "0x", 2);
        if (!at) {
            return true;
        }
        text = span_skip(text, (size_t)(at - text.at) + 2);
        uint64_t address;
        if (!span_take_number(&text, 16, &address)) {
            continue;
        }
        if (!READING_RESERVE(stack->addresses, stack->capacity, stack->count + 1)) {
            return reading_no_memory(reading);
        }
        stack->addresses[stack->count] = address - (stack->count >= calls_from);
        stack->count++;
    }
}

// "/src/main.go:12".
static int64_t take_line(struct span *file) {
    size_t digits = 0;
    while (digits < file->size && file->at[file->size - 1 - digits] >= '0' && file->at[file->size - 1 - digits] <= '9') {
        digits++;
    }
    struct span number = {file->at + file->size - digits, digits};
    uint64_t line;
    if (digits + 2 > file->size || number.at[-1] != ':' || !span_take_number(&number, 10, &line) || line > INT32_MAX) {
        return 0;
    }
    file->size -= digits + 1;
    return (int64_t)line;
}

// "main.f+0xf".
static struct span without_offset(struct span name) {
    for (size_t i = name.size; i > 3; i--) {
        if (memcmp(name.at + i - 3, "+0x", 3) == 0) {
            return (struct span){name.at, i - 3};
        }
    }
    return name;
}

bool address_stack_take_name(struct reading *reading, struct address_stack *stack, struct span line) {
    uint64_t address;
    if (!span_take(&line, "#\t0x") || !span_take_number(&line, 16, &address)) {
        return false;
    }
    struct span name = without_offset(span_word(&line)), file = span_trim(line);
    int64_t number = take_line(&file);
    char *path = strndup(file.at, file.size);
    if (name.size > 0 && path && stack->name_count < UINT32_MAX &&
        READING_RESERVE(stack->names, stack->name_capacity, stack->name_count + 1)) {
        stack->names[stack->name_count++] =
            (struct address_name){address, {.function = reading_function(reading, name, path, 0), .line = number}};
    }
    free(path);
    return true;
}

static int by_address(const void *a, const void *b, void *names) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    uint64_t left_address = ((const struct address_name *)names)[left].address;
    uint64_t right_address = ((const struct address_name *)names)[right].address;
    return left_address != right_address ? (left_address < right_address ? -1 : 1) : left < right ? -1 : left > right;
}

static bool sort_names(struct reading *reading, struct address_stack *stack) {
    if (!READING_RESERVE(stack->by_address, stack->by_address_capacity, stack->name_count)) {
        return reading_no_memory(reading);
    }
    for (size_t i = 0; i < stack->name_count; i++) {
        stack->by_address[i] = (uint32_t)i;
    }
    if (stack->name_count > 0) {
        qsort_r(stack->by_address, stack->name_count, sizeof *stack->by_address, by_address, stack->names);
    }
    return true;
}

// The first name of the address that is not before `from`, or name_count.
static size_t find_name(const struct address_stack *stack, uint64_t address, size_t from) {
    size_t low = 0, high = stack->name_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2, name = stack->by_address[middle];
        if (stack->names[name].address < address || (stack->names[name].address == address && name < from)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < stack->name_count && stack->names[stack->by_address[low]].address == address;
    return found ? stack->by_address[low] : stack->name_count;
}

// The lines of an address: those of its name, which for inlined functions are several. Names come in the order of the addresses, but Go
// leaves some out.
static size_t lines_of_address(const struct address_stack *stack, size_t *next, uint64_t address, struct profile_line *lines, size_t most) {
    size_t at = find_name(stack, address, *next), count = 0;
    while (at < stack->name_count && stack->names[at].address == address && count < most) {
        lines[count++] = stack->names[at++].line;
    }
    *next = count > 0 ? at : *next;
    return count;
}

bool address_stack_sample(struct reading *reading, struct address_stack *stack, const int64_t *values, int64_t bytes) {
    const struct profile_label label = {.key = "bytes", .number = bytes, .unit = ""};
    size_t next = 0;
    reading_begin_stack(reading);
    if (!sort_names(reading, stack)) {
        return false;
    }
    for (size_t i = 0; i < stack->count; i++) {
        struct profile_line lines[PROFILE_NAMER_LINES];
        size_t count = lines_of_address(stack, &next, stack->addresses[i], lines, PROFILE_NAMER_LINES);
        if (!reading_push(reading, memory_map_location(reading, &stack->map, stack->addresses[i], lines, count))) {
            return false;
        }
    }
    return reading_sample(reading, values, &label, bytes >= 0);
}

void address_stack_free(struct address_stack *stack) {
    memory_map_free(&stack->map);
    memory_free(stack->addresses);
    memory_free(stack->names);
    memory_free(stack->by_address);
}
