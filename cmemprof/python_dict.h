// python_dict.h (sample): the entries of a dict of CPython, in the order of its insertions.
//
// A dict may be changed while it is read: by other threads, or by what a signal has interrupted. Then entries are missing or are not
// objects: who reads looks at the type of what it gets. Dicts that share their keys (those of most instances) are not read.
//
// Threads: the reader's. Memory: none.
#ifndef CMEMPROF_PYTHON_DICT_H
#define CMEMPROF_PYTHON_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "python_layout.h"
#include "python_read.h"

struct python_dict {
    uintptr_t entries;
    size_t count, entry_bytes, key; // key: where an entry has its key, which the value follows
    size_t index_bytes;             // in front of the entries, in one block with them
};

// False: it is not a dict that can be read.
bool python_dict_open(struct python_reader *reader, const struct python_layout *layout, uintptr_t dict, struct python_dict *entries);

// Number `at`, below count. Value 0: it was deleted.
static inline uintptr_t python_dict_key(struct python_reader *reader, const struct python_dict *dict, size_t at) {
    return python_word(reader, dict->entries + at * dict->entry_bytes, dict->key);
}
static inline uintptr_t python_dict_value(struct python_reader *reader, const struct python_dict *dict, size_t at) {
    return python_word(reader, dict->entries + at * dict->entry_bytes, dict->key + sizeof(uintptr_t));
}

// The value of a key that is a str of ASCII; 0: it has none.
uintptr_t python_dict_get(struct python_reader *reader, const struct python_layout *layout, uintptr_t dict, const char *key);

#endif
