// label_keys_test.c: which labels stay, by their keys and by how many values these have.

#include "../../base/test/test.h"

#include <pthread.h>

#include "../label_keys.h"

static struct label_keys keys;

static int keys_setup(void **state) {
    (void)state;
    memset(&keys, 0, sizeof keys);
    return 0;
}

static int keys_teardown(void **state) {
    (void)state;
    return 0;
}

static uint64_t hash_of(const char *text) {
    uint64_t words[64];
    return label_copy(words, text, strlen(text));
}

static struct label_key *find(const char *text) {
    uint64_t words[64];
    uint64_t hash = label_copy(words, text, strlen(text));
    return label_keys_find(&keys, hash, words, strlen(text));
}

static enum label_use use_of(const char *text) {
    struct label_key *key = find(text);
    assert_non_null(key);
    return label_key_use(key);
}

// Texts of all sizes, at the end of their memory, so that a sanitizer sees a read beyond it.
TEST_IN(keys, copies_texts_into_words) {
    for (size_t size = 0; size < 40; size++) {
        char text[40];
        uint64_t words[8], again[8];
        for (size_t i = 0; i < size; i++) {
            text[sizeof text - size + i] = (char)('a' + i % 26);
        }
        memset(words, 0xff, sizeof words);
        uint64_t hash = label_copy(words, text + sizeof text - size, size);
        assert_int_equal(label_words(size), size / 8 + 1);
        assert_memory_equal(words, text + sizeof text - size, size);
        for (size_t i = size; i < label_words(size) * 8; i++) {
            assert_int_equal(((const char *)words)[i], 0);
        }
        assert_true(words[label_words(size)] == UINT64_MAX); // nothing is written beyond
        assert_true(label_copy(again, (const char *)words, size) == hash);
        for (size_t i = 0; i < size; i++) { // each byte counts
            char other[40];
            memcpy(other, words, size);
            other[i] ^= 1;
            assert_true(label_copy(again, other, size) != hash);
            other[i] = '\0';
            label_copy(again, other, size);
            assert_int_equal(((const char *)again)[i], '?');
            assert_int_equal(strlen((const char *)again), size);
        }
    }
}

TEST_IN(keys, keys_are_found_again) {
    struct label_key *tenant = find("tenant");
    assert_non_null(tenant);
    assert_ptr_equal(find("tenant"), tenant);
    assert_ptr_not_equal(find("tenants"), tenant);
    assert_int_equal(tenant->size, 6);
    assert_string_equal((const char *)tenant->text, "tenant");
    assert_int_equal(use_of("tenant"), LABEL_KEPT);
    assert_int_equal(use_of("trace endpoint"), LABEL_KEPT);
    assert_int_equal(use_of(""), LABEL_KEPT);
}

TEST_IN(keys, keys_of_requests_are_left_out) {
    const char *const of_requests[] = {"span id", "local root span id", "trace id", "span_id", "trace_id", "profile_id"};
    const char *const own[] = {"memory", "owner", "part", "age"};
    for (size_t i = 0; i < sizeof of_requests / sizeof *of_requests; i++) {
        assert_int_equal(use_of(of_requests[i]), LABEL_OF_REQUEST);
        assert_false(label_is_kept(LABEL_OF_REQUEST));
    }
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        assert_int_equal(use_of(own[i]), LABEL_OWN);
        label_keys_set(&keys, own[i], strlen(own[i]), true); // not even on request
        assert_int_equal(use_of(own[i]), LABEL_OWN);
    }
}

static uint32_t values_until_left_out(const char *text, uint32_t most) {
    struct label_key *key = find(text);
    for (uint32_t i = 0; i < most; i++) {
        char value[32];
        snprintf(value, sizeof value, "value %u", i);
        bool is_kept = label_key_use(key) != LABEL_KEPT || label_keys_count_value(&keys, key, hash_of(value));
        if (!is_kept) {
            return i + 1;
        }
        assert_true(label_key_use(key) != LABEL_KEPT || label_keys_count_value(&keys, key, hash_of(value))); // known: it does not count
    }
    return most;
}

TEST_IN(keys, keys_with_very_many_values_are_left_out) {
    uint32_t generation = keys.generation, count = values_until_left_out("user", 2000);
    assert_in_range(count, 930, 1070);
    assert_int_equal(use_of("user"), LABEL_TOO_MANY_VALUES);
    assert_int_not_equal(keys.generation, generation);
    assert_int_equal(values_until_left_out("tenant", 900), 900);
    assert_int_equal(use_of("tenant"), LABEL_KEPT);
    // Asked for: without a limit.
    assert_true(label_keys_set(&keys, "customer", 8, true));
    assert_int_equal(values_until_left_out("customer", 5000), 5000);
    assert_int_equal(use_of("customer"), LABEL_ASKED_FOR);
}

TEST_IN(keys, callers_decide) {
    assert_true(label_keys_set(&keys, "span id", 7, true));
    assert_true(label_keys_set(&keys, "tenant", 6, false));
    assert_int_equal(use_of("span id"), LABEL_ASKED_FOR);
    assert_int_equal(use_of("tenant"), LABEL_UNWANTED);
    uint32_t generation = keys.generation;
    label_keys_set(&keys, "tenant", 6, false);
    assert_int_equal(keys.generation, generation); // as it was
    label_keys_set_rule(&keys, CMEMPROF_LABELS_NONE);
    assert_int_not_equal(keys.generation, generation);
    assert_int_equal(use_of("span id"), LABEL_UNWANTED);
    assert_int_equal(use_of("new"), LABEL_UNWANTED);
    label_keys_set_rule(&keys, CMEMPROF_LABELS_ALL);
    assert_int_equal(use_of("span id"), LABEL_ASKED_FOR);
    assert_int_equal(use_of("tenant"), LABEL_ASKED_FOR);
    assert_int_equal(use_of("trace id"), LABEL_ASKED_FOR);
    assert_int_equal(use_of("memory"), LABEL_OWN);
    label_keys_set_rule(&keys, CMEMPROF_LABELS_USUAL);
    assert_int_equal(use_of("span id"), LABEL_OF_REQUEST);
    assert_int_equal(use_of("tenant"), LABEL_KEPT);
    // A key that has had too many values stays left out.
    values_until_left_out("user", 2000);
    label_keys_set_rule(&keys, CMEMPROF_LABELS_ALL);
    assert_int_equal(use_of("user"), LABEL_ASKED_FOR);
    label_keys_set_rule(&keys, CMEMPROF_LABELS_USUAL);
    assert_int_equal(use_of("user"), LABEL_TOO_MANY_VALUES);
}

TEST_IN(keys, keys_are_bounded) {
    char text[LABEL_KEY_BYTES + 1];
    memset(text, 'k', sizeof text);
    uint64_t words[LABEL_KEY_BYTES / 8 + 2];
    uint64_t hash = label_copy(words, text, LABEL_KEY_BYTES);
    assert_non_null(label_keys_find(&keys, hash, words, LABEL_KEY_BYTES));
    hash = label_copy(words, text, sizeof text);
    assert_null(label_keys_find(&keys, hash, words, sizeof text));
    assert_false(label_keys_set(&keys, text, sizeof text, true));
    for (int i = 1; i < LABEL_KEYS; i++) {
        snprintf(text, sizeof text, "key %d", i);
        assert_non_null(find(text));
    }
    assert_null(find("one too many"));
    assert_false(label_keys_set(&keys, "one too many", 12, true));
    assert_non_null(find("key 1"));
}

static void count_key(const struct label_key *key, void *context) {
    (void)key;
    ++*(int *)context;
}

static _Atomic int missed;

static void *find_all(void *unused) {
    (void)unused;
    for (int i = 0; i < 60; i++) {
        char text[32];
        snprintf(text, sizeof text, "key %d", i);
        struct label_key *key = find(text);
        missed += !key;
    }
    return NULL;
}

TEST_IN(keys, threads_share_keys) {
    for (int round = 0; round < 50; round++) {
        memset(&keys, 0, sizeof keys);
        pthread_t threads[4];
        int count = 0;
        for (int i = 0; i < 4; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, find_all, NULL), 0);
        }
        for (int i = 0; i < 4; i++) {
            pthread_join(threads[i], NULL);
        }
        label_keys_each(&keys, count_key, &count);
        assert_int_equal(count, 60);
        assert_int_equal(missed, 0);
        assert_int_equal(__builtin_popcountll(keys.taken[0]) + __builtin_popcountll(keys.taken[1]) + __builtin_popcountll(keys.taken[2]),
                         60);
    }
}

int main(void) {
    return tests_run();
}
