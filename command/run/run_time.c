// run_time.c: see run_time.h.
#include "run_time.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "../base/diagnostic.h"
#include "../base/text.h"
#include "named_sums.h"

enum { FUNCTIONS_SHOWN = 4, FIGURES_KEPT = 100 };

bool run_time_add(struct run_output *output, const struct run_directory *directory) {
    bool ok = true;
    for (size_t i = 0; i < directory->count; i++) {
        size_t size;
        struct merge_fault fault = {0};
        uint8_t *bytes = run_directory_read_beside(directory, &directory->files[i], RUN_TIME, &size);
        if (!bytes) {
            continue;
        }
        if (!output->time && (output->time = profile_new())) {
            profile_allow_union(output->time); // wall time is of Python's processes alone, events of some periods
        }
        if (output->time && ++output->times == FIGURES_KEPT) {
            profile_drop_comments(output->time, "cmemprof: time "); // of later periods; warnings stay
        }
        enum merge_error error = output->time ? profile_decode(output->time, bytes, size, NULL, NULL, &fault) : MERGE_NO_MEMORY;
        if (error != MERGE_OK) {
            diagnostic_error("run", NULL, "a time profile of process %ld is lost: %s %s", directory->files[i].pid, merge_error_text(error),
                             fault.text);
            ok = false;
        }
        free(bytes);
    }
    return ok;
}

bool run_time_write(struct run_output *output) {
    char path[PATH_MAX], value[TEXT_VALUE_BYTES];
    if (!output->time) {
        return true;
    }
    snprintf(path, sizeof path, "%s.cpu", output->path);
    bool ok = run_output_write(output->time, path);
    int type = profile_sample_type_index(output->time, "cpu-time");
    if (ok && type >= 0) {
        fprintf(stderr, "cmemprof run: %s: %s of CPU time", path,
                text_value(run_output_total(output->time, "cpu-time"), "nanoseconds", value));
        named_sums_print_leaves(output->time, type, FUNCTIONS_SHOWN, "nanoseconds", stderr);
        fputc('\n', stderr);
        run_output_note_warnings(output->time, path);
    }
    profile_free(output->time);
    output->time = NULL;
    return ok;
}
