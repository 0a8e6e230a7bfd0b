// cache_test.c: returns what was put, evicts the oldest, rejects large entries, is thread-safe.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../cache.h"

#include <pthread.h>

static bool has(struct cache *cache, const char *key, const char *expected) {
    void *bytes;
    size_t size;
    if (!cache_get(cache, key, strlen(key), &bytes, &size)) {
        return false;
    }
    if (expected) {
        assert_int_equal(size, strlen(expected));
        assert_memory_equal(bytes, expected, size);
    }
    free(bytes);
    return true;
}

static void put(struct cache *cache, const char *key, const char *value) {
    cache_put(cache, key, strlen(key), value, strlen(value));
}

TEST(get_and_put) {
    struct cache *cache = cache_new(1 << 20);
    assert_false(has(cache, "a", NULL));
    put(cache, "a", "one");
    put(cache, "ab", "two");
    assert_true(has(cache, "a", "one"));
    assert_true(has(cache, "ab", "two"));
    put(cache, "a", "three");
    assert_true(has(cache, "a", "three"));
    cache_free(cache);
    cache_free(NULL);
}

TEST(oldest_goes_first) {
    struct cache *cache = cache_new(20000);
    char value[2001], key[16];
    memset(value, 'v', 2000);
    value[2000] = '\0';
    put(cache, "first", value);
    put(cache, "used", value);
    for (int i = 0; i < 8; i++) {
        snprintf(key, sizeof key, "k%d", i);
        put(cache, key, value);
        assert_true(has(cache, "used", value));
    }
    assert_false(has(cache, "first", NULL));
    assert_true(has(cache, "k7", value));
    cache_free(cache);
}

TEST(large_ones_stay_out) {
    struct cache *cache = cache_new(8000);
    char value[1002];
    memset(value, 'v', 1001);
    value[1001] = '\0';
    put(cache, "small", "x");
    put(cache, "large", value);
    assert_false(has(cache, "large", NULL));
    assert_true(has(cache, "small", "x"));
    cache_free(cache);
}

static void *hammer(void *state) {
    char key[16], value[200];
    for (int i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "k%d", i % 97);
        snprintf(value, sizeof value, "%.*s%d", i % 97,
                 "................................................................................................"
                 "..",
                 i % 97);
        if (!has(state, key, NULL)) {
            put(state, key, value);
        }
        has(state, key, value);
    }
    return NULL;
}

TEST(threads) {
    struct cache *cache = cache_new(6000);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, cache), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    cache_free(cache);
}

int main(void) {
    return tests_run();
}
