// backup_import.c: takes uploads from a tar file into a data directory (backup.h).
//
// An upload is written below incoming/, checked, and renamed into uploads/ with up to AT_ONCE others behind one sync of the file system: a
// kill or power cut leaves each whole or not there, and the import can be repeated.
#include "backup_files.h"
#include "../../base/clock.h"
#include "../../base/file.h"
#include "../../base/vector.h"
#include "../base/read_exact.h"
#include "../base/tar.h"
#include "annotations.h"
#include "notebook.h"
#include "saved_views.h"
#include "store_directory.h"
#include "stored_upload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { AT_ONCE = 64, EVENT_MAX_BYTES = 2 << 20, PAX_MAX_BYTES = 4096 };
static const int64_t max_id = INT64_C(1) << 52; // beyond it, numbers that follow would soon end

struct ready {
    int64_t id;
    char name[24]; // below incoming/
};

struct importing {
    struct store *store;
    struct backup *backup;
    int in;
    struct upload_event_reader *reader;
    struct ready ready[AT_ONCE];
    size_t ready_count;
    // The upload that is being read; id 0: none.
    int64_t id;
    int directory;
    char name[24], why[120]; // why it is left out; "": it is not
    size_t files;
    uint64_t bytes;
    char *notebook; // its text; NULL: none yet
    size_t notebook_size;
    int64_t *present; // taken, or there already, the same: these alone can have its marks
    size_t present_count, present_capacity;
};

static void say_left_out(struct backup *backup, const char *text) {
    backup->skipped++;
    if (backup->say) {
        backup->say(backup->context, text);
    }
}

// ---- Reading ----

// RECEIVER_BAD_UPLOAD: the file ends before.
static enum receiver_error take(struct importing *importing, void *bytes, size_t size) {
    for (char *at = bytes; size > 0;) {
        ssize_t count = read(importing->in, at, size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return count < 0 ? RECEIVER_IO : RECEIVER_BAD_UPLOAD;
        }
        at += count;
        size -= (size_t)count;
    }
    return RECEIVER_OK;
}

// The bytes of an entry and its padding, into a file, or nowhere (-1).
static enum receiver_error pass(struct importing *importing, uint64_t size, int file, enum receiver_error *written) {
    static char bytes[1 << 16];
    enum receiver_error error = RECEIVER_OK;
    *written = RECEIVER_OK;
    for (uint64_t left = size; error == RECEIVER_OK && left > 0;) {
        size_t count = left < sizeof bytes ? (size_t)left : sizeof bytes;
        error = take(importing, bytes, count);
        if (error == RECEIVER_OK && file >= 0 && *written == RECEIVER_OK && !file_write(file, bytes, count)) {
            *written = receiver_error_from_errno(errno);
        }
        left -= count;
    }
    return error == RECEIVER_OK ? take(importing, bytes, (size_t)(tar_padded(size) - size)) : error;
}

// ---- Into place ----

static void drop(struct importing *importing) {
    if (importing->directory >= 0) {
        close(importing->directory);
        importing->directory = -1;
    }
    store_remove_directory(importing->store->incoming, importing->name);
}

// All that are ready, behind a sync of their files.
static enum receiver_error settle(struct importing *importing) {
    struct store *store = importing->store;
    enum receiver_error error = RECEIVER_OK;
    if (importing->ready_count > 0 && syncfs(store->incoming) != 0) {
        error = receiver_error_from_errno(errno);
    }
    for (size_t i = 0; i < importing->ready_count; i++) {
        const struct ready *ready = &importing->ready[i];
        char name[24];
        snprintf(name, sizeof name, "%" PRId64, ready->id);
        if (error == RECEIVER_OK && renameat(store->incoming, ready->name, store->uploads, name) != 0) {
            error = receiver_error_from_errno(errno);
        }
        if (error == RECEIVER_OK) {
            importing->backup->uploads++;
        } else {
            store_remove_directory(store->incoming, ready->name);
        }
    }
    importing->ready_count = 0;
    if (error == RECEIVER_OK && store_sync_names(store) != 0) {
        error = receiver_error_from_errno(errno);
    }
    return error;
}

// ---- What is there already ----

static bool is_same_file(int a, int b) {
    static char left[1 << 15], right[1 << 15];
    struct stat about_a, about_b;
    if (fstat(a, &about_a) != 0 || fstat(b, &about_b) != 0 || about_a.st_size != about_b.st_size) {
        return false;
    }
    for (off_t at = 0; at < about_a.st_size;) {
        off_t rest = about_a.st_size - at;
        size_t count = rest < (off_t)sizeof left ? (size_t)rest : sizeof left;
        if (pread(a, left, count, at) != (ssize_t)count || pread(b, right, count, at) != (ssize_t)count ||
            memcmp(left, right, count) != 0) {
            return false;
        }
        at += (off_t)count;
    }
    return true;
}

struct comparison {
    struct importing *importing;
    struct stored_upload *stored;
    size_t count;
    bool same, unreadable;
};

static void compare(void *context, const char *name, uint64_t size) {
    struct comparison *comparison = context;
    int there = -1, here = openat(comparison->importing->directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    (void)size;
    enum receiver_error error = stored_file(comparison->stored, name, true, &there);
    comparison->count++;
    comparison->unreadable |= error != RECEIVER_OK;
    comparison->same = comparison->same && here >= 0 && error == RECEIVER_OK && is_same_file(there, here);
    if (there >= 0) {
        close(there);
    }
    if (here >= 0) {
        close(here);
    }
}

enum stored { STORED_NONE, STORED_SAME, STORED_OTHER, STORED_UNREADABLE };

static enum stored what_is_there(struct importing *importing) {
    struct stored_upload stored;
    if (!store_has_directory(importing->store, importing->id) && !packs_cover(&importing->store->packs, importing->id)) {
        return STORED_NONE;
    }
    enum receiver_error error = stored_open(importing->store, importing->id, &stored);
    if (error != RECEIVER_OK) {
        bool is_free = error == RECEIVER_NOT_FOUND && !store_has_directory(importing->store, importing->id);
        return is_free ? STORED_NONE : STORED_UNREADABLE;
    }
    struct comparison comparison = {.importing = importing, .stored = &stored, .same = true};
    bool listed = stored_each(&stored, compare, &comparison);
    stored_close(&stored);
    return !listed || comparison.unreadable                          ? STORED_UNREADABLE
           : comparison.same && comparison.count == importing->files ? STORED_SAME
                                                                     : STORED_OTHER;
}

// ---- One upload ----

static enum receiver_error add_present(struct importing *importing) {
    if (!VECTOR_RESERVE(importing->present, importing->present_capacity, importing->present_count + 1)) {
        return RECEIVER_NO_MEMORY;
    }
    importing->present[importing->present_count++] = importing->id;
    return RECEIVER_OK;
}

static void refuse(struct importing *importing, const char *why) {
    if (!*importing->why) {
        snprintf(importing->why, sizeof importing->why, "%s", why);
    }
}

// The caller frees it. NULL: it is not there, too large or unreadable.
static char *read_small(struct importing *importing, const char *name, size_t *size) {
    struct stat about;
    char *bytes = NULL;
    int file = openat(importing->directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) {
        return NULL;
    }
    if (fstat(file, &about) == 0 && about.st_size <= EVENT_MAX_BYTES && (bytes = malloc((size_t)about.st_size + 1)) &&
        read_exact(file, bytes, (size_t)about.st_size) != RECEIVER_OK) {
        free(bytes);
        bytes = NULL;
    }
    close(file);
    *size = bytes ? (size_t)about.st_size : 0;
    return bytes;
}

static void check_event(struct importing *importing) {
    struct upload_event event;
    size_t size;
    char reason[200] = "";
    if (faccessat(importing->directory, "event.json", F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
        refuse(importing, "it has no event.json");
        return;
    }
    char *bytes = read_small(importing, "event.json", &size);
    if (bytes && upload_event_read_stored(importing->reader, bytes, size, NULL, &event, reason, sizeof reason) == RECEIVER_OK) {
        upload_event_free(&event);
    } else {
        refuse(importing, *reason ? reason : "its event.json cannot be read");
    }
    free(bytes);
}

// A name in meta.json without its file: part of an upload is none.
static void check_names(struct importing *importing) {
    sqlite3 *database = NULL;
    sqlite3_stmt *names = NULL;
    size_t size;
    char *meta = read_small(importing, "meta.json", &size);
    bool ok = meta && sqlite3_open_v2(":memory:", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
              sqlite3_prepare_v2(database, "SELECT key FROM json_each(?1, '$.names')", -1, &names, NULL) == SQLITE_OK &&
              sqlite3_bind_text64(names, 1, meta, size, SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK;
    while (ok && sqlite3_step(names) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(names, 0);
        if (name && backup_is_file(name) && faccessat(importing->directory, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
            refuse(importing, "it lacks a file that its meta.json names");
        }
    }
    sqlite3_finalize(names);
    sqlite3_close(database);
    free(meta);
}

static enum receiver_error finish_upload(struct importing *importing) {
    enum receiver_error error = RECEIVER_OK;
    if (importing->id == 0) {
        return error;
    }
    if (!*importing->why) {
        check_event(importing);
        check_names(importing);
    }
    enum stored stored = *importing->why ? STORED_NONE : what_is_there(importing);
    if (stored == STORED_OTHER) {
        refuse(importing, "another upload is stored under this number");
    } else if (stored == STORED_UNREADABLE) {
        refuse(importing, "what is stored under this number is damaged, or cannot be read, and stays");
    }
    if (*importing->why) {
        backup_skip(importing->backup, importing->id, importing->why);
        drop(importing);
    } else if ((error = add_present(importing)) != RECEIVER_OK) {
        drop(importing);
    } else if (stored == STORED_SAME) {
        importing->backup->there++;
        drop(importing);
    } else {
        close(importing->directory);
        importing->directory = -1;
        importing->ready[importing->ready_count] = (struct ready){.id = importing->id};
        memcpy(importing->ready[importing->ready_count++].name, importing->name, sizeof importing->name);
        importing->backup->bytes += importing->bytes;
        error = importing->ready_count == AT_ONCE ? settle(importing) : error;
    }
    importing->id = 0;
    return error;
}

static enum receiver_error begin_upload(struct importing *importing, int64_t id) {
    enum receiver_error error = finish_upload(importing);
    for (size_t i = 0; error == RECEIVER_OK && i < importing->ready_count; i++) {
        if (importing->ready[i].id == id) { // twice in the file: the second is compared with the first
            error = settle(importing);
        }
    }
    if (error != RECEIVER_OK) {
        return error;
    }
    importing->id = id;
    importing->why[0] = '\0';
    importing->files = 0;
    importing->bytes = 0;
    snprintf(importing->name, sizeof importing->name, "1%015" PRIx64, (uint64_t)id);
    if (mkdirat(importing->store->incoming, importing->name, 0700) == 0) {
        importing->directory = openat(importing->store->incoming, importing->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    return importing->directory < 0 ? receiver_error_from_errno(errno) : RECEIVER_OK;
}

static enum receiver_error take_file(struct importing *importing, const char *name, const struct tar_entry *entry,
                                     const struct timespec *time) {
    int file = -1;
    enum receiver_error written;
    if (!backup_is_file(name)) {
        refuse(importing, "it has a file with a name that no upload's file has");
    } else if (entry->size > BACKUP_FILE_MAX_BYTES || importing->files == BACKUP_FILES) {
        refuse(importing, "it has a file that is too large, or too many");
    } else if (!*importing->why) {
        file = openat(importing->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (file < 0 && errno == EEXIST) {
            refuse(importing, "it has two files of one name");
        } else if (file < 0) {
            return receiver_error_from_errno(errno);
        }
        importing->files++;
        importing->bytes += entry->size;
    }
    enum receiver_error error = pass(importing, entry->size, file, &written);
    struct timespec at = time->tv_sec || time->tv_nsec ? *time : (struct timespec){.tv_sec = entry->time};
    const time_t now = (time_t)(clock_ns(CLOCK_REALTIME) / 1000000000);
    if (at.tv_sec > now) { // nothing arrives in the future
        at = (struct timespec){.tv_sec = now};
    }
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, at};
    if (file >= 0) { // of event.json: when it arrived (rebuild.c)
        futimens(file, times);
    }
    if (file >= 0 && close(file) != 0 && written == RECEIVER_OK) {
        written = receiver_error_from_errno(errno);
    }
    return error == RECEIVER_OK ? written : error;
}

// ---- The notebook ----

static enum receiver_error take_notebook(struct importing *importing, uint64_t size) {
    enum receiver_error none;
    if (size > BACKUP_NOTEBOOK_MAX_BYTES || importing->notebook) {
        say_left_out(importing->backup, "notebook.json is too large, or there are two");
        return pass(importing, size, -1, &none);
    }
    importing->notebook = malloc((size_t)size + 1);
    if (!importing->notebook) {
        return RECEIVER_NO_MEMORY;
    }
    importing->notebook_size = (size_t)size;
    enum receiver_error error = take(importing, importing->notebook, (size_t)size);
    char padding[TAR_BLOCK];
    return error == RECEIVER_OK ? take(importing, padding, (size_t)(tar_padded(size) - size)) : error;
}

struct known {
    struct importing *importing;
    int64_t id;
    bool found, same, pinned;
    const char *note;
    size_t count;
};

static bool look(void *context, int64_t id, bool pinned, const char *note) {
    struct known *known = context;
    known->count++;
    if (id == known->id) {
        known->found = true;
        known->same = pinned == known->pinned && strcmp(note ? note : "", known->note ? known->note : "") == 0;
    }
    return true;
}

static int by_id(const void *left, const void *right) {
    const int64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static bool add_mark(void *context, int64_t id, bool pinned, const char *note) {
    struct importing *importing = context;
    struct known known = {.importing = importing, .id = id, .pinned = pinned, .note = note};
    bool is_present = importing->present_count > 0 && bsearch(&id, importing->present, importing->present_count, sizeof id, by_id);
    bool is_taken = store_has_directory(importing->store, id) || packs_cover(&importing->store->packs, id);
    if (notebook_each_mark(importing->store->notebook, look, &known) != RECEIVER_OK) {
        return false;
    }
    if (!is_present) {
        backup_skip(importing->backup, id,
                    is_taken ? "its pin or note is left out: it is not the upload that is stored under this number"
                             : "it has a pin or a note, and is not there");
    } else if (known.found && !known.same) {
        backup_skip(importing->backup, id, "it has another pin or note, which stays");
    } else if (!known.found && known.count >= NOTEBOOK_MARKS_MAX) {
        backup_skip(importing->backup, id, "there are too many pins and notes for its own");
    } else if (!known.found) {
        importing->backup->marks += notebook_mark(importing->store->notebook, id, pinned, note) == RECEIVER_OK;
    }
    return true;
}

// ---- All ----

// "uploads/7/NAME", perhaps behind "./".
static const char *name_in(const char *path, int64_t *id) {
    static const char folder[] = "uploads/";
    char number[24];
    path += strncmp(path, "./", 2) == 0 ? 2 : 0;
    const char *digits = strncmp(path, folder, sizeof folder - 1) == 0 ? path + sizeof folder - 1 : "";
    size_t length = strcspn(digits, "/");
    *id = 0;
    if (length > 0 && length < sizeof number && digits[length] == '/') {
        memcpy(number, digits, length);
        number[length] = '\0';
        *id = store_id_of(number);
    }
    return *id > 0 && *id <= max_id ? digits + length + 1 : NULL;
}

static enum receiver_error take_entry(struct importing *importing, const struct tar_entry *entry, struct timespec *time) {
    enum receiver_error none;
    int64_t id;
    const char *name = name_in(entry->path, &id), *bare = strncmp(entry->path, "./", 2) == 0 ? entry->path + 2 : entry->path;
    if (entry->type == TAR_PAX && entry->size <= PAX_MAX_BYTES) {
        char text[PAX_MAX_BYTES], padding[TAR_BLOCK];
        enum receiver_error error = take(importing, text, (size_t)entry->size);
        error = error == RECEIVER_OK ? take(importing, padding, (size_t)(tar_padded(entry->size) - entry->size)) : error;
        if (error == RECEIVER_OK && !tar_read_time(text, entry->size, time)) {
            *time = (struct timespec){0};
        }
        return error;
    }
    const struct timespec its = *time;
    *time = (struct timespec){0};
    if (entry->type == TAR_FOLDER && entry->size == 0) {
        return RECEIVER_OK;
    }
    if (entry->type == TAR_FILE && strcmp(bare, "notebook.json") == 0) {
        return take_notebook(importing, entry->size);
    }
    if (entry->type != TAR_FILE || !name) {
        char text[200];
        snprintf(text, sizeof text, "%.150s: it is no file of an upload, and left out", entry->path);
        say_left_out(importing->backup, text);
        return pass(importing, entry->size, -1, &none);
    }
    enum receiver_error error = id == importing->id ? RECEIVER_OK : begin_upload(importing, id);
    return error == RECEIVER_OK ? take_file(importing, name, entry, &its) : error;
}

static enum receiver_error take_all(struct importing *importing, char *text, size_t text_size) {
    struct tar_entry entry;
    struct timespec time = {0};
    char block[TAR_BLOCK];
    enum receiver_error error;
    while ((error = take(importing, block, sizeof block)) == RECEIVER_OK && !tar_is_end(block)) {
        if (!tar_read(block, &entry)) {
            snprintf(text, text_size, "this is no tar file, or it is damaged from here on");
            error = RECEIVER_BAD_UPLOAD;
            break;
        }
        error = take_entry(importing, &entry, &time);
        if (error != RECEIVER_OK) {
            break;
        }
    }
    if (error == RECEIVER_BAD_UPLOAD && !*text) {
        snprintf(text, text_size, "the file is cut off");
    }
    if (error != RECEIVER_OK && importing->id > 0) { // the upload that is half read
        drop(importing);
        importing->id = 0;
    }
    enum receiver_error finished = finish_upload(importing);
    enum receiver_error settled = settle(importing);
    return error != RECEIVER_OK ? error : finished != RECEIVER_OK ? finished : settled;
}

enum receiver_error backup_import(const char *directory, int in, struct backup *backup, char *text, size_t text_size) {
    struct importing *importing = calloc(1, sizeof *importing);
    text[0] = '\0';
    enum receiver_error error = RECEIVER_NO_MEMORY;
    if (importing && (importing->reader = upload_event_reader_new())) {
        importing->backup = backup;
        importing->in = in;
        importing->directory = -1;
        error = store_open_files(directory, true, &importing->store, text, text_size);
    }
    if (error == RECEIVER_OK) {
        text[0] = '\0';
        error = take_all(importing, text, text_size);
        if (importing->present_count > 1) {
            qsort(importing->present, importing->present_count, sizeof *importing->present, by_id);
        }
        if (error == RECEIVER_OK && importing->notebook &&
            notebook_read_json(importing->notebook, importing->notebook_size, add_mark, importing) != RECEIVER_OK) {
            say_left_out(backup, "notebook.json is not what an export writes; pins and notes are missing");
        }
        size_t refused =
            importing->notebook
                ? annotations_import(importing->store->notebook, importing->notebook, importing->notebook_size, &backup->annotations) +
                      saved_views_import(importing->store->notebook, importing->notebook, importing->notebook_size, &backup->views)
                : 0;
        if (error == RECEIVER_OK && refused > 0) {
            say_left_out(backup, "notebook.json has annotations or views that are none, or too many; they are left out");
        }
        store_close(importing->store);
    }
    if (!*text) {
        snprintf(text, text_size, "%s", receiver_error_text(error));
    }
    if (importing) {
        upload_event_reader_free(importing->reader);
        free(importing->notebook);
        free(importing->present);
    }
    free(importing);
    return error;
}
