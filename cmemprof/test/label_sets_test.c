// label_sets_test.c: equal labels have one set, whatever their addresses; what does not fit is counted.

#include "../../base/test/test.h"

#include <pthread.h>

#include "../label_sets.h"

static struct memory_budget budget;
static struct memory_share stacks;
static struct label_sets sets;
static struct label_memo memo;

static int begin_with(size_t limit_bytes) {
    memset(&sets, 0, sizeof sets);
    memset(&memo, 0, sizeof memo);
    budget = (struct memory_budget){.limit_bytes = limit_bytes};
    stacks = (struct memory_share){.budget = &budget};
    return !label_sets_open(&sets, &stacks);
}

static int sets_setup(void **state) {
    (void)state;
    return begin_with(8 << 20);
}

static int sets_teardown(void **state) {
    (void)state;
    label_sets_close(&sets);
    return budget.used_bytes != 0 || stacks.used_bytes != 0;
}

// Go's labels, each text in memory of its own, so that a sanitizer sees a read beyond it.
struct labels {
    struct go_label_slice slice;
    struct go_label items[100];
};

static struct go_string text_of(const char *text, size_t size) {
    char *bytes = malloc(size + 1);
    char *exact = realloc(memcpy(bytes, text, size), size != 0 ? size : 1);
    return (struct go_string){exact, size};
}

static void add(struct labels *labels, const char *key, const char *value, size_t value_size) {
    labels->items[labels->slice.count++] = (struct go_label){text_of(key, strlen(key)), text_of(value, value_size)};
    labels->slice.items = labels->items;
}

static struct labels *labels_of(const char *const *texts) {
    struct labels *labels = calloc(1, sizeof *labels);
    for (; *texts; texts += 2) {
        add(labels, texts[0], texts[1], strlen(texts[1]));
    }
    return labels;
}
#define LABELS(...) labels_of((const char *const[]){__VA_ARGS__, NULL})

static void drop(struct labels *labels) {
    for (size_t i = 0; i < labels->slice.count; i++) {
        free((void *)(uintptr_t)labels->items[i].key.bytes);
        free((void *)(uintptr_t)labels->items[i].value.bytes);
    }
    free(labels);
}

static struct stack *intern(struct labels *labels) {
    struct stack *set = label_sets_intern(&sets, &labels->slice, &memo);
    drop(labels);
    return set;
}

// "key=value key=value".
static const char *texts_of(const struct stack *set) {
    static char text[8192];
    struct label_cursor cursor = label_set_begin(set);
    struct label_text label;
    text[0] = '\0';
    while (label_set_next(&cursor, &label)) {
        assert_int_equal(strlen(label.key), label.key_size);
        assert_int_equal(strlen(label.value), label.value_size);
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%s%s=%s", length != 0 ? " " : "", label.key, label.value);
    }
    return text;
}

static bool memo_has(struct labels *labels) {
    bool has = label_memo_has(&memo, &sets.keys, &labels->slice);
    drop(labels);
    return has;
}

TEST(compares_bytes) {
    for (size_t size = 0; size < 70; size++) {
        char *a = malloc(size + 1), *b = malloc(size + 1);
        a = realloc(a, size != 0 ? size : 1);
        b = realloc(b, size != 0 ? size : 1);
        memset(a, 'x', size);
        memset(b, 'x', size);
        assert_true(label_same_bytes(a, b, size));
        for (size_t i = 0; i < size; i++) {
            b[i] ^= 0x10;
            assert_false(label_same_bytes(a, b, size));
            b[i] ^= 0x10;
        }
        free(a);
        free(b);
    }
}

TEST_IN(sets, equal_labels_share_a_set) {
    struct stack *set = intern(LABELS("endpoint", "/cart", "tenant", "acme"));
    assert_string_equal(texts_of(set), "endpoint=/cart tenant=acme");
    assert_ptr_equal(intern(LABELS("endpoint", "/cart", "tenant", "acme")), set);
    assert_int_equal(sets.table.count, 1);
    const char *const others[][4] = {{"endpoint", "/cart", "tenant", "acmd"},  {"endpoint", "/cart", "tenanu", "acme"},
                                     {"endpoint", "/cart", "tenant", "acme."}, {"endpoint", "/cart.", "tenant", "acme"},
                                     {"endpoint", "", "tenant", "acme"},       {"endpoint/", "cart", "tenant", "acme"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct stack *other = intern(LABELS(others[i][0], others[i][1], others[i][2], others[i][3]));
        assert_ptr_not_equal(other, set);
        assert_int_equal(sets.table.count, i + 2);
    }
    assert_ptr_not_equal(intern(LABELS("endpoint", "/cart")), set);
    assert_int_equal(memo.left_out, 0);
    assert_int_equal(memo.lost, 0);
}

// The same address with other contents, and other addresses with the same.
TEST_IN(sets, the_memo_compares_contents) {
    struct labels *labels = LABELS("endpoint", "/cart", "span id", "12", "tenant", "acme");
    assert_false(label_memo_has(&memo, &sets.keys, &labels->slice));
    struct stack *set = label_sets_intern(&sets, &labels->slice, &memo);
    assert_string_equal(texts_of(set), "endpoint=/cart tenant=acme");
    assert_int_equal(memo.left_out, 1);
    assert_true(label_memo_has(&memo, &sets.keys, &labels->slice));
    ((char *)(uintptr_t)labels->items[2].value.bytes)[3] = 'f';
    assert_false(label_memo_has(&memo, &sets.keys, &labels->slice));
    struct stack *other = label_sets_intern(&sets, &labels->slice, &memo);
    assert_string_equal(texts_of(other), "endpoint=/cart tenant=acmf");
    assert_ptr_not_equal(other, set);
    drop(labels);
    assert_true(memo_has(LABELS("endpoint", "/cart", "span id", "another one", "tenant", "acmf"))); // any value of what is left out
    assert_false(memo_has(LABELS("endpoint", "/cart", "span iD", "12", "tenant", "acmf")));
    assert_false(memo_has(LABELS("endpoint", "/cart", "tenant", "acmf")));
    assert_false(memo_has(LABELS("endpoint", "/cart", "span id", "12", "tenant", "acmf", "z", "")));
    // Another decision on a key.
    assert_true(memo_has(LABELS("endpoint", "/cart", "span id", "12", "tenant", "acmf")));
    label_keys_set(&sets.keys, "span id", 7, true);
    assert_false(memo_has(LABELS("endpoint", "/cart", "span id", "12", "tenant", "acmf")));
    set = intern(LABELS("endpoint", "/cart", "span id", "12", "tenant", "acmf"));
    assert_string_equal(texts_of(set), "endpoint=/cart span id=12 tenant=acmf");
    label_memo_forget(&memo);
    assert_false(memo_has(LABELS("endpoint", "/cart", "span id", "12", "tenant", "acmf")));
}

// Sets that were seen at an address are compared with what is there now.
TEST_IN(sets, the_memo_finds_sets_seen_before) {
    struct labels *carts = LABELS("endpoint", "/cart", "tenant", "acme"), *orders = LABELS("endpoint", "/order", "tenant", "acme");
    assert_null(label_memo_find(&memo, &sets.keys, &carts->slice));
    struct stack *cart = label_sets_intern(&sets, &carts->slice, &memo);
    struct stack *order = label_sets_intern(&sets, &orders->slice, &memo);
    assert_ptr_equal(label_memo_find(&memo, &sets.keys, &orders->slice), order);
    if (label_memo_seen(&memo, carts->slice.items) != label_memo_seen(&memo, orders->slice.items)) {
        assert_ptr_equal(label_memo_find(&memo, &sets.keys, &carts->slice), cart);
    }
    // Other labels at the same address.
    char *value = (char *)(uintptr_t)orders->items[1].value.bytes;
    value[0] = 'A';
    assert_null(label_memo_find(&memo, &sets.keys, &orders->slice));
    value[0] = 'a';
    assert_ptr_equal(label_memo_find(&memo, &sets.keys, &orders->slice), order);
    orders->slice.count--;
    assert_null(label_memo_find(&memo, &sets.keys, &orders->slice));
    orders->slice.count++;
    orders->items[0].value.size--;
    assert_null(label_memo_find(&memo, &sets.keys, &orders->slice));
    orders->items[0].value.size++;
    // Another decision on a key, and a set that is gone.
    label_keys_set(&sets.keys, "tenant", 6, false);
    assert_null(label_memo_find(&memo, &sets.keys, &orders->slice));
    label_keys_set(&sets.keys, "tenant", 6, true);
    label_sets_intern(&sets, &orders->slice, &memo);
    assert_ptr_equal(label_memo_find(&memo, &sets.keys, &orders->slice), order);
    label_memo_forget(&memo);
    assert_null(label_memo_find(&memo, &sets.keys, &orders->slice));
    drop(carts);
    drop(orders);
}

// A set that lacks one of the labels is not theirs: what was left out has to be counted.
TEST_IN(sets, the_memo_finds_whole_sets_only) {
    struct labels *labels = LABELS("endpoint", "/cart", "span id", "12");
    assert_non_null(label_sets_intern(&sets, &labels->slice, &memo));
    assert_null(label_memo_find(&memo, &sets.keys, &labels->slice));
    drop(labels);
}

TEST_IN(sets, labels_may_all_be_left_out) {
    assert_null(intern(LABELS("local root span id", "1", "memory", "C", "span id", "2")));
    assert_int_equal(memo.left_out, 3);
    assert_int_equal(sets.table.count, 0);
    assert_true(memo_has(LABELS("local root span id", "3", "memory", "mmap", "span id", "4")));
}

TEST_IN(sets, keys_with_too_many_values_leave_sets) {
    char value[32];
    for (int i = 0; i < 3000; i++) {
        snprintf(value, sizeof value, "%d", i);
        intern(LABELS("tenant", "acme", "user", value));
    }
    assert_int_equal(memo.left_out, 1);
    assert_string_equal(texts_of(memo.set), "tenant=acme");
    assert_in_range(sets.table.count, 900, 1100);
    assert_true(memo_has(LABELS("tenant", "acme", "user", "x")));
}

TEST_IN(sets, ten_labels_of_64_bytes_are_kept) {
    struct labels *labels = calloc(1, sizeof *labels);
    char key[65], value[65], all[2000] = "";
    for (int i = 0; i < 10; i++) {
        snprintf(key, sizeof key, "%064d", i);
        snprintf(value, sizeof value, "%064d", i + 100);
        add(labels, key, value, 64);
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s=%s", i != 0 ? " " : "", key, value);
    }
    struct stack *set = intern(labels);
    assert_string_equal(texts_of(set), all);
    assert_int_equal(memo.lost, 0);
}

TEST_IN(sets, bounds_are_counted) {
    // One that is too large, between two others.
    static char large[LABEL_SET_WORDS * 8 + 1];
    memset(large, 'x', sizeof large - 1);
    struct labels *labels = calloc(1, sizeof *labels);
    add(labels, "a", "1", 1);
    add(labels, "b", large, sizeof large - 1);
    add(labels, "c", "3", 1);
    struct stack *set = intern(labels);
    assert_string_equal(texts_of(set), "a=1 c=3");
    assert_int_equal(memo.lost, 1);
    // Together too large.
    large[1600] = '\0';
    set = intern(LABELS("a", large, "b", large, "c", "3"));
    assert_int_equal(memo.lost, 1);
    assert_int_equal(label_set_begin(set).left, 2);
    // A key that is too long; it cannot be remembered either.
    large[LABEL_KEY_BYTES + 1] = '\0';
    assert_null(intern(LABELS(large, "1")));
    assert_int_equal(memo.lost, 1);
    assert_false(memo_has(LABELS(large, "1")));
    // Too many.
    for (size_t count = LABEL_SET_LABELS - 1; count < 90; count++) {
        char key[16];
        labels = calloc(1, sizeof *labels);
        for (size_t i = 0; i < count; i++) {
            snprintf(key, sizeof key, "%zu", i);
            add(labels, key, "v", 1);
        }
        size_t kept = count < LABEL_SET_LABELS ? count : LABEL_SET_LABELS;
        set = label_sets_intern(&sets, &labels->slice, &memo);
        assert_int_equal(label_set_begin(set).left, kept);
        assert_int_equal(memo.lost, count - kept);
        assert_int_equal(label_memo_has(&memo, &sets.keys, &labels->slice), count <= LABEL_SET_READ);
        drop(labels);
    }
    // A length that cannot be.
    struct go_label wrong = {{"k", 1}, {"v", SIZE_MAX}};
    assert_null(label_sets_intern(&sets, &(struct go_label_slice){&wrong, 1, 1}, &memo));
    assert_int_equal(memo.lost, 1);
}

TEST_IN(sets, zero_bytes_are_replaced) {
    struct labels *labels = calloc(1, sizeof *labels);
    add(labels, "k", "a\0b\0", 4);
    add(labels, "l", "", 0);
    add(labels, "m", "12345678\0", 9);
    struct stack *set = intern(labels);
    assert_string_equal(texts_of(set), "k=a?b? l= m=12345678?");
}

TEST_IN(sets, a_full_table_loses_labels) {
    sets_teardown(NULL);
    assert_int_equal(begin_with(1 << 20), 0);
    label_keys_set_rule(&sets.keys, CMEMPROF_LABELS_ALL);
    char value[32];
    int i = 0;
    do {
        snprintf(value, sizeof value, "%d", i++);
    } while (intern(LABELS("user", value)));
    assert_in_range(i, 500, 10000);
    assert_int_equal(memo.lost, 1);
    assert_false(memo_has(LABELS("user", value))); // there may be room the next time
    assert_true(sets.table.share.used_bytes <= (1 << 20) / 4);
    assert_true(sets.table.share.refusals > 0);
    assert_int_equal(budget.refusals, 0);
    assert_string_equal(texts_of(intern(LABELS("user", "7"))), "user=7");
}

static _Atomic int wrong;

static void *intern_all(void *unused) {
    (void)unused;
    struct label_memo *own = calloc(1, sizeof *own);
    for (int i = 0; i < 2000; i++) {
        char value[32];
        int length = snprintf(value, sizeof value, "tenant %d", i % 300);
        struct go_label label = {{"tenant", 6}, {value, (size_t)length}};
        struct stack *set = label_sets_intern(&sets, &(struct go_label_slice){&label, 1, 1}, own);
        struct label_cursor cursor = label_set_begin(set);
        struct label_text text;
        wrong += !label_set_next(&cursor, &text) || strcmp(text.key, "tenant") != 0 || strcmp(text.value, value) != 0;
    }
    free(own);
    return NULL;
}

TEST_IN(sets, threads_share_sets) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, intern_all, NULL), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(wrong, 0);
    assert_int_equal(sets.table.count, 300);
}

int main(void) {
    return tests_run();
}
