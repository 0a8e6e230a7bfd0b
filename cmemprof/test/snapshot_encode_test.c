// snapshot_encode_test.c: a sample in a profile: names, files, label, mapping, and the profiler's own figures. This program is hooked.

#include "../../base/test/test.h"

#include "../../base/test/emulated.h"
#include "own_profile.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lifecycle.h"
#include "../snapshot_join.h"
#include "hundreds.h"
#include "sampling.h"

TEST_IN(sampling, stacks_end_in_main_and_carry_the_label) {
    allocate_hundreds(1);
    struct profile *profile = take_profile();
    bool seen = false;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        assert_int_equal(view.label_count, 1);
        assert_string_equal(view.labels[0].key, "memory");
        assert_string_equal(view.labels[0].text, "C");
        if (view.values[2] > 0 && strcmp(view.frames[0].function, "allocate_hundreds") == 0) { // of this test: the others have freed theirs
            seen = true;
            assert_non_null(strstr(view.frames[0].file, "hundreds.h"));
            assert_string_equal(view.frames[1].function, "test_stacks_end_in_main_and_carry_the_label");
            bool in_main = false;
            for (size_t frame = 0; frame < view.frame_count; frame++) {
                in_main |= strcmp(view.frames[frame].function, "main") == 0;
                assert_string_not_equal(view.frames[frame].mapping_file, "");
            }
            assert_true(in_main);
        }
    }
    assert_true(seen);
    profile_free(profile);
    free(kept[0]);
}

// Pyroscope rejects a period of 0, and weights belong to the interval that samples were drawn with.
TEST_IN(sampling, a_profile_after_stop_keeps_the_interval) {
    assert_int_equal(cmemprof_start(4096), CMEMPROF_OK);
    cmemprof_stop();
    struct profile *profile = take_profile();
    assert_int_equal(profile_period(profile), 4096);
    profile_free(profile);
    assert_int_equal(cmemprof_start(0), CMEMPROF_OK); // the same as stop
    profile = take_profile();
    assert_int_equal(profile_period(profile), 4096);
    profile_free(profile);
}

void *_Znwm(size_t size);
void *_Znam(size_t size);
void _ZdlPv(void *block);

static __attribute__((noinline)) void allocate_by_new(void) {
    kept[0] = _Znwm(100);
    kept[1] = _Znam(100);
}

// operator new[] calls operator new, which calls malloc: the site is the caller of the first.
TEST_IN(sampling, operator_new_is_skipped) {
    allocate_by_new();
    struct profile *profile = take_profile();
    int64_t objects = 0;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        objects += view.values[2] > 0 && strcmp(view.frames[0].function, "allocate_by_new") == 0 ? view.values[2] : 0;
        assert_false(has_function(&view, "_Znwm") || has_function(&view, "_Znam") || has_function(&view, "operator new(unsigned long)"));
    }
    assert_int_equal(objects, 2);
    profile_free(profile);
    _ZdlPv(kept[0]);
    _ZdlPv(kept[1]);
}

// The samples of allocate_hundreds, which is declared a Go function of this name, with the label owner=cmemprof.
static size_t own_samples(const char *name) {
    cmemprof_set_go_text((uintptr_t)allocate_hundreds, (uintptr_t)allocate_hundreds + 64);
    allocate_hundreds(1);
    const uintptr_t *pcs;
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    size_t count = cmemprof_snapshot_go_pcs(snapshot, &pcs), own = 0;
    assert_in_range(count, 1, 16);
    uint32_t frame_counts[16];
    struct cmemprof_go_frame frames[16];
    for (size_t i = 0; i < count; i++) {
        frame_counts[i] = 1;
        frames[i] = (struct cmemprof_go_frame){.function_length = (uint32_t)strlen(name)};
    }
    struct cmemprof_go_names names = {frame_counts, count, frames, count, name, strlen(name)};
    struct profile *profile = profile_of(snapshot, &names);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        assert_string_equal(view.labels[0].key, "memory");         // C, or mmap: of what reads the profile here
        own += view.values[2] > 0 && profile_sample_is_own(&view); // of this call: the others have freed theirs
        assert_true(!profile_sample_is_own(&view) || has_function(&view, name));
    }
    profile_free(profile);
    cmemprof_set_go_text(0, 0);
    free(kept[0]);
    return own;
}

TEST_IN(sampling, memory_of_the_profiler_itself_carries_its_label) {
    assert_int_equal(own_samples("github.com/cmemprof/cmemprof/merge._Cfunc_cmemprof_delta_next"), 1);
    assert_int_equal(own_samples("main._Cfunc_work"), 0);
}

// Names come from another language: offsets outside of the text must yield empty names and nothing worse.
TEST_IN(sampling, survives_invalid_go_names) {
    cmemprof_set_go_text((uintptr_t)allocate_hundreds, (uintptr_t)allocate_hundreds + 64);
    allocate_hundreds(1);
    const uintptr_t *pcs;
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    size_t count = cmemprof_snapshot_go_pcs(snapshot, &pcs);
    assert_true(count >= 1);
    uint32_t frame_counts[16] = {1};
    struct cmemprof_go_frame frame = {
        .function_offset = 3, .function_length = 1000000, .file_offset = UINT32_MAX, .file_length = UINT32_MAX};
    struct cmemprof_go_names names = {frame_counts, 1, &frame, 1, "text", 4};
    uint8_t *bytes;
    size_t size;
    assert_int_equal(cmemprof_snapshot_encode(snapshot, &names, &bytes, &size), CMEMPROF_OK);
    free(bytes);
    frame_counts[0] = 2; // more frames than given
    assert_int_equal(cmemprof_snapshot_encode(snapshot, &names, &bytes, &size), CMEMPROF_BAD_NAMES);
    cmemprof_snapshot_free(snapshot);
    cmemprof_set_go_text(0, 0);
    free(kept[0]);
}

// The figures are a comment of the profile, found as text in the raw bytes.
TEST_IN(sampling, own_figures_in_the_profile) {
    allocate_hundreds(3);
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    uint8_t *bytes;
    size_t size;
    assert_int_equal(cmemprof_snapshot_encode(snapshot, NULL, &bytes, &size), CMEMPROF_OK);
    char expected[200];
    snprintf(expected, sizeof expected, "cmemprof: samples=%llu emitted=%llu lost_stacks=%llu lost_shards=%llu ",
             (unsigned long long)snapshot->stats.samples, (unsigned long long)emitted_of(snapshot),
             (unsigned long long)snapshot->stats.lost_stacks, (unsigned long long)snapshot->stats.lost_shards);
    assert_true(snapshot->stats.samples >= 3 && adds_up(snapshot));
    assert_non_null(memmem(bytes, size, expected, strlen(expected)));
    static const char *const figures[] = {
        "lost_live",   "reclaimed_stacks", "reclaimed_samples", "unsampled_nested", "live",      "stacks",           "own_bytes",
        "limit_bytes", "cut_no_rule",      "cut_unsupported",   "cut_unreadable",   "cut_depth", "unwind_fallbacks", "sampling_ns",
        "nameless",    "dropped_percent",  "unfollowed_percent"};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        snprintf(expected, sizeof expected, " %s=", figures[i]);
        assert_non_null(memmem(bytes, size, expected, strlen(expected)));
    }
    free(bytes);
    cmemprof_snapshot_free(snapshot);
    for (int i = 0; i < 3; i++) {
        free(kept[i]);
    }
}

// Returns the profile's raw bytes, which the caller frees. NULL: memory ran out.
static uint8_t *encode_now(size_t *size) {
    uint8_t *bytes = NULL;
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    enum cmemprof_error error = snapshot ? cmemprof_snapshot_encode(snapshot, NULL, &bytes, size) : CMEMPROF_NO_MEMORY;
    cmemprof_snapshot_free(snapshot);
    return error == CMEMPROF_OK ? bytes : NULL;
}

static bool has_text(const uint8_t *bytes, size_t size, const char *text) {
    return memmem(bytes, size, text, strlen(text));
}

TEST_IN(sampling, memory_of_c_that_is_not_seen_is_said) {
    size_t size;
    uint8_t *bytes = encode_now(&size);
    static const char text[] = "cmemprof: warning: memory of C is not seen, only Python's own blocks";
    assert_non_null(bytes);
    assert_false(has_text(bytes, size, text));
    free(bytes);
    assert_int_equal(lifecycle_start(&profiler, 4096, false), CMEMPROF_OK);
    bytes = encode_now(&size);
    assert_non_null(bytes);
    assert_true(has_text(bytes, size, text));
    free(bytes);
    assert_int_equal(cmemprof_start(4096), CMEMPROF_OK);
    bytes = encode_now(&size);
    assert_non_null(bytes);
    assert_false(has_text(bytes, size, text));
    free(bytes);
}

// From 5 % on, each has a comment of its own.
TEST_IN(sampling, warnings_appear_from_five_percent) {
    static const char unfollowed[] =
        "cmemprof: warning: inuse_* are incomplete: 5 % of the samples could not be followed; raise the memory limit";
    static const char dropped[] = "cmemprof: warning: all figures are too low: 5 % of the samples were dropped; raise the memory limit";
    for (unsigned shares = 0; shares < 4; shares++) {
        struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
        uint8_t *bytes;
        size_t size;
        assert_non_null(snapshot);
        snapshot->unfollowed_percent = shares & 1 ? 5 : 4;
        snapshot->dropped_percent = shares & 2 ? 5 : 4;
        assert_int_equal(cmemprof_snapshot_encode(snapshot, NULL, &bytes, &size), CMEMPROF_OK);
        assert_int_equal(has_text(bytes, size, unfollowed), shares & 1);
        assert_int_equal(has_text(bytes, size, dropped), shares >> 1);
        free(bytes);
        cmemprof_snapshot_free(snapshot);
    }
}

enum { LIVE_BLOCKS = 40000 };

// Live blocks that there is no memory to follow.
TEST_IN(sampling, reports_blocks_that_cannot_be_followed) {
    cmemprof_snapshot_free(cmemprof_snapshot_take()); // the share is of what comes now
    struct cmemprof_stats before = stats_now();
    cmemprof_set_memory_limit(before.own_bytes);
    void **last = NULL;
    for (int i = 0; i < LIVE_BLOCKS; i++) {
        void **block = malloc(sizeof *block);
        *block = last;
        last = block;
    }
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    uint8_t *bytes;
    size_t size;
    assert_non_null(snapshot);
    uint64_t lost = snapshot->stats.lost_live - before.lost_live;
    assert_in_range(lost, LIVE_BLOCKS / 10, LIVE_BLOCKS);
    char expected[200];
    snprintf(expected, sizeof expected, "cmemprof: warning: inuse_* are incomplete: %u %% of the samples",
             (unsigned)(lost * 100 / LIVE_BLOCKS));
    assert_int_equal(cmemprof_snapshot_encode(snapshot, NULL, &bytes, &size), CMEMPROF_OK);
    assert_true(has_text(bytes, size, expected));
    free(bytes);
    cmemprof_snapshot_free(snapshot);
    for (void **next; last; last = next) {
        next = *last;
        free(last);
    }
    cmemprof_set_memory_limit(0);
}

// A caller of the hook in anonymous memory, like a JIT's.
static void *(*make_nameless(void))(size_t) {
#ifdef __x86_64__
    // push %rbp; mov %rsp, %rbp; movabs $malloc, %rax; call *%rax; pop %rbp; ret
    static const uint8_t before[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0xb8}, after[] = {0xff, 0xd0, 0x5d, 0xc3};
#else
    // stp x29, x30, [sp, #-16]!; mov x29, sp; ldr x16, 1f; blr x16; ldp x29, x30, [sp], #16; ret; 1:
    static const uint32_t before[] = {0xa9bf7bfd, 0x910003fd, 0x58000090, 0xd63f0200, 0xa8c17bfd, 0xd65f03c0}, after[] = {0xd503201f};
#endif
    void *(*function)(size_t), *(*called)(size_t) = malloc;
    uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(code, MAP_FAILED);
    memcpy(code, before, sizeof before);
    memcpy(code + sizeof before, &called, sizeof called);
    memcpy(code + sizeof before + sizeof called, after, sizeof after);
    __builtin___clear_cache((char *)code, (char *)code + 4096);
    *(void **)&function = code;
    return function;
}

static unsigned long nameless_now(void) {
    size_t size;
    uint8_t *bytes = encode_now(&size);
    assert_non_null(bytes);
    const char *figure = memmem(bytes, size, " nameless=", 10);
    assert_non_null(figure);
    unsigned long count = strtoul(figure + 10, NULL, 10);
    free(bytes);
    return count;
}

TEST_IN(sampling, addresses_without_names_are_counted) {
    void *(*nameless)(size_t) = make_nameless();
    allocate_hundreds(3);
    unsigned long before = nameless_now();
    kept[3] = nameless(100);
    assert_int_equal(nameless_now(), before + 1);
    for (int i = 0; i < 4; i++) {
        free(kept[i]);
    }
}

// In a child, which has no cached names and reads them again. With enough memory it finds them; with little address space the profile says
// so.
static int encode_in_a_child(size_t address_space) {
    pid_t child = fork();
    if (child == 0) {
        alarm(30);
        size_t size;
        struct rlimit limit = {address_space, address_space};
        FILE *statm = fopen("/proc/self/statm", "r");
        unsigned long pages = 0;
        if (!statm || fscanf(statm, "%lu", &pages) != 1 || fclose(statm) != 0) {
            _exit(9);
        }
        limit.rlim_cur = limit.rlim_max = pages * 4096 + address_space;
        if (address_space != 0 && setrlimit(RLIMIT_AS, &limit) != 0) {
            _exit(9);
        }
        uint8_t *bytes = encode_now(&size);
        static const char short_of_memory[] =
            "cmemprof: warning: names or lines of C functions are missing: too little memory to read debug data; "
            "cmemprof symbolize can add them";
        _exit(!bytes ? 8 : has_text(bytes, size, short_of_memory) + 2 * has_text(bytes, size, "allocate_hundreds"));
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

TEST_IN(sampling, reports_missing_memory_for_names) {
    SKIP_EMULATED(EMULATED_LIMITS);
    allocate_hundreds(1);
    assert_int_equal(encode_in_a_child(0), 2);
    assert_int_equal(encode_in_a_child(2 << 20) & 1, 1);
    free(kept[0]);
}

static struct profile *profile_with(unsigned contents) {
    const uint8_t *bytes;
    size_t size;
    struct merge_fault fault;
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    assert_int_equal(cmemprof_snapshot_contents(snapshot, NULL, contents, &bytes, &size), CMEMPROF_OK);
    struct profile *profile = profile_new();
    assert_int_equal(profile_decode(profile, bytes, size, NULL, NULL, &fault), MERGE_OK);
    cmemprof_snapshot_free(snapshot);
    return profile;
}

static __attribute__((noinline)) void allocate_unnamed(void) {
    kept[0] = malloc(100);
}

// Without names at first, with those of an earlier profile then; what is freed is left out.
TEST_IN(sampling, contents_for_when_memory_is_short) {
    int64_t sums[4];
    allocate_unnamed();
    struct profile *profile = profile_with(CMEMPROF_KNOWN_NAMES);
    sum_of(profile, "allocate_unnamed", sums);
    assert_int_equal(sums[2], 0);
    sum_of(profile, "main", sums);
    profile_free(profile);
    profile_free(take_profile());

    // While names are looked for elsewhere, nothing waits.
    pthread_mutex_lock(&profiler.naming.lock);
    profile = profile_with(CMEMPROF_KNOWN_NAMES | CMEMPROF_LIVE_ONLY);
    pthread_mutex_unlock(&profiler.naming.lock);
    sum_of(profile, "allocate_unnamed", sums);
    assert_int_equal(sums[2], 0);
    assert_true(profile_sample_count(profile) > 0);
    profile_free(profile);

    profile = profile_with(CMEMPROF_KNOWN_NAMES | CMEMPROF_LIVE_ONLY);
    sum_of(profile, "allocate_unnamed", sums);
    assert_int_equal(sums[0], 0);
    assert_int_equal(sums[1], 0);
    assert_int_equal(sums[2], 1);
    assert_int_equal(sums[3], 100);
    profile_free(profile);
    free(kept[0]);
    profile = profile_with(CMEMPROF_LIVE_ONLY);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        assert_true(view.values[0] == 0 && view.values[1] == 0 && view.values[2] > 0);
        assert_false(has_function(&view, "allocate_unnamed"));
    }
    profile_free(profile);
}

// Adds up all values of equal samples: the encoded profile may have some twice.
static void expect_same(struct profile *joined, struct profile *decoded) {
    int64_t sums[2][4] = {0};
    assert_int_equal(profile_sample_count(joined), profile_sample_count(decoded));
    for (size_t i = 0; i < profile_sample_count(decoded); i++) {
        struct profile_sample_view a, b;
        assert_int_equal(profile_sample_at(joined, i, &a), MERGE_OK);
        assert_int_equal(profile_sample_at(decoded, i, &b), MERGE_OK);
        assert_int_equal(a.frame_count, b.frame_count);
        assert_int_equal(a.label_count, b.label_count);
        for (size_t frame = 0; frame < a.frame_count; frame++) {
            assert_string_equal(a.frames[frame].function, b.frames[frame].function);
            assert_int_equal(a.frames[frame].line, b.frames[frame].line);
        }
        for (size_t label = 0; label < a.label_count; label++) {
            assert_string_equal(a.labels[label].text, b.labels[label].text);
        }
        for (int value = 0; value < 4; value++) {
            sums[0][value] += a.values[value];
            sums[1][value] += b.values[value];
        }
    }
    assert_memory_equal(sums[0], sums[1], sizeof sums[0]);
}

// One snapshot, encoded and added to a profile: first to an empty one, then to one that has the types in another order.
TEST_IN(sampling, joined_without_encoding) {
    allocate_hundreds(20);
    void *mapping = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    int64_t totals[CMEMPROF_HEAP_TYPES], sums[CMEMPROF_HEAP_TYPES] = {0};
    const uint8_t *bytes;
    size_t size;
    struct merge_fault fault;
    assert_int_equal(cmemprof_snapshot_profile(snapshot, NULL, &bytes, &size), CMEMPROF_OK);
    struct profile *decoded = profile_new(), *joined = profile_new(), *other = profile_new();
    assert_int_equal(profile_decode(decoded, bytes, size, NULL, NULL, &fault), MERGE_OK);
    assert_int_equal(snapshot_join(snapshot, NULL, joined, totals), CMEMPROF_OK);
    assert_int_equal(profile_period(joined), profile_period(decoded));
    assert_int_equal(profile_time_ns(joined), profile_time_ns(decoded));
    expect_same(joined, decoded);
    bool is_mapped = false;
    for (size_t i = 0; i < profile_sample_count(decoded); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(decoded, i, &view), MERGE_OK);
        bool is_mapping = profile_sample_has_label(&view, "memory", "mmap");
        is_mapped |= is_mapping;
        for (int value = 0; value < CMEMPROF_HEAP_TYPES && !is_mapping; value++) {
            sums[value] += view.values[value];
        }
    }
    assert_true(is_mapped && totals[2] > 0);
    assert_memory_equal(totals, sums, sizeof sums);

    static const char *const types[] = {"inuse_space", "alloc_objects", "inuse_objects", "alloc_space"};
    for (int i = 0; i < 4; i++) {
        profile_add_sample_type(other, types[i], i == 1 || i == 2 ? "count" : "bytes");
    }
    assert_int_equal(snapshot_join(snapshot, NULL, other, totals), CMEMPROF_OK);
    assert_int_equal(
        profile_keep_sample_types(other, (const char *const[]){"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"}, 4),
        MERGE_OK);
    expect_same(other, decoded);
    struct profile *strange = profile_new();
    profile_add_sample_type(strange, "alloc_objects", "count");
    profile_add_sample(strange, NULL, 0, (const int64_t[]){1}, NULL, 0);
    assert_int_not_equal(snapshot_join(snapshot, NULL, strange, totals), CMEMPROF_OK);
    profile_free(strange);
    profile_free(other);
    profile_free(joined);
    profile_free(decoded);
    cmemprof_snapshot_free(snapshot);
    munmap(mapping, 1 << 20);
    for (int i = 0; i < 20; i++) {
        free(kept[i]);
    }
}

int main(void) {
    return tests_run();
}
