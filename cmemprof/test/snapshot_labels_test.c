// snapshot_labels_test.c: labels of goroutines in heap, peak and memory profiles, and what their comments say. This program is hooked.

#include "../../base/test/test.h"

#include "../../base/test/emulated.h"
#include "own_profile.h"

#include "like_go.h"
#include "sampling.h"

static int labelled_setup(void **state) {
    return sampling_setup(state) != 0 || (!profiler.go_labels.are_known && !like_go_begin());
}

static int labelled_teardown(void **state) {
    return sampling_teardown(state);
}

static void *kept[32];
enum { SIZE = 1 << 20 };

static __attribute__((noinline)) void keep_one(void *slot) {
    void **block = slot;
    *block = calloc(1, SIZE);
    memset(*block, 1, SIZE);
    use(block);
}

static void drop_all(void) {
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        free(kept[i]);
        kept[i] = NULL;
    }
}

// The sum of a value over all samples that have this label.
static int64_t value_with(struct profile *profile, size_t value, const char *key, const char *text) {
    int64_t sum = 0;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        sum += profile_sample_has_label(&view, key, text) ? view.values[value] : 0;
    }
    return sum;
}

// A profile and its bytes, which comments are found in.
struct taken {
    struct profile *profile;
    uint8_t *bytes;
    size_t size;
};

static struct taken take_both(void) {
    struct taken taken = {.profile = profile_new()};
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    assert_int_equal(cmemprof_snapshot_encode(snapshot, NULL, &taken.bytes, &taken.size), CMEMPROF_OK);
    cmemprof_snapshot_free(snapshot);
    assert_int_equal(profile_decode(taken.profile, taken.bytes, taken.size, NULL, NULL, NULL), MERGE_OK);
    return taken;
}

static void drop(struct taken *taken) {
    profile_free(taken->profile);
    free(taken->bytes);
}

static bool says(const struct taken *taken, const char *text) {
    return memmem(taken->bytes, taken->size, text, strlen(text));
}

// Sets of 1 to 32 labels, the last of 64 bytes each.
TEST_IN(labelled, all_labels_of_all_sets_are_written) {
    static char texts[32][2][70];
    struct go_label labels[32];
    for (int i = 0; i < 32; i++) {
        snprintf(texts[i][0], sizeof texts[i][0], "key %02d", i);
        snprintf(texts[i][1], sizeof texts[i][1], "%064d", i);
        labels[i] = (struct go_label){{texts[i][0], strlen(texts[i][0])}, {texts[i][1], strlen(texts[i][1])}};
    }
    for (size_t count = 1; count <= 32; count++) {
        struct go_label_slice slice = {labels, count, 32};
        like_go_call(&slice, keep_one, &kept[count - 1]);
    }
    cmemprof_make_room();
    profiler.peaks.next_look_ns = 0;
    cmemprof_make_room();
    struct profile *profiles[] = {take_profile(), profile_of(cmemprof_snapshot_take_peaks(), NULL)};
    for (int i = 0; i < 32; i++) { // label i is on all but i samples
        assert_int_equal(value_with(profiles[0], 0, texts[i][0], texts[i][1]), 32 - i);
        assert_int_equal(value_with(profiles[0], 3, texts[i][0], texts[i][1]), (int64_t)SIZE * (32 - i));
        assert_int_equal(value_with(profiles[1], 3, texts[i][0], texts[i][1]), (int64_t)SIZE * (32 - i));
    }
    assert_true(value_with(profiles[0], 0, "memory", "C") >= 32);
    profile_free(profiles[0]);
    profile_free(profiles[1]);
    drop_all();
}

TEST_IN(labelled, memory_profiles_have_labels) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    struct go_label label = {LIKE_GO_TEXT("tenant"), LIKE_GO_TEXT("acme")};
    struct go_label_slice slice = {&label, 1, 1};
    for (int i = 0; i < 8; i++) {
        like_go_call(i % 2 == 0 ? &slice : NULL, keep_one, &kept[i]);
    }
    struct cmemprof_memory_profile *taken = cmemprof_memory_profile_take(NULL, NULL);
    assert_non_null(taken);
    struct cmemprof_memory_figures figures;
    cmemprof_memory_profile_figures(taken, &figures);
    if (figures.has_parts) {
        const uint8_t *bytes;
        size_t size;
        struct profile *profile = profile_new();
        assert_int_equal(cmemprof_memory_profile_encode(taken, NULL, NULL, 0, &bytes, &size), CMEMPROF_OK);
        assert_int_equal(profile_decode(profile, bytes, size, NULL, NULL, NULL), MERGE_OK);
        int64_t resident = value_with(profile, 0, "tenant", "acme");
        assert_in_range(resident, 4 * SIZE * 3 / 4, 4 * SIZE * 5 / 4);
        assert_true(value_with(profile, 0, "part", "malloc_live") > resident);
        profile_free(profile);
    }
    cmemprof_memory_profile_free(taken);
    drop_all();
}

TEST_IN(labelled, comments_say_what_is_left_out) {
    static char large[4000];
    memset(large, 'x', sizeof large - 1);
    struct go_label labels[] = {{LIKE_GO_TEXT("memory"), LIKE_GO_TEXT("high")},
                                {LIKE_GO_TEXT("span id"), LIKE_GO_TEXT("1")},
                                {LIKE_GO_TEXT("trace id"), LIKE_GO_TEXT("2")},
                                {LIKE_GO_TEXT("secret"), LIKE_GO_TEXT("3")},
                                {LIKE_GO_TEXT("user"), {large, 0}}};
    struct go_label_slice slice = {labels, 5, 5};
    struct taken taken = take_both();
    assert_false(says(&taken, "cmemprof: labels:"));
    drop(&taken);

    assert_true(cmemprof_set_label("secret", 6, false));
    for (size_t i = 0; i < 1500; i++) {
        char number[16];
        labels[4].value = (struct go_string){number, (size_t)snprintf(number, sizeof number, "%zu", i)};
        like_go_call(&slice, keep_one, &kept[0]);
        drop_all();
    }
    taken = take_both();
    assert_true(says(&taken, "labels: left out, since they name single requests (unless asked for by name): span id, trace id") ||
                says(&taken, "labels: left out, since they name single requests (unless asked for by name): trace id, span id"));
    assert_true(says(&taken, "labels: left out, since they have had more than 1,000 values (unless asked for by name): user"));
    assert_true(says(&taken, "labels: left out, as asked for: secret"));
    assert_true(says(&taken, "labels: left out, since the profile has labels of that name: memory"));
    assert_true(says(&taken, " labels_left_out="));
    assert_false(says(&taken, "labels: some are missing"));
    assert_int_equal(value_with(taken.profile, 0, "memory", "high"), 0);
    assert_int_equal(value_with(taken.profile, 0, "secret", "3"), 0);
    assert_int_equal(value_with(taken.profile, 0, "user", "7"), 1);
    drop(&taken);

    labels[4].value = (struct go_string){large, sizeof large - 1};
    assert_true(cmemprof_set_label("user", 4, true));
    like_go_call(&slice, keep_one, &kept[0]);
    drop_all();
    taken = take_both();
    assert_true(says(&taken, "labels: some are missing"));
    drop(&taken);
}

// What a Go version gets that keeps its labels elsewhere.
TEST_IN(labelled, comments_say_that_labels_are_not_available) {
    atomic_store(&profiler.labels_missing, CMEMPROF_GO_LABELS_NOT_IN_GOROUTINE);
    struct taken taken = take_both();
    assert_true(says(&taken, "cmemprof: labels: not available: the address of a goroutine's labels is not in it, or more than once"));
    drop(&taken);
    atomic_store(&profiler.labels_missing, CMEMPROF_GO_LABELS_OK);
}

int main(void) {
    return tests_run();
}
