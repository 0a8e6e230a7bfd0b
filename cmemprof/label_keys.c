// label_keys.c (tables): see label_keys.h.

#include "label_keys.h"

#include <string.h>

// Datadog's and OpenTelemetry's; the profile's own.
static const char *const of_requests[] = {"span id", "local root span id", "trace id", "span_id", "trace_id", "profile_id"};
static const char *const own[] = {"memory", "owner", "part", "age", "thread", "threads"};

void label_replace_zeros(char *text, size_t size) {
    for (char *zero; (zero = memchr(text, '\0', size));) {
        *zero = '?';
    }
}

static bool is_one_of(const char *const *names, size_t count, const uint64_t *text, size_t size) {
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == size && memcmp(names[i], text, size) == 0) {
            return true;
        }
    }
    return false;
}

static enum label_use usual_use(const struct label_keys *keys, const uint64_t *text, size_t size) {
    enum cmemprof_label_rule rule = (enum cmemprof_label_rule)atomic_load_explicit(&keys->rule, memory_order_relaxed);
    if (is_one_of(own, sizeof own / sizeof *own, text, size)) {
        return LABEL_OWN;
    }
    if (rule != CMEMPROF_LABELS_USUAL) {
        return rule == CMEMPROF_LABELS_ALL ? LABEL_ASKED_FOR : LABEL_UNWANTED;
    }
    return is_one_of(of_requests, sizeof of_requests / sizeof *of_requests, text, size) ? LABEL_OF_REQUEST : LABEL_KEPT;
}

static void change_use(struct label_keys *keys, struct label_key *key, enum label_use use) {
    if (atomic_exchange_explicit(&key->use, (int)use, memory_order_relaxed) != (int)use) {
        atomic_fetch_add_explicit(&keys->generation, 1, memory_order_relaxed);
    }
}

// ---- Finding ----

static bool is_it(const struct label_key *key, uint64_t hash, const uint64_t *words, size_t size) {
    return key->hash == hash && key->size == size && memcmp(key->text, words, size) == 0;
}

// Returns NULL if there are too many.
static struct label_key *take(struct label_keys *keys) {
    for (uint32_t i = 0; i < LABEL_KEYS; i++) {
        uint32_t bit = UINT32_C(1) << i % 32;
        if ((atomic_load_explicit(&keys->taken[i / 32], memory_order_relaxed) & bit) == 0 &&
            (atomic_fetch_or_explicit(&keys->taken[i / 32], bit, memory_order_acquire) & bit) == 0) {
            return &keys->keys[i];
        }
    }
    return NULL;
}

static void give_back(struct label_keys *keys, const struct label_key *key) {
    size_t i = (size_t)(key - keys->keys);
    atomic_fetch_and_explicit(&keys->taken[i / 32], ~(UINT32_C(1) << i % 32), memory_order_release);
}

static struct label_key *new_key(struct label_keys *keys, uint64_t hash, const uint64_t *words, size_t size) {
    struct label_key *key = take(keys);
    if (key) {
        key->hash = hash;
        key->size = (uint32_t)size;
        memcpy(key->text, words, label_words(size) * sizeof *words);
        atomic_store_explicit(&key->use, (int)usual_use(keys, key->text, size), memory_order_relaxed);
    }
    return key;
}

// A key is published whole. If another thread publishes the same one first, this one's is given back.
struct label_key *label_keys_find(struct label_keys *keys, uint64_t hash, const uint64_t *words, size_t size) {
    if (size > LABEL_KEY_BYTES) {
        return NULL;
    }
    struct label_key *mine = NULL, *found = NULL;
    for (size_t i = 0; i < LABEL_KEY_SLOTS && !found; i++) {
        _Atomic uint8_t *slot = &keys->slots[(hash + i) % LABEL_KEY_SLOTS];
        uint8_t number = atomic_load_explicit(slot, memory_order_acquire);
        if (number == 0 && !mine && !(mine = new_key(keys, hash, words, size))) {
            return NULL;
        }
        if (number == 0 && atomic_compare_exchange_strong_explicit(slot, &number, (uint8_t)(mine - keys->keys + 1), memory_order_acq_rel,
                                                                   memory_order_acquire)) {
            return mine;
        }
        struct label_key *key = &keys->keys[number - 1];
        found = is_it(key, hash, words, size) ? key : NULL;
    }
    if (mine) {
        give_back(keys, mine);
    }
    return found;
}

bool label_keys_count_value(struct label_keys *keys, struct label_key *key, uint64_t value_hash) {
    _Atomic uint64_t *word = &key->values[value_hash / 64 % (LABEL_VALUE_BITS / 64)];
    uint64_t bit = UINT64_C(1) << value_hash % 64;
    if ((atomic_load_explicit(word, memory_order_relaxed) & bit) != 0 ||
        (atomic_fetch_or_explicit(word, bit, memory_order_relaxed) & bit) != 0 ||
        atomic_fetch_add_explicit(&key->value_bits, 1, memory_order_relaxed) < LABEL_MAX_VALUE_BITS) {
        return true;
    }
    int kept = LABEL_KEPT;
    if (atomic_compare_exchange_strong(&key->use, &kept, LABEL_TOO_MANY_VALUES)) {
        atomic_fetch_add_explicit(&keys->generation, 1, memory_order_relaxed);
    }
    return false;
}

// ---- Deciding ----

static void decide(struct label_keys *keys, struct label_key *key) {
    enum label_use use = usual_use(keys, key->text, key->size);
    bool had_many = use == LABEL_KEPT && atomic_load(&key->value_bits) > LABEL_MAX_VALUE_BITS;
    change_use(keys, key, had_many ? LABEL_TOO_MANY_VALUES : use);
}

// A key that was left out for its values stays so.
void label_keys_set_rule(struct label_keys *keys, enum cmemprof_label_rule rule) {
    atomic_store(&keys->rule, (int)rule);
    for (size_t i = 0; i < LABEL_KEY_SLOTS; i++) {
        uint8_t number = atomic_load(&keys->slots[i]);
        if (number != 0) {
            decide(keys, &keys->keys[number - 1]);
        }
    }
}

bool label_keys_set(struct label_keys *keys, const char *text, size_t size, bool is_wanted) {
    uint64_t words[LABEL_KEY_BYTES / 8 + 1];
    if (size > LABEL_KEY_BYTES) {
        return false;
    }
    uint64_t hash = label_copy(words, text, size);
    struct label_key *key = label_keys_find(keys, hash, words, size);
    if (key && label_key_use(key) != LABEL_OWN) {
        change_use(keys, key, is_wanted ? LABEL_ASKED_FOR : LABEL_UNWANTED);
    }
    return key;
}

void label_keys_each(const struct label_keys *keys, void (*visit)(const struct label_key *key, void *context), void *context) {
    bool is_reachable[LABEL_KEYS] = {false};
    for (size_t i = 0; i < LABEL_KEY_SLOTS; i++) {
        uint8_t number = atomic_load_explicit(&keys->slots[i], memory_order_acquire);
        if (number != 0) {
            is_reachable[number - 1] = true;
        }
    }
    for (size_t i = 0; i < LABEL_KEYS; i++) {
        if (is_reachable[i]) {
            visit(&keys->keys[i], context);
        }
    }
}
