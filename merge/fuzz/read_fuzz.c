// read_fuzz.c: fuzz target of the reader, the writer and the views. The input is one profile: raw, gzip or zstd.
//
// An accepted profile must survive a round trip, whatever the hashes are; limits must hold; views and trees must add up.
#include "target.h"

#include "../profile.h"
#include "mutate.h"

#include <stdlib.h>
#include <string.h>

// The defaults, except input_bytes, which some inputs inflate to.
static const struct merge_limits large_limits = {.input_bytes = 1 << 20,
                                                 .string_bytes = 1 << 20,
                                                 .depth_frames = 10000,
                                                 .total_frames = 64 << 20,
                                                 .sample_types = 64,
                                                 .inflate_ratio = 1100};
static const struct merge_limits small_limits = {
    .input_bytes = 2048, .string_bytes = 20, .depth_frames = 12, .total_frames = 40, .sample_types = 3};

static void check_limits(const struct content *content, size_t raw_size, const struct merge_limits *limits) {
    must(raw_size <= limits->input_bytes, "input_bytes does not hold");
    must(content->longest_text <= limits->string_bytes, "string_bytes does not hold");
    must(content->deepest_sample <= limits->depth_frames, "depth_frames does not hold");
    must(content->all_frames <= limits->total_frames, "total_frames does not hold");
    must(content->type_count <= limits->sample_types, "sample_types does not hold");
}

// ---- Views ----

static volatile size_t seen; // sink of reads, which the sanitizers check

static void check_samples(struct profile *profile) {
    struct profile_sample_view view;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        must(profile_sample_at(profile, i, &view) == MERGE_OK, "a sample cannot be looked at");
        for (size_t f = 0; f < view.frame_count; f++) {
            seen += profile_frame_is_go(&view.frames[f]) + strlen(view.frames[f].function) + strlen(view.frames[f].mapping_file);
        }
        for (size_t l = 0; l < view.label_count; l++) {
            must(view.labels[l].key && view.labels[l].unit, "a label without a key or a unit");
        }
        bool c = profile_sample_is_c(&view);
        must(profile_sample_without_frames(profile, i, &view) == MERGE_OK && view.frame_count == 0, "a sample without frames has some");
        must(c == profile_sample_is_c(&view), "the labels of a sample depend on its frames");
    }
    must(profile_sample_at(profile, profile_sample_count(profile), &view) == MERGE_NOT_FOUND, "a sample behind the last one");
}

// If the sum of absolute values exceeds int64, totals may saturate and depend on the order of samples.
static bool may_saturate(struct profile *profile, size_t type) {
    struct profile_sample_view view;
    __int128 size = 0;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        must(profile_sample_without_frames(profile, i, &view) == MERGE_OK, "a sample cannot be looked at");
        __int128 value = view.values[type];
        size += value < 0 ? -value : value;
    }
    return size > INT64_MAX;
}

// Each node's total is its self value plus its children's totals; each node is a child of its parent exactly once.
static void check_tree(const struct tree *tree, bool saturated) {
    size_t reached = 1;
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree_node *node = &tree->nodes[i];
        __int128 total = node->self;
        for (uint32_t child = node->first_child; child != 0; child = tree->nodes[child].next_sibling) {
            must(child < tree->count && tree->nodes[child].parent == i, "a child of another parent");
            must(++reached <= tree->count, "a circle of siblings");
            total += tree->nodes[child].total;
        }
        must(node->total == total || saturated, "a total is not the sum");
    }
    must(reached == tree->count, "a node that nobody has as a child");
}

static enum merge_error tree_of(struct profile *profile, size_t type, const char *key, const char *text, struct tree *tree) {
    struct tree_label label = {key, text};
    struct tree_options options = {.type_index = type, .base_type_index = -1, .labels = &label, .label_count = !!key};
    return tree_build(profile, &options, tree);
}

static void check_trees(struct profile *profile, uint64_t choices) {
    struct tree tree;
    size_t types = profile_sample_type_count(profile);
    must(tree_of(profile, types, NULL, NULL, &tree) == MERGE_NOT_FOUND, "a tree of a type that is not there");
    if (types == 0) {
        return;
    }
    const char *key = choices & 1 ? NULL : "memory", *text = choices & 2 ? NULL : "C";
    enum merge_error error = tree_of(profile, choices % types, key, text, &tree);
    must(error == MERGE_OK || error == MERGE_TOO_LARGE, "a tree cannot be built");
    if (error == MERGE_OK) {
        check_tree(&tree, may_saturate(profile, choices % types));
    }
    tree_free(&tree);
}

// ---- Bytes ----

struct output {
    uint8_t *bytes;
    size_t size;
};

static struct output encode(struct profile *profile) {
    struct output output;
    must(profile_encode(profile, MERGE_RAW, &output.bytes, &output.size) == MERGE_OK, "what was read cannot be written");
    return output;
}

static void check_again(const struct output *output, const struct content *content, enum merge_compression compression) {
    struct profile *profile = profile_new();
    struct merge_fault fault;
    must(profile_decode(profile, output->bytes, output->size, NULL, NULL, &fault) == MERGE_OK, "our own output is refused");
    struct output again;
    must(profile_encode(profile, compression, &again.bytes, &again.size) == MERGE_OK, "our own output cannot be written");
    struct raw raw = raw_of((struct span){again.bytes, again.bytes + again.size}, large_limits.input_bytes);
    must(raw.error == MERGE_OK, "our own compression is refused");
    must(raw.size == output->size, "written again, it has another size");
    struct content second;
    content_of_output(&second, raw.bytes, raw.size);
    const char *text = content_difference(content, &second);
    must(!text, text);
    content_free(&second);
    free(raw.bytes);
    free(again.bytes);
    profile_free(profile);
}

// With all hashes equal: slow, but the same bytes.
static void check_collisions(struct span input, const struct output *output) {
    struct profile *profile = profile_new();
    profile->hash_mask = 0;
    must(profile_decode(profile, input.at, span_size(input), NULL, NULL, NULL) == MERGE_OK, "refused when hashes collide");
    struct output other = encode(profile);
    must(other.size == output->size && memcmp(other.bytes, output->bytes, other.size) == 0, "other bytes when hashes collide");
    free(other.bytes);
    profile_free(profile);
}

// With a failing allocation: the normal result, or MERGE_NO_MEMORY.
static void check_no_memory(struct span input, uint64_t choices) {
    memory_fail(choices % 60);
    struct profile *profile = profile_new();
    struct merge_fault fault;
    enum merge_error error = profile ? profile_decode(profile, input.at, span_size(input), NULL, NULL, &fault) : MERGE_NO_MEMORY;
    struct output output = {NULL, 0};
    if (error == MERGE_OK) {
        error = profile_encode(profile, (enum merge_compression)(choices / 64 % 3), &output.bytes, &output.size);
    }
    bool failed = memory_relent();
    must(error == MERGE_OK || (failed && error == MERGE_NO_MEMORY), "another error than MERGE_NO_MEMORY");
    must(!!output.bytes == (error == MERGE_OK), "an output after an error");
    free(output.bytes);
    profile_free(profile);
}

// Scales one type and keeps only it. Must be the last use of the profile.
static void check_types(struct profile *profile, uint64_t choices) {
    size_t types = profile_sample_type_count(profile);
    const char *name = types > 0 ? profile_sample_type_name(profile, choices % types) : "";
    if (!*name) {
        return;
    }
    static const double factors[] = {0, 1, -1, 0.5, 1e30, -1e-30};
    must(profile_scale_sample_type(profile, name, factors[choices / 64 % 6]) == MERGE_OK, "a type cannot be scaled");
    must(profile_keep_sample_types(profile, &name, 1) == MERGE_OK, "a type cannot be kept");
    must(profile_sample_type_count(profile) == 1, "one type is kept, and there are more");
    struct output output = encode(profile);
    struct content content;
    content_of_output(&content, output.bytes, output.size);
    must(content.type_count == 1, "one type is kept, and more are written");
    content_free(&content);
    free(output.bytes);
}

static void check_accepted(struct profile *profile, struct span input, const struct raw *raw, const struct merge_limits *limits,
                           uint64_t choices) {
    struct content before, after;
    must(content_read(&before, raw->bytes, raw->size), "what is no profile is accepted");
    check_limits(&before, raw->size, limits);
    check_samples(profile);
    check_trees(profile, choices);
    struct output output = encode(profile);
    content_of_output(&after, output.bytes, output.size);
    const char *text = content_difference(&before, &after);
    must(!text, text);
    check_again(&output, &before, choices / 32 % 8 == 0 ? (enum merge_compression)(choices / 256 % 3) : MERGE_RAW);
    if (choices % 8 == 0 && raw->size < 8192) {
        check_collisions(input, &output);
    }
    if (choices % 8 == 1) {
        check_no_memory(input, choices >> 8);
    }
    if (choices % 8 == 2) {
        check_types(profile, choices >> 8);
    }
    content_free(&before);
    content_free(&after);
    free(output.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t choices = choices_of(data, size);
    struct span input = {data, data + size};
    const struct merge_limits *limits = choices >> 20 & 3 ? &large_limits : &small_limits;
    struct raw raw = raw_of(input, large_limits.input_bytes);
    struct merge_fault fault;
    memory_watch();
    struct profile *profile = profile_new();
    enum merge_error error = profile_decode(profile, data, size, limits, NULL, &fault);
    memory_peak();
    check_memory(raw.error == MERGE_OK ? raw.size : limits->input_bytes, has_window(input), "decoding takes too much memory");
    if (error == MERGE_OK) {
        must(raw.error == MERGE_OK, "decoded what cannot be inflated");
        check_accepted(profile, input, &raw, limits, choices);
    } else {
        check_fault(error, &fault, raw.error == MERGE_OK ? raw.size : SIZE_MAX);
    }
    profile_free(profile);
    free(raw.bytes);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    struct random random = {seed};
    return mutate_profile(data, size, max_size, &random);
}
