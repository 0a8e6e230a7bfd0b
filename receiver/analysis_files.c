// analysis_files.c: the files of a process (analysis_files.h).
#include "analysis_files.h"

#include <stdio.h>
#include <string.h>

static struct file_kind *kind_of(struct file_kinds *kinds, const char *name) {
    for (size_t i = 0; i < kinds->count; i++) {
        if (strcmp(kinds->kinds[i].name, name) == 0) {
            return &kinds->kinds[i];
        }
    }
    // The last place is for whatever is too many.
    struct file_kind *kind = &kinds->kinds[kinds->count < FILES_MAX_KINDS ? kinds->count++ : FILES_MAX_KINDS - 1];
    snprintf(kind->name, sizeof kind->name, "%s", kinds->count < FILES_MAX_KINDS ? name : "of further names");
    return kind;
}

void files_count(struct file_kinds *kinds, const char *name, const struct merged_report *report) {
    struct file_kind *kind = kind_of(kinds, name);
    if (kind->counted) {
        return;
    }
    kind->counted = true;
    kind->read = report->uploads;
    kind->unread = report->failed_count;
    if (report->failed_count > 0) {
        kind->unread_upload = report->failed[0].id;
        snprintf(kind->reason, sizeof kind->reason, "%s", report->failed[0].reason);
    }
}

void files_join(struct file_kinds *all, const struct file_kinds *more) {
    for (size_t i = 0; i < more->count; i++) {
        const struct file_kind *one = &more->kinds[i];
        struct file_kind *kind = kind_of(all, one->name);
        if (kind->unread == 0) {
            kind->unread_upload = one->unread_upload;
            memcpy(kind->reason, one->reason, sizeof kind->reason);
        }
        kind->files += one->files;
        kind->read += one->read;
        kind->unread += one->unread;
    }
}

// ---- What there is ----

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool is_delta(const char *name) {
    return strncmp(name, "delta-", 6) == 0;
}

static bool is_delta_of(const char *delta, const char *name) {
    return is_delta(delta) && strcmp(delta + 6, name) == 0;
}

static enum receiver_error list_files(struct store *store, const struct merged_list *list, struct file_kinds *kinds) {
    struct catalog_attachment attachments[CATALOG_MAX_ATTACHMENTS];
    enum receiver_error error = RECEIVER_OK;
    for (size_t i = 0; i < list->count && error == RECEIVER_OK; i++) {
        size_t count = 0;
        error = catalog_attachments(store_catalog(store), list->uploads[i].id, attachments, &count);
        for (size_t a = 0; a < count; a++) {
            struct file_kind *kind = kind_of(kinds, attachments[a].name);
            kind->pprof = attachments[a].pprof;
            kind->files++;
            for (size_t b = 0; b < count; b++) {
                kind->beside_delta += is_delta_of(attachments[b].name, attachments[a].name);
            }
        }
    }
    return error;
}

static void set_unread(struct file_kind *kind, size_t unread, const char *reason) {
    kind->counted = true;
    kind->unread = unread;
    snprintf(kind->reason, sizeof kind->reason, "%s", reason);
}

// JSON beside profiles says nothing of what a program does, but for metrics.json, which is read for itself.
static void count_unknown(struct file_kind *kind) {
    if (ends_with(kind->name, ".json")) {
        return;
    }
    set_unread(kind, kind->files,
               ends_with(kind->name, ".jfr") ? "recordings of Java (JFR) are not looked into"
               : strstr(kind->name, "trace") ? "execution traces are not looked into"
                                             : "no profile, by its name");
}

// ---- What it is for ----

static enum receiver_error take_totals(void *totals, struct merged_file *file) {
    struct merge_fault fault = {0};
    struct totals of_file;
    enum merge_error error = totals_read(file->bytes, file->size, NULL, &of_file, &fault);
    if (error == MERGE_OK) {
        *(struct totals *)totals = of_file;
    }
    if (error == MERGE_OK || error == MERGE_NO_MEMORY) {
        return error == MERGE_OK ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    }
    snprintf(file->text, sizeof file->text, "not a readable profile: %.130s", *fault.text ? fault.text : merge_error_text(error));
    return RECEIVER_BAD_UPLOAD;
}

static void use(struct process_files *files, enum file_use use, struct file_kind *kind, const char *type) {
    kind->uses |= type ? 1u << use : 0;
    // A delta says more than what counts from the program's start.
    if (type && (!files->uses[use].attachment || is_delta(kind->name))) {
        files->uses[use].attachment = kind->name;
        files->uses[use].type = type;
    }
}

static const char *has(const struct totals *totals, const char *type) {
    return totals_find(totals, type) ? type : NULL;
}

static void find_uses(struct process_files *files, struct file_kind *kind, const struct totals *totals) {
    const char *live = NULL, *cpu = has(totals, "cpu"), *locks = has(totals, "lock-acquire-wait");
    for (size_t i = 0; !live && profile_live_types[i]; i++) {
        live = has(totals, profile_live_types[i]);
    }
    // Go's block profile has the types of its mutex profile, and waiting on a channel is no contention.
    locks = locks || !strstr(kind->name, "mutex") ? locks : has(totals, "delay");
    use(files, FILES_OF_MEMORY, kind, live);
    use(files, FILES_OF_GOROUTINES, kind, has(totals, "goroutine"));
    use(files, FILES_OF_LOCKS, kind, locks);
    use(files, FILES_OF_CPU, kind, cpu ? cpu : has(totals, "cpu-time"));
}

// The newest of them tells; when that cannot be read, all are tried.
static enum receiver_error probe(struct store *store, const struct merged_list *list, struct process_files *files, struct file_kind *kind) {
    struct totals totals = {0};
    struct merged_report report;
    void *const parts[2] = {&totals, NULL};
    enum receiver_error error = RECEIVER_OK;
    report.uploads = report.failed_count = 0;
    for (size_t i = list->count; i > 0 && error == RECEIVER_OK && report.uploads + report.failed_count == 0; i--) {
        struct merged_list one = {.uploads = list->uploads + i - 1, .count = 1, .question = list->question};
        error = merged_sweep(store, &one, kind->name, take_totals, parts, &report);
    }
    if (error == RECEIVER_OK && report.uploads == 0) {
        error = merged_sweep(store, list, kind->name, take_totals, parts, &report);
    }
    if (error == RECEIVER_OK && report.uploads == 0) {
        files_count(&files->all, kind->name, &report);
    } else if (error == RECEIVER_OK) {
        find_uses(files, kind, &totals);
    }
    return error;
}

// One name is read for a use. A profile that counts from the program's start says nothing that its delta does not.
static void count_passed_over(struct process_files *files) {
    static const enum file_use whole[] = {FILES_OF_MEMORY, FILES_OF_GOROUTINES};
    for (size_t i = 0; i < files->all.count; i++) {
        struct file_kind *kind = &files->all.kinds[i];
        for (size_t u = 0; u < sizeof whole / sizeof *whole; u++) {
            const char *used = files->uses[whole[u]].attachment;
            char reason[160];
            if (kind->uses & 1u << whole[u] && used != kind->name && kind->files > kind->beside_delta) {
                snprintf(reason, sizeof reason, "%.100s is read in its place, and one name only", used);
                set_unread(kind, kind->files - kind->beside_delta, reason);
            }
        }
    }
}

enum receiver_error files_find(struct store *store, const struct merged_list *list, struct process_files *files) {
    *files = (struct process_files){0};
    enum receiver_error error = list_files(store, list, &files->all);
    for (size_t i = 0; i < files->all.count && error == RECEIVER_OK; i++) {
        struct file_kind *kind = &files->all.kinds[i];
        if (i == FILES_MAX_KINDS - 1) {
            set_unread(kind, kind->files, "the files of this process have more than 47 names");
        } else if (kind->pprof) {
            error = probe(store, list, files, kind);
        } else {
            count_unknown(kind);
        }
    }
    count_passed_over(files);
    return error;
}
