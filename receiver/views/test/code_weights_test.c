// code_weights_test.c: weights of addresses: recursion counts once, inlined code counts where it was compiled to, and load addresses do
// not matter.

#include "../../../base/test/test.h"

#include "../code_weights.h"

static bool is_work(const void *context, const struct profile_frame *frame) {
    return strcmp(frame->function, context) == 0;
}

static struct profile_frame frame_at(const char *function, const char *build_id, uint64_t offset, bool inlined) {
    return (struct profile_frame){.function = function,
                                  .file = "w.c",
                                  .line = 7,
                                  .file_offset = offset,
                                  .mapping_file = "/lib/w.so",
                                  .build_id = build_id,
                                  .inlined = inlined};
}

static void add(struct code_weights *weights, int64_t value, const struct profile_frame *frames, size_t count) {
    const struct profile_sample_view sample = {.frames = frames, .frame_count = count};
    assert_true(code_weights_add(weights, &sample, value, is_work, "work"));
}

static void expect(const struct code_weights *weights, size_t at, uint64_t offset, int64_t self, int64_t total) {
    assert_true(at < weights->count);
    assert_int_equal(weights->items[at].offset, offset);
    assert_int_equal(weights->items[at].self, self);
    assert_int_equal(weights->items[at].total, total);
}

TEST(leaf_caller_and_recursion) {
    struct code_weights weights = {0};
    add(&weights, 10, (const struct profile_frame[]){frame_at("work", "ab", 0x20, false)}, 1);
    add(&weights, 5, (const struct profile_frame[]){frame_at("malloc", "cd", 0x9, false), frame_at("work", "ab", 0x10, false)}, 2);
    const struct profile_frame deep[] = {frame_at("work", "ab", 0x20, false), frame_at("work", "ab", 0x10, false),
                                         frame_at("other", "ab", 0x40, false), frame_at("work", "ab", 0x10, false),
                                         frame_at("work", "ab", 0x20, false)};
    add(&weights, 100, deep, 5);
    add(&weights, 1000, (const struct profile_frame[]){frame_at("other", "ab", 0x44, false)}, 1);
    code_weights_sort(&weights);
    assert_int_equal(weights.count, 2);
    expect(&weights, 0, 0x10, 0, 105);
    expect(&weights, 1, 0x20, 110, 110);
    assert_int_equal(weights.items[0].line, 7);
    code_weights_free(&weights);
}

// Of one location the innermost inlined function is first: all its frames have one address.
TEST(inlined) {
    struct code_weights weights = {0};
    const struct profile_frame frames[] = {frame_at("small", "ab", 0x20, true), frame_at("work", "ab", 0x20, false),
                                           frame_at("work", "ab", 0x30, true), frame_at("main", "ab", 0x30, false)};
    add(&weights, 10, frames, 4);
    code_weights_sort(&weights);
    assert_int_equal(weights.count, 2);
    expect(&weights, 0, 0x20, 10, 10); // its own: what was inlined is compiled to this instruction
    expect(&weights, 1, 0x30, 0, 10);
    code_weights_free(&weights);
}

TEST(files_are_told_apart_by_build) {
    struct code_weights weights = {0};
    struct profile_frame one = frame_at("work", "ab", 0x20, false), elsewhere = one, nameless = frame_at("work", "", 0x20, false),
                         other = nameless;
    elsewhere.mapping_file = "/opt/w.so";
    other.mapping_file = "/opt/w.so";
    add(&weights, 1, &one, 1);
    add(&weights, 2, &elsewhere, 1);
    add(&weights, 4, &nameless, 1);
    add(&weights, 8, &other, 1);
    code_weights_sort(&weights);
    assert_int_equal(weights.count, 3);
    expect(&weights, 0, 0x20, 4, 4); // without a build ID: by name
    expect(&weights, 1, 0x20, 8, 8);
    expect(&weights, 2, 0x20, 3, 3);
    assert_false(code_weights_alike(&weights.items[0], &weights.items[1]));
    code_weights_free(&weights);
}

// Memory is for distinct addresses, not for samples.
TEST(many_samples_and_few_addresses) {
    enum { SAMPLES = 100000, ADDRESSES = 50 };
    struct code_weights weights = {0};
    for (int i = 0; i < SAMPLES; i++) {
        const struct profile_frame frames[] = {frame_at("work", "ab", 0x20 + (uint64_t)(i % ADDRESSES), false),
                                               frame_at("work", "ab", 0x10, false)};
        add(&weights, 1, frames, 2);
    }
    assert_true(weights.capacity < 10 * ADDRESSES);
    code_weights_sort(&weights);
    assert_int_equal(weights.count, ADDRESSES + 1);
    expect(&weights, 0, 0x10, 0, SAMPLES);
    expect(&weights, 1, 0x20, SAMPLES / ADDRESSES, SAMPLES / ADDRESSES);
    code_weights_free(&weights);
}

TEST(sums_do_not_overflow) {
    struct code_weights weights = {0};
    const struct profile_frame frame = frame_at("work", "ab", 0x20, false);
    add(&weights, INT64_MAX, &frame, 1);
    add(&weights, INT64_MAX, &frame, 1);
    code_weights_sort(&weights);
    expect(&weights, 0, 0x20, INT64_MAX, INT64_MAX);
    code_weights_free(&weights);
}

int main(void) {
    return tests_run();
}
