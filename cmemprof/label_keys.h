// label_keys.h (tables): which labels of goroutines stay on samples, by their keys.
//
// A label that names a single request would make every sample's stack its own entry, and the table would hold nothing else. So known keys
// of that kind are left out, and so is a key from the moment it has had more than some 1,000 different values. That number is an estimate:
// a key has a map of 4,096 bits, a value sets the bit of its hash, and n values set 4096 (1 - exp(-n / 4096)) of them; two values in three
// million different ones are off by 3 %. What was recorded stays. A caller decides otherwise, key by key or for all (label_keys_set).
//
// The keys of the profile's own labels are left out too, or a sample would seem to have two of one.
//
// Threads: any may search, also inside malloc; lock-free. label_keys_set: one at a time, not inside malloc. Memory: none of its own; at
// most LABEL_KEYS keys are known, and further ones are left out.
#ifndef CMEMPROF_LABEL_KEYS_H
#define CMEMPROF_LABEL_KEYS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "namespace.h"
#include "cmemprof.h"

enum {
    LABEL_KEYS = 96,
    LABEL_KEY_SLOTS = 256,
    LABEL_KEY_BYTES = 128, // the longest key
    LABEL_VALUE_BITS = 4096,
    LABEL_MAX_VALUE_BITS = 887, // 1,000 values
};

// ---- Texts ----

static inline size_t label_words(size_t size) {
    return size / sizeof(uint64_t) + 1;
}
static inline uint64_t label_mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}
static inline bool label_has_zero(uint64_t word) {
    return ((word - 0x0101010101010101u) & ~word & 0x8080808080808080u) != 0;
}
// The last size % 8 bytes.
static inline uint64_t label_last_word(const char *bytes, size_t size) {
    size_t left = size % sizeof(uint64_t);
    uint64_t word = 0;
    if (left != 0 && size >= sizeof word) {
        memcpy(&word, bytes + size - sizeof word, sizeof word);
        return word >> 8 * (sizeof word - left);
    }
    for (size_t i = 0; i < left; i++) {
        word |= (uint64_t)(uint8_t)bytes[i] << 8 * i;
    }
    return word;
}
void label_replace_zeros(char *text, size_t size);

// Copies a text into whole words, the rest of the last one zeros, and returns its hash. C's texts end with their first zero byte, so zero
// bytes within it are replaced by question marks. Reads the text once: a program may change it meanwhile.
static inline uint64_t label_copy(uint64_t *words, const char *bytes, size_t size) {
    uint64_t hash = size, word;
    size_t whole = size / sizeof word, left = size % sizeof word;
    bool has_zeros = false;
    for (size_t i = 0; i < whole; i++) {
        memcpy(&word, bytes + i * sizeof word, sizeof word);
        words[i] = word;
        has_zeros |= label_has_zero(word);
        hash = label_mix(hash, word);
    }
    words[whole] = word = label_last_word(bytes, size);
    if (__builtin_expect(has_zeros || (left != 0 && label_has_zero(word | UINT64_MAX << 8 * left)), 0)) {
        label_replace_zeros((char *)words, size);
    }
    return label_mix(hash, word);
}

// ---- Keys ----

enum label_use {
    LABEL_KEPT,
    LABEL_ASKED_FOR,       // kept, however many values it has
    LABEL_OF_REQUEST,      // left out, as the following: it names single requests
    LABEL_TOO_MANY_VALUES, // so does this one, probably
    LABEL_UNWANTED,        // the caller wants it left out
    LABEL_OWN,             // the profile has labels of this name
};
static inline bool label_is_kept(enum label_use use) {
    return use <= LABEL_ASKED_FOR;
}

struct label_key {
    uint64_t hash;
    uint32_t size;
    _Atomic uint32_t value_bits;                    // set in values
    _Atomic int use;                                // enum label_use
    uint64_t text[LABEL_KEY_BYTES / 8 + 1];         // words of label_copy
    _Atomic uint64_t values[LABEL_VALUE_BITS / 64]; // of hashes; if use is LABEL_KEPT
};

struct label_keys {
    _Atomic uint32_t generation;             // changes when a key is left out or kept from now on
    _Atomic int rule;                        // enum cmemprof_label_rule
    _Atomic uint32_t taken[LABEL_KEYS / 32]; // one bit each
    _Atomic uint8_t slots[LABEL_KEY_SLOTS];  // by hash: index in keys plus 1; 0: free
    struct label_key keys[LABEL_KEYS];
};

// A key as label_copy has made it. Returns NULL if it is not to be had, being too long or one too many; it is then left out.
struct label_key *label_keys_find(struct label_keys *keys, uint64_t hash, const uint64_t *words, size_t size);
// A sample has this value of a key whose use is LABEL_KEPT. Returns false if it has had too many, and is left out from now on.
bool label_keys_count_value(struct label_keys *keys, struct label_key *key, uint64_t value_hash);

static inline enum label_use label_key_use(const struct label_key *key) {
    return (enum label_use)atomic_load_explicit(&key->use, memory_order_relaxed);
}

// Decides anew for all keys: first the rule, then one key after the other.
void label_keys_set_rule(struct label_keys *keys, enum cmemprof_label_rule rule);
// Returns false if the key is not to be had.
bool label_keys_set(struct label_keys *keys, const char *text, size_t size, bool is_wanted);

// Visits the keys, in no order.
void label_keys_each(const struct label_keys *keys, void (*visit)(const struct label_key *key, void *context), void *context);

#endif
