// pprof_cpu.c: binary CPU profiles of gperftools: words of 32 or 64 bits, in either order (reading.h).
//
//     0 3 0 PERIOD 0        the header; the period is in microseconds
//     COUNT N ADDRESS...    a sample: leaf first, callers as return addresses
//     0 1 0                 the end; then the process's mappings as text
#include "address_stack.h"

#include <stdlib.h>

struct words {
    const unsigned char *at, *end;
    size_t bytes; // of a word: 4 or 8
    bool big;
};

static bool next(struct words *words, uint64_t *word) {
    if ((size_t)(words->end - words->at) < words->bytes) {
        return false;
    }
    *word = 0;
    for (size_t i = 0; i < words->bytes; i++) {
        size_t shift = 8 * (words->big ? words->bytes - 1 - i : i);
        *word |= (uint64_t)words->at[i] << shift;
    }
    words->at += words->bytes;
    return true;
}

static bool read_header(const char *bytes, size_t size, struct words *words, uint64_t header[5]) {
    static const struct words kinds[] = {{.bytes = 4}, {.bytes = 4, .big = true}, {.bytes = 8}, {.bytes = 8, .big = true}};
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        *words = kinds[kind];
        words->at = (const unsigned char *)bytes;
        words->end = words->at + size;
        bool ok = true;
        for (size_t i = 0; i < 5 && ok; i++) {
            ok = next(words, &header[i]);
        }
        if (ok && header[0] == 0 && header[1] == 3 && header[2] <= 1 && header[3] > 0 && header[3] < INT64_MAX / 1000 && header[4] == 0) {
            return true;
        }
    }
    return false;
}

bool pprof_cpu_is(const char *bytes, size_t size) {
    struct words words;
    uint64_t header[5];
    return read_header(bytes, size, &words, header);
}

struct cpu_sample {
    uint64_t count;
    size_t first, depth; // of the addresses
};
struct file {
    struct reading *reading;
    struct words words;
    struct address_stack stack;
    struct cpu_sample *samples;
    size_t count, capacity;
    uint64_t *addresses; // of all samples
    size_t address_count, address_capacity;
};

static bool fail(struct file *file, const char *text) {
    return reading_fail(file->reading, MERGE_TRUNCATED, (size_t)((const char *)file->words.at - file->reading->bytes), "%s", text);
}

static bool read_samples(struct file *file) {
    for (;;) {
        uint64_t count, depth;
        if (file->words.at == file->words.end) {
            return true; // without the mark of the end
        }
        if (!next(&file->words, &count) || !next(&file->words, &depth) ||
            depth > (size_t)(file->words.end - file->words.at) / file->words.bytes) {
            return fail(file, "it ends within a sample");
        }
        if (!READING_RESERVE(file->addresses, file->address_capacity, file->address_count + depth + 1) ||
            !READING_RESERVE(file->samples, file->capacity, file->count + 1)) {
            return reading_no_memory(file->reading);
        }
        uint64_t *addresses = file->addresses + file->address_count;
        for (size_t i = 0; i < depth; i++) {
            next(&file->words, &addresses[i]);
        }
        if (count == 0 && depth == 1 && addresses[0] == 0) {
            return true;
        }
        for (size_t i = 1; i < depth; i++) {
            addresses[i]--;
        }
        file->samples[file->count++] = (struct cpu_sample){count, file->address_count, depth};
        file->address_count += depth;
    }
}

static void drop_second(struct file *file, struct cpu_sample *sample) {
    file->addresses[sample->first + 1] = file->addresses[sample->first];
    sample->first++;
    sample->depth--;
}

// The address that more than half of the samples have as their second, if there is one.
static uint64_t majority(const struct file *file) {
    uint64_t candidate = 0;
    size_t lead = 0;
    for (size_t i = 0; i < file->count; i++) {
        const struct cpu_sample *sample = &file->samples[i];
        uint64_t second = sample->depth > 1 ? file->addresses[sample->first + 1] : 0;
        if (lead == 0) {
            candidate = second;
        }
        lead = second == candidate ? lead + 1 : lead - 1;
    }
    return candidate;
}

// A second frame that nearly all samples have is the signal handler's, as pprof decides it.
static void drop_handlers(struct file *file) {
    for (int round = 0; round < 2; round++) {
        uint64_t second = majority(file);
        size_t with = 0;
        for (size_t i = 0; i < file->count; i++) {
            const struct cpu_sample *sample = &file->samples[i];
            with += sample->depth > 1 && file->addresses[sample->first + 1] == second;
        }
        for (size_t i = 0; i < file->count && with > 0 && with >= file->count - file->count / 32; i++) {
            struct cpu_sample *sample = &file->samples[i];
            if (sample->depth > 1 && file->addresses[sample->first + 1] == second) {
                drop_second(file, sample);
            }
        }
    }
}

static bool emit(struct file *file, int64_t period_ns) {
    struct address_stack *stack = &file->stack;
    for (size_t i = 0; i < file->count; i++) {
        struct cpu_sample *sample = &file->samples[i];
        const uint64_t *addresses = file->addresses + sample->first;
        if (sample->depth > 1 && addresses[0] == addresses[1] + 1) { // the leaf twice: of the signal's context and of the stack
            drop_second(file, sample);
            addresses = file->addresses + sample->first;
        }
        if (!READING_RESERVE(stack->addresses, stack->capacity, sample->depth)) {
            return reading_no_memory(file->reading);
        }
        if (sample->depth > 0) {
            memcpy(stack->addresses, addresses, sample->depth * sizeof *addresses);
        }
        stack->count = sample->depth;
        int64_t count = sample->count < INT64_MAX ? (int64_t)sample->count : INT64_MAX, time;
        const int64_t values[] = {count, __builtin_mul_overflow(count, period_ns, &time) ? INT64_MAX : time};
        if (!address_stack_sample(file->reading, stack, values, -1)) {
            return false;
        }
    }
    return true;
}

bool pprof_cpu_read(struct reading *reading) {
    struct file file = {.reading = reading};
    uint64_t header[5];
    if (!read_header(reading->bytes, reading->size, &file.words, header)) {
        return reading_fail(reading, MERGE_MALFORMED, 0, "no header of a CPU profile");
    }
    if (header[2] == 1) {
        return reading_fail(reading, MERGE_MALFORMED, 0, "a CPU profile of Java, which is not read here");
    }
    int64_t period_ns = (int64_t)header[3] * 1000;
    profile_add_sample_type(reading->profile, "samples", "count");
    profile_add_sample_type(reading->profile, "cpu", "nanoseconds");
    profile_set_period(reading->profile, "cpu", "nanoseconds", period_ns);
    bool ok = read_samples(&file);
    drop_handlers(&file);
    const char *map = (const char *)file.words.at;
    ok = ok && memory_map_read(reading, &file.stack.map, (struct span){map, (size_t)((const char *)file.words.end - map)}) &&
         emit(&file, period_ns);
    address_stack_free(&file.stack);
    memory_free(file.samples);
    memory_free(file.addresses);
    return ok;
}
