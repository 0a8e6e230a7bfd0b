// label_sets.h (tables): gives every distinct set of labels one entry, which stacks refer to.
//
// A set is an entry of a stack table of its own, with words in place of addresses:
//
//   number of labels | sizes of key and value | key, in whole words | value, in whole words | sizes of key and value | ...
//
// Each text ends with a zero byte at least, which its size does not include; those within it are replaced by question marks.
//
// Go's texts may be freed as soon as the goroutine has other labels, so they are copied. What is the same as before is found by content,
// not by address: another set may be at the same one. A shard keeps the last labels (struct label_memo), as it keeps the last stack, and
// the addresses of the last ones with their sets, which are compared with what is there now.
//
// A set stays as long as a stack refers to it (reclaim.h). Sets share the memory of stacks, of which they may take a third: a quarter of
// the budget. If there is none left, or a set is too large, labels are left off and counted (lost).
//
// Threads: any thread may look up, also inside malloc; lock-free. Memory: as stack_table.h; some 7 KiB a shard.
#ifndef CMEMPROF_LABEL_SETS_H
#define CMEMPROF_LABEL_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "namespace.h"
#include "go_labels.h"
#include "label_keys.h"
#include "stack_table.h"

enum {
    LABEL_SET_LABELS = 32,  // that are kept of one set
    LABEL_SET_READ = 64,    // that are looked at
    LABEL_SET_WORDS = 384,  // 3 KiB: 10 labels with keys and values of 64 bytes take 191
    LABEL_SET_OTHERS = 128, // for the keys that are left out
    LABEL_MEMO_SETS = 64,
};

struct label_sets {
    struct stack_table table; // share.within: the stacks'
    struct label_keys keys;
};

// The last labels of a shard. All zeros: none.
struct label_memo {
    uint32_t count;      // of Go's labels; 0: nothing is known
    uint32_t generation; // of the keys
    uint32_t left_out, lost;
    struct stack *set; // NULL: none of them is kept
    bool has_seen;     // else seen is all zeros: its page may not be there
    struct label_text {
        const char *key, *value; // in words; value NULL: any
        uint32_t key_size, value_size;
        struct label_key *known; // the key; NULL: none
    } labels[LABEL_SET_READ];
    struct label_seen {
        const struct go_label *items; // where Go's labels were
        struct stack *set;            // of all of them; NULL: none
        uint32_t generation;
    } seen[LABEL_MEMO_SETS];
    uint64_t words[LABEL_SET_WORDS + LABEL_SET_OTHERS]; // of the set; then, from LABEL_SET_WORDS on, keys that are left out
};

// Returns false if memory runs out.
bool label_sets_open(struct label_sets *sets, struct memory_share *within);
void label_sets_close(struct label_sets *sets);

// The set for a goroutine's labels, of which there is at least one. Returns NULL if none of them is kept. Sets left_out and lost of the
// memo, which the caller must own: how many were left out for their keys, and for lack of room.
struct stack *label_sets_intern(struct label_sets *sets, const struct go_label_slice *labels, struct label_memo *memo);

typedef uint64_t label_pair __attribute__((vector_size(16)));
#define LABEL_DIFFERENCE(type, a, b)                                                                                                       \
    ({                                                                                                                                     \
        type label_left, label_right;                                                                                                      \
        memcpy(&label_left, a, sizeof label_left);                                                                                         \
        memcpy(&label_right, b, sizeof label_right);                                                                                       \
        label_left ^ label_right;                                                                                                          \
    })
// In line, since most texts are short. The last bytes are compared as a whole, which may overlap the ones before.
static inline bool label_same_bytes(const char *a, const char *b, size_t size) {
    if (size >= 16) {
        size_t last = size - 16;
        label_pair difference = LABEL_DIFFERENCE(label_pair, a + last, b + last);
        for (size_t i = 0; i < last; i += 16) {
            difference |= LABEL_DIFFERENCE(label_pair, a + i, b + i);
        }
        return (difference[0] | difference[1]) == 0;
    }
    if (size >= 8) {
        return (LABEL_DIFFERENCE(uint64_t, a, b) | LABEL_DIFFERENCE(uint64_t, a + size - 8, b + size - 8)) == 0;
    }
    if (size >= 4) {
        return (LABEL_DIFFERENCE(uint32_t, a, b) | LABEL_DIFFERENCE(uint32_t, a + size - 4, b + size - 4)) == 0;
    }
    return size == 0 || (a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1]);
}

// Returns true if these are the memo's labels: its set is theirs.
static inline bool label_memo_has(const struct label_memo *memo, const struct label_keys *keys, const struct go_label_slice *labels) {
    if (memo->count != labels->count || memo->generation != atomic_load_explicit(&keys->generation, memory_order_relaxed)) {
        return false;
    }
    const struct go_label *label = labels->items;
    for (const struct label_text *known = memo->labels, *end = known + memo->count; known < end; known++, label++) {
        if (label->key.size != known->key_size || !label_same_bytes(label->key.bytes, known->key, known->key_size) ||
            (known->value &&
             (label->value.size != known->value_size || !label_same_bytes(label->value.bytes, known->value, known->value_size)))) {
            return false;
        }
    }
    return true;
}

static inline void label_memo_forget(struct label_memo *memo) {
    memo->count = 0;
    memo->set = NULL;
    if (memo->has_seen) {
        memset(memo->seen, 0, sizeof memo->seen);
        memo->has_seen = false;
    }
}

// ---- Reading a set ----

struct label_cursor {
    const uintptr_t *at;
    size_t left;
};
static inline struct label_cursor label_set_begin(const struct stack *set) {
    return (struct label_cursor){set->pcs + 1, set->pcs[0]};
}
// Returns false at the end.
static inline bool label_set_next(struct label_cursor *cursor, struct label_text *label) {
    if (cursor->left == 0) {
        return false;
    }
    uint32_t key_size = (uint32_t)*cursor->at, value_size = (uint32_t)(*cursor->at >> 32);
    const char *key = (const char *)(cursor->at + 1), *value = key + (key_size / sizeof(uintptr_t) + 1) * sizeof(uintptr_t);
    *label = (struct label_text){key, value, key_size, value_size, NULL};
    cursor->at = (const uintptr_t *)(value + (value_size / sizeof(uintptr_t) + 1) * sizeof(uintptr_t));
    cursor->left--;
    return true;
}

// ---- Sets seen before ----

static inline struct label_seen *label_memo_seen(struct label_memo *memo, const struct go_label *items) {
    return &memo->seen[(uintptr_t)items * UINT64_C(0x9e3779b97f4a7c15) >> 58];
}

static inline bool label_set_is(const struct stack *set, const struct go_label_slice *labels) {
    struct label_cursor cursor = label_set_begin(set);
    struct label_text text;
    if (cursor.left != labels->count) {
        return false;
    }
    for (const struct go_label *label = labels->items; label_set_next(&cursor, &text); label++) {
        if (label->key.size != text.key_size || label->value.size != text.value_size ||
            !label_same_bytes(label->key.bytes, text.key, text.key_size) ||
            !label_same_bytes(label->value.bytes, text.value, text.value_size)) {
            return false;
        }
    }
    return true;
}

// The set of these labels, of which none is left out, if others were not at their address since. NULL: it has to be interned.
static inline struct stack *label_memo_find(struct label_memo *memo, const struct label_keys *keys, const struct go_label_slice *labels) {
    const struct label_seen *seen = label_memo_seen(memo, labels->items);
    return seen->set && seen->items == labels->items && seen->generation == atomic_load_explicit(&keys->generation, memory_order_relaxed) &&
                   label_set_is(seen->set, labels)
               ? seen->set
               : NULL;
}

#endif
