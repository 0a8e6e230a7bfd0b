// run_memory.c: see run_memory.h.
#include "run_memory.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/diagnostic.h"
#include "../base/text.h"

enum { PARTS = 32, PARTS_SHOWN = 4, WARNINGS = 4 };

// By the frame next to the root, and in a heap by its kind, which comes before it: "C heap, live".
struct part {
    char name[2 * TEXT_NAME_BYTES + 2];
    int64_t bytes;
};

static void name_part(const struct profile_sample_view *view, char *name, size_t size) {
    char cause[TEXT_NAME_BYTES], kind[TEXT_NAME_BYTES];
    text_frame(&view->frames[view->frame_count - 1], cause);
    snprintf(name, size, "%s", cause);
    if (strstr(cause, " heap") != NULL && view->frame_count > 1) {
        text_frame(&view->frames[view->frame_count - 2], kind);
        snprintf(name, size, "%s, %s", cause, kind);
    }
}

static int by_bytes(const void *left, const void *right) {
    const struct part *a = left, *b = right;
    return (a->bytes < b->bytes) - (a->bytes > b->bytes);
}

static size_t sum_parts(struct profile *profile, struct part parts[PARTS]) {
    struct profile_sample_view view;
    size_t count = 0;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        char name[sizeof parts->name];
        size_t at = 0;
        if (profile_sample_at(profile, i, &view) != MERGE_OK || view.frame_count == 0) {
            continue;
        }
        name_part(&view, name, sizeof name);
        while (at < count && strcmp(parts[at].name, name) != 0) {
            at++;
        }
        if (at == count && count < PARTS) {
            strcpy(parts[count++].name, name);
        }
        if (at < PARTS) {
            parts[at].bytes = text_sum(parts[at].bytes, view.values[0]);
        }
    }
    qsort(parts, count, sizeof *parts, by_bytes);
    return count;
}

static void print(struct profile *profile, const char *path) {
    struct part *parts = calloc(PARTS, sizeof *parts);
    char bytes[TEXT_VALUE_BYTES];
    const char *warnings[WARNINGS];
    fprintf(stderr, "cmemprof run: %s: %s resident", path, text_value(run_output_total(profile, "resident_space"), "bytes", bytes));
    size_t count = parts != NULL ? sum_parts(profile, parts) : 0;
    for (size_t i = 0; i < count && i < PARTS_SHOWN; i++) {
        fprintf(stderr, "%s%s ", i == 0 ? ": " : ", ", text_value(parts[i].bytes, "bytes", bytes));
        text_put(parts[i].name, stderr);
    }
    fputc('\n', stderr);
    free(parts);
    for (size_t i = 0, all = profile_warnings(profile, warnings, WARNINGS); i < all; i++) {
        diagnostic_note("run", "%s: %s", path, warnings[i]);
    }
}

bool run_memory_take(const struct run_output *output, const struct run_directory *directory) {
    char path[PATH_MAX];
    struct profile *profile = profile_new();
    struct merge_fault fault;
    size_t processes = 0;
    bool ok = true;
    for (size_t i = 0; profile != NULL && i < directory->count; i++) {
        size_t size;
        uint8_t *bytes =
            run_directory_is_newest(directory, i) ? run_directory_read_beside(directory, &directory->files[i], RUN_MEMORY, &size) : NULL;
        processes += bytes != NULL && profile_decode(profile, bytes, size, NULL, NULL, &fault) == MERGE_OK;
        free(bytes);
    }
    if (processes > 0) {
        snprintf(path, sizeof path, "%s.memory", output->path);
        ok = run_output_write(profile, path);
        if (ok) {
            print(profile, path);
        }
    }
    profile_free(profile);
    return ok;
}
