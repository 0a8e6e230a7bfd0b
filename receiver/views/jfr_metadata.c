// jfr_metadata.c: names of event types (jfr_metadata.h).
#include "jfr_metadata.h"
#include "../../base/vector.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_STRINGS = 1 << 20, MAX_DEPTH = 16, MAX_CLASSES = 1 << 14, MAX_TEXT_BYTES = 1024 };

// ---- Numbers and texts ----

uint64_t jfr_read_number(struct jfr_reader *reader) {
    uint64_t value = 0;
    if (!reader->compressed_numbers) {
        if (reader->end - reader->at < 8) {
            reader->failed = true;
            reader->at = reader->end;
            return 0;
        }
        for (int i = 0; i < 8; i++) {
            value = value << 8 | *reader->at++;
        }
        return value;
    }
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (reader->at == reader->end) {
            reader->failed = true;
            return 0;
        }
        uint8_t byte = *reader->at++;
        if (shift == 56) { // the ninth byte has no continuation bit, but 8 bits
            return value | (uint64_t)byte << 56;
        }
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            break;
        }
    }
    return value;
}

uint64_t jfr_read_size(struct jfr_reader *reader) {
    if (reader->compressed_numbers) {
        return jfr_read_number(reader);
    }
    if (reader->end - reader->at < 4) {
        reader->failed = true;
        reader->at = reader->end;
        return 0;
    }
    const uint8_t *at = reader->at;
    reader->at += 4;
    return (uint64_t)at[0] << 24 | (uint64_t)at[1] << 16 | (uint64_t)at[2] << 8 | at[3];
}

struct text {
    const uint8_t *bytes; // NULL: none
    size_t size;
};

// Buffer for strings that come as an array of numbers, one per character: the size of the event suffices for all.
struct text_buffer {
    uint8_t *bytes;
    size_t used;
};

enum { TEXT_NULL = 0, TEXT_EMPTY = 1, TEXT_UTF8 = 3, TEXT_CHARACTERS = 4, TEXT_LATIN1 = 5 };

// All names are ASCII in practice: other characters become '?'.
static struct text read_characters(struct jfr_reader *reader, uint64_t count, struct text_buffer *buffer) {
    struct text text = {buffer->bytes + buffer->used, 0};
    for (; text.size < count && !reader->failed; text.size++) {
        uint64_t character = jfr_read_number(reader);
        if (!reader->failed) {
            buffer->bytes[buffer->used++] = character > 0 && character < 0x80 ? (uint8_t)character : '?';
        }
    }
    return text;
}

static struct text read_text(struct jfr_reader *reader, struct text_buffer *buffer) {
    struct text text = {0};
    uint8_t encoding = reader->at < reader->end ? *reader->at++ : UINT8_MAX;
    if (encoding == TEXT_NULL || encoding == TEXT_EMPTY) {
        return text;
    }
    if (encoding != TEXT_UTF8 && encoding != TEXT_CHARACTERS && encoding != TEXT_LATIN1) { // 2: from the constant pool, never here
        reader->failed = true;
        return text;
    }
    uint64_t size = jfr_read_number(reader);
    if (encoding == TEXT_CHARACTERS) {
        return read_characters(reader, size, buffer);
    }
    if (size > (uint64_t)(reader->end - reader->at)) {
        reader->failed = true;
        return text;
    }
    text = (struct text){reader->at, size};
    reader->at += size;
    return text;
}

static char *copy_text(const struct text *text) {
    return text && text->bytes && text->size <= MAX_TEXT_BYTES ? strndup((const char *)text->bytes, text->size) : NULL;
}

static bool equals(const struct text *text, const char *other) {
    return text && text->bytes && text->size == strlen(other) && memcmp(text->bytes, other, text->size) == 0;
}

// ---- Classes ----

static bool same_class(const void *context, uint32_t id, const void *key) {
    return ((const struct jfr_metadata *)context)->classes[id - 1].id == *(const int64_t *)key;
}

// NULL: no memory, or too many.
static struct jfr_class *class_of(struct jfr_metadata *metadata, int64_t id) {
    if (metadata->count == 0) {
        metadata->seed = intern_seed();
    }
    uint32_t hash = intern_hash_end(intern_hash_word(metadata->seed, (uint64_t)id));
    uint32_t found = intern_find(&metadata->ids, hash, same_class, metadata, &id);
    if (found != 0) {
        return &metadata->classes[found - 1];
    }
    if (metadata->count == MAX_CLASSES) {
        return NULL;
    }
    if (!VECTOR_RESERVE(metadata->classes, metadata->capacity, metadata->count + 1)) {
        return NULL;
    }
    if (!intern_add(&metadata->ids, hash, (uint32_t)metadata->count + 1)) {
        return NULL;
    }
    metadata->classes[metadata->count] = (struct jfr_class){.id = id};
    return &metadata->classes[metadata->count++];
}

bool jfr_metadata_count(struct jfr_metadata *metadata, int64_t id, uint64_t size) {
    struct jfr_class *class = class_of(metadata, id);
    if (class) {
        class->events++;
        class->bytes += size;
    }
    return class;
}

void jfr_metadata_free(struct jfr_metadata *metadata) {
    for (size_t i = 0; i < metadata->count; i++) {
        free(metadata->classes[i].name);
        free(metadata->classes[i].label);
    }
    free(metadata->classes);
    intern_free(&metadata->ids);
    *metadata = (struct jfr_metadata){0};
}

// ---- Elements ----

struct parser {
    struct jfr_metadata *metadata;
    struct jfr_reader reader;
    struct text *pool;
    size_t pool_count;
    struct text_buffer buffer;
    int64_t label_type; // id of jdk.jfr.Label, which is a class as well
};

struct attributes {
    const struct text *id, *name, *class, *value;
};

static const struct text *pool_at(struct parser *parser) {
    uint64_t index = jfr_read_number(&parser->reader);
    if (index >= parser->pool_count) {
        parser->reader.failed = true;
        return NULL;
    }
    return &parser->pool[index];
}

static struct attributes read_attributes(struct parser *parser) {
    struct attributes attributes = {0};
    uint64_t count = jfr_read_number(&parser->reader);
    for (uint64_t i = 0; i < count && !parser->reader.failed; i++) {
        const struct text *key = pool_at(parser), *value = pool_at(parser);
        const struct text **attribute = equals(key, "id")                                ? &attributes.id
                                        : equals(key, "name")                            ? &attributes.name
                                        : equals(key, "class")                           ? &attributes.class
                                        : equals(key, "value") || equals(key, "value-0") ? &attributes.value
                                                                                         : NULL;
        if (attribute) {
            *attribute = value;
        }
    }
    return attributes;
}

static int64_t number_of(const struct text *text) {
    char digits[24];
    if (!text || !text->bytes || text->size >= sizeof digits) {
        return -1;
    }
    memcpy(digits, text->bytes, text->size);
    digits[text->size] = '\0';
    return strtoll(digits, NULL, 10);
}

// label_pass: the classes are known, now reads the labels.
static bool read_element(struct parser *parser, bool label_pass, int64_t class_id, int depth) {
    const struct text *name = pool_at(parser);
    struct attributes attributes = read_attributes(parser);
    uint64_t children = jfr_read_number(&parser->reader);
    bool is_class = equals(name, "class") && attributes.id && attributes.name;
    if (parser->reader.failed || depth > MAX_DEPTH) {
        return false;
    }
    if (is_class) {
        class_id = number_of(attributes.id);
        struct jfr_class *class = class_of(parser->metadata, class_id);
        if (!class) {
            return false;
        }
        if (!label_pass && !class->name) {
            class->name = copy_text(attributes.name);
            parser->label_type = equals(attributes.name, "jdk.jfr.Label") ? class_id : parser->label_type;
        }
    }
    // Annotations of fields have a label as well: only direct children of a class have the class's.
    if (label_pass && class_id != INT64_MIN && equals(name, "annotation") && number_of(attributes.class) == parser->label_type) {
        struct jfr_class *class = class_of(parser->metadata, class_id);
        if (class && !class->label) {
            class->label = copy_text(attributes.value);
        }
    }
    for (uint64_t i = 0; i < children; i++) {
        if (!read_element(parser, label_pass, is_class ? class_id : INT64_MIN, depth + 1)) {
            return false;
        }
    }
    return true;
}

static bool read_pool(struct parser *parser) {
    uint64_t count = jfr_read_number(&parser->reader);
    // A string takes at least a byte.
    if (count > MAX_STRINGS || count > (uint64_t)(parser->reader.end - parser->reader.at)) {
        return false;
    }
    parser->pool = calloc(count + 1, sizeof *parser->pool);
    parser->buffer.bytes = malloc((size_t)(parser->reader.end - parser->reader.at) + 1);
    if (!parser->pool || !parser->buffer.bytes) {
        return false;
    }
    parser->pool_count = count;
    for (size_t i = 0; i < count && !parser->reader.failed; i++) {
        parser->pool[i] = read_text(&parser->reader, &parser->buffer);
    }
    return !parser->reader.failed;
}

const char *jfr_metadata_read(struct jfr_metadata *metadata, struct jfr_reader reader) {
    const uint8_t *start = reader.at;
    uint64_t size = jfr_read_size(&reader), type = jfr_read_number(&reader);
    if (reader.failed || type != 0 || size > (uint64_t)(reader.end - start) || size < (uint64_t)(reader.at - start)) {
        return "no metadata event where it should be,";
    }
    reader.end = start + size;
    jfr_read_number(&reader); // start
    jfr_read_number(&reader); // duration
    jfr_read_number(&reader); // id
    struct parser parser = {.metadata = metadata, .reader = reader, .label_type = INT64_MIN};
    bool ok = read_pool(&parser);
    struct jfr_reader elements = parser.reader;
    ok = ok && read_element(&parser, false, INT64_MIN, 0);
    parser.reader = elements;
    ok = ok && read_element(&parser, true, INT64_MIN, 0);
    free(parser.pool);
    free(parser.buffer.bytes);
    return ok ? NULL : "damaged metadata";
}
