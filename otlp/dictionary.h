// dictionary.h: the dictionary of a request that is read, and the attributes in it (internal to this folder).
//
// Entries point into the request. Nothing is looked up before it is used, and all indices are checked where they are.
#ifndef CMEMPROF_OTLP_DICTIONARY_H
#define CMEMPROF_OTLP_DICTIONARY_H

#include "../merge/array.h"
#include "../merge/fault.h"
#include "../merge/wire.h"
#include "namespace.h"

enum dictionary_table { // by field number
    TABLE_MAPPINGS = 1,
    TABLE_LOCATIONS = 2,
    TABLE_FUNCTIONS = 3,
    TABLE_LINKS = 4,
    TABLE_STRINGS = 5,
    TABLE_ATTRIBUTES = 6,
    TABLE_STACKS = 7,
    TABLE_COUNT
};

struct dictionary {
    const uint8_t *bytes; // of the request, for faults
    struct merge_fault *fault;
    const struct merge_limits *limits;
    struct array tables[TABLE_COUNT]; // struct wire
};

enum merge_error dictionary_read(struct dictionary *dictionary, struct wire message);
void dictionary_free(struct dictionary *dictionary);

static inline uint32_t dictionary_size(const struct dictionary *dictionary, enum dictionary_table table) {
    return dictionary->tables[table].count;
}
// Entry `index`; false with a fault, "stack index 9 of 3 stacks", if there is none.
bool dictionary_entry(const struct dictionary *dictionary, enum dictionary_table table, uint64_t index, struct wire *entry);
enum merge_error dictionary_fail(const struct dictionary *dictionary, const struct wire *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// The next field of a message. False at its end, and after an error, which is set.
bool dictionary_next(const struct dictionary *dictionary, struct wire *message, struct wire_field *field, enum merge_error *error);
// Numbers of a repeated field, packed or not: calls again with the same field until it is false.
struct numbers {
    struct wire packed;
    bool begun;
};
bool dictionary_number(const struct dictionary *dictionary, const struct wire_field *field, struct numbers *numbers, uint64_t *number,
                       enum merge_error *error);

// ---- Attributes ----

struct read_value {
    enum read_kind { READ_NONE, READ_TEXT, READ_BOOL, READ_INT, READ_DOUBLE, READ_BYTES, READ_LIST, READ_MAP } kind;
    struct wire text; // text, bytes, list and map: the content
    int64_t number;   // also of a bool
    double real;
};
struct read_attribute {
    struct wire key, unit; // texts
    struct read_value value;
};
// message: AnyValue.
enum merge_error dictionary_value(const struct dictionary *dictionary, struct wire message, struct read_value *value);
// Of the table of attributes (KeyValueAndUnit). Before v1.10 there were no units in v1.8's form either; both are read.
enum merge_error dictionary_attribute(const struct dictionary *dictionary, uint64_t index, struct read_attribute *attribute);
// Of a resource or a scope (KeyValue), with texts in place or by index.
enum merge_error dictionary_key_value(const struct dictionary *dictionary, struct wire message, struct read_attribute *attribute);
// The value as a text, zero-terminated, cut to fit: a number in decimal, bytes in hex. What has parts is "[...]" or "{...}".
void dictionary_text(const struct read_value *value, char *text, size_t size);
// The items of a list: calls until it is false.
bool dictionary_item(const struct dictionary *dictionary, struct wire *list, struct read_value *item, enum merge_error *error);

static inline bool wire_is(struct wire text, const char *other) {
    size_t size = strlen(other);
    return (size_t)(text.end - text.at) == size && memcmp(text.at, other, size) == 0;
}

#endif
