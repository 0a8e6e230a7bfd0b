// adding.c: see adding.h. Field numbers: opentelemetry-proto v1.10, profiles.v1development.
#include "adding.h"

#include "file_hash.h"

bool adding_begin(struct adding *adding, struct tables *tables, const struct profile *profile, int64_t hash_since_ns) {
    *adding = (struct adding){.tables = tables, .profile = profile, .hash_since_ns = hash_since_ns};
    adding->strings = memory_take_zeroed(profile->strings.strings.count, sizeof *adding->strings);
    adding->mappings = memory_take_zeroed(profile->mappings.count, sizeof *adding->mappings);
    adding->functions = memory_take_zeroed(profile->functions.count, sizeof *adding->functions);
    adding->locations = memory_take_zeroed(profile->locations.count, sizeof *adding->locations);
    adding->function_types = memory_take_zeroed(profile->functions.count, sizeof *adding->function_types);
    tables_begin_profile(tables, (size_t)profile->strings.strings.count + profile->functions.count + profile->locations.count,
                         profile->samples.count);
    return adding->strings && adding->mappings && adding->functions && adding->locations && adding->function_types && !tables->failed;
}

void adding_end(struct adding *adding) {
    memory_free(adding->strings);
    memory_free(adding->mappings);
    memory_free(adding->functions);
    memory_free(adding->locations);
    memory_free(adding->function_types);
    array_free(&adding->lines);
}

uint32_t adding_string(struct adding *adding, uint32_t id) {
    if (id != 0 && adding->strings[id] == 0) {
        struct string text = string_table_get(&adding->profile->strings, id);
        adding->strings[id] = tables_own_string(adding->tables, text.bytes, text.length);
    }
    return adding->strings[id];
}

struct value adding_text(const struct adding *adding, uint32_t id) {
    struct string text = string_table_get(&adding->profile->strings, id);
    return value_of_text(text.bytes, text.length);
}

// ---- Mappings ----

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

static uint32_t write_mapping(struct adding *adding, const struct mapping *mapping) {
    static const char *const flags[] = {"pprof.mapping.has_functions", "pprof.mapping.has_filenames", "pprof.mapping.has_line_numbers",
                                        "pprof.mapping.has_inline_frames"};
    struct tables *tables = adding->tables;
    struct indices indices = {0};
    if (mapping->build_id != 0) {
        bool gnu = is_hex(profile_string(adding->profile, mapping->build_id));
        add_index(&indices, tables_attribute_of(tables, gnu ? "process.executable.build_id.gnu" : "process.executable.build_id.go",
                                                adding_text(adding, mapping->build_id)));
    }
    char hash[FILE_HASH_TEXT_BYTES];
    if (adding->hash_since_ns != 0 && file_hash(profile_string(adding->profile, mapping->file), adding->hash_since_ns, hash)) {
        add_index(&indices, tables_attribute_of(tables, "process.executable.build_id.htlhash", value_of_text(hash, strlen(hash))));
    }
    for (uint32_t flag = 0; flag < 4; flag++) {
        if (mapping->flags >> flag & 1) {
            add_index(&indices, tables_attribute_of(tables, flags[flag], (struct value){.kind = VALUE_TRUE}));
        }
    }
    uint32_t file = adding_string(adding, mapping->file);
    size_t message = tables_open(tables, TABLE_MAPPINGS);
    wire_write_number(&tables->written, 1, mapping->start);
    wire_write_number(&tables->written, 2, mapping->limit);
    wire_write_number(&tables->written, 3, mapping->offset);
    wire_write_number(&tables->written, 4, file);
    write_indices(&tables->written, 5, &indices);
    return tables_close_own(tables, TABLE_MAPPINGS, message);
}

static uint32_t mapping_of(struct adding *adding, uint32_t id) {
    if (id != 0 && adding->mappings[id] == 0) {
        adding->mappings[id] = write_mapping(adding, profile_mapping(adding->profile, id));
    }
    return adding->mappings[id];
}

// ---- Functions ----

static uint32_t write_function(struct adding *adding, const struct function *function) {
    struct tables *tables = adding->tables;
    uint32_t name = adding_string(adding, function->name), system_name = adding_string(adding, function->system_name);
    uint32_t file = adding_string(adding, function->file);
    size_t message = tables_open(tables, TABLE_FUNCTIONS);
    wire_write_number(&tables->written, 1, name);
    wire_write_number(&tables->written, 2, system_name);
    wire_write_number(&tables->written, 3, file);
    wire_write_number(&tables->written, 4, (uint64_t)function->start_line);
    return tables_close_own(tables, TABLE_FUNCTIONS, message);
}

static uint32_t function_of(struct adding *adding, uint32_t id) {
    if (id != 0 && adding->functions[id] == 0) {
        adding->functions[id] = write_function(adding, profile_function(adding->profile, id));
    }
    return adding->functions[id];
}

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

// ---- Locations ----

static enum frame_type type_of(const struct adding *adding, const struct location *location) {
    uint32_t function = location->line_count > 0 ? profile_line(adding->profile, location->line)->function : 0;
    if (adding->function_types[function] != TYPE_UNKNOWN) {
        return (enum frame_type)adding->function_types[function];
    }
    struct profile_frame frame = profile_frame_of(adding->profile, location, 0);
    enum frame_type type = type_of_function(&frame);
    adding->function_types[function] = (uint8_t)type;
    return type != TYPE_UNKNOWN                                    ? type
           : strcmp(frame.mapping_file, PROFILE_JAVA_MAPPING) == 0 ? TYPE_JVM
           : *frame.mapping_file                                   ? TYPE_NATIVE
                                                                   : TYPE_UNKNOWN;
}

static uint32_t attribute_of_type(struct adding *adding, enum frame_type type) {
    static const char *const names[] = {"", "go", "native", "jvm", "cpython", "v8js", "ruby", "php", "perl"};
    if (adding->type_attributes[type] == 0) {
        struct value name = value_of_text(names[type], strlen(names[type]));
        adding->type_attributes[type] = tables_attribute_of(adding->tables, "profile.frame.type", name);
    }
    return adding->type_attributes[type];
}

static uint32_t write_location(struct adding *adding, const struct location *location) {
    struct tables *tables = adding->tables;
    struct wire_writer *writer = &tables->written;
    struct indices indices = {0};
    enum frame_type type = type_of(adding, location);
    adding->lines.count = 0;
    uint32_t *functions = array_push(&adding->lines, location->line_count + 1, sizeof *functions);
    if (!functions) {
        tables->failed = true;
        return 0;
    }
    for (uint32_t i = 0; i < location->line_count; i++) {
        functions[i] = function_of(adding, profile_line(adding->profile, location->line + i)->function);
    }
    if (type != TYPE_UNKNOWN) {
        add_index(&indices, attribute_of_type(adding, type));
    }
    if (location->folded) {
        add_index(&indices, tables_attribute_of(tables, "pprof.location.is_folded", (struct value){.kind = VALUE_TRUE}));
    }
    uint32_t mapping = mapping_of(adding, location->mapping);
    size_t message = tables_open(tables, TABLE_LOCATIONS);
    wire_write_number(writer, 1, mapping);
    wire_write_number(writer, 2, location->address);
    for (uint32_t i = 0; i < location->line_count; i++) {
        const struct line *line = profile_line(adding->profile, location->line + i);
        size_t inner = wire_open(writer, 3);
        wire_write_number(writer, 1, functions[i]);
        wire_write_number(writer, 2, (uint64_t)line->line);
        wire_write_number(writer, 3, (uint64_t)line->column);
        wire_close(writer, inner);
    }
    write_indices(writer, 4, &indices);
    return tables_close_own(tables, TABLE_LOCATIONS, message);
}

void adding_location(struct adding *adding, uint32_t id) {
    struct sent_location *sent = &adding->locations[id];
    uint32_t index = id != 0 ? write_location(adding, profile_location(adding->profile, id)) : 0;
    sent->size = (uint8_t)(wire_put_varint(sent->bytes, index) - sent->bytes);
}

// ---- Stacks ----

uint32_t adding_stack(struct adding *adding, const struct sample *sample) {
    struct wire_writer *writer = &adding->tables->written;
    if (sample->ref_count == 0) {
        return 0;
    }
    size_t message = tables_open(adding->tables, TABLE_STACKS), run = wire_open(writer, 1);
    if (!wire_reserve(writer, (size_t)sample->ref_count * 5 + sizeof adding->locations->bytes)) {
        return 0;
    }
    const uint32_t *refs = profile_ref(adding->profile, sample->ref);
    uint8_t *at = writer->bytes + writer->size;
    for (uint32_t i = 0; i < sample->ref_count; i++) {
        const struct sent_location *location = &adding->locations[refs[i]];
        memcpy(at, location->bytes, sizeof location->bytes); // a fixed size is a move or two, and there is room behind the last one
        at += location->size;
    }
    writer->size = (size_t)(at - writer->bytes);
    wire_close(writer, run);
    return tables_close(adding->tables, TABLE_STACKS, message);
}
