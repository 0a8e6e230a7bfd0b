// memory_profile_mapped_test.c: what this process maps is known by range and stack, and counts by its resident pages.

#include "memory_profile.h"

#include <stdlib.h>

#include "../../merge/merge.h"
#include "sampling.h"

static __attribute__((noinline)) char *map_for_test(size_t size) {
    char *at = map(size);
    __asm__ volatile("" : : "r"(at) : "memory");
    return at;
}

static uint64_t mapped_now(struct cmemprof_memory_profile **profile) {
    struct cmemprof_memory_figures figures;
    *profile = taken(NULL, NULL);
    cmemprof_memory_profile_figures(*profile, &figures);
    return figures.parts[CMEMPROF_MEMORY_MAPPED];
}

static uint64_t bytes_of(struct cmemprof_memory_profile *memory, const char *function) {
    const uint8_t *bytes;
    size_t size;
    uint64_t sum = 0;
    assert_int_equal(cmemprof_memory_profile_encode(memory, NULL, NULL, 0, &bytes, &size), CMEMPROF_OK);
    struct profile *profile = profile_new();
    assert_int_equal(profile_decode(profile, bytes, size, NULL, NULL, NULL), MERGE_OK);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        bool is_it = false, is_mmap = false;
        for (size_t k = 0; k < view.frame_count; k++) {
            is_it |= strcmp(view.frames[k].function, function) == 0;
        }
        for (size_t k = 0; k < view.label_count; k++) {
            is_mmap |= strcmp(view.labels[k].key, "memory") == 0 && strcmp(view.labels[k].text, "mmap") == 0;
        }
        if (is_it) {
            assert_true(is_mmap);
            assert_string_equal(view.frames[view.frame_count - 1].function, "memory mapped by C");
            sum += (uint64_t)view.values[0];
        }
    }
    profile_free(profile);
    return sum;
}

static void resident_pages_of_what_is_mapped(void **state) {
    (void)state;
    struct cmemprof_memory_profile *profile;
    uint64_t before = mapped_now(&profile);
    cmemprof_memory_profile_free(profile);
    char *at = map_for_test(64 * MIB);
    memset(at, 1, 10 * MIB);
    assert_int_equal(mapped_now(&profile) - before, 10 * MIB);
    assert_int_equal(bytes_of(profile, "map_for_test"), 10 * MIB);
    cmemprof_memory_profile_free(profile);

    assert_int_equal(munmap(at + 2 * MIB, 4 * MIB), 0);
    assert_int_equal(mapped_now(&profile) - before, 6 * MIB);
    assert_int_equal(bytes_of(profile, "map_for_test"), 6 * MIB);
    cmemprof_memory_profile_free(profile);
    assert_int_equal(munmap(at, 64 * MIB), 0);
    assert_int_equal(mapped_now(&profile), before);
    cmemprof_memory_profile_free(profile);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resident_pages_of_what_is_mapped),
    };
    return cmocka_run_group_tests(tests, start_all, stop);
}
