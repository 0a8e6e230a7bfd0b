// frame_table.c: ids of functions, lines, files and packages (frame_table.h).
#include "frame_table.h"
#include "../../merge/check.h"
#include "../base/array.h"
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
    static const char *const names[] = {"function", "line", "file", "package"};
    return names[by];
}

const char *frame_package(const struct profile_frame *frame, size_t *length) {
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
    const struct group_key *want = thing, have = key_of(table->by, &table->groups[id]);
    return have.number == want->number && have.name_length == want->name_length && have.file_length == want->file_length &&
           memcmp(have.name, want->name, have.name_length) == 0 && memcmp(have.file, want->file, have.file_length) == 0;
}

// ---- Tables ----

static void *fail(struct frame_table *table, enum merge_error error) {
    table->error = table->error == MERGE_OK ? error : table->error;
    return NULL;
}

// Returns one more item, or NULL with table->error set.
static void *add_item(struct frame_table *table, void *items, size_t *count, size_t *capacity, size_t size) {
    void **array = items;
    if (*count == MAX_ENTRIES) {
        return fail(table, MERGE_TOO_LARGE);
    }
    if (!array_reserve(items, capacity, *count + 1, size)) {
        return fail(table, MERGE_NO_MEMORY);
    }
    return (char *)*array + (*count)++ * size;
}

static uint32_t group_of(struct frame_table *table, const struct profile_frame *frame) {
    struct group_key key = key_of(table->by, frame);
    uint64_t hash = id_set_hash(id_set_hash(key.number, key.name, key.name_length), key.file, key.file_length);
    uint32_t id = id_set_find(&table->group_ids, hash, same_group, table, &key);
    if (id != ID_NONE) {
        return id;
    }
    struct profile_frame *group = add_item(table, &table->groups, &table->group_count, &table->group_capacity, sizeof *group);
    if (!group) {
        return ID_NONE;
    }
    *group = *frame;
    id = (uint32_t)table->group_count - 1;
    if (!id_set_add(&table->group_ids, hash, id)) {
        fail(table, MERGE_NO_MEMORY);
        return ID_NONE;
    }
    return id;
}

static bool same_seen(const void *context, uint32_t id, const void *thing) {
    const struct frame_seen *have = &((const struct frame_table *)context)->seen[id], *want = thing;
    return have->function == want->function && have->file == want->file && have->mapping == want->mapping &&
           have->file_offset == want->file_offset && have->line == want->line;
}

uint32_t frame_table_id(struct frame_table *table, const struct profile_frame *frame, unsigned *matches) {
    struct frame_seen wanted = {.function = (uintptr_t)frame->function,
                                .file = (uintptr_t)frame->file,
                                .mapping = (uintptr_t)frame->mapping_file,
                                .file_offset = *frame->function ? 0 : frame->file_offset,
                                .line = table->by == FRAME_BY_LINE ? frame->line : 0};
    const uint64_t words[] = {wanted.function, wanted.file, wanted.mapping, wanted.file_offset, (uint64_t)wanted.line};
    uint64_t hash = id_set_hash(0, words, sizeof words);
    uint32_t at = id_set_find(&table->seen_ids, hash, same_seen, table, &wanted);
    if (at == ID_NONE) {
        wanted.matches = table->filter ? filter_frame(table->filter, frame) : 0;
        wanted.group = group_of(table, frame);
        struct frame_seen *seen =
            wanted.group == ID_NONE ? NULL : add_item(table, &table->seen, &table->seen_count, &table->seen_capacity, sizeof *seen);
        if (!seen) {
            return ID_NONE;
        }
        *seen = wanted;
        at = (uint32_t)table->seen_count - 1;
        if (!id_set_add(&table->seen_ids, hash, at)) {
            fail(table, MERGE_NO_MEMORY);
            return ID_NONE;
        }
    }
    *matches |= table->seen[at].matches;
    return table->seen[at].group;
}

const struct profile_frame *frame_table_frame(const struct frame_table *table, uint32_t id) {
    CHECK(id < table->group_count);
    return &table->groups[id];
}

void frame_table_free(struct frame_table *table) {
    free(table->groups);
    free(table->seen);
    id_set_free(&table->group_ids);
    id_set_free(&table->seen_ids);
    *table = (struct frame_table){0};
}
