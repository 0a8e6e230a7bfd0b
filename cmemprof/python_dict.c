// python_dict.c (sample): see python_dict.h.

#include "python_dict.h"

#include <string.h>

#include "python_code.h"

enum { GENERAL = 0, TEXTS = 1, MAX_ENTRIES = 1 << 20, MAX_LOG2_INDEX_BYTES = 32, MAX_KEY_BYTES = 64 };

bool python_dict_open(struct python_reader *reader, const struct python_layout *layout, uintptr_t dict, struct python_dict *entries) {
    uintptr_t keys = python_word(reader, dict, layout->dict_keys);
    uint8_t kind = python_byte(reader, keys, layout->keys_kind), log2 = python_byte(reader, keys, layout->keys_log2_index_bytes);
    size_t count = python_word(reader, keys, layout->keys_count);
    if (reader->failed || kind > TEXTS || log2 > MAX_LOG2_INDEX_BYTES || count > MAX_ENTRIES || count > (size_t)1 << log2) {
        return false; // each entry has an index
    }
    *entries = (struct python_dict){
        .entries = keys + layout->keys_indices + ((uintptr_t)1 << log2),
        .count = count,
        .entry_bytes = (kind == GENERAL ? 3 : 2) * sizeof(uintptr_t),
        .index_bytes = (size_t)1 << log2,
        .key = kind == GENERAL ? sizeof(uintptr_t) : 0, // behind the hash
    };
    return true;
}

uintptr_t python_dict_get(struct python_reader *reader, const struct python_layout *layout, uintptr_t dict, const char *key) {
    struct python_dict entries;
    char text[MAX_KEY_BYTES];
    size_t size = strlen(key);
    if (!python_dict_open(reader, layout, dict, &entries)) {
        return 0;
    }
    for (size_t i = 0; i < entries.count && !reader->failed; i++) {
        uintptr_t value = python_dict_value(reader, &entries, i), name = value != 0 ? python_dict_key(reader, &entries, i) : 0;
        if (name != 0 && python_word(reader, name, layout->text_length) == size &&
            python_code_text(reader, layout, name, text, sizeof text) == size && memcmp(text, key, size) == 0) {
            return value;
        }
    }
    return 0;
}
