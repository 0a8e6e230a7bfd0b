// tables.c: the dictionary of a request (tables.h). Field numbers: opentelemetry-proto v1.10, profiles.v1development and common.v1.
#include "tables.h"

enum { FRONT_BYTES = 16 }; // before the message, for its field's number and its size, which is known last

bool tables_init(struct tables *tables) {
    *tables = (struct tables){.seed = intern_seed()};
    if (wire_reserve(&tables->written, FRONT_BYTES)) {
        tables->written.size = FRONT_BYTES;
    }
    for (uint32_t table = 1; table < TABLE_COUNT; table++) {
        wire_write_bytes(&tables->written, table, "", 0);
        tables->counts[table] = 1;
    }
    return !tables->written.failed && array_push(&tables->entries, 1, sizeof(struct entry));
}

void tables_free(struct tables *tables) {
    wire_free(&tables->written);
    array_free(&tables->entries);
    intern_free(&tables->ids);
    *tables = (struct tables){0};
}

// ---- Entries ----

struct entry_key {
    const uint8_t *bytes; // in written, behind all entries
    size_t size;
};

// Both begin with the number of a field and a size, so of equal bytes none is a part of a longer entry.
static bool same_entry(const void *context, uint32_t id, const void *key) {
    const struct tables *tables = context;
    const struct entry_key *want = key;
    const struct entry *have = (const struct entry *)tables->entries.items + id;
    return memcmp(tables->written.bytes + have->at, want->bytes, want->size) == 0;
}

static struct entry_key key_of(const struct tables *tables, size_t start, size_t end) {
    return (struct entry_key){tables->written.bytes + start, end - start};
}

// 0: there is none, with its hash.
static uint32_t find_entry(const struct tables *tables, const struct entry_key *key, uint32_t *hash) {
    *hash = intern_hash_end(intern_hash_bytes(tables->seed, (const char *)key->bytes, key->size));
    return intern_find(&tables->ids, *hash, same_entry, tables, key);
}

static void add_entry(struct tables *tables, uint32_t hash, struct entry entry) {
    struct entry *added = tables->written.size <= UINT32_MAX ? array_push(&tables->entries, 1, sizeof *added) : NULL;
    if (!added || !intern_add(&tables->ids, hash, tables->entries.count - 1)) {
        tables->failed = true;
        return;
    }
    *added = entry;
}

// The entry from `start` to the end of written.
static uint32_t end_entry(struct tables *tables, enum dictionary_table table, size_t start, bool own) {
    if (tables->written.failed || tables->failed) {
        return 0;
    }
    if (own && tables->profiles <= 1) {
        return tables->counts[table]++;
    }
    uint32_t hash;
    const struct entry_key key = key_of(tables, start, tables->written.size);
    uint32_t id = find_entry(tables, &key, &hash);
    if (id != 0) {
        tables->written.size = start;
        return ((const struct entry *)tables->entries.items)[id].index;
    }
    add_entry(tables, hash, (struct entry){(uint32_t)start, tables->counts[table]});
    return tables->counts[table]++;
}

size_t tables_open(struct tables *tables, enum dictionary_table table) {
    return wire_open(&tables->written, table);
}

enum { HEAD_BYTES = 2 }; // of an open message

uint32_t tables_close(struct tables *tables, enum dictionary_table table, size_t mark) {
    wire_close(&tables->written, mark);
    return end_entry(tables, table, mark - HEAD_BYTES, false);
}

uint32_t tables_close_own(struct tables *tables, enum dictionary_table table, size_t mark) {
    wire_close(&tables->written, mark);
    return end_entry(tables, table, mark - HEAD_BYTES, true);
}

static uint32_t add_string(struct tables *tables, const char *bytes, size_t size, bool own) {
    size_t start = tables->written.size;
    if (size == 0) {
        return 0;
    }
    wire_write_text(&tables->written, TABLE_STRINGS, bytes, size);
    return end_entry(tables, TABLE_STRINGS, start, own);
}

uint32_t tables_string(struct tables *tables, const char *bytes, size_t size) {
    return add_string(tables, bytes, size, false);
}

uint32_t tables_own_string(struct tables *tables, const char *bytes, size_t size) {
    return add_string(tables, bytes, size, true);
}

// All that is written can be found. Entry 0 of a table is not looked for.
static void index_written(struct tables *tables) {
    uint32_t counts[TABLE_COUNT] = {0}, hash;
    struct wire message = {tables->written.bytes + FRONT_BYTES, tables->written.bytes + tables->written.size};
    struct wire_field field;
    while (message.at < message.end && !tables->failed) {
        size_t start = (size_t)(message.at - tables->written.bytes);
        if (wire_next(&message, &field) != WIRE_OK) {
            return; // our own bytes: it does not come to that
        }
        const struct entry_key key = key_of(tables, start, (size_t)(message.at - tables->written.bytes));
        uint32_t index = counts[field.number]++;
        if (index > 0 && find_entry(tables, &key, &hash) == 0) {
            add_entry(tables, hash, (struct entry){(uint32_t)start, index});
        }
    }
}

void tables_begin_profile(struct tables *tables, size_t own, size_t others) {
    size_t count = others;
    if (tables->profiles > 0) {
        count += own;
        for (uint32_t table = 1; table < TABLE_COUNT; table++) {
            count += tables->counts[table];
        }
    }
    if (!intern_reserve(&tables->ids, count) || !array_reserve(&tables->entries, count + 1, sizeof(struct entry))) {
        tables->failed = true;
    }
    if (++tables->profiles == 2) {
        index_written(tables);
    }
}

// ---- Attributes ----

static void write_value(struct wire_writer *writer, const struct value *value) {
    if (value->kind == VALUE_TEXT) {
        wire_write_text(writer, 1, (const char *)value->text.at, (size_t)(value->text.end - value->text.at));
    } else { // a member of a oneof is written even if it is 0
        wire_write_varint(writer, (value->kind == VALUE_TRUE ? 2 : 3) << 3 | WIRE_VARINT);
        wire_write_varint(writer, value->kind == VALUE_TRUE ? 1 : (uint64_t)value->number);
    }
}

static void write_list(struct wire_writer *writer, const struct value *values, uint32_t count) {
    size_t array = wire_open(writer, 5);
    for (uint32_t i = 0; i < count; i++) {
        size_t item = wire_open(writer, 1);
        write_value(writer, &values[i]);
        wire_close(writer, item);
    }
    wire_close(writer, array);
}

uint32_t tables_attribute(struct tables *tables, uint32_t key, uint32_t unit, const struct value *values, uint32_t count, bool list) {
    struct wire_writer *writer = &tables->written;
    size_t mark = tables_open(tables, TABLE_ATTRIBUTES);
    wire_write_number(writer, 1, key);
    size_t any = wire_open(writer, 2);
    if (list) {
        write_list(writer, values, count);
    } else {
        write_value(writer, values);
    }
    wire_close(writer, any);
    wire_write_number(writer, 3, unit);
    return tables_close(tables, TABLE_ATTRIBUTES, mark);
}

uint32_t tables_attribute_of(struct tables *tables, const char *key, struct value value) {
    return tables_attribute(tables, tables_string(tables, key, strlen(key)), 0, &value, 1, false);
}

// ---- End ----

size_t tables_end(struct tables *tables, uint32_t number) {
    uint8_t head[FRONT_BYTES];
    tables->failed = tables->failed || tables->written.failed;
    if (tables->failed) {
        return 0;
    }
    uint8_t *end = wire_put_varint(wire_put_varint(head, (uint64_t)number << 3 | WIRE_BYTES), tables->written.size - FRONT_BYTES);
    size_t size = (size_t)(end - head);
    memcpy(tables->written.bytes + FRONT_BYTES - size, head, size);
    return FRONT_BYTES - size;
}
