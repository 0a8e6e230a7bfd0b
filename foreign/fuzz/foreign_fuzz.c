// foreign_fuzz.c: fuzz target of the readers of other tools' files, for libFuzzer. Built by `make fuzz-foreign`.
//
// FOREIGN_READER in the environment names the reader: one a run, because a corpus of all is slow, and each has its own number of
// executions. An input is a file. What a reader makes must be a profile that can be written and read again, with the same sums.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers.h"

static enum foreign_format tested;

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

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    const char *name = getenv("FOREIGN_READER");
    for (int i = FOREIGN_NONE + 1; name && i < FOREIGN_READABLE; i++) {
        tested = strcmp(readers[i], name) == 0 ? (enum foreign_format)i : tested;
    }
    must(tested != FOREIGN_NONE, "FOREIGN_READER is the name of no reader");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct merge_limits limits = merge_default_limits;
    struct merge_fault fault = {0};
    limits.total_frames = 1 << 16;
    foreign_detect(data, size);
    struct profile *profile = foreign_read(tested, data, size, &limits, &fault);
    must(profile || (fault.error != MERGE_OK && *fault.text && fault.error != MERGE_NO_MEMORY), "refused without a reason");
    if (profile) {
        check(profile);
    }
    profile_free(profile);
    return 0;
}
