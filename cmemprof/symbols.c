// symbols.c (naming): the name cache by address with its strings, and one open file per module.

#include "symbols.h"

#include <stdlib.h>
#include <string.h>

#include "../merge/memory.h"
#include "demangle.h"
#include "digests.h"
#include "object_file.h"
#include "perf_map.h"

struct text_chunk {
    struct text_chunk *next;
    size_t used;
    char bytes[64 * 1024 - 2 * sizeof(size_t)];
};

struct entry {
    uintptr_t address; // 0: free
    const struct module *module;
    uint32_t serial; // of the module; the record may be reused
    struct symbol_frame *frames;
    size_t frame_count;
};

struct open_file {
    const struct module *module;
    struct object_file *file; // NULL: could not be opened
};

struct symbols {
    struct entry *entries;  // open addressing, never more than half full
    size_t count, capacity; // capacity: a power of two, doubled at half full, since most programs need a hundredth of SYMBOLS_MAX
    struct text_chunk *texts;
    struct open_file *files; // allocated in memory
    size_t file_count;
    struct symbolizer_arena memory; // of the open files
    struct demangler *demangler;    // allocated in memory
    bool memory_is_open, ran_short; // ran_short: since symbols_close_files
    size_t open_bytes;              // that open files may take
    unsigned names;                 // looked for since they were opened
    struct digests digests;
    struct perf_map generated; // allocated in memory
};

enum { FIRST_ENTRIES = 1024, OPEN_BYTES = 4 << 20, NAMES_FOR_A_CLOSING = 16 };

struct symbols *symbols_new(void) {
    struct symbols *symbols = calloc(1, sizeof *symbols);
    if (symbols && !(symbols->entries = memory_take_zeroed(FIRST_ENTRIES, sizeof *symbols->entries))) {
        free(symbols);
        return NULL;
    }
    if (symbols) {
        symbols->capacity = FIRST_ENTRIES;
        symbols->open_bytes = OPEN_BYTES;
    }
    return symbols;
}

static void close_files(struct symbols *symbols) {
    for (size_t i = 0; i < symbols->file_count; i++) {
        object_file_close(symbols->files[i].file);
    }
    symbols->files = NULL;
    symbols->file_count = 0;
    symbols->demangler = NULL;
    symbols->generated.is_read = false;
    symbols->generated.count = 0;
    if (symbols->memory_is_open) {
        symbols->ran_short = symbols->ran_short || symbols->memory.ran_short;
        symbolizer_arena_close(&symbols->memory);
        symbols->memory_is_open = false;
    }
    symbols->names = 0;
}

// For what one profile needs: files, and the reading of names.
static struct symbolizer_arena *open_memory(struct symbols *symbols) {
    if (!symbols->memory_is_open) {
        symbolizer_arena_open(&symbols->memory);
        symbols->memory_is_open = true;
    }
    return &symbols->memory;
}

void symbols_free(struct symbols *symbols) {
    if (symbols) {
        close_files(symbols);
        symbols_forget(symbols);
        memory_free(symbols->entries);
        free(symbols);
    }
}

bool symbols_ran_short(const struct symbols *symbols) {
    return symbols->ran_short || symbols->memory.ran_short;
}

static void close_and_keep(struct symbols *symbols) {
    for (size_t i = 0; i < symbols->file_count; i++) {
        if (symbols->files[i].file) {
            digests_keep(&symbols->digests, symbols->files[i].module, symbols->files[i].file, &symbols->memory);
        }
    }
    close_files(symbols);
}

void symbols_close_files(struct symbols *symbols) {
    close_and_keep(symbols);
    symbols->ran_short = false;
    symbols->open_bytes = OPEN_BYTES;
}

// What was read of units stays as long as their file is open, and would be 14 MB for the first profile of a Python service. Closing takes
// the files' own tables as well, which are read again: where few names were found for that, more may be open.
static void bound_memory(struct symbols *symbols) {
    symbols->names++;
    if (symbols->memory.used_bytes > symbols->open_bytes && symbols->names >= NAMES_FOR_A_CLOSING) {
        close_and_keep(symbols);
    }
    while (symbols->memory.used_bytes > symbols->open_bytes) {
        symbols->open_bytes *= 2;
    }
}

static void forget_names(struct symbols *symbols) {
    for (size_t i = 0; i < symbols->capacity; i++) {
        free(symbols->entries[i].frames);
    }
    memset(symbols->entries, 0, symbols->capacity * sizeof *symbols->entries);
    symbols->count = 0;
    while (symbols->texts) {
        struct text_chunk *next = symbols->texts->next;
        memory_free(symbols->texts);
        symbols->texts = next;
    }
}

void symbols_forget(struct symbols *symbols) {
    digests_forget(&symbols->digests);
    forget_names(symbols);
}

// Truncates a string longer than a chunk (possible for templates). Returns "" if memory runs out.
static const char *keep_text(struct symbols *symbols, const char *text) {
    size_t size = strlen(text) + 1, capacity = sizeof symbols->texts->bytes;
    if (size == 1) {
        return "";
    }
    size = size < capacity ? size : capacity;
    if (!symbols->texts || capacity - symbols->texts->used < size) {
        struct text_chunk *chunk = memory_take(sizeof *chunk);
        if (!chunk) {
            return "";
        }
        chunk->next = symbols->texts;
        chunk->used = 0;
        symbols->texts = chunk;
    }
    char *kept = symbols->texts->bytes + symbols->texts->used;
    memcpy(kept, text, size - 1);
    kept[size - 1] = '\0';
    symbols->texts->used += size;
    return kept;
}

static const char *keep_readable_name(struct symbols *symbols, const struct symbol_frame *frame) {
    if (!symbols->demangler) {
        symbols->demangler = demangler_new(open_memory(symbols));
    }
    const char *readable = symbols->demangler ? demangle(symbols->demangler, frame->system_name) : NULL;
    return keep_text(symbols, readable ? readable : frame->function);
}

static struct object_file *file_of(struct symbols *symbols, const struct module *module) {
    for (size_t i = 0; i < symbols->file_count; i++) {
        if (symbols->files[i].module == module) {
            return symbols->files[i].file;
        }
    }
    size_t count = symbols->file_count;
    struct open_file *files =
        symbolizer_arena_grow(open_memory(symbols), symbols->files, count * sizeof *files, (count + 1) * sizeof *files);
    if (!files) {
        return NULL;
    }
    symbols->files = files;
    files[symbols->file_count++] = (struct open_file){module, object_file_open(module, &symbols->memory)};
    if (files[count].file) {
        digests_give(&symbols->digests, module, files[count].file, &symbols->memory);
    }
    return files[count].file;
}

static struct entry *entry_of(struct symbols *symbols, const struct module *module, uint32_t serial, uintptr_t address) {
    size_t at = ((address ^ (uintptr_t)module) * 0x9e3779b97f4a7c15u >> 32) % symbols->capacity;
    while (symbols->entries[at].address != 0 &&
           (symbols->entries[at].address != address || symbols->entries[at].module != module || symbols->entries[at].serial != serial)) {
        at = (at + 1) % symbols->capacity;
    }
    return &symbols->entries[at];
}

// Ensures capacity for one more. If memory runs out, drops all names instead.
static void grow_if_needed(struct symbols *symbols) {
    if (symbols->count < symbols->capacity / 2) {
        return;
    }
    struct symbols larger = {.capacity = symbols->capacity * 2};
    if (symbols->count == SYMBOLS_MAX || !(larger.entries = memory_take_zeroed(larger.capacity, sizeof *larger.entries))) {
        forget_names(symbols);
        return;
    }
    for (size_t i = 0; i < symbols->capacity; i++) {
        const struct entry *entry = &symbols->entries[i];
        if (entry->address != 0) {
            *entry_of(&larger, entry->module, entry->serial, entry->address) = *entry;
        }
    }
    memory_free(symbols->entries);
    symbols->entries = larger.entries;
    symbols->capacity = larger.capacity;
}

static void fill(struct symbols *symbols, struct entry *entry, const struct symbol_frame *frames, size_t count) {
    entry->frames = count > 0 ? malloc(count * sizeof *frames) : NULL;
    entry->frame_count = 0;
    for (size_t i = 0; entry->frames && i < count; i++) {
        entry->frames[i] = (struct symbol_frame){
            .function = keep_readable_name(symbols, &frames[i]),
            .system_name = keep_text(symbols, frames[i].system_name),
            .file = keep_text(symbols, frames[i].file),
            .line = frames[i].line,
            .start_line = frames[i].start_line,
        };
        entry->frame_count = i + 1;
    }
}

// address: in the file.
static size_t find_frames(struct symbols *symbols, const struct module *module, uint64_t address, struct symbol_frame *frames) {
    size_t count;
    bool known = digests_frames(&symbols->digests, module, address, frames, &count);
    if (known && object_file_is_complete(frames, count)) {
        return count;
    }
    struct object_file *file = file_of(symbols, module);
    if (!file) {
        return count;
    }
    return known ? object_file_complete(file, address, frames, count) : object_file_frames(file, address, frames);
}

struct symbol symbols_find(struct symbols *symbols, const struct module *module, uintptr_t address) {
    if (!module) {
        return perf_map_find(&symbols->generated, open_memory(symbols), address);
    }
    struct entry *entry = entry_of(symbols, module, module->serial, address);
    if (entry->address == 0) {
        grow_if_needed(symbols);
        entry = entry_of(symbols, module, module->serial, address);
        struct symbol_frame frames[SYMBOL_MAX_INLINED];
        size_t count = find_frames(symbols, module, address - module->bias, frames);
        if (count == 0 && symbols->memory.ran_short) { // it may be found the next time
            return (struct symbol){NULL, 0};
        }
        entry->address = address;
        entry->module = module;
        entry->serial = module->serial;
        symbols->count++;
        fill(symbols, entry, frames, count);
        if (count > 0 && !entry->frames) { // no memory for them this time
            entry->address = 0;
            symbols->count--;
        }
        bound_memory(symbols);
    }
    return (struct symbol){entry->frames, entry->frame_count};
}

struct symbol symbols_known(struct symbols *symbols, const struct module *module, uintptr_t address) {
    if (!module) {
        return (struct symbol){NULL, 0};
    }
    const struct entry *entry = entry_of(symbols, module, module->serial, address);
    return entry->address != 0 ? (struct symbol){entry->frames, entry->frame_count} : (struct symbol){NULL, 0};
}
