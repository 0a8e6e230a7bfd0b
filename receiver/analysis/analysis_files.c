// analysis_files.c: the files of a process (analysis_files.h).
#include "analysis_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct file_kind *kind_of(struct file_kinds *kinds, const char *name) {
    for (size_t i = 0; i < kinds->count; i++) {
        if (strcmp(kinds->kinds[i].name, name) == 0) {
            return &kinds->kinds[i];
        }
    }
    // The last entry collects the excess.
    struct file_kind *kind = &kinds->kinds[kinds->count < FILES_MAX_KINDS ? kinds->count++ : FILES_MAX_KINDS - 1];
    snprintf(kind->name, sizeof kind->name, "%s", kinds->count < FILES_MAX_KINDS ? name : "of further names");
    return kind;
}

void files_count(struct file_kinds *kinds, const char *const *names, const struct sweep_report *report) {
    struct file_kind *first = kind_of(kinds, names[0]);
    if (first->counted) {
        return;
    }
    first->counted = true;
    first->read += report->uploads;
    size_t unnamed = report->failed_count;
    for (size_t i = 0; i < report->reasons; i++) {
        struct file_kind *kind = kind_of(kinds, names[report->failed[i].name]);
        if (kind->unread == 0) {
            kind->unread_upload = report->failed[i].id;
            snprintf(kind->reason, sizeof kind->reason, "%s", report->failed[i].reason);
        }
        kind->unread += report->failed[i].uploads;
        unnamed -= report->failed[i].uploads;
    }
    first->unread += unnamed;
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

// The file kinds of each upload, as bits.
static enum receiver_error list_files(struct store *store, const struct upload_list *list, struct file_kinds *kinds, uint64_t *there) {
    struct catalog_attachment attachments[CATALOG_MAX_ATTACHMENTS];
    enum receiver_error error = RECEIVER_OK;
    _Static_assert(FILES_MAX_KINDS <= 64, "each kind has a bit");
    for (size_t i = 0; i < list->count && error == RECEIVER_OK; i++) {
        size_t count = 0;
        error = catalog_attachments(store_catalog(store), list->uploads[i].id, attachments, &count);
        for (size_t a = 0; a < count; a++) {
            struct file_kind *kind = kind_of(kinds, attachments[a].name);
            kind->profiles = catalog_has_profiles(&attachments[a]);
            kind->files++;
            there[i] |= UINT64_C(1) << (kind - kinds->kinds);
        }
    }
    return error;
}

static void set_unread(struct file_kind *kind, size_t unread, const char *reason) {
    kind->unread += unread;
    snprintf(kind->reason, sizeof kind->reason, "%s", reason);
}

// JSON beside profiles does not describe what a program does, except metrics.json, which is read for itself.
static void count_unknown(struct file_kind *kind) {
    if (ends_with(kind->name, ".json")) {
        return;
    }
    set_unread(kind, kind->files, strstr(kind->name, "trace") ? "execution traces are not analysed" : "no profile, by its name");
}

// ---- What it is for ----

static enum receiver_error take_totals(void *totals, struct sweep_file *file) {
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

static const char *has(const struct totals *totals, const char *type) {
    return totals_find(totals, type) ? type : NULL;
}

static void find_uses(struct file_kind *kind, const struct totals *totals) {
    const char *live = NULL, *cpu = has(totals, "cpu"), *locks = has(totals, "lock-acquire-wait");
    for (size_t i = 0; !live && profile_live_types[i]; i++) {
        live = has(totals, profile_live_types[i]);
    }
    // Go's block profile has the same types as its mutex profile, and waiting on a channel is no contention.
    locks = locks || !strstr(kind->name, "mutex") ? locks : has(totals, "delay");
    locks = locks ? locks : has(totals, "lock_time");
    kind->types[FILES_OF_MEMORY] = live;
    kind->types[FILES_OF_GOROUTINES] = has(totals, "goroutine");
    kind->types[FILES_OF_LEAKED_GOROUTINES] = has(totals, "goroutineleak");
    kind->types[FILES_OF_LOCKS] = locks;
    kind->types[FILES_OF_CPU] = cpu ? cpu : has(totals, "cpu-time");
    // A profile that is cumulative since the start of the program tells no rate. Deltas do, and so do recordings and Python's profiles.
    bool of_a_period = is_delta(kind->name) || catalog_is_recording(kind->name);
    const char *allocation = has(totals, "alloc-space");
    kind->types[FILES_OF_ALLOCATION] = allocation || !of_a_period ? allocation : has(totals, "alloc_space");
    kind->types[FILES_OF_PARTS] = has(totals, "resident_space");
    kind->types[FILES_OF_OLD_OBJECTS] = has(totals, "old_objects");
}

// The newest file decides; if it cannot be read, all are tried.
static enum receiver_error probe(struct store *store, const struct upload_list *list, struct process_files *files, struct file_kind *kind) {
    struct totals totals = {0};
    struct sweep_report report;
    void *const parts[2] = {&totals, NULL};
    enum receiver_error error = RECEIVER_OK;
    report.uploads = report.failed_count = 0;
    for (size_t i = list->count; i > 0 && error == RECEIVER_OK && report.uploads + report.failed_count == 0; i--) {
        struct upload_list one = {.uploads = list->uploads + i - 1, .count = 1, .flight = list->flight};
        error = sweep_uploads(store, &one, kind->name, take_totals, parts, &report);
    }
    if (error == RECEIVER_OK && report.uploads == 0) {
        error = sweep_uploads(store, list, kind->name, take_totals, parts, &report);
    }
    if (error == RECEIVER_OK && report.uploads == 0) {
        files_count(&files->all, &(const char *){kind->name}, &report);
    } else if (error == RECEIVER_OK) {
        find_uses(kind, &totals);
    }
    return error;
}

// A delta tells more than a profile that is cumulative since the start of the program. Only deltas tell the lock wait of a period: if there
// are any, the others are not added to them.
static void choose_names(const struct file_kinds *kinds, enum file_use use, struct used_files *used) {
    for (int deltas = 1; deltas >= 0; deltas--) {
        for (size_t i = 0; i < kinds->count; i++) {
            const struct file_kind *kind = &kinds->kinds[i];
            bool fits = kind->types[use] && is_delta(kind->name) == deltas && (!used->type || strcmp(used->type, kind->types[use]) == 0);
            if (fits && (deltas || use != FILES_OF_LOCKS || used->count == 0 || !is_delta(used->names[0]))) {
                used->type = kind->types[use];
                used->names[used->count++] = kind->name;
            }
        }
    }
}

// The first of the names that the upload has. NULL: none.
static struct file_kind *kind_that_is_read(struct file_kinds *kinds, const struct used_files *used, uint64_t there) {
    for (size_t i = 0; i < used->count; i++) {
        struct file_kind *kind = kind_of(kinds, used->names[i]);
        if (there >> (kind - kinds->kinds) & 1) {
            return kind;
        }
    }
    return NULL;
}

// A profile that is cumulative since the start of the program tells nothing that its delta does not.
static bool is_known_from(const char *read, const char *name) {
    return is_delta(read) && strcmp(read + 6, name) == 0;
}

// What an upload has besides the file that is read from it.
static void count_passed_over(struct process_files *files, enum file_use use, uint64_t there) {
    struct file_kind *read = kind_that_is_read(&files->all, &files->uses[use], there);
    for (size_t i = 0; i < files->all.count; i++) {
        struct file_kind *kind = &files->all.kinds[i];
        char reason[160];
        if (kind != read && there >> i & 1 && kind->types[use] && !(read && is_known_from(read->name, kind->name))) {
            snprintf(reason, sizeof reason, "%.100s is read in its place", read ? read->name : files->uses[use].attachment);
            set_unread(kind, 1, reason);
            files->uses[use].passed_over++;
        }
    }
}

static void choose_files(struct process_files *files, const struct upload_list *list, const uint64_t *there) {
    for (enum file_use use = 0; use < FILE_USES; use++) {
        struct used_files *used = &files->uses[use];
        choose_names(&files->all, use, used);
        for (size_t i = list->count; i > 0 && !used->attachment; i--) {
            const struct file_kind *kind = kind_that_is_read(&files->all, used, there[i - 1]);
            used->attachment = kind ? kind->name : NULL;
        }
        for (size_t i = 0; i < list->count && (use == FILES_OF_MEMORY || use == FILES_OF_GOROUTINES); i++) {
            count_passed_over(files, use, there[i]);
        }
    }
}

enum receiver_error files_find(struct store *store, const struct upload_list *list, struct process_files *files) {
    uint64_t *there = calloc(list->count + 1, sizeof *there);
    *files = (struct process_files){0};
    enum receiver_error error = there ? list_files(store, list, &files->all, there) : RECEIVER_NO_MEMORY;
    for (size_t i = 0; i < files->all.count && error == RECEIVER_OK; i++) {
        struct file_kind *kind = &files->all.kinds[i];
        if (i == FILES_MAX_KINDS - 1) {
            char reason[160];
            snprintf(reason, sizeof reason, "the files of this process have more than %d names", FILES_MAX_KINDS - 1);
            set_unread(kind, kind->files, reason);
        } else if (kind->profiles) {
            error = probe(store, list, files, kind);
        } else {
            count_unknown(kind);
        }
    }
    if (error == RECEIVER_OK) {
        choose_files(files, list, there);
    }
    free(there);
    return error;
}
