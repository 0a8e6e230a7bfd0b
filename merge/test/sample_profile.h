// sample_profile.h: a small profile shared by tests: one mapping, an inlined frame, an unsymbolized address, labels.
#ifndef CMEMPROF_MERGE_TEST_SAMPLE_PROFILE_H
#define CMEMPROF_MERGE_TEST_SAMPLE_PROFILE_H

#include "../../base/test/test.h"

#include "../profile.h"
#include "blob.h"

static const struct profile_mapping program = {
    .memory_start = 0x1000, .memory_limit = 0x9000, .file = "/bin/program", .build_id = "feed", .has_functions = true};

static inline uint32_t add_frame(struct profile *profile, uint32_t mapping, uint64_t address, const char *name) {
    uint32_t function = profile_add_function(profile, &(struct profile_function){.name = name, .system_name = name, .file = "a.c"});
    return profile_add_location(profile, mapping, address, &(struct profile_line){function, 10, 0}, 1);
}

// Types alloc_space/bytes and inuse_space/bytes. Samples: leaf, inlined (in outer), main: 100 and 50, label thread=t1; an address below
// main: 7 and 0; one of zeros, the only user of the function unused.
static inline struct profile *sample_profile(void) {
    struct profile *profile = profile_new();
    assert_non_null(profile);
    profile_add_sample_type(profile, "alloc_space", "bytes");
    profile_add_sample_type(profile, "inuse_space", "bytes");
    uint32_t mapping = profile_add_mapping(profile, &program);
    uint32_t leaf = add_frame(profile, mapping, 0x1100, "leaf");
    uint32_t main_location = add_frame(profile, mapping, 0x1300, "main");
    uint32_t inlined = profile_add_function(profile, &(struct profile_function){.name = "inlined", .file = "b.h"});
    uint32_t outer = profile_add_function(profile, &(struct profile_function){.name = "outer", .file = "b.c", .start_line = 5});
    uint32_t two = profile_add_location(profile, mapping, 0x1200, (struct profile_line[]){{inlined, 3, 1}, {outer, 8, 2}}, 2);
    uint32_t bare = profile_add_location(profile, mapping, 0x1400, NULL, 0);
    uint32_t unused = add_frame(profile, 0, 0, "unused");
    struct profile_label labels[] = {{"thread", "t1", 0, ""}, {"size", NULL, 64, "bytes"}};
    profile_add_sample(profile, (uint32_t[]){leaf, two, main_location}, 3, (int64_t[]){100, 50}, labels, 2);
    profile_add_sample(profile, (uint32_t[]){bare, main_location}, 2, (int64_t[]){7, 0}, NULL, 0);
    profile_add_sample(profile, (uint32_t[]){unused}, 1, (int64_t[]){0, 0}, NULL, 0);
    profile_set_period(profile, "space", "bytes", 524288);
    profile_set_time(profile, 1000, 10);
    profile_add_comment(profile, "a comment");
    assert_int_equal(profile_status(profile), MERGE_OK);
    return profile;
}

static inline struct blob encode_and_free(struct profile *profile, enum merge_compression compression) {
    struct blob blob;
    assert_int_equal(profile_encode(profile, compression, &blob.bytes, &blob.size), MERGE_OK);
    profile_free(profile);
    return blob;
}

static inline struct blob sample_bytes(enum merge_compression compression) {
    return encode_and_free(sample_profile(), compression);
}

static inline struct profile *decode_or_fail(struct blob blob) {
    struct profile *profile = profile_new();
    struct merge_fault fault;
    if (profile_decode(profile, blob.bytes, blob.size, NULL, NULL, &fault) != MERGE_OK) {
        fail_msg("%s", fault.text);
    }
    return profile;
}

// Values of the sample with this leaf function; NULL: none. Fails if there are two.
static inline const int64_t *values_of(struct profile *profile, const char *leaf) {
    const int64_t *values = NULL;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        if (view.frame_count > 0 && strcmp(view.frames[0].function, leaf) == 0) {
            assert_null(values);
            values = view.values;
        }
    }
    return values;
}

static inline void set_default_type(struct profile *profile, const char *type) {
    profile->default_type = profile_intern_string(profile, type, strlen(type));
}

// key NULL: all samples. text NULL: samples without a label of that key.
static inline enum merge_error tree_of(struct profile *profile, size_t type, const char *key, const char *text, struct tree *tree) {
    struct tree_label label = {key, text};
    struct tree_options options = {.type_index = type, .base_type_index = -1, .labels = &label, .label_count = !!key};
    return tree_build(profile, &options, tree);
}

#endif
