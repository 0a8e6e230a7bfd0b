// delta_join_test.c: deltas of profiles in parts are those of the merged profile; parts that fail; tables that grow too large.
#include "../../base/test/test.h"

#include "../delta.h"

static const char *const cumulative[] = {"alloc_objects", "alloc_space"};

static struct delta *new_delta(void) {
    return delta_new_with(&(struct delta_options){.types = cumulative, .type_count = 2, .tells_once = true});
}

static void add_types(struct profile *profile) {
    static const char *const types[] = {"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"};
    for (int i = 0; i < 4; i++) {
        profile_add_sample_type(profile, types[i], i % 2 == 0 ? "count" : "bytes");
    }
    profile_set_period(profile, "space", "bytes", 512 << 10);
}

static void add_sample(struct profile *profile, const char *function, const char *memory, int64_t alloc, int64_t live) {
    const struct profile_mapping program = {
        .memory_start = 0x1000, .memory_limit = 0x9000, .file = "/bin/x", .build_id = "", .has_functions = true};
    uint32_t id = profile_add_function(profile, &(struct profile_function){function, function, "a.c", 0});
    uint32_t location =
        profile_add_location(profile, profile_add_mapping(profile, &program), 0x2000 + id, &(struct profile_line){id, 1, 0}, 1);
    const struct profile_label label = {.key = "memory", .text = memory, .unit = ""};
    profile_add_sample(profile, &location, 1, (const int64_t[]){alloc, alloc * 10, live, live * 10}, &label, memory ? 1 : 0);
}

// What Go's part would be.
static struct wire_writer encoded(const char *const *functions, const int64_t *allocs, size_t count, int64_t second) {
    struct profile *profile = profile_new();
    struct wire_writer bytes = {0};
    add_types(profile);
    profile_set_time(profile, second * 1000000000, 0);
    for (size_t i = 0; i < count; i++) {
        add_sample(profile, functions[i], NULL, allocs[i], 1);
    }
    assert_true(encode_raw(profile, &bytes));
    profile_free(profile);
    return bytes;
}

static enum merge_error end(struct delta *delta, bool is_partial, struct profile **result) {
    const uint8_t *out;
    size_t size;
    struct merge_fault fault;
    enum merge_error error = delta_end(delta, is_partial, &out, &size, &fault);
    *result = NULL;
    if (error == MERGE_OK) {
        *result = profile_new();
        assert_int_equal(profile_decode(*result, out, size, NULL, NULL, NULL), MERGE_OK);
    }
    return error;
}

// alloc_objects of a function, and live objects; -1: it has no sample.
static int64_t value_of(struct profile *profile, const char *function, const char *type) {
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        if (strcmp(view.frames[0].function, function) == 0) {
            return view.values[profile_sample_type_index(profile, type)];
        }
    }
    return -1;
}

static void add_c(struct profile *profile, int64_t alloc, int64_t live, int64_t second) {
    if (profile_sample_type_count(profile) == 0) {
        add_types(profile);
    }
    profile_set_time(profile, second * 1000000000, 0);
    profile_add_comment(profile, "from C");
    add_sample(profile, "sqlite", "C", alloc, live);
}

static struct profile *step(struct delta *delta, int64_t c, int64_t c_live, int64_t go, int64_t second) {
    struct wire_writer part = encoded((const char *const[]){"main.f"}, &go, 1, second);
    struct profile *to = delta_begin(delta), *result;
    add_c(to, c, c_live, second);
    assert_int_equal(profile_decode(to, part.bytes, part.size, NULL, NULL, NULL), MERGE_OK);
    assert_int_equal(end(delta, false, &result), MERGE_OK);
    wire_free(&part);
    return result;
}

TEST(parts_are_one_profile) {
    struct delta *delta = new_delta();
    struct profile *result = step(delta, 10, 3, 100, 5);
    assert_int_equal(value_of(result, "sqlite", "alloc_objects"), 10);
    assert_int_equal(value_of(result, "main.f", "alloc_space"), 1000);
    assert_int_equal(profile_duration_ns(result), 0);
    profile_free(result);
    for (int64_t i = 1; i < 5; i++) {
        result = step(delta, 10 + i * 7, 3 + i, 100 + i * 20, 5 + 2 * i);
        assert_int_equal(value_of(result, "sqlite", "alloc_objects"), 7);
        assert_int_equal(value_of(result, "sqlite", "inuse_objects"), 3 + i);
        assert_int_equal(value_of(result, "main.f", "alloc_objects"), 20);
        assert_int_equal(profile_duration_ns(result), 2000000000);
        assert_int_equal(profile_period(result), 512 << 10);
        assert_int_equal(result->comments.count, 1); // the header is the new one's
        profile_free(result);
    }
    delta_free(delta);
}

// A part that failed has its last values; what it has gained meanwhile comes once, later.
TEST(a_part_that_failed) {
    struct delta *delta = new_delta();
    struct profile *result = step(delta, 10, 3, 100, 1);
    profile_free(result);
    int64_t go = 150;
    struct wire_writer part = encoded((const char *const[]){"main.f"}, &go, 1, 2);
    assert_int_equal(profile_decode(delta_begin(delta), part.bytes, part.size, NULL, NULL, NULL), MERGE_OK);
    assert_int_equal(end(delta, true, &result), MERGE_OK);
    assert_int_equal(value_of(result, "sqlite", "alloc_objects"), 0);
    assert_int_equal(value_of(result, "sqlite", "inuse_objects"), 3);
    assert_int_equal(value_of(result, "main.f", "alloc_objects"), 50);
    profile_free(result);
    result = step(delta, 25, 4, 160, 3);
    assert_int_equal(value_of(result, "sqlite", "alloc_objects"), 15);
    assert_int_equal(value_of(result, "main.f", "alloc_objects"), 10);
    profile_free(result);
    wire_free(&part);
    delta_free(delta);
}

TEST(what_was_cancelled_comes_later) {
    struct delta *delta = new_delta();
    struct profile *result = step(delta, 10, 3, 100, 1);
    profile_free(result);
    add_c(delta_begin(delta), 20, 3, 2);
    delta_cancel(delta);
    result = step(delta, 30, 3, 100, 3);
    assert_int_equal(value_of(result, "sqlite", "alloc_objects"), 20);
    assert_int_equal(profile_duration_ns(result), 2000000000);
    profile_free(result);
    delta_free(delta);
}

// After memory ran out nothing is told twice.
TEST(memory_that_ran_out) {
    struct delta *delta = new_delta();
    struct profile *result = step(delta, 10, 3, 100, 1);
    profile_free(result);
    profile_fail(delta_begin(delta), MERGE_NO_MEMORY);
    assert_int_equal(end(delta, false, &result), MERGE_NO_MEMORY);
    add_c(delta_begin(delta), 20, 3, 2);
    assert_int_equal(end(delta, true, &result), MERGE_NOT_FOUND); // a part is not the profile
    add_c(delta_begin(delta), 20, 3, 2);
    assert_int_equal(end(delta, false, &result), MERGE_NOT_FOUND);
    result = step(delta, 22, 3, 100, 3);
    assert_int_equal(value_of(result, "sqlite", "alloc_objects"), 2);
    profile_free(result);
    delta_free(delta);
}

// Without types to subtract the parts are joined.
TEST(no_types) {
    struct delta *delta = delta_new(NULL, 0);
    for (int64_t i = 1; i < 4; i++) {
        struct profile *result = step(delta, 10 * i, 3, 100, i);
        assert_int_equal(value_of(result, "sqlite", "alloc_objects"), 10 * i);
        assert_int_equal(profile_duration_ns(result), 0);
        profile_free(result);
    }
    delta_free(delta);
}

// A mapping's flags are those of the present profile: an address without a name unsets them.
TEST(flags_of_mappings_change) {
    struct delta *delta = new_delta();
    struct profile_mapping mapping = {
        .memory_start = 0x1000, .memory_limit = 0x9000, .file = "/bin/x", .build_id = "", .has_functions = true};
    for (int i = 0; i < 3; i++) {
        struct profile *to = delta_begin(delta), *result;
        mapping.has_functions = i % 2 == 0;
        uint32_t id = profile_add_mapping(to, &mapping);
        mapping.has_functions = true; // a second one does not matter
        assert_int_equal(profile_add_mapping(to, &mapping), id);
        add_c(to, 10 * i + 10, 3, i);
        assert_int_equal(end(delta, false, &result), MERGE_OK);
        assert_int_equal(profile_mapping(result, 1)->flags, i % 2 == 0 ? MAPPING_FUNCTIONS : 0);
        profile_free(result);
    }
    delta_free(delta);
}

// Stacks that vanish do not stay, and deltas continue.
TEST(tables_are_bounded) {
    struct delta *delta = new_delta();
    struct profile *result = step(delta, 10, 3, 100, 1);
    profile_free(result);
    for (int64_t i = 1; i < 200; i++) {
        char name[32];
        snprintf(name, sizeof name, "f%d", (int)i);
        struct profile *to = delta_begin(delta);
        add_c(to, 10 + i, 3, i);
        add_sample(to, name, "C", 5, 1);
        assert_int_equal(end(delta, false, &result), MERGE_OK);
        assert_int_equal(value_of(result, "sqlite", "alloc_objects"), 1);
        assert_int_equal(value_of(result, name, "alloc_objects"), 5);
        assert_int_equal(profile_sample_count(result), 2);
        assert_in_range(delta->known->samples.count, 2, 8);
        profile_free(result);
    }
    delta_free(delta);
}

int main(void) {
    return tests_run();
}
