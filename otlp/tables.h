// tables.h: the dictionary of a request that is written (internal to this folder).
//
// Strings, mappings, functions and locations are those of a struct profile, which finds equal ones by their content. Its entry 0 means
// none, as the dictionary's, so ids are indices as they are. Stacks and attributes have tables of their own, of the same kind.
#ifndef CMEMPROF_OTLP_TABLES_H
#define CMEMPROF_OTLP_TABLES_H

#include "../merge/profile.h"
#include "../merge/wire.h"
#include "namespace.h"

struct tables {
    struct profile *base;
    struct wire_writer written;      // the message ProfilesDictionary: its stacks, behind room for its head
    struct array stacks;             // struct stack. Stack 0 is empty
    struct array attributes, values; // struct attribute, struct value. Attribute 0: none
    struct array mapping_flags;      // uint32_t of each of base's mappings, which are equal without them
    struct intern stack_ids, attribute_ids;
    bool failed; // no memory
};

struct stack {
    uint32_t at, size; // in written: its locations, leaf first
};

struct value {
    enum value_kind { VALUE_TEXT, VALUE_NUMBER, VALUE_TRUE } kind;
    uint32_t text; // string
    int64_t number;
};
struct attribute {
    uint32_t key, unit; // strings
    uint32_t value, value_count;
    bool list; // an array; else there is one value
};

bool tables_init(struct tables *tables); // false: no memory; free it all the same
void tables_free(struct tables *tables);

// Makes room for what the profile has, so that no table of a known size is made again and again.
void tables_reserve(struct tables *tables, const struct profile *profile);

uint32_t tables_string(struct tables *tables, const char *text);
// Where up to `count` locations of a stack are written as varints, leaf first; then tables_stack, with the end of them, gives its index.
// They stay there if there is no equal stack. NULL: no memory. Nothing else may be called between the two that adds a stack.
uint8_t *tables_stack_room(struct tables *tables, uint32_t count);
uint32_t tables_stack(struct tables *tables, const uint8_t *end);
uint32_t tables_attribute(struct tables *tables, uint32_t key, uint32_t unit, const struct value *values, uint32_t count, bool list);
// With one value of the kind, which is a text's id or a number.
uint32_t tables_attribute_of(struct tables *tables, const char *key, enum value_kind kind, int64_t value);
// An equal mapping with the same flags. The mapping's strings are the tables'.
uint32_t tables_mapping(struct tables *tables, const struct mapping *mapping);

// Ends the message ProfilesDictionary, which is field `number`. It begins at the place returned, and ends at the end of written. Nothing is
// added afterwards.
size_t tables_end(struct tables *tables, uint32_t number);
// Writes an AnyValue as field `number`.
void tables_write_values(const struct tables *tables, struct wire_writer *writer, uint32_t number, const struct attribute *attribute);

#endif
