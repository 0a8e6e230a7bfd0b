// sample_stack_test.c: a sample has the labels of the goroutine whose stack it is, and a stack with other labels is another one: in totals,
// in evictions, in a forked child. Goroutines are laid out as Go does; Go itself is tested in e2e/stacks. This program is hooked.

#include "../../base/test/test.h"

#include "own_profile.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../reclaim.h"
#include "like_go.h"
#include "sampling.h"

// However many values the key has.
static int labelled_setup(void **state) {
    bool is_open = sampling_setup(state) == 0 && (profiler.go_labels.are_known || like_go_begin());
    return !is_open || !cmemprof_set_label("tenant", 6, true);
}

static int labelled_teardown(void **state) {
    return sampling_teardown(state);
}

struct one_label {
    struct go_label label;
    struct go_label_slice slice;
};

static const struct go_label_slice *tenant(struct one_label *label, const char *value) {
    label->label = (struct go_label){LIKE_GO_TEXT("tenant"), {value, strlen(value)}};
    label->slice = (struct go_label_slice){&label->label, 1, 1};
    return &label->slice;
}

struct taking {
    size_t size;
    int count;
    void *blocks[64];
};

static __attribute__((noinline)) void take_blocks(void *context) {
    struct taking *taking = context;
    for (int i = 0; i < taking->count; i++) {
        taking->blocks[i] = malloc(taking->size);
        use(taking->blocks[i]);
    }
}

static void drop(struct taking *taking) {
    for (int i = 0; i < taking->count; i++) {
        free(taking->blocks[i]);
    }
}

// The values of the blocks that a function allocated with this label; value NULL: without one.
static void sums_with(struct profile *profile, const char *function, const char *value, int64_t sums[4]) {
    memset(sums, 0, 4 * sizeof *sums);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        bool is_it = value ? profile_sample_has_label(&view, "tenant", value) : view.label_count == 1;
        for (int k = 0; is_it && has_function(&view, function) && k < 4; k++) {
            sums[k] += view.values[k];
        }
    }
}

static void assert_objects(const char *value, int64_t allocated, int64_t in_use) {
    int64_t sums[4];
    struct profile *profile = take_profile();
    sums_with(profile, "take_blocks", value, sums);
    assert_int_equal(sums[0], allocated);
    assert_int_equal(sums[2], in_use);
    profile_free(profile);
}

// Without a label, until now.
static int64_t objects_without(void) {
    int64_t sums[4];
    struct profile *profile = take_profile();
    sums_with(profile, "take_blocks", NULL, sums);
    profile_free(profile);
    return sums[0];
}

// One stack, from one place, with labels in turn.
TEST_IN(labelled, samples_have_the_labels_of_the_moment) {
    int64_t without = objects_without();
    struct one_label a, b;
    struct taking takings[] = {
        {.size = 1111, .count = 5}, {.size = 1111, .count = 7}, {.size = 1111, .count = 1}, {.size = 1111, .count = 2}};
    const struct go_label_slice *labels[] = {tenant(&a, "acme"), NULL, tenant(&b, "zeta"), &a.slice};
    for (int i = 0; i < 4; i++) {
        like_go_call(labels[i], take_blocks, &takings[i]);
    }
    drop(&takings[3]);
    assert_objects("acme", 7, 5);
    assert_objects("zeta", 1, 1);
    assert_int_equal(objects_without(), without + 7);
    for (int i = 0; i < 3; i++) {
        drop(&takings[i]);
    }
    assert_objects("acme", 7, 0);
}

// Freed and used again by Go: other labels at the same addresses.
TEST_IN(labelled, addresses_say_nothing) {
    struct one_label label;
    char value[] = "tenant 0";
    struct taking taking = {.size = 1222, .count = 3};
    for (char i = '0'; i <= '9'; i++) {
        value[7] = i;
        like_go_call(tenant(&label, value), take_blocks, &taking);
        drop(&taking);
    }
    for (char i = '0'; i <= '9'; i++) {
        value[7] = i;
        assert_objects(value, 3, 0);
    }
}

static void mappings_have_labels(void *context) {
    struct taking *taking = context;
    taking->blocks[0] = mmap(NULL, taking->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

TEST_IN(labelled, mappings_are_samples) {
    struct one_label label;
    struct taking taking = {.size = 7 * 4096};
    like_go_call(tenant(&label, "maps"), mappings_have_labels, &taking);
    for (int left = 1; left >= 0; left--) {
        int64_t sums[4];
        struct profile *profile = take_profile();
        sums_with(profile, "mappings_have_labels", "maps", sums);
        assert_int_equal(sums[0], 1);
        assert_int_equal(sums[2], left);
        profile_free(profile);
        munmap(taking.blocks[0], taking.size);
    }
}

// A thread that C has made: it has no g, or that of a callback which is over.
static void *take_on_thread(void *context) {
    take_blocks(context);
    like_g = like_g0;
    take_blocks(context);
    return NULL;
}

TEST_IN(labelled, stacks_without_go_have_none) {
    struct one_label label;
    struct taking taking = {.size = 1333, .count = 4};
    int64_t without = objects_without();
    like_goroutine[LIKE_LABELS_IN_G] = (uintptr_t)tenant(&label, "somebody");
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, take_on_thread, &taking), 0);
    pthread_join(thread, NULL);
    assert_int_equal(objects_without(), without + 8);
    assert_objects("somebody", 0, 0);
}

// A stack that is too deep to reach Go, on a thread of Go's and on another one; and one that was cut elsewhere.
TEST_IN(labelled, deep_stacks_are_as_the_threads) {
    struct stack *set;
    struct one_label label;
    struct thread_state gos = {.is_gos = true}, other = {.is_gos = false};
    struct shard *shard = shards_take(&profiler.shards, &thread_state);
    assert_non_null(shard);
    shard_forget(shard);
    static const uintptr_t pcs[] = {4096, 8192};
    struct unwind_memo *memo = &shard->memo;
    memset(memo, 0, sizeof *memo);
    memo->pcs = pcs;
    memo->depth_frames = 2;
    memo->end = UNWIND_TOO_DEEP;
    like_goroutine[LIKE_LABELS_IN_G] = (uintptr_t)tenant(&label, "cut");
    set = sample_labels(&profiler, shard, &gos, false);
    assert_non_null(set);
    assert_null(sample_labels(&profiler, shard, &other, true)); // the same stack on another thread
    assert_ptr_equal(sample_labels(&profiler, shard, &gos, true), set);
    uint64_t lost = atomic_load(&shard->lost_labels);
    memo->end = UNWIND_NO_RULE;
    assert_null(sample_labels(&profiler, shard, &gos, false));
    assert_int_equal(atomic_load(&shard->lost_labels), lost + 1);
    memo->end = UNWIND_COMPLETE;
    assert_null(sample_labels(&profiler, shard, &gos, false));
    assert_int_equal(atomic_load(&shard->lost_labels), lost + 1);
    assert_true(gos.is_gos && !other.is_gos);
    // Whole, and begun in Go.
    const uintptr_t begun[] = {4096, (uintptr_t)like_go + 1};
    memo->pcs = begun;
    assert_ptr_equal(sample_labels(&profiler, shard, &other, false), set);
    assert_true(other.is_gos);
    // A callback on a thread that C has made.
    struct thread_state cs = {.is_gos = false};
    const uintptr_t called_back[] = {4096, (uintptr_t)like_go + 1, 4096};
    memo->pcs = called_back;
    memo->depth_frames = 3;
    assert_ptr_equal(sample_labels(&profiler, shard, &cs, false), set);
    assert_false(cs.is_gos);
    memset(memo, 0, sizeof *memo);
    shard->stack_hash = 0;
    shard_release(shard);
}

TEST_IN(labelled, unwanted_labels_are_not_read) {
    struct one_label label;
    struct taking taking = {.size = 1444, .count = 2};
    int64_t without = objects_without();
    cmemprof_set_label_rule(CMEMPROF_LABELS_NONE);
    like_go_call(tenant(&label, "unwanted"), take_blocks, &taking);
    assert_objects("unwanted", 0, 0);
    assert_int_equal(objects_without(), without + 2);
    assert_true(cmemprof_set_label("tenant", 6, true));
    like_go_call(&label.slice, take_blocks, &taking);
    assert_objects("unwanted", 2, 2);
    assert_int_equal(objects_without(), without + 2);
    cmemprof_set_label_rule(CMEMPROF_LABELS_USUAL);
}

TEST_IN(labelled, losses_are_counted) {
    static char large[4000];
    memset(large, 'x', sizeof large - 1);
    struct go_label both[] = {{LIKE_GO_TEXT("span id"), LIKE_GO_TEXT("1")}, {LIKE_GO_TEXT("tenant"), {large, sizeof large - 1}}};
    struct go_label_slice slice = {both, 2, 2};
    struct taking taking = {.size = 1555, .count = 10};
    int64_t without = objects_without();
    struct cmemprof_stats before = stats_now();
    like_go_call(&slice, take_blocks, &taking);
    struct cmemprof_stats after = stats_now();
    assert_int_equal(after.lost_labels - before.lost_labels, 10);
    assert_int_equal(after.labels_left_out - before.labels_left_out, 10);
    assert_int_equal(after.lost_stacks, before.lost_stacks);
    assert_int_equal(objects_without(), without + 10);
    drop(&taking);
}

// ---- Evictions ----

enum { LIMIT_BYTES = 4 << 20 };

static void fill_sets(int from, int to) {
    for (int i = from; i < to; i++) {
        char value[32];
        struct one_label label;
        struct taking taking = {.size = 100, .count = 1};
        snprintf(value, sizeof value, "customer %d", i);
        like_go_call(tenant(&label, value), take_blocks, &taking);
        drop(&taking);
    }
}

static struct cmemprof_stats make_room(void) {
    cmemprof_make_room();
    return stats_now();
}

// Of 30,000 sets most go when there is no room, and those of live memory stay.
TEST_IN(labelled, sets_go_with_their_stacks) {
    struct one_label label;
    struct taking alive = {.size = 1666, .count = 3};
    cmemprof_set_memory_limit(LIMIT_BYTES);
    like_go_call(tenant(&label, "a live one"), take_blocks, &alive);
    fill_sets(0, 30000);
    struct cmemprof_stats full = stats_now();
    assert_true(full.lost_labels > 1000 && full.label_sets > 1000); // they have a quarter of the memory
    struct cmemprof_stats after = make_room();
    assert_true(after.label_sets < full.label_sets * 3 / 4);
    assert_true(after.stacks < full.stacks);
    fill_sets(30000, 30100);
    assert_int_equal(stats_now().lost_labels, full.lost_labels);
    assert_objects("a live one", 3, 3);
    fill_sets(0, 30000); // and again
    cmemprof_snapshot_free(cmemprof_snapshot_take());
    assert_objects("a live one", 3, 3);
    drop(&alive);
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    assert_true(adds_up(snapshot));
    cmemprof_snapshot_free(snapshot);
    cmemprof_set_memory_limit(0);
}

// When the memory of stacks is short, sets that no stack refers to any more go as well.
TEST_IN(labelled, sets_without_stacks_go) {
    fill_sets(100000, 100400);
    uint64_t before = stats_now().label_sets;
    for (int i = 0; i < 3; i++) { // shown in a profile, then short of memory
        cmemprof_snapshot_free(cmemprof_snapshot_take());
        atomic_fetch_add(&profiler.budget.refusals, 1);
        cmemprof_set_memory_limit(1 << 20);
        cmemprof_make_room();
    }
    assert_true(stats_now().label_sets + 300 < before);
    cmemprof_set_memory_limit(0);
}

// A peak's copies refer to sets.
TEST_IN(labelled, peaks_keep_sets) {
    struct one_label label;
    struct taking at_peak = {.size = 1 << 20, .count = 40};
    like_go_call(tenant(&label, "at the peak"), take_blocks, &at_peak);
    profiler.peaks.next_look_ns = 0;
    cmemprof_make_room();
    drop(&at_peak);
    cmemprof_snapshot_free(cmemprof_snapshot_take()); // reported: its stack is the first to go
    cmemprof_set_memory_limit(LIMIT_BYTES);
    fill_sets(0, 30000);
    assert_true(make_room().label_sets > 0);
    fill_sets(40000, 70000); // what was evicted is overwritten
    int64_t peak = 0;
    struct profile *profile = profile_of(cmemprof_snapshot_take_peaks(), NULL);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        peak += profile_sample_has_label(&view, "tenant", "at the peak") ? view.values[2] : 0;
    }
    profile_free(profile);
    assert_int_equal(peak, 40);
    cmemprof_set_memory_limit(0);
}

// ---- Threads and processes ----

static _Atomic bool ends;

static void *make_room_for_ever(void *unused) {
    (void)unused;
    while (!ends) {
        atomic_fetch_add(&profiler.labels.table.share.refusals, 1);
        cmemprof_make_room();
        cmemprof_snapshot_free(cmemprof_snapshot_take());
    }
    return NULL;
}

// Sets are evicted and made anew meanwhile: no sample has another one's labels.
TEST_IN(labelled, evictions_mix_nothing_up) {
    enum { KEPT = 200, ROUNDS = 40 };
    static struct taking kept[KEPT];
    pthread_t thread;
    uint64_t lost = stats_now().lost_labels;
    ends = false;
    cmemprof_set_memory_limit(LIMIT_BYTES);
    assert_int_equal(pthread_create(&thread, NULL, make_room_for_ever, NULL), 0);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < KEPT; i++) {
            char value[32];
            struct one_label label;
            snprintf(value, sizeof value, "round %d of %d", round, i);
            drop(&kept[i]);
            kept[i] = (struct taking){.size = 2000 + (size_t)i, .count = 1};
            like_go_call(tenant(&label, value), take_blocks, &kept[i]);
        }
    }
    ends = true;
    pthread_join(thread, NULL);
    // Of the last round, each block has its labels, or found no room for them.
    int64_t found = 0;
    struct profile *profile = take_profile();
    for (int i = 0; i < KEPT; i++) {
        char value[32];
        int64_t sums[4];
        snprintf(value, sizeof value, "round %d of %d", ROUNDS - 1, i);
        sums_with(profile, "take_blocks", value, sums);
        assert_true(sums[2] == 0 || (sums[2] == 1 && sums[3] == 2000 + i));
        found += sums[2];
    }
    profile_free(profile);
    assert_true(found + (int64_t)(stats_now().lost_labels - lost) >= KEPT);
    for (int i = 0; i < KEPT; i++) {
        drop(&kept[i]);
    }
    cmemprof_set_memory_limit(0);
}

// Sets that are used again and again while they are evicted: each has blocks of one size only.
TEST_IN(labelled, evicted_sets_are_not_used) {
    enum { SETS = 6000, ROUNDS = 8, KEPT = 300 };
    static struct taking kept[KEPT];
    pthread_t thread;
    ends = false;
    cmemprof_set_memory_limit(LIMIT_BYTES);
    assert_int_equal(pthread_create(&thread, NULL, make_room_for_ever, NULL), 0);
    for (int i = 0; i < SETS * ROUNDS; i++) {
        char value[32];
        struct one_label label;
        struct taking *taking = &kept[i % KEPT];
        drop(taking);
        *taking = (struct taking){.size = 5000 + (size_t)(i % SETS), .count = 2};
        snprintf(value, sizeof value, "bytes %zu", taking->size);
        like_go_call(tenant(&label, value), take_blocks, taking);
    }
    ends = true;
    pthread_join(thread, NULL);
    struct profile *profile = take_profile();
    int64_t checked = 0;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        for (size_t k = 0; k < view.label_count; k++) {
            if (strcmp(view.labels[k].key, "tenant") == 0 && strncmp(view.labels[k].text, "bytes ", 6) == 0) {
                assert_int_equal(view.values[1], view.values[0] * atoll(view.labels[k].text + 6));
                checked++;
            }
        }
    }
    assert_true(checked > 0);
    profile_free(profile);
    for (int i = 0; i < KEPT; i++) {
        drop(&kept[i]);
    }
    cmemprof_set_memory_limit(0);
}

// The shard's last labels are of no use any more if their set was evicted.
TEST_IN(labelled, an_eviction_forgets_the_last_labels) {
    struct one_label label;
    struct taking taking = {.size = 1888, .count = 1};
    like_go_call(tenant(&label, "the last"), take_blocks, &taking);
    drop(&taking);
    uint64_t before = stats_now().label_sets;
    cmemprof_set_memory_limit(1 << 20);
    for (int i = 0; i < 3; i++) {
        cmemprof_snapshot_free(cmemprof_snapshot_take());
        atomic_fetch_add(&profiler.budget.refusals, 1);
        cmemprof_make_room();
    }
    uint64_t after = stats_now().label_sets;
    assert_true(after < before);
    like_go_call(&label.slice, take_blocks, &taking);
    assert_int_equal(stats_now().label_sets, after + 1);
    drop(&taking);
    cmemprof_set_memory_limit(0);
}

TEST_IN(labelled, a_forked_child_has_labels) {
    struct one_label label;
    struct taking before = {.size = 1777, .count = 3}, after = {.size = 1777, .count = 2};
    like_go_call(tenant(&label, "family"), take_blocks, &before);
    pid_t child = fork();
    if (child == 0) {
        like_go_call(&label.slice, take_blocks, &after);
        int64_t sums[4];
        struct profile *profile = take_profile();
        sums_with(profile, "take_blocks", "family", sums);
        _exit(sums[0] == 5 && sums[2] == 5 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_objects("family", 3, 3);
    drop(&before);
}

int main(void) {
    return tests_run();
}
