// export_fuzz.c: fuzz target of files for other tools (views/export.h), for libFuzzer. Built by `make fuzz-export`.
//
// The input is a profile. Every format is written of it, of each sample type. What is written as folded stacks and for speedscope must be
// read again with the same sums, but for what has no frames or is negative.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../foreign/foreign.h"
#include "../views/export.h"

static void must(bool holds, const char *text) {
    if (!holds) {
        fprintf(stderr, "check failed: %s\n", text);
        abort();
    }
}

enum { MOST_FRAMES = 1 << 16, MOST_TYPES = 4 };

// What the tree has below its root, without negative values.
static double sum_of(struct profile *profile, size_t type, bool *negative, bool *large) {
    struct tree tree;
    double sum = 0;
    must(tree_build(profile, &(struct tree_options){.type_index = type, .base_type_index = -1}, &tree) == MERGE_OK, "no tree");
    for (size_t node = 1; node < tree.count; node++) {
        double self = (double)tree.nodes[node].self;
        *negative = *negative || self < 0;
        *large = *large || self > 1e15 || self < -1e15;
        sum += self > 0 ? self : 0;
    }
    tree_free(&tree);
    return sum;
}

static void read_again(const struct json *file, enum foreign_format format, double sum) {
    struct merge_fault fault = {0};
    double again = 0;
    if (sum == 0) {
        return; // there is nothing to read
    }
    struct profile *profile = foreign_read(format, file->bytes, file->size, NULL, &fault);
    must(!!profile, fault.text);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        must(profile_sample_without_frames(profile, i, &sample) == MERGE_OK, "a sample that cannot be read");
        for (size_t type = 0; type < profile_sample_type_count(profile); type++) {
            again += (double)sample.values[type];
        }
    }
    must(again == sum, "other sums");
    profile_free(profile);
}

static void write_all(struct profile *profile, size_t type) {
    bool negative = false, large = false;
    double sum = sum_of(profile, type, &negative, &large);
    const char *unit = profile_sample_type_unit(profile, type);
    bool scaled = strcmp(unit, "microseconds") == 0 || strcmp(unit, "milliseconds") == 0 || strcmp(unit, "seconds") == 0;
    for (enum export_format format = 0; format < EXPORT_FORMATS; format++) {
        const struct tree_options options = {.type_index = type, .base_type_index = -1};
        struct json file = {0};
        must(export_write(profile, &options, format, "a;b\n<\xff", &file) == RECEIVER_OK, "not written");
        if (!negative && !large && format == EXPORT_FOLDED) {
            read_again(&file, FOREIGN_FOLDED, sum);
        } else if (!large && !scaled && format == EXPORT_SPEEDSCOPE) {
            read_again(&file, FOREIGN_SPEEDSCOPE, sum);
        }
        json_free(&file);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct merge_limits limits = merge_default_limits;
    struct profile *profile = profile_new();
    limits.input_bytes = 1 << 20;
    limits.total_frames = MOST_FRAMES;
    must(!!profile, "no memory");
    if (profile_decode(profile, data, size, &limits, NULL, NULL) == MERGE_OK) {
        size_t types = profile_sample_type_count(profile);
        for (size_t type = 0; type < types && type < MOST_TYPES; type++) {
            write_all(profile, type);
        }
    }
    profile_free(profile);
    return 0;
}
