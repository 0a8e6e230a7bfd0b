// memory_profile_encode_test.c: the encoded profile: its values add up to each part, its frames and labels say which.

#include "../../base/test/test.h"

#include "../../base/test/emulated.h"
#include "memory_profile.h"

#include "../../merge/merge.h"
#include "sampling.h"

enum { BYTES = 8 * MIB };

static __attribute__((noinline)) char *allocate_for_test(void) {
    char *block = malloc(BYTES);
    memset(block, 1, BYTES);
    return block + 0 * (uintptr_t)__builtin_return_address(0);
}

static struct profile *decoded(struct cmemprof_memory_profile *memory, const void *go_heap, size_t go_size) {
    const uint8_t *bytes;
    size_t size;
    struct merge_fault fault;
    assert_int_equal(cmemprof_memory_profile_encode(memory, NULL, go_heap, go_size, &bytes, &size), CMEMPROF_OK);
    struct profile *profile = profile_new();
    assert_int_equal(profile_decode(profile, bytes, size, NULL, NULL, &fault), MERGE_OK);
    assert_int_equal(profile_sample_type_count(profile), 1);
    assert_string_equal(profile_sample_type_name(profile, 0), "resident_space");
    assert_string_equal(profile_sample_type_unit(profile, 0), "bytes");
    return profile;
}

static const char *label(const struct profile_sample_view *view, const char *key) {
    for (size_t i = 0; i < view->label_count; i++) {
        if (strcmp(view->labels[i].key, key) == 0) {
            return view->labels[i].text;
        }
    }
    return "";
}

TEST_IN(sampling, parts_add_up_to_the_byte) {
    char *block = allocate_for_test();
    struct cmemprof_memory_figures figures;
    struct cmemprof_memory_profile *memory = taken(NULL, NULL);
    cmemprof_memory_profile_figures(memory, &figures);
    struct profile *profile = decoded(memory, NULL, 0);
    uint64_t sums[CMEMPROF_MEMORY_PARTS] = {0}, here = 0;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        assert_true(view.values[0] > 0 && view.frame_count >= 1);
        int part = 0;
        while (part < CMEMPROF_MEMORY_PARTS &&
               strcmp(label(&view, "part"), cmemprof_memory_part_key((enum cmemprof_memory_part)part)) != 0) {
            part++;
        }
        assert_true(part < CMEMPROF_MEMORY_PARTS);
        sums[part] += (uint64_t)view.values[0];
        bool is_here = false;
        for (size_t k = 0; k < view.frame_count; k++) {
            is_here |= strcmp(view.frames[k].function, "allocate_for_test") == 0;
        }
        if (is_here) {
            here += (uint64_t)view.values[0];
            assert_string_equal(view.frames[view.frame_count - 1].function, "C heap");
            assert_string_equal(view.frames[view.frame_count - 2].function, "live");
            assert_string_equal(label(&view, "memory"), "C");
            assert_string_equal(label(&view, "part"), "malloc_live");
        }
    }
    for (int i = 0; i < CMEMPROF_MEMORY_PARTS; i++) {
        assert_int_equal(sums[i], figures.parts[i]);
    }
    assert_near(here, BYTES, MIB);
    profile_free(profile);
    cmemprof_memory_profile_free(memory);
    free(block);
}

static uint64_t bytes_of_age(struct profile *profile, const char *age) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        for (size_t k = 0; k < view.frame_count; k++) {
            bool is_here = strcmp(view.frames[k].function, "allocate_for_test") == 0 && strcmp(label(&view, "age"), age) == 0;
            bytes += is_here ? (uint64_t)view.values[0] : 0;
        }
    }
    return bytes;
}

// One stack, two ages.
TEST_IN(sampling, live_stacks_have_ages) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    char *old[2] = {allocate_for_test(), allocate_for_test()};
    atomic_fetch_add(&profiler.clock.now_s, 400);
    char *young = allocate_for_test();
    struct cmemprof_memory_profile *memory = taken(NULL, NULL);
    struct profile *profile = decoded(memory, NULL, 0);
    assert_near(bytes_of_age(profile, "5-30m"), 2 * BYTES, MIB);
    assert_near(bytes_of_age(profile, "<1m"), BYTES, MIB);
    assert_int_equal(bytes_of_age(profile, ""), 0);
    profile_free(profile);
    cmemprof_memory_profile_free(memory);
    free(old[0]);
    free(old[1]);
    free(young);
}

// A heap profile as Go's: two stacks, of 3 and 1 parts.
static uint8_t *go_heap(size_t *size) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "alloc_space", "bytes");
    profile_add_sample_type(profile, "inuse_space", "bytes");
    const char *const names[] = {"main.main", "main.three", "main.one"};
    uint32_t locations[3];
    for (size_t i = 0; i < 3; i++) {
        uint32_t function = profile_add_function(profile, &(struct profile_function){names[i], names[i], "main.go", 0});
        locations[i] = profile_add_location(profile, 0, 100 + i, &(struct profile_line){function, 7, 0}, 1);
    }
    profile_add_sample(profile, (uint32_t[]){locations[1], locations[0]}, 2, (int64_t[]){9, 3000}, NULL, 0);
    profile_add_sample(profile, (uint32_t[]){locations[2], locations[0]}, 2, (int64_t[]){9, 1000}, NULL, 0);
    profile_add_sample(profile, (uint32_t[]){locations[0]}, 1, (int64_t[]){9, 0}, NULL, 0);
    uint8_t *bytes;
    assert_int_equal(profile_encode(profile, MERGE_RAW, &bytes, size), MERGE_OK);
    profile_free(profile);
    return bytes;
}

TEST_IN(sampling, go_stacks_share_what_is_live) {
    struct cmemprof_memory_profile *memory = taken(NULL, NULL);
    memory->figures.parts[CMEMPROF_MEMORY_GO_LIVE] = 1001; // this process has none
    size_t size;
    uint8_t *heap = go_heap(&size);
    struct profile *profile = decoded(memory, heap, size);
    uint64_t three = 0, one = 0, all = 0;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        if (strcmp(label(&view, "part"), "go_live") != 0) {
            continue;
        }
        assert_int_equal(view.frame_count, 4);
        assert_string_equal(view.frames[1].function, "main.main");
        assert_string_equal(view.frames[1].file, "main.go");
        assert_int_equal(view.frames[1].line, 7);
        assert_string_equal(view.frames[2].function, "live");
        assert_string_equal(view.frames[3].function, "Go heap");
        assert_string_equal(label(&view, "memory"), "");
        *(strcmp(view.frames[0].function, "main.three") == 0 ? &three : &one) += (uint64_t)view.values[0];
        all += (uint64_t)view.values[0];
    }
    assert_int_equal(all, 1001);
    assert_near(three, 750, 1);
    assert_near(one, 250, 1);
    profile_free(profile);

    // Without a readable heap profile the part is whole.
    profile = decoded(memory, heap, size / 2);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        if (strcmp(label(&view, "part"), "go_live") == 0) {
            assert_int_equal(view.values[0], 1001);
            assert_int_equal(view.frame_count, 2);
        }
    }
    profile_free(profile);
    free(heap);
    cmemprof_memory_profile_free(memory);
}

// Two stacks have the same bytes, one of them in objects of 1 MB of which three quarters were never written to.
TEST_IN(sampling, unwritten_objects_count_less) {
    struct cmemprof_memory_profile *memory = taken(NULL, NULL);
    memory->figures.parts[CMEMPROF_MEMORY_GO_LIVE] = 5 * MIB;
    memory->go_pages = (struct resident_go_pages){.large = {{256 * KIB, 9}, {1000 * KIB, 3000 * KIB}}, .large_count = 2};
    struct profile *heap = profile_new();
    profile_add_sample_type(heap, "inuse_space", "bytes");
    uint32_t locations[2];
    for (size_t i = 0; i < 2; i++) {
        uint32_t function = profile_add_function(heap, &(struct profile_function){i == 0 ? "small" : "large", "", "", 0});
        locations[i] = profile_add_location(heap, 0, 100 + i, &(struct profile_line){function, 7, 0}, 1);
        const struct profile_label labels[] = {{.key = "bytes", .number = i == 0 ? 1000 : 1000 * KIB - 100, .unit = "bytes"}};
        profile_add_sample(heap, &locations[i], 1, (int64_t[]){4000 * KIB}, labels, 1);
    }
    uint8_t *bytes;
    size_t size;
    assert_int_equal(profile_encode(heap, MERGE_RAW, &bytes, &size), MERGE_OK);
    profile_free(heap);
    struct profile *profile = decoded(memory, bytes, size);
    free(bytes);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        if (strcmp(label(&view, "part"), "go_live") == 0) {
            assert_near((uint64_t)view.values[0], strcmp(view.frames[0].function, "small") == 0 ? 4 * MIB : MIB, 1);
        }
    }
    profile_free(profile);
    cmemprof_memory_profile_free(memory);
}

TEST_IN(sampling, what_is_missing_is_a_warning) {
    struct cmemprof_memory_profile *memory = taken(NULL, NULL);
    struct profile *profile = decoded(memory, NULL, 0);
    const char *texts[4];
    assert_int_equal(profile_warnings(profile, texts, 4), 0);
    profile_free(profile);
    memory->figures.is_complete = false;
    strcpy(memory->figures.missing, "some areas");
    profile = decoded(memory, NULL, 0);
    assert_int_equal(profile_warnings(profile, texts, 4), 1);
    assert_string_equal(texts[0], "the breakdown of memory is incomplete: some areas");
    profile_free(profile);
    cmemprof_memory_profile_free(memory);
}

int main(void) {
    return tests_run();
}
