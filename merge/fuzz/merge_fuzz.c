// merge_fuzz.c: fuzz target of the merger. The input is up to eight profiles (frames.h); the merge must be the sum of their contents.
#include "target.h"

#include "../test/merge_inputs.h"
#include "frames.h"

#include <stdlib.h>

struct inputs {
    const void *bytes[MAX_FRAMES];
    size_t sizes[MAX_FRAMES];
    size_t count, raw_bytes;
    bool all_good, same_types, loses_addresses, window;
    struct content sum; // of the raw inputs, if all are valid and have the same types
};

static void add_input(struct inputs *inputs, struct span frame) {
    inputs->bytes[inputs->count] = frame.at;
    inputs->sizes[inputs->count++] = span_size(frame);
    struct raw raw = raw_of(frame, merge_default_limits.input_bytes);
    inputs->window |= has_window(frame);
    inputs->raw_bytes += raw.error == MERGE_OK ? raw.size : merge_default_limits.input_bytes;
    struct content content;
    if (!decodes(frame)) {
        inputs->all_good = false;
    } else {
        must(content_read(&content, raw.bytes, raw.size), "what is no profile is accepted");
        if (inputs->count == 1) {
            inputs->sum = content;
        } else if (inputs->all_good && inputs->same_types && content_same_types(&inputs->sum, &content) &&
                   content_same_period(&inputs->sum, &content)) {
            inputs->loses_addresses |= content_loses_addresses(&inputs->sum, &content);
            content_add(&inputs->sum, &content);
            content_free(&content);
        } else {
            inputs->same_types = false;
            content_free(&content);
        }
    }
    free(raw.bytes);
}

static void check_merge(const struct inputs *inputs, uint64_t choices) {
    uint8_t *bytes;
    size_t size;
    struct merge_fault fault;
    memory_watch();
    enum merge_error error = merge_inputs(inputs->bytes, inputs->sizes, inputs->count, MERGE_RAW, &bytes, &size, &fault);
    memory_peak();
    check_memory(inputs->raw_bytes, inputs->window, "merging takes too much memory");
    if (error != MERGE_OK) {
        must(!bytes, "an output after an error");
        check_fault(error, &fault, SIZE_MAX);
        must(!inputs->all_good || !inputs->same_types, "profiles that fit are not merged");
        must(!inputs->all_good || error == MERGE_TYPES_DIFFER, "another error than MERGE_TYPES_DIFFER");
        return;
    }
    must(inputs->all_good, "merged what cannot be decoded");
    must(inputs->same_types, "merged profiles of different types");
    struct content content;
    content_of_output(&content, bytes, size);
    const char *text = inputs->loses_addresses ? NULL : content_difference(&inputs->sum, &content);
    must(!text, text);
    content_free(&content);
    free(bytes);
    if (choices % 8 == 0) { // with a failing allocation
        memory_fail(choices / 8 % 200);
        error =
            merge_inputs(inputs->bytes, inputs->sizes, inputs->count, (enum merge_compression)(choices >> 16 & 1), &bytes, &size, &fault);
        bool failed = memory_relent();
        must(error == MERGE_OK || (failed && error == MERGE_NO_MEMORY), "another error than MERGE_NO_MEMORY");
        must(!!bytes == (error == MERGE_OK), "an output after an error");
        free(bytes);
    }
}

// Decodes all inputs into one profile; malformed ones must not change it.
static void check_skipping(const struct frames *frames) {
    struct profile *profile = profile_new();
    struct content sum = {.type_count = 0}, content;
    bool any = false, loses_addresses = false;
    for (size_t i = 0; i < frames->count; i++) {
        struct span frame = frames->items[i];
        if (profile_decode(profile, frame.at, span_size(frame), NULL, NULL, NULL) != MERGE_OK) {
            continue;
        }
        struct raw raw = raw_of(frame, merge_default_limits.input_bytes);
        must(content_read(&content, raw.bytes, raw.size), "what is no profile is accepted");
        free(raw.bytes);
        if (!any) {
            sum = content;
            any = true;
            continue;
        }
        must(content_same_types(&sum, &content), "merged profiles of different types");
        loses_addresses |= content_loses_addresses(&sum, &content);
        content_add(&sum, &content);
        content_free(&content);
    }
    uint8_t *bytes;
    size_t size;
    must(profile_encode(profile, MERGE_RAW, &bytes, &size) == MERGE_OK, "no result after inputs that were refused");
    content_of_output(&content, bytes, size);
    const char *text = any && !loses_addresses ? content_difference(&sum, &content) : NULL;
    must(!text, text);
    must(any || content.row_count == 0, "samples of inputs that were refused");
    content_free(&content);
    content_free(&sum);
    free(bytes);
    profile_free(profile);
}

// Valid profiles of different types have a union, unless their period types differ.
static void check_union(const struct frames *frames) {
    struct profile *profile = profile_new();
    profile_allow_union(profile);
    enum merge_error error = MERGE_OK;
    for (size_t i = 0; i < frames->count && error == MERGE_OK; i++) {
        error = profile_decode(profile, frames->items[i].at, span_size(frames->items[i]), NULL, NULL, NULL);
    }
    must(error == MERGE_OK || error == MERGE_TYPES_DIFFER || error == MERGE_TOO_LARGE, "no union of good profiles");
    uint8_t *bytes;
    size_t size;
    struct content content;
    must(profile_encode(profile, MERGE_RAW, &bytes, &size) == MERGE_OK, "no result of a union");
    if (profile_sample_type_count(profile) <= MAX_TYPES) {
        content_of_output(&content, bytes, size);
        content_free(&content);
    }
    free(bytes);
    profile_free(profile);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct frames frames = frames_split(data, size);
    struct inputs inputs = {.all_good = true, .same_types = true};
    for (size_t i = 0; i < frames.count; i++) {
        if (too_slow(frames.items[i])) {
            return -1;
        }
    }
    for (size_t i = 0; i < frames.count; i++) {
        add_input(&inputs, frames.items[i]);
    }
    if (inputs.count > 0) {
        check_merge(&inputs, choices_of(data, size));
    }
    if (inputs.count > 1 && (!inputs.all_good || !inputs.same_types)) {
        check_skipping(&frames);
    }
    if (inputs.all_good && !inputs.same_types) {
        check_union(&frames);
    }
    content_free(&inputs.sum);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    struct random random = {seed};
    return frames_mutate(data, size, max_size, &random);
}
