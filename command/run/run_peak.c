// run_peak.c: see run_peak.h.
#include "run_peak.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/diagnostic.h"
#include "../base/text.h"
#include "named_sums.h"

enum { SITES_SHOWN = 3 };

// Returns false if a process has none, or one that cannot be read.
static bool add_all(struct profile *profile, const struct run_directory *directory, int64_t *start_ns) {
    bool ok = true;
    for (size_t i = 0; ok && i < directory->count; i++) {
        size_t size;
        struct merge_fault fault;
        if (!run_directory_is_newest(directory, i)) {
            continue;
        }
        uint8_t *bytes = run_directory_read_beside(directory, &directory->files[i], RUN_PEAK, &size);
        ok = bytes && profile_decode(profile, bytes, size, NULL, NULL, &fault) == MERGE_OK;
        *start_ns = directory->files[i].start_ns;
        free(bytes);
    }
    return ok;
}

bool run_peak_take(const struct run_output *output, const struct run_directory *directory, int64_t in_use_bytes, struct profile **peak) {
    char path[PATH_MAX], bytes[TEXT_VALUE_BYTES], when[64] = "";
    struct profile *profile = profile_new();
    int64_t start_ns = 0;
    bool there = profile && add_all(profile, directory, &start_ns), ok = true;
    int64_t peak_bytes = there ? run_output_total(profile, "peak_space") : 0;
    if (!there) {
        diagnostic_note("run", "the peak of some process is unknown: it could not write it, or there was no memory");
    } else if (in_use_bytes < peak_bytes - peak_bytes / 10) {
        snprintf(path, sizeof path, "%s.peak", output->path);
        if (output->processes == 1 && profile_time_ns(profile) > start_ns) {
            snprintf(when, sizeof when, " after %.1f s", (double)(profile_time_ns(profile) - start_ns) / 1e9);
        }
        ok = run_output_write(profile, path);
        if (ok) {
            fprintf(stderr, "cmemprof run: %s: peak of %s in use%s", path, text_value(peak_bytes, "bytes", bytes), when);
            named_sums_print_leaves(profile, profile_sample_type_index(profile, "peak_space"), SITES_SHOWN, "bytes", stderr);
            fputc('\n', stderr);
        }
    }
    *peak = there ? profile : NULL;
    if (!there) {
        profile_free(profile);
    }
    return ok;
}
