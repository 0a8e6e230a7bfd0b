// frame_table.c: ids of functions, lines, files and packages (frame_table.h).
#include "frame_table.h"
#include "../../base/vector.h"
#include "../../base/check.h"
#include "../base/text.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ENTRIES = 2 << 20 };

// A frame by the addresses of its strings, with its group and the expressions it matches.
struct frame_seen {
    uintptr_t function, file, mapping;
    uint64_t file_offset; // 0 with a function
    int64_t line;         // 0 unless by line
    uint32_t group;
    unsigned matches;
};

// The key of a group. By line: all fields; by function: no line; by file: the file; by package: the name.
struct group_key {
    const char *name, *file;
    size_t name_length, file_length;
    uint64_t number; // line, or for a frame without a function its offset in the file
};

// ---- Groups ----

const char *frame_by_name(enum frame_by by) {
    static const char *const names[] = {"function", "line", "file", "package", "value"};
    return names[by];
}

const char *frame_package(const struct profile_frame *frame, size_t *length) {
    if (frame->label) {
        *length = strlen(frame->function);
        return frame->function;
    }
    if (!profile_frame_is_go(frame)) {
        const char *object = text_base_name(frame->mapping_file);
        *length = strlen(object);
        return object;
    }
    // "github.com/mattn/go-sqlite3.(*SQLiteStmt).exec": up to the first dot after the last slash before the receiver or type arguments.
    const char *name = frame->function;
    size_t head = strcspn(name, "([<"), start = head;
    while (start > 0 && name[start - 1] != '/') {
        start--;
    }
    const char *dot = memchr(name + start, '.', strlen(name + start));
    *length = dot ? (size_t)(dot - name) : strlen(name);
    return name;
}

static struct group_key key_of(enum frame_by by, const struct profile_frame *frame) {
    struct group_key key = {.name = "", .file = ""};
    if (frame->label) { // whatever the rest is grouped by
        return (struct group_key){frame->function, frame->file, strlen(frame->function), strlen(frame->file), UINT64_MAX};
    }
    if (by == FRAME_BY_PACKAGE) {
        key.name = frame_package(frame, &key.name_length);
        return key;
    }
    if (*frame->function) {
        key.name = by == FRAME_BY_FILE ? "" : frame->function;
        key.file = frame->file;
        key.number = by == FRAME_BY_LINE ? (uint64_t)frame->line : 0;
    } else { // an address; by file, all of an object file are one group
        key.name = by == FRAME_BY_FILE ? frame->mapping_file : "";
        key.file = by == FRAME_BY_FILE ? frame->file : frame->mapping_file;
        key.number = by == FRAME_BY_FILE ? 0 : frame->file_offset;
    }
    key.name_length = strlen(key.name);
    key.file_length = strlen(key.file);
    return key;
}

static bool same_group(const void *context, uint32_t id, const void *thing) {
    const struct frame_table *table = context;
    const struct group_key *want = thing, have = key_of(table->by, &table->groups[id - 1]);
    return have.number == want->number && have.name_length == want->name_length && have.file_length == want->file_length &&
           memcmp(have.name, want->name, have.name_length) == 0 && memcmp(have.file, want->file, have.file_length) == 0;
}

// ---- Tables ----

static void fail(struct frame_table *table, enum merge_error error) {
    table->error = table->error == MERGE_OK ? error : table->error;
}

// Whether a table of `count` items, with memory for one more or not, can have one more. Returns false with table->error set.
static bool can_add(struct frame_table *table, size_t count, bool has_memory) {
    if (count < MAX_ENTRIES && has_memory) {
        return true;
    }
    fail(table, count < MAX_ENTRIES ? MERGE_NO_MEMORY : MERGE_TOO_LARGE);
    return false;
}

static uint32_t group_of(struct frame_table *table, const struct profile_frame *frame) {
    struct group_key key = key_of(table->by, frame);
    uint64_t of_name = intern_hash_bytes(key.number, key.name, key.name_length);
    uint32_t hash = intern_hash_end(intern_hash_bytes(of_name, key.file, key.file_length));
    uint32_t found = intern_find(&table->group_ids, hash, same_group, table, &key);
    if (found != 0) {
        return found - 1;
    }
    if (!can_add(table, table->group_count, VECTOR_RESERVE(table->groups, table->group_capacity, table->group_count + 1))) {
        return ID_NONE;
    }
    uint32_t id = (uint32_t)table->group_count++;
    table->groups[id] = *frame;
    if (!intern_add(&table->group_ids, hash, id + 1)) {
        fail(table, MERGE_NO_MEMORY);
        return ID_NONE;
    }
    return id;
}

static bool same_seen(const void *context, uint32_t id, const void *thing) {
    const struct frame_seen *have = &((const struct frame_table *)context)->seen[id - 1], *want = thing;
    return have->function == want->function && have->file == want->file && have->mapping == want->mapping &&
           have->file_offset == want->file_offset && have->line == want->line;
}

uint32_t frame_table_id(struct frame_table *table, const struct profile_frame *frame, unsigned *matches) {
    struct frame_seen wanted = {.function = (uintptr_t)frame->function,
                                .file = (uintptr_t)frame->file,
                                .mapping = (uintptr_t)frame->mapping_file,
                                .file_offset = *frame->function ? 0 : frame->file_offset,
                                .line = frame->label                 ? -1
                                        : table->by == FRAME_BY_LINE ? frame->line
                                                                     : 0};
    const uint64_t words[] = {wanted.function, wanted.file, wanted.mapping, wanted.file_offset, (uint64_t)wanted.line};
    uint32_t hash = intern_hash_end(intern_hash_bytes(0, (const char *)words, sizeof words));
    uint32_t at = intern_find(&table->seen_ids, hash, same_seen, table, &wanted);
    if (at == 0) {
        wanted.matches = table->filter ? filter_frame(table->filter, frame) : 0;
        wanted.group = group_of(table, frame);
        if (wanted.group == ID_NONE ||
            !can_add(table, table->seen_count, VECTOR_RESERVE(table->seen, table->seen_capacity, table->seen_count + 1))) {
            return ID_NONE;
        }
        table->seen[table->seen_count] = wanted;
        at = (uint32_t)++table->seen_count;
        if (!intern_add(&table->seen_ids, hash, at)) {
            fail(table, MERGE_NO_MEMORY);
            return ID_NONE;
        }
    }
    *matches |= table->seen[at - 1].matches;
    return table->seen[at - 1].group;
}

const struct profile_frame *frame_table_frame(const struct frame_table *table, uint32_t id) {
    CHECK(id < table->group_count);
    return &table->groups[id];
}

void frame_table_free(struct frame_table *table) {
    free(table->groups);
    free(table->seen);
    intern_free(&table->group_ids);
    intern_free(&table->seen_ids);
    *table = (struct frame_table){0};
}
