// run_output.c: merges and writes profiles, and prints the summary (run_output.h).
#include "run_output.h"
#include "../../base/saturated.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../merge/merge.h"
#include "../base/output.h"
#include "../base/diagnostic.h"
#include "../base/text.h"
#include "run_gate.h"
#include "run_memory.h"
#include "run_peak.h"
#include "run_time.h"

// Returns false after an error message.
static bool add(struct profile *profile, const struct run_directory *directory, const struct run_file *file) {
    size_t size;
    uint8_t *bytes = run_directory_read(directory, file, &size);
    struct merge_fault fault = {0};
    bool ok = bytes && profile_decode(profile, bytes, size, NULL, NULL, &fault) == MERGE_OK;
    if (!ok) {
        diagnostic_error("run", NULL, "the profile of process %ld cannot be read: %s", file->pid, !bytes ? strerror(errno) : fault.text);
    }
    free(bytes);
    return ok;
}

bool run_output_write(struct profile *profile, const char *path) {
    uint8_t *bytes = NULL;
    size_t size;
    enum merge_error error = profile_encode(profile, MERGE_GZIP, &bytes, &size);
    if (error != MERGE_OK) {
        diagnostic_error("run", path, "%s", merge_error_text(error));
        return false;
    }
    bool ok = output_write("run", path, bytes, size) == STATUS_DONE;
    free(bytes);
    return ok;
}

int64_t run_output_total(struct profile *profile, const char *type) {
    int index = profile_sample_type_index(profile, type);
    int64_t total = 0;
    struct profile_sample_view view;
    for (size_t i = 0; index >= 0 && i < profile_sample_count(profile); i++) {
        if (profile_sample_without_frames(profile, i, &view) == MERGE_OK) {
            total = saturated_sum(total, view.values[index]);
        }
    }
    return total;
}

// Bytes allocated at sites without a name, by mapped file.
struct nameless {
    double all, sum;
    struct {
        const char *file; // "": code without a file
        double bytes;
    } files[64]; // of further files only the sum counts
    size_t count;
};

static void add_nameless(struct nameless *nameless, const char *file, double bytes) {
    size_t i = 0;
    while (i < nameless->count && strcmp(nameless->files[i].file, file) != 0) {
        i++;
    }
    nameless->sum += bytes;
    if (i == sizeof nameless->files / sizeof *nameless->files) {
        return;
    }
    nameless->files[i].file = file;
    nameless->files[i].bytes = bytes + (i < nameless->count ? nameless->files[i].bytes : 0);
    nameless->count += i == nameless->count;
}

static void read_nameless(struct profile *profile, struct nameless *nameless) {
    int index = profile_sample_type_index(profile, "alloc_space");
    struct profile_sample_view view;
    for (size_t i = 0; index >= 0 && i < profile_sample_count(profile); i++) {
        if (profile_sample_at(profile, i, &view) != MERGE_OK || view.frame_count == 0) {
            continue;
        }
        nameless->all += (double)view.values[index];
        if (profile_frame_is_nameless(&view.frames[0])) {
            add_nameless(nameless, view.frames[0].mapping_file, (double)view.values[index]);
        }
    }
}

// For programs and libraries without symbols: test binaries of `go test`, programs in images. Code without a file is generated at run time.
static void note_unsymbolized(struct profile *profile) {
    struct nameless nameless = {0};
    size_t largest = 0;
    read_nameless(profile, &nameless);
    for (size_t i = 1; i < nameless.count; i++) {
        largest = nameless.files[i].bytes > nameless.files[largest].bytes ? i : largest;
    }
    if (nameless.count > 0 && nameless.sum >= nameless.all / 100) {
        const char *file = nameless.files[largest].file;
        diagnostic_note("run", "%.0f %% of allocated bytes have a site without a name, most of them in %s%s",
                        100 * nameless.sum / nameless.all, *file ? file : "code that the program generates at run time",
                        *file ? ", which has no symbols; cmemprof symbolize can add names" : "");
    }
}

static bool is_little_of_all(struct profile *profile) {
    return run_output_total(profile, "inuse_space") < run_output_total(profile, "alloc_space") / 10;
}

// Notes for runtimes that also manage memory of their own, recognized by the files in the stacks.
static void note_language(const struct run_output *output, struct profile *profile) {
    static const char frees[] = "most of that was freed before the end: --signal USR2 and kill -USR2 take a profile while it runs";
    static const struct {
        const char *file, *says; // says NULL: nothing is missing, or the profile's own warning says it
        bool frees;              // frees its memory before it ends
    } languages[] = {
        {"libpython", NULL, true},
        {"python3", NULL, true},
        {"libjvm.so", "the Java heap is not in the profile; direct buffers, native libraries and the JVM's own memory are", false},
        {"node", "JavaScript objects are not in the profile; buffers, native modules and Node's own memory are", true}};
    struct profile_sample_view view;
    for (size_t i = 0; i < profile_sample_count(profile) && profile_sample_at(profile, i, &view) == MERGE_OK; i++) {
        for (size_t k = 0; k < view.frame_count; k++) {
            const char *file = text_base_name(view.frames[k].mapping_file);
            for (size_t l = 0; l < sizeof languages / sizeof *languages; l++) {
                bool same = strcmp(languages[l].file, "node") == 0 ? strcmp(file, "node") == 0
                                                                   : strncmp(file, languages[l].file, strlen(languages[l].file)) == 0;
                if (same && languages[l].says) {
                    diagnostic_note("run", "%s (docs/run.md)", languages[l].says);
                }
                if (same && languages[l].frees && output->signals == 0 && is_little_of_all(profile)) {
                    diagnostic_note("run", "%s", frees);
                }
                if (same) {
                    return;
                }
            }
        }
    }
}

void run_output_note_warnings(const struct profile *profile, const char *path) {
    const char *warnings[4];
    for (size_t i = 0, all = profile_warnings(profile, warnings, sizeof warnings / sizeof *warnings); i < all; i++) {
        diagnostic_note("run", "%s: %s", path, warnings[i]);
    }
}

static void note_total(const struct run_output *output, struct profile *profile) {
    char bytes[TEXT_VALUE_BYTES], allocated[TEXT_VALUE_BYTES], processes[64] = "";
    if (output->processes > 1) {
        snprintf(processes, sizeof processes, " of %zu processes", output->processes);
    }
    fprintf(stderr, "cmemprof run: %s: %s%s in use at the end, %s allocated in all\n", output->path,
            text_value(run_output_total(profile, "inuse_space"), "bytes", bytes), processes,
            text_value(run_output_total(profile, "alloc_space"), "bytes", allocated));
    if (profile_sample_count(profile) == 0) {
        diagnostic_note("run", "nothing was sampled: it allocated little (a smaller --rate takes more samples)%s",
                        output->processes > 1 ? "" : ", or did so in processes that it started (--follow-children)");
    }
}

static void take_signal(struct run_output *output, const struct run_directory *directory, struct run_file *file) {
    char path[PATH_MAX];
    if (run_directory_is_asked(directory, file)) {
        run_directory_mark_seen(directory, file);
        return;
    }
    struct profile *profile = profile_new();
    snprintf(path, sizeof path, "%s.%u", output->path, ++output->signals);
    if (!profile || !add(profile, directory, file) || !run_output_write(profile, path)) {
        output->failed = true;
    } else {
        fprintf(stderr, "cmemprof run: %s\n", path);
    }
    profile_free(profile);
    run_directory_mark_seen(directory, file);
}

static void doubt_begun(struct gate *gate, const struct run_directory *directory, const struct run_begun *begun) {
    char why[GATE_REASON_BYTES];
    bool has_successor = run_directory_has_successor(directory, begun);
    if (begun->is_replaced && has_successor) {
        return; // nothing is missing
    }
    snprintf(why, sizeof why,
             begun->is_replaced ? "process %ld became a program that is not profiled"
             : has_successor    ? "what process %ld allocated before its exec is not in a profile"
                                : "process %ld wrote no profile at its end",
             begun->pid);
    run_gate_doubt(gate, why, has_successor);
}

// A profile that is older than the process's end lacks what came after it, one of a program that took over by exec what came before.
static void hold_gate(const struct run_output *output, const struct run_directory *directory, struct profile *profile,
                      struct profile *peak) {
    char why[GATE_REASON_BYTES];
    if (!output->gate) {
        return;
    }
    run_gate_measure(output->gate, profile, peak);
    for (size_t i = 0; i < directory->count; i++) {
        if (run_directory_is_newest(directory, i) && !run_directory_is_of_end(&directory->files[i])) {
            snprintf(why, sizeof why, "process %ld wrote no profile at its end", directory->files[i].pid);
            run_gate_doubt(output->gate, why, false);
        }
    }
    for (size_t i = 0; i < directory->begun_count; i++) {
        doubt_begun(output->gate, directory, &directory->begun[i]);
    }
}

static void write_all(struct run_output *output, struct run_directory *directory, bool last) {
    struct profile *profile = profile_new();
    output->processes = 0;
    for (size_t i = 0; profile && i < directory->count; i++) {
        if (!run_directory_is_newest(directory, i)) {
            continue;
        }
        if (!add(profile, directory, &directory->files[i])) { // the profile holds part of the input now
            profile_free(profile);
            output->failed = true;
            return;
        }
        output->processes++;
    }
    if (!profile || (output->processes > 0 && !run_output_write(profile, output->path))) {
        output->failed = true;
    } else if (last && output->processes > 0) {
        note_total(output, profile);
        run_output_note_warnings(profile, output->path);
        struct profile *peak;
        output->failed |= !run_peak_take(output, directory, run_output_total(profile, "inuse_space"), &peak);
        hold_gate(output, directory, profile, peak);
        profile_free(peak);
        output->failed |= !run_memory_take(output, directory);
        note_language(output, profile);
        note_unsymbolized(profile);
    }
    profile_free(profile);
}

void run_output_take(struct run_output *output, struct run_directory *directory, bool whole, bool last) {
    if (!run_directory_list(directory)) {
        output->failed = true;
        return;
    }
    bool is_new = last;
    output->failed |= !run_time_add(output, directory);
    for (size_t i = 0; i < directory->count; i++) {
        struct run_file *file = &directory->files[i];
        bool newest = run_directory_is_newest(directory, i);
        if (strcmp(file->reason, "signal") == 0) {
            take_signal(output, directory, file);
        }
        is_new |= newest && !run_directory_is_seen(file);
    }
    if (whole && is_new) {
        write_all(output, directory, last);
    }
    if (last) {
        output->failed |= !run_time_write(output);
    }
    for (size_t i = 0; i < directory->count; i++) {
        struct run_file *file = &directory->files[i];
        if (!run_directory_is_newest(directory, i)) {
            run_directory_remove(directory, file);
        } else if (whole && !last) {
            run_directory_mark_seen(directory, file);
        }
    }
}
