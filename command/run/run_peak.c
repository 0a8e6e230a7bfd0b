// run_peak.c: see run_peak.h.
#include "run_peak.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/diagnostic.h"
#include "../base/text.h"

enum { SITES = 256, SITES_SHOWN = 3 }; // those found later than SITES are not among the largest then

// Bytes by the innermost frame, which is where the program allocated.
struct site {
    char name[TEXT_NAME_BYTES];
    int64_t bytes;
};

struct sites {
    struct site items[SITES];
    size_t count;
};

static void add_site(struct sites *sites, const struct profile_frame *frame, int64_t bytes) {
    char name[TEXT_NAME_BYTES];
    size_t i = 0;
    text_frame(frame, name);
    while (i < sites->count && strcmp(sites->items[i].name, name) != 0) {
        i++;
    }
    if (i == SITES) {
        return;
    }
    if (i == sites->count) {
        strcpy(sites->items[sites->count++].name, name);
        sites->items[i].bytes = 0;
    }
    sites->items[i].bytes = text_sum(sites->items[i].bytes, bytes);
}

static int by_bytes(const void *left, const void *right) {
    const struct site *a = left, *b = right;
    return (a->bytes < b->bytes) - (a->bytes > b->bytes);
}

static void print_sites(struct profile *profile) {
    struct sites *sites = calloc(1, sizeof *sites);
    int index = profile_sample_type_index(profile, "peak_space");
    struct profile_sample_view view;
    for (size_t i = 0; sites != NULL && i < profile_sample_count(profile); i++) {
        if (profile_sample_at(profile, i, &view) == MERGE_OK && view.frame_count > 0 && view.values[index] > 0) {
            add_site(sites, &view.frames[0], view.values[index]);
        }
    }
    if (sites != NULL) {
        qsort(sites->items, sites->count, sizeof *sites->items, by_bytes);
    }
    for (size_t i = 0; sites != NULL && i < sites->count && i < SITES_SHOWN; i++) {
        char bytes[TEXT_VALUE_BYTES];
        fprintf(stderr, "%s%s ", i == 0 ? ": " : ", ", text_value(sites->items[i].bytes, "bytes", bytes));
        text_put(sites->items[i].name, stderr);
    }
    free(sites);
}

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
        ok = bytes != NULL && profile_decode(profile, bytes, size, NULL, NULL, &fault) == MERGE_OK;
        *start_ns = directory->files[i].start_ns;
        free(bytes);
    }
    return ok;
}

bool run_peak_take(const struct run_output *output, const struct run_directory *directory, int64_t in_use_bytes) {
    char path[PATH_MAX], bytes[TEXT_VALUE_BYTES], when[64] = "";
    struct profile *profile = profile_new();
    int64_t start_ns = 0;
    bool there = profile != NULL && add_all(profile, directory, &start_ns), ok = true;
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
            print_sites(profile);
            fputc('\n', stderr);
        }
    }
    profile_free(profile);
    return ok;
}
