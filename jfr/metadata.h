// metadata.h: the types of a chunk, from its metadata event.
//
//     size, type 0, start, duration, metadata id, string pool (count, then texts), then one element: name (index in the pool), attributes
//     (count, then pairs of pool indices), children (count, then elements)
//
// Types are the elements "class" below root/metadata, with the attributes id, name, superType and simpleType. Their children are fields
// (name; class: the id of its type; constantPool; dimension) and annotations (class, and value or value-0, value-1, ...), which a field may
// have too. Everything in the chunk is made of these types, also stacks and threads.
//
// Threads: as its owner. Memory: an arena, and arrays; in proportion to the event's size.
#ifndef CMEMPROF_JFR_METADATA_H
#define CMEMPROF_JFR_METADATA_H

#include "../merge/intern.h"
#include "arena.h"
#include "bytes.h"
#include "jfr.h"

#define JFR_NO_CLASS UINT32_MAX

enum jfr_form {      // how a value of a type is written
    JFR_FORM_STRUCT, // its fields, one after the other
    JFR_FORM_NUMBER, // an integer of `width` bytes
    JFR_FORM_BYTE,   // byte and boolean
    JFR_FORM_FLOAT,
    JFR_FORM_DOUBLE,
    JFR_FORM_TEXT,
};

enum jfr_clock { JFR_CLOCK_TICKS, JFR_CLOCK_NS, JFR_CLOCK_US, JFR_CLOCK_MS, JFR_CLOCK_S }; // of instants and timespans

struct jfr_member {
    const char *name, *label;
    int64_t class_id;
    uint32_t class; // index; JFR_NO_CLASS: its type is not in the metadata
    enum jfr_content content;
    enum jfr_clock clock;
    bool pool, array, is_unsigned; // pool: the value is the key of a constant
};

struct jfr_class {
    int64_t id;
    const char *name, *label, *description, *category; // NULL: a type that is not in the metadata; others "" if they have none
    enum jfr_form form;
    uint8_t width;
    bool event, simple; // simple: one field, which stands for all of it
    uint32_t member, member_count;
    uint32_t skip; // plan.h: where the program that skips a value begins, + 1; 0: not compiled
    uint64_t events, bytes;
};

enum { JFR_RECENT_CLASSES = 256 };
struct jfr_metadata {
    struct jfr_class *classes;
    struct jfr_member *members;
    size_t count, capacity, member_count, member_capacity;
    struct intern ids; // of classes, index + 1
    uint64_t seed;
    struct {
        int64_t id;
        uint32_t found;           // index + 1; 0: empty
    } recent[JFR_RECENT_CLASSES]; // by id: an event's type is looked up without a hash, mostly
    struct jfr_arena arena;
    bool fixed;         // as the cursor's
    struct jfr_op *ops; // plan.h
    size_t op_count, op_capacity;
    uint32_t visits; // plan.c: members that making programs has looked at
};

// cursor: at the metadata event. Returns NULL, or the fault; *no_memory says whether that is the reason. The metadata must be freed then
// too.
const char *jfr_metadata_read(struct jfr_metadata *metadata, struct jfr_cursor cursor, bool *no_memory);
void jfr_metadata_free(struct jfr_metadata *metadata);

// Returns JFR_NO_CLASS if there is none.
uint32_t jfr_metadata_find(const struct jfr_metadata *metadata, int64_t id);
// The same, for the types of events.
static inline uint32_t jfr_metadata_type(struct jfr_metadata *metadata, int64_t id) {
    uint64_t at = (uint64_t)id % JFR_RECENT_CLASSES;
    if (metadata->recent[at].found == 0 || metadata->recent[at].id != id) {
        metadata->recent[at].id = id;
        metadata->recent[at].found = jfr_metadata_find(metadata, id) + 1; // JFR_NO_CLASS + 1: empty
    }
    return metadata->recent[at].found - 1;
}
// As jfr_metadata_find, but adds a nameless one. JFR_NO_CLASS: no memory, or too many.
uint32_t jfr_metadata_add(struct jfr_metadata *metadata, int64_t id);
uint32_t jfr_metadata_named(const struct jfr_metadata *metadata, const char *name);

static inline const struct jfr_member *jfr_members(const struct jfr_metadata *metadata, const struct jfr_class *class) {
    return class->member_count > 0 ? &metadata->members[class->member] : NULL;
}

#endif
