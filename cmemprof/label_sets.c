// label_sets.c (tables): see label_sets.h.

#include "label_sets.h"

bool label_sets_open(struct label_sets *sets, struct memory_share *within) {
    return stack_table_open(&sets->table, within->budget, within);
}

void label_sets_close(struct label_sets *sets) {
    stack_table_close(&sets->table);
}

// A set in the making.
struct making {
    struct label_memo *memo;
    size_t words, others; // where the memo's next ones go
    uint32_t kept;
    uint64_t hash;
    bool is_whole; // the memo has all of Go's labels
};

// The keys of the next set are mostly those of the last one, in the same order. Another key with the same hash would share the decision on
// this one, not its text.
static struct label_key *find_key(struct label_sets *sets, uint64_t hash, const uint64_t *words, size_t size, struct label_key *last) {
    return last && last->hash == hash && last->size == size ? last : label_keys_find(&sets->keys, hash, words, size);
}

static bool is_kept(struct label_sets *sets, struct label_key *key, uint64_t value_hash) {
    enum label_use use = label_key_use(key);
    return use == LABEL_KEPT ? label_keys_count_value(&sets->keys, key, value_hash) : label_is_kept(use);
}

// Only its key is remembered, if there is room.
static void leave_out(struct making *making, const struct go_string *key, struct label_text *text) {
    text->value = NULL;
    if (key->size > LABEL_KEY_BYTES || making->others + label_words(key->size) > LABEL_SET_WORDS + LABEL_SET_OTHERS) {
        making->is_whole = false;
        return;
    }
    uint64_t *words = &making->memo->words[making->others];
    label_copy(words, key->bytes, key->size);
    making->others += label_words(key->size);
    text->key = (const char *)words;
    text->key_size = (uint32_t)key->size;
}

enum fate { KEPT, LEFT_OUT, LOST };

// Puts the label behind the set's last one, and leaves it there if it is kept.
static enum fate put(struct label_sets *sets, struct making *making, const struct go_label *label, struct label_text *text) {
    size_t key_size = label->key.size, value_size = label->value.size, most = LABEL_SET_WORDS * sizeof(uint64_t);
    if (key_size > LABEL_KEY_BYTES || value_size > most ||
        making->words + 1 + label_words(key_size) + label_words(value_size) > LABEL_SET_WORDS) {
        return LOST;
    }
    uint64_t *head = &making->memo->words[making->words], *key = head + 1, *value = key + label_words(key_size);
    uint64_t key_hash = label_copy(key, label->key.bytes, key_size), value_hash;
    text->known = find_key(sets, key_hash, key, key_size, text->known);
    if (!text->known) {
        return LOST;
    }
    if (!label_is_kept(label_key_use(text->known))) {
        return LEFT_OUT;
    }
    value_hash = label_copy(value, label->value.bytes, value_size);
    if (!is_kept(sets, text->known, value_hash)) {
        return LEFT_OUT;
    }
    if (making->kept == LABEL_SET_LABELS) {
        return LOST;
    }
    *head = key_size | (uint64_t)value_size << 32;
    *text = (struct label_text){(const char *)key, (const char *)value, (uint32_t)key_size, (uint32_t)value_size, text->known};
    making->hash = ((making->hash ^ key_hash) * 0x9e3779b97f4a7c15u >> 7) + value_hash;
    making->words = (size_t)(value - making->memo->words) + label_words(value_size);
    making->kept++;
    return KEPT;
}

struct stack *label_sets_intern(struct label_sets *sets, const struct go_label_slice *labels, struct label_memo *memo) {
    struct making making = {.memo = memo, .words = 1, .others = LABEL_SET_WORDS, .is_whole = labels->count <= LABEL_SET_READ};
    uint32_t generation = atomic_load_explicit(&sets->keys.generation, memory_order_relaxed);
    size_t count = making.is_whole ? labels->count : LABEL_SET_READ;
    memo->count = 0;
    memo->set = NULL;
    memo->left_out = 0;
    memo->lost = (uint32_t)(labels->count - count);
    for (size_t i = 0; i < count; i++) {
        enum fate fate = put(sets, &making, &labels->items[i], &memo->labels[i]);
        if (fate != KEPT) {
            memo->left_out += fate == LEFT_OUT;
            memo->lost += fate == LOST;
            leave_out(&making, &labels->items[i].key, &memo->labels[i]);
        }
    }
    if (making.kept != 0) {
        memo->words[0] = making.kept;
        memo->set =
            stack_table_intern_as(&sets->table, STACK_OF_BLOCKS, making.hash, (const uintptr_t *)memo->words, (uint32_t)making.words, NULL);
        making.is_whole &= !!memo->set;
        memo->lost += !memo->set ? making.kept : 0;
    }
    if (making.is_whole) {
        memo->generation = generation;
        memo->count = (uint32_t)labels->count;
    }
    if (memo->set && making.kept == labels->count) {
        memo->has_seen = true;
        *label_memo_seen(memo, labels->items) = (struct label_seen){labels->items, memo->set, generation};
    }
    return memo->set;
}
