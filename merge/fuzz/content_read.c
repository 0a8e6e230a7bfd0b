// content_read.c: the second reader. See content.h, also for threads and memory. It uses sorted arrays and 2 x 64-bit hashes; it need not
// be fast.
#include "content.h"

#include <stdlib.h>
#include <string.h>

struct entity {
    uint64_t id;
    struct key key;
    uint64_t start; // of a mapping
    bool named;     // a mapping with a file or a build ID
    size_t frames;  // of a location
};

struct table {
    struct entity *items;
    size_t count;
};

struct reader {
    struct content *content;
    struct span raw;
    struct span *texts;
    size_t text_count;
    struct table mappings, functions, locations;
    size_t column[MAX_TYPES]; // of each type of the input in content.types
};

// ---- Keys ----

static uint64_t mix(uint64_t hash, uint64_t word, uint64_t multiplier) {
    hash = (hash ^ word) * multiplier;
    return hash ^ hash >> 29;
}

static struct key key_with(struct key key, uint64_t word) {
    return (struct key){mix(key.a, word, UINT64_C(0xff51afd7ed558ccd)), mix(key.b, word + 0x51, UINT64_C(0xc4ceb9fe1a85ec53))};
}

static struct key key_with_key(struct key key, struct key other) {
    return key_with(key_with(key, other.a), other.b);
}

struct key key_of_text(struct span text) {
    struct key key = {1, 2};
    for (const uint8_t *at = text.at; at != text.end; at++) {
        key = key_with(key, *at);
    }
    return key_with(key, span_size(text));
}

static bool text_key(struct reader *reader, uint64_t index, struct key *key) {
    if (index >= reader->text_count) {
        return false;
    }
    *key = key_of_text(reader->texts[index]);
    return true;
}

static bool text_empty(const struct reader *reader, uint64_t index) {
    return span_size(reader->texts[index]) == 0;
}

// ---- Messages as arrays of numbers ----

// Sets numbers[n] to the last value of field n. False: not a message, or a field below `count` is not a number.
static bool read_numbers(struct span message, uint64_t *numbers, uint32_t count, uint32_t repeated_field) {
    memset(numbers, 0, count * sizeof *numbers);
    while (message.at < message.end) {
        struct field field;
        if (!take_field(&message, &field)) {
            return false;
        }
        if (field.number >= count || field.number == repeated_field) {
            continue;
        }
        if (field.type != FIELD_NUMBER) {
            return false;
        }
        numbers[field.number] = field.value;
    }
    return true;
}

// Calls each(reader, context, message) for every occurrence of the field.
typedef bool each_message(struct reader *reader, void *context, struct span message);
static bool for_each(struct reader *reader, struct span span, uint32_t number, each_message *each, void *context) {
    while (span.at < span.end) {
        struct field field;
        if (!take_field(&span, &field)) {
            return false;
        }
        if (field.number == number && (field.type != FIELD_BYTES || !each(reader, context, field.bytes))) {
            return false;
        }
    }
    return true;
}

// ---- Tables ----

static int compare_entities(const void *left, const void *right) {
    const struct entity *a = left, *b = right;
    return a->id < b->id ? -1 : a->id > b->id;
}

static struct entity *find(const struct table *table, uint64_t id) {
    struct entity want = {.id = id};
    return table->count ? bsearch(&want, table->items, table->count, sizeof want, compare_entities) : NULL;
}

static void add(struct table *table, struct entity entity) {
    if ((table->count & (table->count - 1)) == 0) { // 0, 1, 2, 4, 8...
        table->items = realloc(table->items, (table->count * 2 + 1) * sizeof *table->items);
    }
    table->items[table->count++] = entity;
}

// False: an id is 0 or a duplicate.
static bool finish_table(struct table *table) {
    if (table->count > 0) {
        qsort(table->items, table->count, sizeof *table->items, compare_entities);
    }
    for (size_t i = 0; i < table->count; i++) {
        if (table->items[i].id == 0 || (i > 0 && table->items[i].id == table->items[i - 1].id)) {
            return false;
        }
    }
    return true;
}

static bool read_text(struct reader *reader, void *context, struct span message) {
    (void)context;
    if ((reader->text_count & (reader->text_count - 1)) == 0) {
        reader->texts = realloc(reader->texts, (reader->text_count * 2 + 1) * sizeof *reader->texts);
    }
    reader->texts[reader->text_count++] = message;
    if (span_size(message) > reader->content->longest_text) {
        reader->content->longest_text = span_size(message);
    }
    return true;
}

// The build ID, else the file; without both, all of its numbers: such a mapping equals only one at the same address.
static bool read_mapping(struct reader *reader, void *context, struct span message) {
    (void)context;
    uint64_t n[11];
    struct key file, build_id, key = {3, 4};
    if (!read_numbers(message, n, 11, 0) || !text_key(reader, n[5], &file) || !text_key(reader, n[6], &build_id)) {
        return false;
    }
    struct entity entity = {.id = n[1], .start = n[2], .named = !text_empty(reader, n[5]) || !text_empty(reader, n[6])};
    uint64_t size = n[3] - n[2];
    key = key_with(key_with(key, size / 4096 + (size % 4096 != 0)), n[4]);
    if (!text_empty(reader, n[6])) {
        key = key_with(key_with_key(key, build_id), 1);
    } else if (entity.named) {
        key = key_with_key(key, file);
    } else {
        key = key_with(key_with(key, n[2]), n[3]);
    }
    entity.key = key;
    struct header *header = &reader->content->header;
    if (!header->has_mapping) {
        header->main_mapping = key;
    }
    header->has_mapping = true;
    if (entity.named) {
        number_set_add(&reader->content->starts, entity.start);
    }
    for (size_t i = 0; i < reader->mappings.count; i++) {
        reader->content->alike_mappings |= key_same(reader->mappings.items[i].key, key);
    }
    add(&reader->mappings, entity);
    return true;
}

static bool read_function(struct reader *reader, void *context, struct span message) {
    (void)context;
    uint64_t n[6];
    struct key name, system_name, file;
    if (!read_numbers(message, n, 6, 0) || !text_key(reader, n[2], &name) || !text_key(reader, n[3], &system_name) ||
        !text_key(reader, n[4], &file)) {
        return false;
    }
    struct key key = key_with_key(key_with_key(key_with_key((struct key){5, 6}, name), system_name), file);
    add(&reader->functions, (struct entity){.id = n[1], .key = key_with(key, n[5])});
    return true;
}

static bool read_line(struct reader *reader, void *context, struct span message) {
    struct entity *location = context;
    uint64_t n[4];
    if (!read_numbers(message, n, 4, 0)) {
        return false;
    }
    const struct entity *function = find(&reader->functions, n[1]);
    if (!function) {
        return false;
    }
    location->key = key_with(key_with(key_with_key(location->key, function->key), n[2]), n[3]);
    location->frames++;
    return true;
}

static bool read_location(struct reader *reader, void *context, struct span message) {
    (void)context;
    uint64_t n[6];
    struct entity location = {.key = {7, 8}};
    if (!read_numbers(message, n, 6, 4) || !for_each(reader, message, 4, read_line, &location)) {
        return false;
    }
    const struct entity *mapping = n[2] ? find(&reader->mappings, n[2]) : NULL;
    // An unknown mapping id means none.
    uint64_t address = n[3];
    if (mapping && mapping->named && address != 0) { // 0 means no address
        address -= mapping->start;
        number_set_add(&reader->content->gaps, -address);
    }
    if (mapping) {
        location.key = key_with_key(location.key, mapping->key);
    }
    location.key = key_with(key_with(location.key, address), n[3] != 0);
    location.key = key_with(key_with(location.key, n[5] != 0), location.frames);
    location.id = n[1];
    if (location.frames == 0) {
        location.frames = 1;
    }
    add(&reader->locations, location);
    return true;
}

// ---- Samples ----

static bool read_type(struct reader *reader, void *context, struct span message) {
    size_t *count = context;
    struct content *content = reader->content;
    uint64_t n[3];
    struct key type, unit;
    if (*count == MAX_TYPES || !read_numbers(message, n, 3, 0) || !text_key(reader, n[1], &type) || !text_key(reader, n[2], &unit)) {
        return false;
    }
    struct key key = key_with_key(type, unit);
    size_t at = (*count)++;
    reader->column[at] = at;
    content->types[at] = key;
    struct span text = reader->texts[n[1]];
    const uint8_t *zero = memchr(text.at, 0, span_size(text));
    content->type_texts[at] = (struct span){text.at, zero ? zero : text.end}; // types are looked up by C string
    content->type_names[at] = key_of_text(content->type_texts[at]);
    content->type_count = *count;
    return true;
}

// A stable insertion sort. Sets column[i] to the new index of the input's type i.
static void sort_types(struct reader *reader) {
    struct content *content = reader->content;
    size_t order[MAX_TYPES] = {0};
    struct content old = *content;
    for (size_t i = 0; i < content->type_count; i++) {
        size_t at = i;
        for (; at > 0; at--) {
            struct key before = old.types[order[at - 1]], now = old.types[i];
            if (before.a < now.a || (before.a == now.a && before.b <= now.b)) {
                break;
            }
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
    for (size_t at = 0; at < content->type_count; at++) {
        reader->column[order[at]] = at;
        content->types[at] = old.types[order[at]];
        content->type_names[at] = old.type_names[order[at]];
        content->type_texts[at] = old.type_texts[order[at]];
    }
}

struct sample {
    struct key stack, labels; // labels: a sum, so their order does not matter
    size_t frames, refs, values;
    int64_t row[MAX_TYPES];
};

static bool read_label(struct reader *reader, struct sample *sample, struct span message) {
    uint64_t n[5];
    struct key key, text, unit;
    if (!read_numbers(message, n, 5, 0) || !text_key(reader, n[1], &key) || !text_key(reader, n[2], &text) ||
        !text_key(reader, n[4], &unit)) {
        return false;
    }
    if (!text_empty(reader, n[2])) {
        key = key_with_key(key_with(key, 1), text);
    } else {
        key = key_with_key(key_with(key_with(key, 2), n[3]), unit);
    }
    key = key_with(key, 9);
    sample->labels = (struct key){sample->labels.a + key.a, sample->labels.b + key.b};
    return true;
}

static bool add_number(struct reader *reader, struct sample *sample, uint32_t number, uint64_t value) {
    if (number == 2) {
        if (sample->values == reader->content->type_count) {
            return false;
        }
        sample->row[sample->values++] = (int64_t)value;
        return true;
    }
    const struct entity *location = find(&reader->locations, value);
    if (!location) {
        return false;
    }
    sample->stack = key_with_key(sample->stack, location->key);
    sample->frames += location->frames;
    sample->refs++;
    return true;
}

static void add_row(struct reader *reader, const struct sample *sample) {
    struct content *content = reader->content;
    if ((content->row_count & (content->row_count - 1)) == 0) {
        content->rows = realloc(content->rows, (content->row_count * 2 + 1) * content->row_bytes);
    }
    struct row *row = content_row(content, content->row_count++);
    memset(row, 0, content->row_bytes);
    row->key = key_with_key(key_with(sample->stack, sample->refs), sample->labels);
    for (size_t i = 0; i < content->type_count; i++) {
        __int128 value = sample->row[i];
        row->cells[reader->column[i]] = (struct cell){value, value < 0 ? -value : value};
    }
    content->sample_count++;
    content->all_frames += sample->frames;
    if (sample->frames > content->deepest_sample) {
        content->deepest_sample = sample->frames;
    }
}

static bool read_sample(struct reader *reader, void *context, struct span message) {
    (void)context;
    struct sample sample = {.stack = {11, 12}};
    while (message.at < message.end) {
        struct field field;
        if (!take_field(&message, &field)) {
            return false;
        }
        if (field.number == 3 && (field.type != FIELD_BYTES || !read_label(reader, &sample, field.bytes))) {
            return false;
        }
        if (field.number > 2) {
            continue;
        }
        if (field.type == FIELD_NUMBER && !add_number(reader, &sample, field.number, field.value)) {
            return false;
        }
        if (field.type == FIELD_FIXED32 || field.type == FIELD_FIXED64) {
            return false;
        }
        while (field.type == FIELD_BYTES && field.bytes.at < field.bytes.end) {
            uint64_t value = 0;
            if (!take_varint(&field.bytes, &value) || !add_number(reader, &sample, field.number, value)) {
                return false;
            }
        }
    }
    if (sample.values != reader->content->type_count || reader->content->type_count == 0) {
        return false;
    }
    add_row(reader, &sample);
    return true;
}

// ---- Header ----

// Of repeated fields only the last one is read.
static bool last_message(struct reader *reader, void *context, struct span message) {
    (void)reader;
    *(struct span *)context = message;
    return true;
}

static bool read_period_type(struct reader *reader) {
    uint64_t n[3];
    struct key type, unit;
    struct span message = {reader->raw.at, reader->raw.at};
    if (!for_each(reader, reader->raw, 11, last_message, &message) || !read_numbers(message, n, 3, 0) || !text_key(reader, n[1], &type) ||
        !text_key(reader, n[2], &unit)) {
        return false;
    }
    struct key empty = key_of_text((struct span){NULL, NULL});
    reader->content->header.period_type = key_with_key(type, unit);
    reader->content->header.no_period_type = key_same(type, empty) && key_same(unit, empty);
    return true;
}

static bool add_comment(struct reader *reader, uint64_t index) {
    struct header *header = &reader->content->header;
    struct key key;
    if (!text_key(reader, index, &key)) {
        return false;
    }
    for (size_t i = 0; i < header->comment_count; i++) {
        if (key_same(header->comments[i], key)) {
            return true;
        }
    }
    header->comments = realloc(header->comments, (header->comment_count + 1) * sizeof key);
    header->comments[header->comment_count++] = key;
    return true;
}

static bool read_comments(struct reader *reader) {
    struct span span = reader->raw;
    struct field field;
    while (span.at < span.end && take_field(&span, &field)) {
        if (field.number != 13) {
            continue;
        }
        if (field.type == FIELD_NUMBER && !add_comment(reader, field.value)) {
            return false;
        }
        while (field.type == FIELD_BYTES && field.bytes.at < field.bytes.end) {
            uint64_t index = 0;
            if (!take_varint(&field.bytes, &index) || !add_comment(reader, index)) {
                return false;
            }
        }
    }
    return true;
}

static bool read_header(struct reader *reader) {
    uint64_t n[16] = {0};
    struct span span = reader->raw;
    size_t times = 0;
    while (span.at < span.end) {
        struct field field;
        if (!take_field(&span, &field)) {
            return false;
        }
        bool number = field.type == FIELD_NUMBER;
        if (field.number >= 7 && field.number <= 15 && field.number != 11 && field.number != 13 && !number) {
            return false;
        }
        if (field.number < 16 && number) {
            n[field.number] = field.value;
        }
        times += field.number == 9 && number && field.value != 0;
    }
    struct header *header = &reader->content->header;
    header->time_ns = (int64_t)n[9];
    __int128 duration_ns = (int64_t)n[10];
    header->duration_ns = (struct cell){duration_ns, duration_ns < 0 ? -duration_ns : duration_ns};
    header->period = (int64_t)n[12];
    return times <= 1 && read_period_type(reader) && text_key(reader, n[7], &header->drop_frames) &&
           text_key(reader, n[8], &header->keep_frames) && text_key(reader, n[14], &header->default_type) &&
           text_key(reader, n[15], &header->doc_url) && read_comments(reader);
}

// ---- All ----

static bool read_all(struct reader *reader) {
    size_t types = 0;
    struct span raw = reader->raw;
    if (!for_each(reader, raw, 6, read_text, NULL) || reader->text_count == 0 || !text_empty(reader, 0)) {
        return false;
    }
    if (!for_each(reader, raw, 1, read_type, &types)) {
        return false;
    }
    sort_types(reader);
    reader->content->row_bytes = sizeof(struct row) + types * sizeof(struct cell);
    return read_header(reader) && for_each(reader, raw, 3, read_mapping, NULL) && finish_table(&reader->mappings) &&
           for_each(reader, raw, 5, read_function, NULL) && finish_table(&reader->functions) &&
           for_each(reader, raw, 4, read_location, NULL) && finish_table(&reader->locations) && for_each(reader, raw, 2, read_sample, NULL);
}

bool content_read(struct content *content, const uint8_t *raw, size_t size) {
    *content = (struct content){.type_count = 0};
    struct reader reader = {.content = content, .raw = {raw, raw + size}};
    bool good = size > 0 && read_all(&reader);
    free(reader.texts);
    free(reader.mappings.items);
    free(reader.functions.items);
    free(reader.locations.items);
    if (!good) {
        content_free(content);
        return false;
    }
    struct content none = {.row_bytes = content->row_bytes, .type_count = content->type_count};
    none.header = content->header;
    none.header.comment_count = 0;
    none.header.duration_ns = (struct cell){0, 0};
    content_add(content, &none); // sorts
    return true;
}
