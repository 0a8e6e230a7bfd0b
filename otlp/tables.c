// tables.c: the dictionary of a request (tables.h). Field numbers: opentelemetry-proto v1.10, profiles.v1development and common.v1.
#include "tables.h"

enum {
    FRONT_BYTES = 16,     // before the message, for its field's number and its size, which is known last
    STACK_HEAD_BYTES = 4, // before a stack of less than 126 bytes, most of them: two fields' numbers and sizes
};

bool tables_init(struct tables *tables) {
    *tables = (struct tables){.base = profile_new()};
    if (wire_reserve(&tables->written, FRONT_BYTES)) {
        tables->written.size = FRONT_BYTES;
        wire_write_bytes(&tables->written, 7, "", 0);
    }
    return !tables->written.failed && tables->base && array_push(&tables->stacks, 1, sizeof(struct stack)) &&
           array_push(&tables->attributes, 1, sizeof(struct attribute)) && array_push(&tables->mapping_flags, 1, sizeof(uint32_t));
}

void tables_free(struct tables *tables) {
    profile_free(tables->base);
    array_free(&tables->stacks);
    wire_free(&tables->written);
    array_free(&tables->attributes);
    array_free(&tables->values);
    array_free(&tables->mapping_flags);
    intern_free(&tables->stack_ids);
    intern_free(&tables->attribute_ids);
    *tables = (struct tables){0};
}

// ---- Entries ----

void tables_reserve(struct tables *tables, const struct profile *profile) {
    uint32_t samples = profile->samples.count;
    if (!profile_reserve_tables(tables->base, profile) || !intern_reserve(&tables->stack_ids, samples) ||
        !array_reserve(&tables->stacks, samples, sizeof(struct stack))) {
        tables->failed = true;
    }
}

uint32_t tables_string(struct tables *tables, const char *text) {
    return profile_intern_string(tables->base, text, strlen(text));
}

struct stack_key {
    const uint8_t *bytes;
    size_t size;
};

static bool same_stack(const void *context, uint32_t id, const void *key) {
    const struct tables *tables = context;
    const struct stack_key *want = key;
    const struct stack *have = (const struct stack *)tables->stacks.items + id;
    return have->size == want->size && memcmp(tables->written.bytes + have->at, want->bytes, want->size) == 0;
}

uint8_t *tables_stack_room(struct tables *tables, uint32_t count) {
    struct wire_writer *writer = &tables->written;
    size_t most = (size_t)count * 5 + 16;
    if (!wire_reserve(writer, most) || writer->size > UINT32_MAX - most) {
        tables->failed = true;
        return NULL;
    }
    return writer->bytes + writer->size + STACK_HEAD_BYTES;
}

// Puts the numbers and sizes of the fields before the stack. Returns where it is.
static uint8_t *write_stack_head(struct tables *tables, uint8_t *start, size_t size) {
    uint8_t head[16], *at = head, inner[8];
    size_t inner_size = (size_t)(wire_put_varint(inner, size) - inner);
    *at++ = 7 << 3 | WIRE_BYTES;
    at = wire_put_varint(at, 1 + inner_size + size);
    *at++ = 1 << 3 | WIRE_BYTES;
    at = wire_put_varint(at, size);
    size_t head_size = (size_t)(at - head);
    if (head_size != STACK_HEAD_BYTES) {
        memmove(start - STACK_HEAD_BYTES + head_size, start, size);
    }
    memcpy(start - STACK_HEAD_BYTES, head, head_size);
    start += head_size - STACK_HEAD_BYTES;
    tables->written.size = (size_t)(start + size - tables->written.bytes);
    return start;
}

uint32_t tables_stack(struct tables *tables, const uint8_t *end) {
    uint8_t *start = tables->written.bytes + tables->written.size + STACK_HEAD_BYTES;
    struct stack_key key = {start, (size_t)(end - start)};
    uint32_t hash = intern_hash_end(intern_hash_bytes(tables->base->seed, (const char *)start, key.size));
    uint32_t id = intern_find(&tables->stack_ids, hash, same_stack, tables, &key);
    if (id != 0) {
        return id;
    }
    struct stack *stack = array_push(&tables->stacks, 1, sizeof *stack);
    if (!stack || !intern_add(&tables->stack_ids, hash, tables->stacks.count - 1)) {
        tables->failed = true;
        return 0;
    }
    start = write_stack_head(tables, start, key.size);
    *stack = (struct stack){(uint32_t)(start - tables->written.bytes), (uint32_t)key.size};
    return tables->stacks.count - 1;
}

struct attribute_key {
    const struct attribute *attribute;
    const struct value *values;
};

static const struct value *values_of(const struct tables *tables, const struct attribute *attribute) {
    return (const struct value *)tables->values.items + attribute->value;
}

static bool same_attribute(const void *context, uint32_t id, const void *key) {
    const struct tables *tables = context;
    const struct attribute_key *want = key;
    const struct attribute *have = (const struct attribute *)tables->attributes.items + id;
    if (have->key != want->attribute->key || have->unit != want->attribute->unit || have->list != want->attribute->list ||
        have->value_count != want->attribute->value_count) {
        return false;
    }
    for (uint32_t i = 0; i < have->value_count; i++) {
        const struct value *a = values_of(tables, have) + i, *b = &want->values[i];
        if (a->kind != b->kind || a->text != b->text || a->number != b->number) {
            return false;
        }
    }
    return true;
}

uint32_t tables_attribute(struct tables *tables, uint32_t key, uint32_t unit, const struct value *values, uint32_t count, bool list) {
    struct attribute entry = {.key = key, .unit = unit, .value = tables->values.count, .value_count = count, .list = list};
    struct attribute_key wanted = {&entry, values};
    uint64_t mixed = intern_hash_word(tables->base->seed, (uint64_t)key << 32 | unit);
    for (uint32_t i = 0; i < count; i++) {
        mixed = intern_hash_word(mixed, (uint64_t)values[i].text << 32 ^ (uint64_t)values[i].kind);
        mixed = intern_hash_word(mixed, (uint64_t)values[i].number);
    }
    uint32_t hash = intern_hash_end(mixed);
    uint32_t id = intern_find(&tables->attribute_ids, hash, same_attribute, tables, &wanted);
    if (id != 0) {
        return id;
    }
    struct value *copies = array_push(&tables->values, count, sizeof *copies);
    struct attribute *attribute = copies ? array_push(&tables->attributes, 1, sizeof *attribute) : NULL;
    if (!attribute || !intern_add(&tables->attribute_ids, hash, tables->attributes.count - 1)) {
        tables->failed = true;
        return 0;
    }
    memcpy(copies, values, count * sizeof *values);
    *attribute = entry;
    return tables->attributes.count - 1;
}

uint32_t tables_attribute_of(struct tables *tables, const char *key, enum value_kind kind, int64_t value) {
    struct value one = {.kind = kind};
    if (kind == VALUE_TEXT) {
        one.text = (uint32_t)value;
    } else {
        one.number = value;
    }
    return tables_attribute(tables, tables_string(tables, key), 0, &one, 1, false);
}

uint32_t tables_mapping(struct tables *tables, const struct mapping *mapping) {
    uint32_t id = profile_find_mapping(tables->base, mapping);
    if (id == 0 || ((const uint32_t *)tables->mapping_flags.items)[id] != mapping->flags) {
        id = profile_new_mapping(tables->base, mapping);
        uint32_t *flags = array_push(&tables->mapping_flags, 1, sizeof *flags);
        if (!flags || id == 0) {
            tables->failed = true;
            return 0;
        }
        *flags = mapping->flags;
    }
    return id;
}

// ---- Write ----

static void write_value(const struct tables *tables, struct wire_writer *writer, const struct value *value) {
    if (value->kind == VALUE_TEXT) {
        struct string text = string_table_get(&tables->base->strings, value->text);
        wire_write_text(writer, 1, text.bytes, text.length);
    } else { // a member of a oneof is written even if it is 0
        wire_write_varint(writer, (value->kind == VALUE_TRUE ? 2 : 3) << 3 | WIRE_VARINT);
        wire_write_varint(writer, value->kind == VALUE_TRUE ? 1 : (uint64_t)value->number);
    }
}

void tables_write_values(const struct tables *tables, struct wire_writer *writer, uint32_t number, const struct attribute *attribute) {
    size_t message = wire_open(writer, number);
    const struct value *values = values_of(tables, attribute);
    if (!attribute->list) {
        write_value(tables, writer, values);
    } else {
        size_t array = wire_open(writer, 5);
        for (uint32_t i = 0; i < attribute->value_count; i++) {
            size_t item = wire_open(writer, 1);
            write_value(tables, writer, &values[i]);
            wire_close(writer, item);
        }
        wire_close(writer, array);
    }
    wire_close(writer, message);
}

struct indices {
    uint32_t list[8], count;
};

static void add_index(struct indices *indices, uint32_t index) {
    indices->list[indices->count++] = index;
}

static void write_indices(struct wire_writer *writer, uint32_t number, const struct indices *indices) {
    if (indices->count == 0) {
        return;
    }
    size_t run = wire_open(writer, number);
    for (uint32_t i = 0; i < indices->count; i++) {
        wire_write_varint(writer, indices->list[i]);
    }
    wire_close(writer, run);
}

// A GNU build id is hexadecimal; Go's own has parts with slashes between them.
static bool is_hex(const char *text) {
    return *text && text[strspn(text, "0123456789abcdefABCDEF")] == '\0';
}

static void write_mapping(struct tables *tables, struct wire_writer *writer, uint32_t id) {
    static const char *const flags[] = {"pprof.mapping.has_functions", "pprof.mapping.has_filenames", "pprof.mapping.has_line_numbers",
                                        "pprof.mapping.has_inline_frames"};
    struct mapping mapping = *profile_mapping(tables->base, id);
    struct indices indices = {0};
    if (mapping.build_id != 0) {
        bool gnu = is_hex(profile_string(tables->base, mapping.build_id));
        add_index(&indices, tables_attribute_of(tables, gnu ? "process.executable.build_id.gnu" : "process.executable.build_id.go",
                                                VALUE_TEXT, mapping.build_id));
    }
    for (uint32_t flag = 0; id != 0 && flag < 4; flag++) {
        if (((const uint32_t *)tables->mapping_flags.items)[id] >> flag & 1) {
            add_index(&indices, tables_attribute_of(tables, flags[flag], VALUE_TRUE, 0));
        }
    }
    size_t message = wire_open(writer, 1);
    wire_write_number(writer, 1, mapping.start);
    wire_write_number(writer, 2, mapping.limit);
    wire_write_number(writer, 3, mapping.offset);
    wire_write_number(writer, 4, mapping.file);
    write_indices(writer, 5, &indices);
    wire_close(writer, message);
}

// OpenTelemetry's words for what runs a frame.
static const char *const frame_types[] = {"", "go", "native", "jvm", "cpython", "v8js", "ruby", "php", "perl"};
enum frame_type { TYPE_UNKNOWN, TYPE_GO, TYPE_NATIVE, TYPE_JVM, TYPE_CPYTHON, TYPE_V8JS, TYPE_RUBY, TYPE_PHP, TYPE_PERL, TYPE_COUNT };

// Of a frame by its function alone; TYPE_UNKNOWN: that does not tell.
static enum frame_type type_of_function(const struct profile_frame *frame) {
    static const struct {
        const char *suffix;
        enum frame_type type;
    } types[] = {{".c", TYPE_NATIVE},    {".cc", TYPE_NATIVE}, {".cpp", TYPE_NATIVE}, {".h", TYPE_NATIVE},  {".py", TYPE_CPYTHON},
                 {".pyx", TYPE_CPYTHON}, {".java", TYPE_JVM},  {".kt", TYPE_JVM},     {".scala", TYPE_JVM}, {".groovy", TYPE_JVM},
                 {".js", TYPE_V8JS},     {".mjs", TYPE_V8JS},  {".cjs", TYPE_V8JS},   {".ts", TYPE_V8JS},   {".rb", TYPE_RUBY},
                 {".php", TYPE_PHP},     {".pl", TYPE_PERL}};
    if (profile_frame_is_go(frame)) {
        return TYPE_GO;
    }
    const char *suffix = strrchr(frame->file, '.');
    for (size_t i = 0; suffix && i < sizeof types / sizeof *types; i++) {
        if (strcmp(suffix, types[i].suffix) == 0) {
            return types[i].type;
        }
    }
    return TYPE_UNKNOWN;
}

// What is known of types.
struct types {
    uint32_t attributes[TYPE_COUNT]; // 0: not in the dictionary yet
    uint8_t *of_functions;           // by id; TYPE_UNKNOWN: not looked at yet, or it does not tell
};

static enum frame_type type_of(const struct tables *tables, const struct location *location, struct types *types) {
    uint32_t function = location->line_count > 0 ? profile_line(tables->base, location->line)->function : 0;
    if (types->of_functions[function] != TYPE_UNKNOWN) {
        return (enum frame_type)types->of_functions[function];
    }
    struct profile_frame frame = profile_frame_of(tables->base, location, 0);
    enum frame_type type = type_of_function(&frame);
    types->of_functions[function] = (uint8_t)type;
    return type != TYPE_UNKNOWN                                    ? type
           : strcmp(frame.mapping_file, PROFILE_JAVA_MAPPING) == 0 ? TYPE_JVM
           : *frame.mapping_file                                   ? TYPE_NATIVE
                                                                   : TYPE_UNKNOWN;
}

static void write_location(struct tables *tables, struct wire_writer *writer, uint32_t id, struct types *types) {
    struct location location = *profile_location(tables->base, id);
    struct indices indices = {0};
    enum frame_type type = id != 0 ? type_of(tables, &location, types) : TYPE_UNKNOWN;
    if (type != TYPE_UNKNOWN) {
        if (types->attributes[type] == 0) {
            types->attributes[type] =
                tables_attribute_of(tables, "profile.frame.type", VALUE_TEXT, tables_string(tables, frame_types[type]));
        }
        add_index(&indices, types->attributes[type]);
    }
    if (location.folded) {
        add_index(&indices, tables_attribute_of(tables, "pprof.location.is_folded", VALUE_TRUE, 0));
    }
    size_t message = wire_open(writer, 2);
    wire_write_number(writer, 1, location.mapping);
    wire_write_number(writer, 2, location.address);
    for (uint32_t i = 0; i < location.line_count; i++) {
        const struct line *line = profile_line(tables->base, location.line + i);
        size_t inner = wire_open(writer, 3);
        wire_write_number(writer, 1, line->function);
        wire_write_number(writer, 2, (uint64_t)line->line);
        wire_write_number(writer, 3, (uint64_t)line->column);
        wire_close(writer, inner);
    }
    write_indices(writer, 4, &indices);
    wire_close(writer, message);
}

static void write_function(const struct tables *tables, struct wire_writer *writer, uint32_t id) {
    const struct function *function = profile_function(tables->base, id);
    size_t message = wire_open(writer, 3);
    wire_write_number(writer, 1, function->name);
    wire_write_number(writer, 2, function->system_name);
    wire_write_number(writer, 3, function->file);
    wire_write_number(writer, 4, (uint64_t)function->start_line);
    wire_close(writer, message);
}

static void write_attribute(const struct tables *tables, struct wire_writer *writer, uint32_t id) {
    const struct attribute *attribute = (const struct attribute *)tables->attributes.items + id;
    size_t message = wire_open(writer, 6);
    wire_write_number(writer, 1, attribute->key);
    if (id != 0) {
        tables_write_values(tables, writer, 2, attribute);
    }
    wire_write_number(writer, 3, attribute->unit);
    wire_close(writer, message);
}

// Mappings and locations add attributes, and these add strings, so both come after them. The stacks are there.
static void write_tables(struct tables *tables) {
    struct wire_writer *writer = &tables->written;
    struct types types = {.of_functions = memory_take_zeroed(tables->base->functions.count, 1)};
    tables->failed = tables->failed || !types.of_functions;
    if (tables->failed) {
        return;
    }
    for (uint32_t id = 0; id < tables->base->mappings.count; id++) {
        write_mapping(tables, writer, id);
    }
    for (uint32_t id = 0; id < tables->base->locations.count; id++) {
        write_location(tables, writer, id, &types);
    }
    memory_free(types.of_functions);
    for (uint32_t id = 0; id < tables->base->functions.count; id++) {
        write_function(tables, writer, id);
    }
    wire_write_bytes(writer, 4, "", 0); // links: none but the zero entry
    for (uint32_t id = 0; id < tables->attributes.count; id++) {
        write_attribute(tables, writer, id);
    }
    for (uint32_t id = 0; id < tables->base->strings.strings.count; id++) {
        struct string text = string_table_get(&tables->base->strings, id);
        wire_write_text(writer, 5, text.bytes, text.length);
    }
}

size_t tables_end(struct tables *tables, uint32_t number) {
    uint8_t head[FRONT_BYTES];
    write_tables(tables);
    tables->failed = tables->failed || tables->written.failed || tables->base->status != MERGE_OK;
    if (tables->failed) {
        return 0;
    }
    uint8_t *end = wire_put_varint(wire_put_varint(head, (uint64_t)number << 3 | WIRE_BYTES), tables->written.size - FRONT_BYTES);
    size_t size = (size_t)(end - head);
    memcpy(tables->written.bytes + FRONT_BYTES - size, head, size);
    return FRONT_BYTES - size;
}
