// otlp_fuzz.c: fuzz target of the reader of requests in OpenTelemetry's protocol, for libFuzzer. Built by `make fuzz-otlp`.
//
// What is read is written again, and read again: the same profiles.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../otlp.h"

static void must(bool holds, const char *text) {
    if (!holds) {
        fprintf(stderr, "check failed: %s\n", text);
        abort();
    }
}

enum { MOST = 64 }; // profiles that are written again

struct read {
    struct otlp_request *again; // NULL: not written
    size_t count, samples[MOST];
    int64_t sums[MOST];
    bool saturated; // a sum
};

// Goes round at the ends of int64.
static int64_t sum_of(struct profile *profile, size_t *samples) {
    uint64_t sum = 0;
    *samples = 0;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        bool any = false;
        must(profile_sample_at(profile, i, &view) == MERGE_OK, "a sample that cannot be read");
        for (size_t type = 0; type < profile_sample_type_count(profile); type++) {
            sum += (uint64_t)view.values[type];
            any = any || view.values[type] != 0;
        }
        *samples += any;
    }
    return (int64_t)sum;
}

static enum merge_error take(void *context, const struct otlp_profile *one) {
    struct read *read = context;
    must(one->resource && one->scope && one->file, "a profile without a resource, a scope or a file");
    must(one->resource->count <= OTLP_MAX_ATTRIBUTES, "too many attributes");
    for (size_t i = 0; i < one->resource->count; i++) {
        must(!!one->resource->attributes[i].key, "an attribute without a key");
    }
    if (read->count < MOST) {
        read->sums[read->count] = sum_of(one->profile, &read->samples[read->count]);
    }
    read->saturated = read->saturated || profile_saturated_count(one->profile) > 0;
    if (read->again && read->count < MOST) {
        char name[32]; // keeps profiles of one scope and time apart
        snprintf(name, sizeof name, "%zu.pprof", read->count);
        otlp_begin_resource(read->again, NULL, 0);
        must(otlp_add(read->again, name, one->profile) == MERGE_OK, "cannot be written");
    }
    read->count++;
    return MERGE_OK;
}

static void read_again(const struct read *first) {
    const uint8_t *bytes;
    size_t size, profiles;
    struct merge_fault fault;
    struct read second = {0};
    must(otlp_encode(first->again, MERGE_RAW, &bytes, &size) == MERGE_OK, "cannot be encoded");
    if (otlp_decode(bytes, size, NULL, take, &second, &profiles, &fault) != MERGE_OK) {
        fprintf(stderr, "%s\n", fault.text);
        must(false, "cannot be read again");
    }
    must(second.count == first->count, "another number of profiles");
    for (size_t i = 0; i < second.count && !second.saturated; i++) { // samples that differ in bytes that are no UTF-8 become one
        must(first->sums[i] == second.sums[i] && first->samples[i] >= second.samples[i], "other values");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct merge_limits limits = merge_default_limits;
    struct merge_fault fault = {0};
    struct read read = {.again = otlp_request_new()};
    size_t profiles;
    limits.input_bytes = 1 << 20;
    limits.total_frames = 1 << 16;
    must(!!read.again, "no memory");
    enum merge_error error = otlp_decode(data, size, &limits, take, &read, &profiles, &fault);
    must(profiles == read.count, "another count");
    must(error == MERGE_OK || error == MERGE_NO_MEMORY || *fault.text, "refused without a reason");
    if (error == MERGE_OK && read.count <= MOST) {
        read_again(&read);
    }
    otlp_request_free(read.again);
    return 0;
}
