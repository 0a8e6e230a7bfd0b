// unit_digest.c (naming): see unit_digest.h.
//
// Of each function: its scopes in the order of the debug data, each followed by its children.
//
//     function  name, its first address, scopes, DIGEST_END
//     scope     DIGEST_BLOCK, or DIGEST_INLINED with name, call file and call line; ranges; scopes; DIGEST_END
//     ranges    of each: size, distance from the function's first address; then 0
//
// The lines are a copy of the line table's rows.
//
// Numbers are LEB128, distances that may be negative are signed. Names are numbers of digest_name, files are offsets in the texts.

#include "unit_digest.h"

#include <string.h>

#include "../merge/memory.h"
#include "address_order.h"
#include "dwarf_function.h"
#include "dwarf_lines.h"
#include "dwarf_names.h"
#include "function_index.h"

enum { DIGEST_END, DIGEST_BLOCK, DIGEST_INLINED };
enum { DIGEST_DEPTH = 96 }; // of nested scopes; compilers nest 20 deep

struct digest_function {
    uint64_t low, high; // low comes first: address_order.h
    uint32_t scopes;    // offset in scopes
};

struct digest_name {
    uint32_t function, linkage, line; // offsets in the texts
};

struct unit_digest {
    size_t bytes; // this struct, and what follows it in this order
    bool is_deep; // nothing was left out
    const struct digest_function *functions;
    size_t function_count;
    struct line_rows rows;
    const struct digest_name *names;
    const uint32_t *files; // of the rows: offsets in the texts
    size_t file_count;
    const uint8_t *scopes;
    const char *texts; // all NUL-terminated; the first is ""
};

enum { MAX_RANGES = 1 << 20 }; // damaged data may have an endless list for each scope

struct buffer {
    uint8_t *bytes;
    size_t size, capacity;
};

// From places in the debug data to numbers.
struct numbers {
    struct numbers_slot {
        uint64_t key; // 0: free
        uint32_t number;
    } * slots;
    size_t count, capacity;
};

struct writer {
    struct symbolizer_arena *memory;
    struct dwarf_unit *unit;
    size_t max_bytes;
    struct buffer functions, scopes, names, files, texts;
    struct numbers names_by_origin, scopes_by_function, texts_by_address;
    size_t ranges; // of scopes, examined so far
    bool failed;
};

// ---- Bytes ----

static void add(struct writer *writer, struct buffer *buffer, const void *bytes, size_t size) {
    if (writer->failed || buffer->size + size > writer->max_bytes || buffer->size + size > UINT32_MAX) {
        writer->failed = true;
        return;
    }
    if (buffer->size + size > buffer->capacity) {
        size_t capacity = buffer->capacity == 0 ? 4096 : buffer->capacity * 2;
        while (capacity < buffer->size + size) {
            capacity *= 2;
        }
        void *larger = symbolizer_arena_grow(writer->memory, buffer->bytes, buffer->size, capacity);
        if (!larger) {
            writer->failed = true;
            return;
        }
        buffer->bytes = larger;
        buffer->capacity = capacity;
    }
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}

static void add_uleb(struct writer *writer, struct buffer *buffer, uint64_t value) {
    uint8_t bytes[DWARF_LEB_BYTES];
    add(writer, buffer, bytes, (size_t)(dwarf_put_uleb(bytes, value) - bytes));
}

// ---- Numbers ----

static struct numbers_slot *slot_of(const struct numbers *numbers, uint64_t key) {
    size_t at = (key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (numbers->capacity - 1);
    while (numbers->slots[at].key != 0 && numbers->slots[at].key != key) {
        at = (at + 1) & (numbers->capacity - 1);
    }
    return &numbers->slots[at];
}

// The key's number; *is_new: the caller sets it. Returns NULL if memory runs out.
static uint32_t *number_of(struct writer *writer, struct numbers *numbers, uint64_t key, bool *is_new) {
    if (numbers->count >= numbers->capacity / 2) {
        struct numbers larger = {.count = numbers->count, .capacity = numbers->capacity == 0 ? 256 : numbers->capacity * 2};
        larger.slots = symbolizer_arena_alloc(writer->memory, larger.capacity * sizeof *larger.slots);
        if (!larger.slots) {
            writer->failed = true;
            return NULL;
        }
        for (size_t i = 0; i < numbers->capacity; i++) {
            if (numbers->slots[i].key != 0) {
                *slot_of(&larger, numbers->slots[i].key) = numbers->slots[i];
            }
        }
        symbolizer_arena_drop(writer->memory, numbers->slots, numbers->capacity * sizeof *numbers->slots);
        *numbers = larger;
    }
    struct numbers_slot *slot = slot_of(numbers, key);
    *is_new = slot->key == 0;
    numbers->count += *is_new;
    slot->key = key;
    return &slot->number;
}

static void forget_numbers(struct writer *writer, struct numbers *numbers) {
    symbolizer_arena_drop(writer->memory, numbers->slots, numbers->capacity * sizeof *numbers->slots);
}

static uint32_t add_text(struct writer *writer, const char *text) {
    uint32_t at = (uint32_t)writer->texts.size;
    add(writer, &writer->texts, text, strlen(text) + 1);
    return at;
}

// The text at one place is kept once.
static uint32_t text_of(struct writer *writer, const char *text) {
    bool is_new;
    uint32_t *number = text[0] != '\0' ? number_of(writer, &writer->texts_by_address, (uintptr_t)text, &is_new) : NULL;
    if (!number) {
        return 0;
    }
    if (is_new) {
        *number = add_text(writer, text);
    }
    return *number;
}

// ---- Names ----

static bool names_itself(const struct dwarf_die *die) {
    static const unsigned names[] = {DW_AT_name, DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_decl_line};
    struct dwarf_value value;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (dwarf_die_attribute(die, names[i], &value)) {
            return true;
        }
    }
    return false;
}

// Instances that add nothing to their origin have its name.
static const uint8_t *origin_of(const struct dwarf_die *die) {
    struct dwarf_die origin = *die;
    return !names_itself(die) && dwarf_die_next_origin(&origin) ? origin.entry : die->entry;
}

static uint32_t name_of(struct writer *writer, const struct dwarf_die *die) {
    bool is_new;
    uint32_t *number = number_of(writer, &writer->names_by_origin, (uintptr_t)origin_of(die), &is_new);
    if (!number) {
        return 0;
    }
    if (is_new) {
        *number = (uint32_t)(writer->names.size / sizeof(struct digest_name));
        struct dwarf_names *qualified = &die->unit->file->names;
        qualified->used = 0;
        struct dwarf_function function = dwarf_function_of(die);
        bool is_copy = function.name >= qualified->bytes && function.name < qualified->bytes + sizeof qualified->bytes;
        struct digest_name name = {.line = (uint32_t)function.line};
        name.function = is_copy ? add_text(writer, function.name) : text_of(writer, function.name); // the copy's place is used again
        name.linkage = function.linkage[0] != '\0' ? text_of(writer, function.linkage) : name.function;
        writer->failed |= function.line > UINT32_MAX;
        add(writer, &writer->names, &name, sizeof name);
    }
    return *number;
}

// ---- Scopes ----

// Returns false if there is none.
static bool add_ranges(struct writer *writer, const struct dwarf_die *scope, uint64_t first_address) {
    uint64_t low, high;
    bool any = false;
    struct dwarf_ranges ranges = dwarf_ranges_of(scope);
    for (; writer->ranges < MAX_RANGES && dwarf_ranges_next(&ranges, &low, &high); writer->ranges++) {
        if (low < high) {
            uint8_t bytes[2 * DWARF_LEB_BYTES];
            uint8_t *end = dwarf_put_sleb(dwarf_put_uleb(bytes, high - low), (int64_t)(low - first_address));
            add(writer, &writer->scopes, bytes, (size_t)(end - bytes));
            any = true;
        }
    }
    writer->failed |= writer->ranges == MAX_RANGES;
    add_uleb(writer, &writer->scopes, 0);
    return any;
}

static void add_scopes(struct writer *writer, const struct dwarf_die *around, uint64_t first_address, size_t depth);

static void add_scope(struct writer *writer, const struct dwarf_die *scope, uint64_t first_address, size_t depth) {
    size_t begin = writer->scopes.size;
    bool is_inlined = scope->abbrev->tag == DW_TAG_inlined_subroutine;
    add_uleb(writer, &writer->scopes, is_inlined ? DIGEST_INLINED : DIGEST_BLOCK);
    if (is_inlined) {
        struct dwarf_call call = dwarf_call_of(writer->unit, scope);
        add_uleb(writer, &writer->scopes, name_of(writer, scope));
        add_uleb(writer, &writer->scopes, text_of(writer, call.file));
        add_uleb(writer, &writer->scopes, (uint64_t)call.line);
    }
    if (add_ranges(writer, scope, first_address)) {
        add_scopes(writer, scope, first_address, depth + 1);
    } else {
        writer->scopes.size = begin; // no address leads there
    }
}

static void add_scopes(struct writer *writer, const struct dwarf_die *around, uint64_t first_address, size_t depth) {
    struct dwarf_die inner;
    const uint8_t *at = around->abbrev->has_children ? dwarf_die_first_child(around) : NULL, *next;
    writer->failed |= depth > DIGEST_DEPTH;
    while (at && !writer->failed && dwarf_die_read(around->unit, at, &inner, &next)) {
        if (function_index_is_scope(inner.abbrev->tag)) {
            add_scope(writer, &inner, first_address, depth);
        }
        at = dwarf_die_end(&inner);
    }
    add_uleb(writer, &writer->scopes, DIGEST_END);
}

// The ranges of one function share its scopes.
static uint32_t scopes_of(struct writer *writer, const struct dwarf_die *function, uint64_t low) {
    bool is_new;
    uint32_t *number = number_of(writer, &writer->scopes_by_function, (uintptr_t)function->entry, &is_new);
    if (!number) {
        return 0;
    }
    if (is_new) {
        uint32_t begin = *number = (uint32_t)writer->scopes.size;
        add_uleb(writer, &writer->scopes, name_of(writer, function));
        add_uleb(writer, &writer->scopes, low);
        add_scopes(writer, function, low, 1);
        return begin;
    }
    return *number;
}

static void add_functions(struct writer *writer, const struct function_index *index) {
    struct digest_function function = {0};
    struct dwarf_die die;
    for (size_t i = 0; !writer->failed && function_index_at(index, i, &function.low, &function.high, &die); i++) {
        function.scopes = scopes_of(writer, &die, function.low);
        add(writer, &writer->functions, &function, sizeof function);
    }
}

// ---- Lines ----

static void add_lines(struct writer *writer) {
    struct line_table *lines = dwarf_lines_of(writer->unit);
    for (uint64_t file = 0; lines && !writer->failed && file < line_table_file_count(lines); file++) {
        uint32_t text = line_table_has_rows_of(lines, file) ? text_of(writer, line_table_file(lines, file)) : 0;
        add(writer, &writer->files, &text, sizeof text);
    }
}

// ---- The digest ----

static const void *copy(uint8_t **to, const struct buffer *from) {
    const void *at = *to;
    if (from->size > 0) {
        memcpy(*to, from->bytes, from->size);
    }
    *to += from->size;
    return at;
}

static struct unit_digest *finish(const struct writer *writer, bool is_deep) {
    static const struct line_rows no_rows;
    const struct line_rows *rows = writer->unit->lines ? line_table_rows(writer->unit->lines) : &no_rows;
    struct buffer marks = {.bytes = (uint8_t *)rows->marks, .size = rows->mark_count * sizeof *rows->marks};
    struct buffer row_bytes = {.bytes = (uint8_t *)rows->bytes, .size = rows->size};
    size_t bytes = sizeof(struct unit_digest) + writer->functions.size + marks.size + writer->names.size + writer->files.size +
                   writer->scopes.size + row_bytes.size + writer->texts.size;
    struct unit_digest *digest = bytes <= writer->max_bytes ? memory_take(bytes) : NULL;
    if (digest) {
        uint8_t *at = (uint8_t *)(digest + 1);
        *digest = (struct unit_digest){.bytes = bytes, .is_deep = is_deep};
        digest->functions = copy(&at, &writer->functions);
        digest->function_count = writer->functions.size / sizeof *digest->functions;
        digest->rows.marks = copy(&at, &marks);
        digest->rows.mark_count = rows->mark_count;
        digest->names = copy(&at, &writer->names);
        digest->files = copy(&at, &writer->files);
        digest->file_count = writer->files.size / sizeof *digest->files;
        digest->scopes = copy(&at, &writer->scopes);
        digest->rows.bytes = copy(&at, &row_bytes);
        digest->rows.size = rows->size;
        digest->texts = copy(&at, &writer->texts);
    }
    return digest;
}

static void drop_buffers(struct writer *writer) {
    const struct buffer buffers[] = {writer->functions, writer->scopes, writer->names, writer->files, writer->texts};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
        symbolizer_arena_drop(writer->memory, buffers[i].bytes, buffers[i].capacity);
    }
}

struct unit_digest *unit_digest_new(struct dwarf_unit *unit, struct dwarf_unit *entries, size_t max_bytes) {
    struct function_index *index = entries->functions;
    struct writer *writer = index ? symbolizer_arena_alloc(unit->file->memory, sizeof *writer) : NULL;
    if (!writer) {
        return NULL;
    }
    *writer = (struct writer){.memory = unit->file->memory, .unit = unit, .max_bytes = max_bytes};
    add_text(writer, "");
    add_functions(writer, index);
    add_lines(writer);
    forget_numbers(writer, &writer->names_by_origin); // before the copy, which is the peak of memory
    forget_numbers(writer, &writer->scopes_by_function);
    forget_numbers(writer, &writer->texts_by_address);
    bool whole = !writer->failed && unit->file->steps_left > 0 && entries->file->steps_left > 0;
    struct unit_digest *digest = whole ? finish(writer, function_index_is_deep(index)) : NULL;
    drop_buffers(writer);
    return digest;
}

void unit_digest_free(struct unit_digest *digest) {
    memory_free(digest);
}

size_t unit_digest_bytes(const struct unit_digest *digest) {
    return digest->bytes;
}

// ---- Looking up ----

static struct symbol_frame position_of(const struct unit_digest *digest, uint64_t address) {
    struct symbol_frame position = {.file = ""};
    uint64_t file;
    int64_t line;
    if (line_rows_find(&digest->rows, address, &file, &line)) {
        position.file = digest->texts + (file < digest->file_count ? digest->files[file] : 0);
        position.line = line;
    }
    return position;
}

static const struct digest_function *function_at(const struct unit_digest *digest, uint64_t address) {
    size_t end = address_upper_bound(digest->functions, digest->function_count, sizeof *digest->functions, address);
    const struct digest_function *found = NULL;
    for (size_t i = end; i-- > 0 && digest->functions[i].low == digest->functions[end - 1].low;) {
        if (address < digest->functions[i].high) {
            found = &digest->functions[i]; // the first of several that were folded
        }
    }
    return found;
}

// The functions around an address, outermost first.
struct nest {
    struct call {
        uint64_t name, file, line; // where it was called, if inlined
    } calls[DIGEST_DEPTH + 1];
    size_t count;
};

static bool is_within(struct dwarf_bytes *bytes, uint64_t first_address, uint64_t address) {
    bool within = false;
    for (uint64_t size = dwarf_uleb(bytes); size > 0; size = dwarf_uleb(bytes)) {
        within |= address - (first_address + (uint64_t)dwarf_sleb(bytes)) < size;
    }
    return within;
}

// Enters the first scope that contains the address, then the first one within, and so on.
static void find_nest(const struct unit_digest *digest, const struct digest_function *function, uint64_t address, struct nest *nest) {
    struct dwarf_bytes bytes = {digest->scopes + function->scopes, digest->rows.bytes, false};
    size_t depth = 1, entered = 1; // depth: of the scope that is read next
    nest->calls[0] = (struct call){.name = dwarf_uleb(&bytes)};
    nest->count = 1;
    uint64_t first_address = dwarf_uleb(&bytes);
    while (!bytes.bad && depth >= entered) { // until the innermost one that was entered has no more children
        uint64_t kind = dwarf_uleb(&bytes);
        if (kind == DIGEST_END) {
            depth--;
            continue;
        }
        struct call call = {0};
        if (kind == DIGEST_INLINED) {
            call.name = dwarf_uleb(&bytes);
            call.file = dwarf_uleb(&bytes);
            call.line = dwarf_uleb(&bytes);
        }
        bool within = is_within(&bytes, first_address, address);
        if (within && depth == entered) {
            entered++;
            if (kind == DIGEST_INLINED) {
                nest->calls[nest->count++] = call;
            }
        }
        depth++;
    }
}

bool unit_digest_frames(const struct unit_digest *digest, uint64_t address, struct symbol_frame *frames, size_t *count) {
    const struct digest_function *function = function_at(digest, address);
    *count = 0;
    if (!function) {
        return digest->is_deep;
    }
    struct nest nest;
    find_nest(digest, function, address, &nest);
    struct symbol_frame position = position_of(digest, address);
    for (size_t i = nest.count; i-- > 0 && *count < SYMBOL_MAX_INLINED;) {
        const struct digest_name *name = &digest->names[nest.calls[i].name];
        position.function = digest->texts + name->function;
        position.system_name = digest->texts + name->linkage;
        position.start_line = name->line;
        frames[(*count)++] = position;
        position.file = digest->texts + nest.calls[i].file;
        position.line = (int64_t)nest.calls[i].line;
    }
    return true;
}
