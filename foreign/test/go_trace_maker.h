// go_trace_maker.h: makes Go execution traces for tests.
#ifndef CMEMPROF_FOREIGN_TEST_GO_TRACE_MAKER_H
#define CMEMPROF_FOREIGN_TEST_GO_TRACE_MAKER_H

#include <stdarg.h>
#include <stdlib.h>

#include "../go_trace_file.h"

enum { LAST = -1 };
struct maker {
    uint8_t *bytes, *batch;
    size_t size, capacity, batch_size;
};

static inline void add(struct maker *maker, const void *bytes, size_t size) {
    while (maker->size + size > maker->capacity) {
        maker->capacity = maker->capacity * 2 + 1024;
        maker->bytes = realloc(maker->bytes, maker->capacity);
    }
    memcpy(maker->bytes + maker->size, bytes, size);
    maker->size += size;
}

static inline size_t varint(uint8_t *out, uint64_t number) {
    size_t size = 0;
    for (; number >= 0x80; number >>= 7) {
        out[size++] = (uint8_t)(number | 0x80);
    }
    out[size++] = (uint8_t)number;
    return size;
}

static inline struct maker begin(const char *head) {
    struct maker maker = {.batch = malloc(1 << 17)};
    add(&maker, head, 16);
    return maker;
}

static inline void byte(struct maker *maker, uint8_t byte) {
    maker->batch[maker->batch_size++] = byte;
}
static inline void number(struct maker *maker, uint64_t value) {
    maker->batch_size += varint(maker->batch + maker->batch_size, value);
}

// Its arguments, the difference of times first, up to LAST.
static inline void event(struct maker *maker, enum go_event_type type, ...) {
    va_list arguments;
    byte(maker, (uint8_t)type);
    va_start(arguments, type);
    for (int argument = va_arg(arguments, int); argument != LAST; argument = va_arg(arguments, int)) {
        number(maker, (uint64_t)argument);
    }
    va_end(arguments);
}

static inline void text(struct maker *maker, int id, const char *text) {
    event(maker, GO_STRING, id, (int)strlen(text), LAST);
    memcpy(maker->batch + maker->batch_size, text, strlen(text));
    maker->batch_size += strlen(text);
}

// What was added since the last one, of that thread, from the time 1000 on.
static inline void end_batch(struct maker *maker, int generation, uint64_t thread) {
    uint8_t head[40] = {GO_EVENT_BATCH};
    size_t size = 1;
    size += varint(head + size, (uint64_t)generation);
    size += varint(head + size, thread);
    size += varint(head + size, 1000);
    size += varint(head + size, maker->batch_size);
    add(maker, head, size);
    add(maker, maker->batch, maker->batch_size);
    maker->batch_size = 0;
}

static inline void unmake(struct maker *maker) {
    free(maker->bytes);
    free(maker->batch);
}

#endif
