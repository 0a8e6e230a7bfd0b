// pending_upload.c: files of an upload while it arrives, until group commit (pending_upload.h).
#include "pending_upload.h"
#include "../../base/file.h"
#include "../../base/utf8.h"
#include "foreign_attachment.h"
#include "store_directory.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

struct pending_upload {
    struct store *store;
    int file; // the attachment being written, or -1
    struct commit commit;
    struct catalog_attachment attachments[CATALOG_MAX_ATTACHMENTS];
    size_t count;
    bool any_is_foreign;                          // pending_upload_take_foreign
    bool may_be_foreign[CATALOG_MAX_ATTACHMENTS]; // by attachment
    struct json refused;                          // an array without its end; empty: nothing was refused
    char *refused_text;                           // terminated, once complete
};

enum receiver_error pending_upload_new(struct store *store, struct pending_upload **out) {
    struct pending_upload *pending = calloc(1, sizeof *pending);
    uint64_t number;
    if (!pending || getrandom(&number, sizeof number, 0) != sizeof number) {
        free(pending);
        return RECEIVER_NO_MEMORY;
    }
    pending->store = store;
    struct commit *commit = &pending->commit;
    pending->file = commit->directory = -1;
    snprintf(commit->directory_name, sizeof commit->directory_name, "%016" PRIx64, number);
    if (mkdirat(store->incoming, commit->directory_name, 0700) == 0) {
        commit->directory = openat(store->incoming, commit->directory_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (commit->directory < 0) {
        enum receiver_error error = receiver_error_from_errno(errno);
        pending_upload_free(pending);
        return error;
    }
    *out = pending;
    return RECEIVER_OK;
}

static enum receiver_error finish_file(struct pending_upload *pending) {
    if (pending->file < 0) {
        return RECEIVER_OK;
    }
    // Synced by group commit, together with other uploads. Some file systems report a full disk only at close.
    int failed = close(pending->file) != 0 ? errno : 0;
    pending->file = -1;
    return failed ? receiver_error_from_errno(failed) : RECEIVER_OK;
}

static enum receiver_error open_file(struct pending_upload *pending, const char *name) {
    enum receiver_error error = finish_file(pending);
    if (error != RECEIVER_OK) {
        return error;
    }
    pending->file = openat(pending->commit.directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return pending->file < 0 ? receiver_error_from_errno(errno) : RECEIVER_OK;
}

// "0-delta-heap.pprof": the number makes it unique, the rest is for people who look into the directory.
static void make_file_name(size_t number, const char *name, char file[CATALOG_FILE_MAX_BYTES + 1]) {
    int used = snprintf(file, CATALOG_FILE_MAX_BYTES + 1, "%zu-", number);
    size_t i = (size_t)used;
    for (; *name && i < CATALOG_FILE_MAX_BYTES; i++, name++) {
        unsigned char c = (unsigned char)*name;
        file[i] = (c < 0x80 && isalnum(c)) || c == '.' || c == '-' || c == '_' ? (char)c : '_';
    }
    file[i] = '\0';
}

// The stored name: no slash and no control character, so that it is one segment of a URL and one line of text; valid UTF-8.
static void clean_name(const char *name, char clean[CATALOG_NAME_MAX_BYTES + 1]) {
    size_t length = strlen(name), used = 0;
    for (size_t i = 0; i < length && used < CATALOG_NAME_MAX_BYTES; i++) {
        unsigned char c = (unsigned char)name[i];
        size_t sequence = utf8_length(name + i, length - i);
        if (sequence > 1 && used + sequence <= CATALOG_NAME_MAX_BYTES) {
            memcpy(clean + used, name + i, sequence);
            used += sequence;
            i += sequence - 1;
        } else {
            clean[used++] = c < 0x20 || c >= 0x7F || c == '/' || c == '\\' ? '_' : (char)c;
        }
    }
    clean[used] = '\0';
}

enum receiver_error pending_upload_attachment(struct pending_upload *pending, const char *name, char *text, size_t text_size) {
    if (pending->count == CATALOG_MAX_ATTACHMENTS) {
        snprintf(text, text_size, "more than %d attachments", CATALOG_MAX_ATTACHMENTS);
        return RECEIVER_BAD_UPLOAD;
    }
    if (!name || !*name) {
        snprintf(text, text_size, "an attachment has no name");
        return RECEIVER_BAD_UPLOAD;
    }
    if (strlen(name) > CATALOG_NAME_MAX_BYTES) {
        snprintf(text, text_size, "an attachment's name is longer than %d bytes", CATALOG_NAME_MAX_BYTES);
        return RECEIVER_BAD_UPLOAD;
    }
    struct catalog_attachment *attachment = &pending->attachments[pending->count];
    *attachment = (struct catalog_attachment){0};
    clean_name(name, attachment->name);
    for (size_t i = 0; i < pending->count; i++) {
        if (strcmp(pending->attachments[i].name, attachment->name) == 0) {
            snprintf(text, text_size, "two attachments are named %.100s", attachment->name);
            return RECEIVER_BAD_UPLOAD;
        }
    }
    make_file_name(pending->count, attachment->name, attachment->file);
    attachment->pprof = catalog_is_pprof(name);
    enum receiver_error error = open_file(pending, attachment->file);
    pending->count += error == RECEIVER_OK;
    return error;
}

static enum receiver_error write_bytes(struct pending_upload *pending, const char *bytes, size_t size) {
    return file_write(pending->file, bytes, size) ? RECEIVER_OK : receiver_error_from_errno(errno);
}

enum receiver_error pending_upload_write(struct pending_upload *pending, const char *bytes, size_t size) {
    struct catalog_attachment *attachment = &pending->attachments[pending->count - 1];
    if (attachment->size_bytes == 0) {
        pending->may_be_foreign[pending->count - 1] = foreign_attachment_may_be(attachment->name, bytes, size, pending->any_is_foreign);
    }
    attachment->size_bytes += size;
    return write_bytes(pending, bytes, size);
}

// ---- Files of other tools ----

void pending_upload_take_foreign(struct pending_upload *pending) {
    pending->any_is_foreign = true;
}

bool pending_upload_may_convert(const struct pending_upload *pending) {
    bool may = false;
    for (size_t i = 0; i < pending->count; i++) {
        may = may || pending->may_be_foreign[i];
    }
    return may;
}

static bool is_taken(const struct pending_upload *pending, size_t but, const char *name) {
    for (size_t i = 0; i < pending->count; i++) {
        if (i != but && strcmp(pending->attachments[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

// The file's name stays on the disk but for the suffix, which tells profiles.
static enum receiver_error replace(struct pending_upload *pending, size_t index, const char *name, const uint8_t *bytes, size_t size) {
    struct catalog_attachment *attachment = &pending->attachments[index];
    unlinkat(pending->commit.directory, attachment->file, 0);
    snprintf(attachment->name, sizeof attachment->name, "%s", name);
    make_file_name(index, name, attachment->file);
    attachment->pprof = catalog_is_pprof(name);
    attachment->size_bytes = size;
    enum receiver_error error = open_file(pending, attachment->file);
    error = error == RECEIVER_OK ? write_bytes(pending, (const char *)bytes, size) : error;
    return error == RECEIVER_OK ? finish_file(pending) : error;
}

// Not of an import, whose sender is told and has the file: of an upload, nobody reads the answer.
static bool may_stay(enum receiver_error error) {
    return error == RECEIVER_BAD_UPLOAD || error == RECEIVER_TOO_LARGE || error == RECEIVER_NO_MEMORY;
}

// What cannot be converted stays as it came, and the reason is noted.
static enum receiver_error convert_one(struct pending_upload *pending, size_t index, bool only, char *text, size_t text_size) {
    char name[CATALOG_NAME_MAX_BYTES + 1];
    uint8_t *bytes = NULL;
    size_t size;
    enum receiver_error error =
        foreign_attachment_read(pending->commit.directory, &pending->attachments[index], &bytes, &size, name, text, text_size);
    if (error == RECEIVER_OK && bytes && is_taken(pending, index, name)) {
        snprintf(text, text_size, "two attachments are named %.100s", name);
        error = RECEIVER_BAD_UPLOAD;
    }
    if (error == RECEIVER_OK && bytes) {
        error = replace(pending, index, name, bytes, size);
    } else if (!only && may_stay(error)) {
        char reason[300];
        snprintf(reason, sizeof reason, "kept as it came: %s", text);
        pending_upload_refuse(pending, pending->attachments[index].name, reason);
        error = RECEIVER_OK;
    }
    free(bytes);
    return error;
}

enum receiver_error pending_upload_convert(struct pending_upload *pending, bool only, struct merge_budget *budget, char *text,
                                           size_t text_size) {
    enum receiver_error error = finish_file(pending);
    struct merge_budget *before = merge_use_budget(budget);
    for (size_t i = 0; i < pending->count && error == RECEIVER_OK; i++) {
        if (pending->may_be_foreign[i]) {
            snprintf(text, text_size, "%s", "");
            error = convert_one(pending, i, only, text, text_size);
        }
    }
    merge_use_budget(before);
    if (error != RECEIVER_OK && !*text) {
        snprintf(text, text_size, "%s", receiver_error_text(error));
    }
    return error;
}

// ---- Refused parts ----

void pending_upload_refuse(struct pending_upload *pending, const char *name, const char *reason) {
    struct json *json = &pending->refused;
    if (json->size == 0) {
        json_array_begin(json);
    }
    json_object_begin(json);
    json_key(json, "name");
    json_text_n(json, name, strnlen(name, CATALOG_NAME_MAX_BYTES));
    json_key(json, "reason");
    json_text(json, reason);
    json_object_end(json);
}

const char *pending_upload_refused(const struct pending_upload *pending) {
    return pending->refused_text;
}

// ---- Keeping ----

// What event.json and the file names do not tell, if anything: names that are no file names, tags from outside the event, refusals.
static bool needs_meta(const struct pending_upload *pending, const char *more_tags) {
    if (pending->refused_text || more_tags) {
        return true;
    }
    for (size_t i = 0; i < pending->count; i++) {
        const char *dash = strchr(pending->attachments[i].file, '-');
        if (!dash || strcmp(dash + 1, pending->attachments[i].name) != 0) {
            return true;
        }
    }
    return false;
}

static enum receiver_error write_meta(struct pending_upload *pending, const char *more_tags) {
    struct json json = {0};
    json_object_begin(&json);
    json_key(&json, "names");
    json_object_begin(&json);
    for (size_t i = 0; i < pending->count; i++) {
        json_key(&json, pending->attachments[i].file);
        json_text(&json, pending->attachments[i].name);
    }
    json_object_end(&json);
    json_key(&json, "tags");
    json_text(&json, more_tags);
    json_key(&json, "refused");
    json_raw(&json, pending->refused_text ? pending->refused_text : "[]", strlen(pending->refused_text ? pending->refused_text : "[]"));
    json_object_end(&json);
    enum receiver_error error = json_failed(&json) ? RECEIVER_NO_MEMORY : open_file(pending, "meta.json");
    if (error == RECEIVER_OK) {
        error = write_bytes(pending, json.bytes, json.size);
    }
    json_free(&json);
    return error;
}

static enum receiver_error write_rest(struct pending_upload *pending, const char *event, size_t event_size, const char *more_tags) {
    if (pending->refused.size > 0) {
        json_array_end(&pending->refused);
        pending->refused_text = json_failed(&pending->refused) ? NULL : strndup(pending->refused.bytes, pending->refused.size);
        if (!pending->refused_text) {
            return RECEIVER_NO_MEMORY;
        }
    }
    enum receiver_error error = open_file(pending, "event.json");
    if (error == RECEIVER_OK) {
        error = write_bytes(pending, event, event_size);
    }
    if (error == RECEIVER_OK && needs_meta(pending, more_tags)) {
        error = write_meta(pending, more_tags);
    }
    return error == RECEIVER_OK ? finish_file(pending) : error;
}

void pending_upload_keep(struct pending_upload *pending, const char *event, size_t event_size, const char *more_tags,
                         pending_upload_done done, void *context) {
    struct commit *commit = &pending->commit;
    commit->done = done;
    commit->context = context;
    enum receiver_error error = event_readers_read(&pending->store->event_readers, event, event_size, more_tags, &commit->upload.event,
                                                   commit->reason, sizeof commit->reason);
    if (error != RECEIVER_OK) {
        done(context, error, 0, commit->reason);
        return;
    }
    if (relay_mark_has(commit->upload.event.tags, pending->store->relay_id)) {
        done(context, RECEIVER_BAD_UPLOAD, 0, "a loop: this receiver has forwarded the upload itself");
        return;
    }
    error = write_rest(pending, event, event_size, more_tags);
    if (error != RECEIVER_OK) {
        done(context, error, 0, receiver_error_text(error));
        return;
    }
    commit->upload.attachments = pending->attachments;
    commit->upload.attachment_count = pending->count;
    commit->upload.refused = pending->refused_text;
    commit->upload.size_bytes = catalog_disk_bytes(event_size, pending->attachments, pending->count);
    group_commit_add(pending->store->group_commit, commit);
}

void pending_upload_free(struct pending_upload *pending) {
    if (!pending) {
        return;
    }
    if (pending->file >= 0) {
        close(pending->file);
    }
    if (pending->commit.directory >= 0) {
        close(pending->commit.directory);
    }
    if (!pending->commit.kept) {
        store_remove_directory(pending->store->incoming, pending->commit.directory_name);
    }
    json_free(&pending->refused);
    upload_event_free(&pending->commit.upload.event);
    free(pending->refused_text);
    free(pending);
}
