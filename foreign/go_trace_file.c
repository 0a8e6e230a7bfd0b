// go_trace_file.c: see go_trace_file.h.
#include "go_trace_file.h"

#include "../merge/wire.h"

#include <stdlib.h>

enum { MOST_BATCH_BYTES = 64 << 10, MOST_FRAMES = 128, MOST_TEXT_BYTES = 1 << 10, HEAD_BYTES = 16 };

// How many arguments an event has beside its time, + 1. 0: it has no time, and is none of a thread's.
static const uint8_t arguments_of[GO_EXPERIMENT_END] = {
    [GO_PROCS_CHANGE] = 3,
    [GO_PROC_START] = 3,
    [GO_PROC_STOP] = 1,
    [GO_PROC_STEAL] = 4,
    [GO_PROC_STATUS] = 3,
    [GO_CREATE] = 4,
    [GO_CREATE_SYSCALL] = 2,
    [GO_START] = 3,
    [GO_DESTROY] = 1,
    [GO_DESTROY_SYSCALL] = 1,
    [GO_STOP] = 3,
    [GO_BLOCK] = 3,
    [GO_UNBLOCK] = 4,
    [GO_SYSCALL_BEGIN] = 3,
    [GO_SYSCALL_END] = 1,
    [GO_SYSCALL_END_BLOCKED] = 1,
    [GO_STATUS] = 4,
    [GO_STW_BEGIN] = 3,
    [GO_STW_END] = 1,
    [GO_GC_ACTIVE] = 2,
    [GO_GC_BEGIN] = 3,
    [GO_GC_END] = 2,
    [GO_GC_SWEEP_ACTIVE] = 2,
    [GO_GC_SWEEP_BEGIN] = 2,
    [GO_GC_SWEEP_END] = 3,
    [GO_MARK_ASSIST_ACTIVE] = 2,
    [GO_MARK_ASSIST_BEGIN] = 2,
    [GO_MARK_ASSIST_END] = 1,
    [GO_HEAP_ALLOC] = 2,
    [GO_HEAP_GOAL] = 2,
    [GO_LABEL] = 2,
    [GO_TASK_BEGIN] = 5,
    [GO_TASK_END] = 3,
    [GO_REGION_BEGIN] = 4,
    [GO_REGION_END] = 4,
    [GO_LOG] = 5,
    [GO_SWITCH] = 3,
    [GO_SWITCH_DESTROY] = 3,
    [GO_CREATE_BLOCKED] = 4,
    [GO_STATUS_STACK] = 5,
    [GO_EXPERIMENT] = 4,
    [GO_EXPERIMENT + 1] = 4,
    [GO_EXPERIMENT + 2] = 2,
    [GO_EXPERIMENT + 3] = 3,
    [GO_EXPERIMENT + 4] = 3,
    [GO_EXPERIMENT + 5] = 2,
    [GO_EXPERIMENT + 6] = 3,
    [GO_EXPERIMENT + 7] = 3,
    [GO_EXPERIMENT + 8] = 2,
};

static const char torn_text[] = "a batch of events is damaged or cut off";

// What is missing behind a torn batch is not the fault.
bool go_generation_fail(struct go_generation *generation, const uint8_t *at, const char *text) {
    if (!generation->fault) {
        generation->fault = generation->torn ? torn_text : text;
        generation->fault_at = generation->torn ? generation->at : at;
    }
    return false;
}

static bool no_memory(struct go_generation *generation) {
    generation->no_memory = true;
    return go_generation_fail(generation, generation->at, "out of memory");
}

static bool take(const uint8_t **at, const uint8_t *end, uint64_t *number) {
    struct wire wire = {*at, end};
    bool ok = wire_varint(&wire, number) == WIRE_OK;
    *at = wire.at;
    return ok;
}

static bool take_all(const uint8_t **at, const uint8_t *end, uint64_t *numbers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!take(at, end, &numbers[i])) {
            return false;
        }
    }
    return true;
}

static int64_t to_ns(double ns) {
    return ns >= 0 && ns < 9.2e18 ? (int64_t)ns : INT64_MAX / 2;
}

// A factor that is rounded once, and a product that is cut off: as Go's own reader has it, to the nanosecond.
int64_t go_generation_ns(const struct go_generation *generation, uint64_t units) {
    return to_ns((double)units * (1.0 / ((double)generation->frequency / 1e9)));
}

bool go_generation_begin(struct go_generation *generation, const char *bytes, size_t size) {
    struct span head = {bytes, size < HEAD_BYTES ? size : HEAD_BYTES};
    uint64_t version;
    generation->at = (const uint8_t *)bytes;
    generation->end = generation->at + size;
    if (!span_take(&head, "go 1.") || !span_take_number(&head, 10, &version) || !span_take(&head, " trace") || head.size != 3 ||
        memcmp(head.at, "\0\0\0", 3) != 0) {
        return go_generation_fail(generation, generation->at, "its head is damaged or cut off");
    }
    if (version != 22 && version != 23 && version != 25 && version != 26) {
        return go_generation_fail(generation, generation->at,
                                  version < 22 ? "it is of Go 1.21 or before, whose traces only go tool trace reads"
                                               : "its version is not known: 1.22, 1.23, 1.25 and 1.26 are read");
    }
    generation->version = (unsigned)version;
    generation->at += HEAD_BYTES;
    return true;
}

// ---- Tables ----

static bool add_strings(struct go_generation *generation, const uint8_t *at, const uint8_t *end) {
    uint64_t number, size;
    while (at < end) {
        const uint8_t *start = at++;
        if (*start != GO_STRING || !take(&at, end, &number) || !take(&at, end, &size) || size > MOST_TEXT_BYTES ||
            size > (size_t)(end - at) || number_map_get(&generation->string_numbers, number) != NUMBER_MAP_NONE) {
            return go_generation_fail(generation, start, "a text is damaged");
        }
        if (!READING_RESERVE(generation->strings, generation->string_capacity, generation->string_count + 1) ||
            !number_map_put(&generation->string_numbers, number, (uint32_t)generation->string_count)) {
            return no_memory(generation);
        }
        generation->strings[generation->string_count++] = (struct go_string){{(const char *)at, (size_t)size}, GO_UNKNOWN};
        at += size;
    }
    return true;
}

static bool add_stacks(struct go_generation *generation, const uint8_t *at, const uint8_t *end) {
    uint64_t number, frames, frame[4];
    while (at < end) {
        const uint8_t *start = at++;
        if (*start != GO_STACK || !take(&at, end, &number) || !take(&at, end, &frames) || frames > MOST_FRAMES ||
            number_map_get(&generation->stack_numbers, number) != NUMBER_MAP_NONE) {
            return go_generation_fail(generation, start, "a stack is damaged");
        }
        if (!READING_RESERVE(generation->stacks, generation->stack_capacity, generation->stack_count + 1) ||
            !number_map_put(&generation->stack_numbers, number, (uint32_t)generation->stack_count)) {
            return no_memory(generation);
        }
        generation->stacks[generation->stack_count++] = (struct go_stack){.at = at, .frames = (uint32_t)frames};
        for (; frames > 0; frames--) {
            if (!take_all(&at, end, frame, 4)) {
                return go_generation_fail(generation, start, "a stack is damaged");
            }
        }
    }
    return true;
}

// Times are in units until the frequency is known.
static bool add_samples(struct go_generation *generation, const uint8_t *at, const uint8_t *end) {
    uint64_t numbers[5];
    while (at < end) {
        const uint8_t *start = at++;
        if (*start != GO_CPU_SAMPLE || !take_all(&at, end, numbers, 5)) {
            return go_generation_fail(generation, start, "a CPU sample is damaged");
        }
        if (!READING_RESERVE(generation->samples, generation->sample_capacity, generation->sample_count + 1)) {
            return no_memory(generation);
        }
        generation->samples[generation->sample_count++] = (struct go_cpu_sample){numbers[4], (int64_t)(numbers[0] & INT64_MAX)};
    }
    return true;
}

static bool read_clocks(struct go_generation *generation, const uint8_t *at, const uint8_t *end) {
    uint64_t clock[4];
    while (at < end) {
        const uint8_t *start = at++;
        if (*start == GO_FREQUENCY && generation->frequency == 0 && take(&at, end, &generation->frequency) && generation->frequency > 0) {
            continue;
        }
        if (*start != GO_CLOCK_SNAPSHOT || generation->version < 25 || !take_all(&at, end, clock, 4)) {
            return go_generation_fail(generation, start, "its clocks are damaged");
        }
        generation->wall_ns =
            clock[2] < (uint64_t)INT64_MAX / 1000000000 - 1 ? (int64_t)(clock[2] * 1000000000 + clock[3] % 1000000000) : 0;
    }
    return true;
}

// ---- Batches ----

static bool add_batch(struct go_generation *generation, uint64_t thread, struct go_batch batch) {
    uint32_t index = (uint32_t)generation->batch_count, cursor = number_map_get(&generation->threads, thread);
    if (!READING_RESERVE(generation->batches, generation->batch_capacity, generation->batch_count + 1)) {
        return no_memory(generation);
    }
    generation->batches[generation->batch_count++] = batch;
    if (cursor != NUMBER_MAP_NONE) {
        generation->batches[generation->cursors[cursor].last_batch].next = index;
        generation->cursors[cursor].last_batch = index;
        return true;
    }
    if (!READING_RESERVE(generation->cursors, generation->cursor_capacity, generation->cursor_count + 1) ||
        !number_map_put(&generation->threads, thread, (uint32_t)generation->cursor_count)) {
        return no_memory(generation);
    }
    generation->cursors[generation->cursor_count++] =
        (struct go_cursor){.thread = thread, .batch = index, .last_batch = index, .at = batch.at};
    return true;
}

static bool read_content(struct go_generation *generation, uint64_t thread, struct go_batch batch) {
    const uint8_t *inside = batch.at + 1;
    switch (batch.at < batch.end ? *batch.at : 0) {
    case GO_STRINGS:
        return add_strings(generation, inside, batch.end);
    case GO_STACKS:
        return add_stacks(generation, inside, batch.end);
    case GO_CPU_SAMPLES:
        return add_samples(generation, inside, batch.end);
    case GO_FREQUENCY: // until Go 1.24
        return read_clocks(generation, batch.at, batch.end);
    case GO_SYNC:
        return read_clocks(generation, inside, batch.end);
    default:
        return add_batch(generation, thread, batch);
    }
}

// *more: it was of this generation, and did not end it. Until Go 1.25 one that is torn may be the next generation's first: this one is read
// then, and is whole if it has all that its events need.
static bool read_batch(struct go_generation *generation, bool *more) {
    const uint8_t *start = generation->at, *at = start + 1;
    uint64_t head[4]; // generation, thread, time, bytes
    *more = false;
    if (*start == GO_END_OF_GENERATION && generation->version >= 26) {
        generation->at = at;
        return true;
    }
    bool experiment = *start == GO_EXPERIMENTAL_BATCH && at < generation->end;
    at += experiment; // its number
    if ((*start != GO_EVENT_BATCH && !experiment) || !take_all(&at, generation->end, head, 4) || head[0] == 0 ||
        head[3] > MOST_BATCH_BYTES || head[3] > (size_t)(generation->end - at)) {
        generation->torn = generation->version < 26 && generation->number != 0;
        return generation->torn || go_generation_fail(generation, start, torn_text);
    }
    if (generation->number != 0 && head[0] != generation->number) {
        return (generation->version < 26 && head[0] == generation->number + 1) ||
               go_generation_fail(generation, start, "its generations are out of order");
    }
    generation->number = head[0];
    generation->least_time = head[2] < generation->least_time ? head[2] : generation->least_time;
    generation->at = at + head[3];
    *more = true;
    return experiment || read_content(generation, head[1], (struct go_batch){at, generation->at, head[2], GO_NO_BATCH});
}

static int by_time(const void *a, const void *b) {
    int64_t left = ((const struct go_cpu_sample *)a)->time, right = ((const struct go_cpu_sample *)b)->time;
    return (left > right) - (left < right);
}

// glibc's qsort takes a copy, which counts as well.
static bool sort_samples(struct go_generation *generation) {
    size_t bytes = generation->sample_count * sizeof *generation->samples;
    if (!merge_budget_take(bytes)) {
        return no_memory(generation);
    }
    if (bytes > 0) {
        qsort(generation->samples, generation->sample_count, sizeof *generation->samples, by_time);
    }
    merge_budget_give(bytes);
    return true;
}

// What is kept for the next one is the memory of arrays.
static void clear(struct go_generation *generation) {
    generation->batch_count = generation->cursor_count = generation->string_count = generation->stack_count = generation->sample_count = 0;
    generation->number = generation->frequency = 0;
    generation->least_time = UINT64_MAX;
    generation->torn = false;
    number_map_free(&generation->threads);
    number_map_free(&generation->string_numbers);
    number_map_free(&generation->stack_numbers);
}

bool go_generation_read(struct go_generation *generation) {
    bool more = true;
    clear(generation);
    if (generation->at == generation->end) {
        return false;
    }
    while (more && generation->at < generation->end && !merge_budget_stopped()) {
        if (!read_batch(generation, &more)) {
            return false;
        }
    }
    if (more && generation->version >= 26) {
        return go_generation_fail(generation, generation->at, "its last generation has no end: the trace is cut off");
    }
    if (generation->torn && generation->cursor_count == 0 && generation->sample_count == 0) {
        return go_generation_fail(generation, generation->at, torn_text);
    }
    if (generation->frequency == 0) {
        return go_generation_fail(generation, generation->at, "a generation has no clock: the trace is cut off");
    }
    for (size_t i = 0; i < generation->sample_count; i++) {
        generation->samples[i].time = go_generation_ns(generation, (uint64_t)generation->samples[i].time);
    }
    return sort_samples(generation);
}

bool go_generation_next(struct go_generation *generation, struct go_cursor *cursor) {
    const struct go_batch *batch = &generation->batches[cursor->batch];
    while (cursor->at == batch->end) {
        if (batch->next == GO_NO_BATCH) {
            return false;
        }
        cursor->batch = batch->next;
        batch = &generation->batches[cursor->batch];
        cursor->at = batch->at;
        cursor->time = 0;
    }
    if (cursor->time == 0) {
        cursor->time = go_generation_ns(generation, batch->time);
    }
    const uint8_t *at = cursor->at, *start = at++;
    size_t count = *start < GO_EXPERIMENT_END ? arguments_of[*start] : 0;
    uint64_t units;
    if (count == 0 || !take(&at, batch->end, &units) || !take_all(&at, batch->end, cursor->event.arguments, count - 1)) {
        return go_generation_fail(generation, start, "an event is damaged, or of an unknown type");
    }
    cursor->event.type = *start;
    cursor->event.time = cursor->time = (int64_t)((uint64_t)cursor->time + (uint64_t)go_generation_ns(generation, units)) & INT64_MAX;
    cursor->event_at = start;
    cursor->at = at;
    return true;
}

// ---- Look-ups ----

struct go_string *go_generation_string(struct go_generation *generation, uint64_t number) {
    uint32_t index = number_map_get(&generation->string_numbers, number);
    if (index == NUMBER_MAP_NONE) {
        go_generation_fail(generation, generation->at, "a text does not exist");
        return NULL;
    }
    return &generation->strings[index];
}

struct go_stack *go_generation_stack(struct go_generation *generation, uint64_t number) {
    uint32_t index = number_map_get(&generation->stack_numbers, number);
    if (index == NUMBER_MAP_NONE) {
        go_generation_fail(generation, generation->at, "a stack does not exist");
        return NULL;
    }
    return &generation->stacks[index];
}

static bool text_of(struct go_generation *generation, uint64_t number, struct span *text) {
    const struct go_string *string = number != 0 ? go_generation_string(generation, number) : NULL;
    *text = string ? string->text : (struct span){"", 0};
    return string || number == 0;
}

bool go_generation_frame(struct go_generation *generation, const uint8_t **at, struct span *function, struct span *file, uint64_t *line) {
    uint64_t frame[4];
    take_all(at, generation->end, frame, 4); // add_stacks has seen them
    *line = frame[3];
    return text_of(generation, frame[1], function) && text_of(generation, frame[2], file);
}

void go_generation_free(struct go_generation *generation) {
    clear(generation);
    memory_free(generation->batches);
    memory_free(generation->cursors);
    memory_free(generation->strings);
    memory_free(generation->stacks);
    memory_free(generation->samples);
}
