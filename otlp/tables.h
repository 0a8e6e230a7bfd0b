// tables.h: the dictionary of a request that is written (internal to this folder).
//
// An entry is written when it is first used, in its place in the request: entries of different tables may be mixed in the message, since
// each table has its own field. An entry that is equal to one that is there, byte by byte, is taken back, and the other's index is given.
// Entry 0 of each table is the empty one.
//
// Own entries are those of which a profile has no two that are equal: strings, mappings, functions and locations. Those of the first
// profile are not looked up, which is half of the work for a request of one; a second profile has them indexed.
#ifndef CMEMPROF_OTLP_TABLES_H
#define CMEMPROF_OTLP_TABLES_H

#include "../merge/array.h"
#include "../merge/intern.h"
#include "../merge/wire.h"
#include "dictionary.h"
#include "namespace.h"

struct tables {
    struct wire_writer written; // the message ProfilesDictionary, behind room for its head
    struct array entries;       // struct entry, from 1: those that can be found
    struct intern ids;          // of entries, by their bytes with field number and size
    uint32_t profiles;          // begun, so far
    uint32_t counts[TABLE_COUNT];
    uint64_t seed;
    bool failed; // no memory
};

struct entry {
    uint32_t at; // in written
    uint32_t index;
};

struct value {
    enum value_kind { VALUE_TEXT, VALUE_NUMBER, VALUE_TRUE } kind;
    struct wire text;
    int64_t number;
};

bool tables_init(struct tables *tables); // false: no memory; free it all the same
void tables_free(struct tables *tables);

// Before the entries of a profile, which may have so many own and other ones: makes room for what finds them.
void tables_begin_profile(struct tables *tables, size_t own, size_t others);

// Begins an entry, whose fields are written to `written`; tables_close, with what this returned, gives its index. Nothing else that adds an
// entry may be called between the two. 0: no memory.
size_t tables_open(struct tables *tables, enum dictionary_table table);
uint32_t tables_close(struct tables *tables, enum dictionary_table table, size_t mark);
uint32_t tables_close_own(struct tables *tables, enum dictionary_table table, size_t mark);

// 0: "", or no memory.
uint32_t tables_string(struct tables *tables, const char *bytes, size_t size);
uint32_t tables_own_string(struct tables *tables, const char *bytes, size_t size);
// key, unit: strings. list: an array; else there is one value.
uint32_t tables_attribute(struct tables *tables, uint32_t key, uint32_t unit, const struct value *values, uint32_t count, bool list);
uint32_t tables_attribute_of(struct tables *tables, const char *key, struct value value);

static inline struct value value_of_text(const char *bytes, size_t size) {
    const uint8_t *at = (const uint8_t *)bytes;
    return (struct value){.kind = VALUE_TEXT, .text = {at, at + size}};
}

// Ends the message ProfilesDictionary, which is field `number`. It begins at the place returned, and ends at the end of written. Nothing is
// added afterwards.
size_t tables_end(struct tables *tables, uint32_t number);

#endif
