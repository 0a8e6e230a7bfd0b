// maker.h: makes recordings: chunks with types, constants and events as a test says.
//
//     maker_type(&maker, "jdk.types.Symbol", "simple", "string:java.lang.String");
//     maker_type(&maker, "app.Event", "event", "startTime:long@ticks thread:java.lang.Thread* frames:app.Frame[]");
//     maker_begin(&maker);
//     maker_constants(&maker, "jdk.types.Symbol", 1); maker_number(&maker, 7); maker_text(&maker, "main"); maker_end(&maker);
//     maker_event(&maker, "app.Event"); maker_number(&maker, 5); ... maker_end(&maker);
//     maker_finish(&maker);
//
// A field is name:type, then * for the key of a constant, [] for an array, @ticks, @span, @ms, @bytes for its annotation. Type ids are 100
// and up in the order of definition. Numbers are varints, or big-endian in the width given where the maker is `fixed`.
// Memory: maker_init takes it, maker_free frees it.
#ifndef CMEMPROF_JFR_TEST_MAKER_H
#define CMEMPROF_JFR_TEST_MAKER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAKER_TYPES = 64, MAKER_BYTES = 2 << 20, MAKER_STRINGS = 512, MAKER_FIRST_ID = 100 };

struct maker {
    uint8_t *bytes; // MAKER_BYTES
    size_t size, chunk, open;
    bool fixed;
    int id_offset; // added to all type ids of the next chunk
    struct {
        char name[64], flags[16], fields[600];
    } types[MAKER_TYPES];
    int type_count;
    const char *strings[MAKER_STRINGS];
    int string_count;
    unsigned encoding; // of the metadata's texts: 3 UTF-8, 4 characters, 5 Latin-1
    int64_t start_ns, start_ticks, ticks_per_second, duration_ns;
};

static inline void maker_init(struct maker *maker) {
    *maker =
        (struct maker){.encoding = 3, .start_ns = 1000000000, .start_ticks = 1000, .ticks_per_second = 1000000, .duration_ns = 2000000000};
    maker->bytes = calloc(1, MAKER_BYTES);
    assert_non_null(maker->bytes);
}

static inline void maker_free(struct maker *maker) {
    for (int i = 0; i < maker->string_count; i++) {
        free((char *)maker->strings[i]);
    }
    free(maker->bytes);
}

static inline void maker_byte(struct maker *maker, unsigned byte) {
    assert_true(maker->size < MAKER_BYTES);
    maker->bytes[maker->size++] = (uint8_t)byte;
}

static inline void maker_big_endian(struct maker *maker, size_t at, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; i++) {
        maker->bytes[at + i] = (uint8_t)(value >> 8 * (width - 1 - i));
    }
}

static inline void maker_width(struct maker *maker, uint64_t value, size_t width) {
    if (maker->fixed) {
        assert_true(maker->size + width <= MAKER_BYTES);
        maker_big_endian(maker, maker->size, value, width);
        maker->size += width;
        return;
    }
    for (int i = 0; i < 8 && value >= 0x80; i++, value >>= 7) {
        maker_byte(maker, (unsigned)(value & 0x7F) | 0x80);
    }
    maker_byte(maker, (unsigned)value);
}
static inline void maker_number(struct maker *maker, int64_t value) { // a long, or a key
    maker_width(maker, (uint64_t)value, 8);
}
static inline void maker_int(struct maker *maker, int32_t value) {
    maker_width(maker, (uint32_t)value, 4);
}
static inline void maker_float(struct maker *maker, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    maker_big_endian(maker, maker->size, bits, 4);
    maker->size += 4;
}
static inline void maker_encoded(struct maker *maker, const char *text, unsigned encoding) {
    maker_byte(maker, encoding);
    maker_int(maker, (int32_t)strlen(text));
    for (; *text; text++) {
        if (encoding == 4) {
            maker_width(maker, (unsigned char)*text, 2);
        } else {
            maker_byte(maker, (unsigned char)*text);
        }
    }
}
static inline void maker_text(struct maker *maker, const char *text) {
    maker_encoded(maker, text, 3);
}

static inline void maker_type(struct maker *maker, const char *name, const char *flags, const char *fields) {
    assert_true(maker->type_count < MAKER_TYPES);
    snprintf(maker->types[maker->type_count].name, 64, "%s", name);
    snprintf(maker->types[maker->type_count].flags, 16, "%s", flags);
    snprintf(maker->types[maker->type_count++].fields, 600, "%s", fields);
}

static inline int64_t maker_id(const struct maker *maker, const char *name) {
    for (int i = 0; i < maker->type_count; i++) {
        if (strcmp(maker->types[i].name, name) == 0) {
            return MAKER_FIRST_ID + maker->id_offset + i;
        }
    }
    fail_msg("no type %s", name);
    return 0;
}

// ---- Chunks ----

static inline void maker_begin(struct maker *maker) {
    maker->chunk = maker->size;
    assert_true(maker->size + 68 < MAKER_BYTES);
    memset(maker->bytes + maker->size, 0, 68);
    memcpy(maker->bytes + maker->chunk, "FLR\0\0\2\0\1", 8);
    maker->bytes[maker->chunk + 67] = !maker->fixed;
    maker->size += 68;
}

enum { MAKER_SIZE_BYTES = 4 }; // room for an event's size: a varint with needless bytes

static inline void maker_open(struct maker *maker, int64_t type) {
    maker->open = maker->size;
    maker->size += MAKER_SIZE_BYTES;
    maker_number(maker, type);
}

static inline void maker_end(struct maker *maker) {
    size_t size = maker->size - maker->open;
    if (maker->fixed) {
        maker_big_endian(maker, maker->open, size, 4);
        return;
    }
    for (int i = 0; i < MAKER_SIZE_BYTES; i++, size >>= 7) {
        maker->bytes[maker->open + (size_t)i] = (uint8_t)((size & 0x7F) | (i < MAKER_SIZE_BYTES - 1 ? 0x80 : 0));
    }
}

static inline void maker_event(struct maker *maker, const char *type) {
    maker_open(maker, maker_id(maker, type));
}

static inline void maker_constants(struct maker *maker, const char *type, int count) { // a checkpoint of one pool
    maker_open(maker, 1);
    maker_number(maker, 0);
    maker_number(maker, 0);
    maker_number(maker, 0);
    maker_byte(maker, 0);
    maker_int(maker, 1);
    maker_number(maker, maker_id(maker, type));
    maker_int(maker, count);
}

static inline int maker_string(struct maker *maker, const char *text) {
    for (int i = 0; i < maker->string_count; i++) {
        if (strcmp(maker->strings[i], text) == 0) {
            return i;
        }
    }
    assert_true(maker->string_count < MAKER_STRINGS);
    maker->strings[maker->string_count] = strdup(text);
    return maker->string_count++;
}

static inline void maker_put_string(struct maker *maker, const char *text) {
    maker_int(maker, maker_string(maker, text));
}

static inline void maker_put_number(struct maker *maker, int64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)number);
    maker_put_string(maker, text);
}
static inline void maker_put_id(struct maker *maker, const char *type) {
    maker_put_number(maker, maker_id(maker, type));
}

static inline void maker_note(struct maker *maker, const char *type, const char *value) {
    maker_put_string(maker, "annotation");
    maker_int(maker, 2);
    maker_put_string(maker, "class");
    maker_put_id(maker, type);
    maker_put_string(maker, "value");
    maker_put_string(maker, value);
    maker_int(maker, 0);
}

static inline void maker_field(struct maker *maker, const char *field) {
    char name[64], type[64], note[16] = "";
    const char *colon = strchr(field, ':'), *at = strchr(field, '@');
    assert_non_null(colon);
    snprintf(name, sizeof name, "%.*s", (int)(colon - field), field);
    snprintf(type, sizeof type, "%.*s", (int)strcspn(colon + 1, "*[@"), colon + 1);
    snprintf(note, sizeof note, "%s", at ? at + 1 : "");
    bool pool = strchr(colon, '*'), array = strchr(colon, '[');
    maker_put_string(maker, "field");
    maker_int(maker, 2 + pool + array);
    maker_put_string(maker, "name"), maker_put_string(maker, name);
    maker_put_string(maker, "class"), maker_put_id(maker, type);
    if (pool) {
        maker_put_string(maker, "constantPool"), maker_put_string(maker, "true");
    }
    if (array) {
        maker_put_string(maker, "dimension"), maker_put_string(maker, "1");
    }
    maker_int(maker, !!*note);
    if (strcmp(note, "ticks") == 0) {
        maker_note(maker, "jdk.jfr.Timestamp", "TICKS");
    } else if (strcmp(note, "span") == 0) {
        maker_note(maker, "jdk.jfr.Timespan", "TICKS");
    } else if (strcmp(note, "ms") == 0) {
        maker_note(maker, "jdk.jfr.Timespan", "MILLISECONDS");
    } else if (strcmp(note, "bytes") == 0) {
        maker_note(maker, "jdk.jfr.DataAmount", "BYTES");
    }
}

static inline void maker_class(struct maker *maker, int index) {
    char fields[600], *rest = fields, *field;
    const char *flags = maker->types[index].flags;
    bool event = strcmp(flags, "event") == 0, simple = strcmp(flags, "simple") == 0;
    int count = 0;
    snprintf(fields, sizeof fields, "%s", maker->types[index].fields);
    for (const char *at = fields; *at; at++) {
        count += *at == ':';
    }
    maker_put_string(maker, "class");
    maker_int(maker, 2 + event + simple);
    maker_put_string(maker, "id"), maker_put_number(maker, MAKER_FIRST_ID + maker->id_offset + index);
    maker_put_string(maker, "name"), maker_put_string(maker, maker->types[index].name);
    if (event) {
        maker_put_string(maker, "superType"), maker_put_string(maker, "jdk.jfr.Event");
    }
    if (simple) {
        maker_put_string(maker, "simpleType"), maker_put_string(maker, "true");
    }
    maker_int(maker, count + event);
    if (event) {
        char label[80];
        snprintf(label, sizeof label, "Label of %s", maker->types[index].name);
        maker_note(maker, "jdk.jfr.Label", label);
    }
    while ((field = strsep(&rest, " "))) {
        if (*field) {
            maker_field(maker, field);
        }
    }
}

static inline void maker_basic_types(struct maker *maker) {
    static const char *const names[] = {"boolean",
                                        "byte",
                                        "short",
                                        "char",
                                        "int",
                                        "long",
                                        "float",
                                        "double",
                                        "java.lang.String",
                                        "jdk.jfr.Label",
                                        "jdk.jfr.Timestamp",
                                        "jdk.jfr.Timespan",
                                        "jdk.jfr.DataAmount"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        maker_type(maker, names[i], "", "");
    }
}

// Writes the metadata and the header. The elements are made twice: first to learn the strings.
static inline void maker_finish(struct maker *maker) {
    size_t metadata = maker->size;
    for (int pass = 0; pass < 2; pass++) {
        maker->size = metadata;
        maker_open(maker, 0);
        maker_number(maker, 1), maker_number(maker, 0), maker_number(maker, 1);
        maker_int(maker, maker->string_count);
        for (int i = 0; i < maker->string_count; i++) {
            maker_encoded(maker, maker->strings[i], maker->encoding);
        }
        maker_put_string(maker, "root"), maker_int(maker, 0), maker_int(maker, 1);
        maker_put_string(maker, "metadata"), maker_int(maker, 0), maker_int(maker, maker->type_count);
        for (int i = 0; i < maker->type_count; i++) {
            maker_class(maker, i);
        }
        maker_end(maker);
    }
    size_t at = maker->chunk;
    maker_big_endian(maker, at + 8, maker->size - at, 8);
    maker_big_endian(maker, at + 24, metadata - at, 8);
    maker_big_endian(maker, at + 32, (uint64_t)maker->start_ns, 8);
    maker_big_endian(maker, at + 40, (uint64_t)maker->duration_ns, 8);
    maker_big_endian(maker, at + 48, (uint64_t)maker->start_ticks, 8);
    maker_big_endian(maker, at + 56, (uint64_t)maker->ticks_per_second, 8);
}

#endif
