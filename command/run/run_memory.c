// run_memory.c: see run_memory.h.
#include "run_memory.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/diagnostic.h"
#include "../base/text.h"
#include "named_sums.h"

enum { PARTS_SHOWN = 4 };

// By the frame next to the root, and in a heap by its kind, which comes before it: "C heap, live".
static void name_part(const struct profile_sample_view *view, char *name, size_t size) {
    char cause[TEXT_NAME_BYTES], kind[TEXT_NAME_BYTES];
    text_frame(&view->frames[view->frame_count - 1], cause);
    snprintf(name, size, "%s", cause);
    if (strstr(cause, " heap") && view->frame_count > 1) {
        text_frame(&view->frames[view->frame_count - 2], kind);
        snprintf(name, size, "%s, %s", cause, kind);
    }
}

static void print_parts(struct profile *profile) {
    struct named_sums *parts = calloc(1, sizeof *parts);
    struct profile_sample_view view;
    for (size_t i = 0; parts && i < profile_sample_count(profile); i++) {
        char name[NAMED_SUMS_NAME_BYTES];
        if (profile_sample_at(profile, i, &view) == MERGE_OK && view.frame_count > 0) {
            name_part(&view, name, sizeof name);
            named_sums_add(parts, name, view.values[0]);
        }
    }
    if (parts) {
        named_sums_print(parts, PARTS_SHOWN, "bytes", stderr);
    }
    free(parts);
}

static void print(struct profile *profile, const char *path) {
    char bytes[TEXT_VALUE_BYTES];
    fprintf(stderr, "cmemprof run: %s: %s resident", path, text_value(run_output_total(profile, "resident_space"), "bytes", bytes));
    print_parts(profile);
    fputc('\n', stderr);
    run_output_note_warnings(profile, path);
}

// Returns false if memory runs out. *processes: those that have one that can be read, of *all.
static bool add_all(struct profile *profile, const struct run_directory *directory, size_t *processes, size_t *all) {
    enum merge_error error = MERGE_OK;
    *processes = *all = 0;
    for (size_t i = 0; error != MERGE_NO_MEMORY && i < directory->count; i++) {
        size_t size;
        struct merge_fault fault;
        if (!run_directory_is_newest(directory, i)) {
            continue;
        }
        uint8_t *bytes = run_directory_read_beside(directory, &directory->files[i], RUN_MEMORY, &size);
        error = bytes ? profile_decode(profile, bytes, size, NULL, NULL, &fault) : MERGE_TRUNCATED;
        *processes += error == MERGE_OK;
        ++*all;
        free(bytes);
    }
    return error != MERGE_NO_MEMORY;
}

bool run_memory_take(const struct run_output *output, const struct run_directory *directory) {
    char path[PATH_MAX];
    struct profile *profile = profile_new();
    size_t processes = 0, all = 0;
    bool ok = true;
    if (!profile || !add_all(profile, directory, &processes, &all)) {
        diagnostic_note("run", "where the resident memory was is unknown: there was no memory to add it up");
    } else if (processes > 0) {
        snprintf(path, sizeof path, "%s.memory", output->path);
        ok = run_output_write(profile, path);
        if (ok) {
            print(profile, path);
        }
        if (ok && processes < all) {
            diagnostic_note("run", "%s: %zu of %zu processes have not said where theirs was", path, all - processes, all);
        }
    }
    profile_free(profile);
    return ok;
}
