// recording.h: builds small Java Flight Recorder chunks: metadata with two types of events, and events.
#ifndef CMEMPROF_RECEIVER_TEST_RECORDING_H
#define CMEMPROF_RECEIVER_TEST_RECORDING_H

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

struct recording {
    uint8_t bytes[8192];
    size_t size;
};

static inline void put_byte(struct recording *recording, unsigned byte) {
    assert_true(recording->size < sizeof recording->bytes);
    recording->bytes[recording->size++] = (uint8_t)byte;
}

static inline void put_number(struct recording *recording, uint64_t value) { // LEB128, short ones
    for (; value >= 0x80; value >>= 7) {
        put_byte(recording, (unsigned)(value & 0x7F) | 0x80);
    }
    put_byte(recording, (unsigned)value);
}

static inline void put_big_endian(struct recording *recording, size_t at, uint64_t value) {
    for (int i = 7; i >= 0; i--, value >>= 8) {
        recording->bytes[at + (size_t)i] = (uint8_t)value;
    }
}

// Encoding 3 is UTF-8, 4 an array of characters.
static inline void put_text(struct recording *recording, const char *text, unsigned encoding) {
    put_byte(recording, encoding);
    put_number(recording, strlen(text));
    for (; *text; text++) {
        put_byte(recording, (unsigned char)*text);
    }
}

enum { T_ROOT, T_METADATA, T_CLASS, T_ID, T_NAME, T_100, T_101, T_102, T_SAMPLE, T_PAUSE, T_LABEL, T_ANNOTATION, T_VALUE, T_TEXT, T_COUNT };

static inline void put_class(struct recording *recording, unsigned id, unsigned name, bool labelled) {
    const unsigned element[] = {T_CLASS, 2, T_ID, id, T_NAME, name, labelled};
    const unsigned annotation[] = {T_ANNOTATION, 2, T_CLASS, T_102, T_VALUE, T_TEXT, 0};
    for (size_t i = 0; i < sizeof element / sizeof *element; i++) {
        put_number(recording, element[i]);
    }
    for (size_t i = 0; labelled && i < sizeof annotation / sizeof *annotation; i++) {
        put_number(recording, annotation[i]);
    }
}

static inline void put_metadata(struct recording *recording, unsigned encoding) {
    static const char *const texts[T_COUNT] = {"root",       "metadata",  "class",         "id",         "name",  "100",     "101", "102",
                                               "app.Sample", "app.Pause", "jdk.jfr.Label", "annotation", "value", "A sample"};
    size_t at = recording->size;
    recording->size += 2; // its size, in two bytes
    const unsigned header[] = {0, 1, 1, 1};
    for (size_t i = 0; i < 4; i++) {
        put_number(recording, header[i]);
    }
    put_number(recording, T_COUNT);
    for (size_t i = 0; i < T_COUNT; i++) {
        put_text(recording, texts[i], encoding);
    }
    const unsigned root[] = {T_ROOT, 0, 1, T_METADATA, 0, 3};
    for (size_t i = 0; i < sizeof root / sizeof *root; i++) {
        put_number(recording, root[i]);
    }
    put_class(recording, T_100, T_SAMPLE, true);
    put_class(recording, T_101, T_PAUSE, false);
    put_class(recording, T_102, T_LABEL, false);
    size_t size = recording->size - at;
    recording->bytes[at] = (uint8_t)(size & 0x7F) | 0x80;
    recording->bytes[at + 1] = (uint8_t)(size >> 7);
}

static inline void put_event(struct recording *recording, unsigned type, size_t size) {
    size_t end = recording->size + size;
    put_number(recording, size);
    put_number(recording, type);
    while (recording->size < end) {
        put_byte(recording, 0xAA);
    }
}

// samples events of type 100 and pauses of type 101, then the metadata, as the JVM writes it.
static inline void put_chunk(struct recording *recording, int samples, int pauses, int64_t start_ns, unsigned encoding) {
    size_t start = recording->size;
    assert_true(start + 68 < sizeof recording->bytes);
    memset(recording->bytes + start, 0, 68);
    memcpy(recording->bytes + start, "FLR\0\0\2\0\1", 8);
    recording->bytes[start + 67] = 1;
    recording->size += 68;
    for (int i = 0; i < samples; i++) {
        put_event(recording, 100, 20);
    }
    for (int i = 0; i < pauses; i++) {
        put_event(recording, 101, 200);
    }
    put_big_endian(recording, start + 24, recording->size - start);
    put_metadata(recording, encoding);
    put_big_endian(recording, start + 8, recording->size - start);
    put_big_endian(recording, start + 32, (uint64_t)start_ns);
    put_big_endian(recording, start + 40, 1000);
}

#endif
