// foreign_fuzz.c: fuzz target of the readers of other tools' files, for libFuzzer. Built by `make fuzz-foreign`.
//
// The first byte of an input chooses the reader, the rest is the file. What a reader makes must be a profile that can be written and read
// again, with the same sums.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../foreign.h"

static void must(bool holds, const char *text) {
    if (!holds) {
        fprintf(stderr, "check failed: %s\n", text);
        abort();
    }
}

enum { MOST_TYPES = 64 };

static void add_up(struct profile *profile, uint64_t sums[MOST_TYPES]) {
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        must(profile_sample_at(profile, i, &sample) == MERGE_OK, "a sample that cannot be read");
        for (size_t type = 0; type < profile_sample_type_count(profile); type++) {
            sums[type] += (uint64_t)sample.values[type];
        }
    }
}

static void check(struct profile *profile) {
    uint64_t sums[MOST_TYPES] = {0}, again[MOST_TYPES] = {0};
    uint8_t *bytes;
    size_t size;
    struct merge_fault fault = {0};
    must(profile_status(profile) == MERGE_OK, "a profile that failed");
    must(profile_sample_type_count(profile) > 0 && profile_sample_type_count(profile) <= MOST_TYPES, "types");
    add_up(profile, sums);
    must(profile_encode(profile, MERGE_RAW, &bytes, &size) == MERGE_OK, "a profile that cannot be written");
    struct profile *copy = profile_new();
    must(!!copy && profile_decode(copy, bytes, size, NULL, NULL, &fault) == MERGE_OK, "a profile that cannot be read again");
    add_up(copy, again);
    must(memcmp(sums, again, sizeof sums) == 0, "other sums");
    profile_free(copy);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct merge_limits limits = merge_default_limits;
    struct merge_fault fault = {0};
    if (size == 0) {
        return 0;
    }
    limits.total_frames = 1 << 16;
    foreign_detect(data + 1, size - 1);
    enum foreign_format format = 1 + data[0] % (FOREIGN_READABLE - 1);
    struct profile *profile = foreign_read(format, data + 1, size - 1, &limits, &fault);
    must(profile || (fault.error != MERGE_OK && *fault.text && fault.error != MERGE_NO_MEMORY), "refused without a reason");
    if (profile) {
        check(profile);
    }
    profile_free(profile);
    return 0;
}
