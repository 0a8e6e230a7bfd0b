// backup_export.c: writes a data directory as a tar file (backup.h).
#include "backup_files.h"
#include "../../base/file.h"
#include "../../base/vector.h"
#include "../base/tar.h"
#include "notebook.h"
#include "store_directory.h"
#include "stored_upload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
    char name[CATALOG_FILE_MAX_BYTES + 1];
    int file;
    struct stat about;
};

struct exporting {
    struct store *store;
    struct backup *backup;
    int out;
    int64_t *ids;
    size_t count, capacity;
    struct file files[BACKUP_FILES]; // of one upload
    size_t file_count;
    enum receiver_error error; // of opening them
    struct stored_upload upload;
};

bool backup_is_file(const char *name) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t digits = strspn(name, "0123456789"), length = strlen(name);
    bool is_attachment = digits > 0 && digits < 4 && name[digits] == '-' && strspn(name, plain) == length;
    return length <= CATALOG_FILE_MAX_BYTES && (is_attachment || strcmp(name, "event.json") == 0 || strcmp(name, "meta.json") == 0);
}

void backup_skip(struct backup *backup, int64_t id, const char *why) {
    char text[300];
    backup->skipped++;
    snprintf(text, sizeof text, "upload %" PRId64 ": %.250s", id, why);
    if (backup->say) {
        backup->say(backup->context, text);
    }
}

// ---- Which there are ----

static bool add_id(void *context, int64_t id, uint32_t bytes) {
    struct exporting *exporting = context;
    (void)bytes;
    bool ok = VECTOR_RESERVE(exporting->ids, exporting->capacity, exporting->count + 1);
    if (ok) {
        exporting->ids[exporting->count++] = id;
    }
    return ok;
}

static int by_id(const void *left, const void *right) {
    const int64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static enum receiver_error load_packs(struct store *store) {
    packs_destroy(&store->packs);
    packs_init(&store->packs);
    return packs_load(&store->packs, store->uploads);
}

// Directories first: what is packed meanwhile is in a pack before its directory goes.
static enum receiver_error list(struct exporting *exporting) {
    DIR *entries = fdopendir(dup(exporting->store->uploads));
    bool ok = entries;
    if (entries) {
        rewinddir(entries);
    }
    for (struct dirent *entry; ok && (entry = readdir(entries));) {
        int64_t id = store_id_of(entry->d_name);
        ok = id == 0 || add_id(exporting, id, 0);
    }
    if (entries) {
        closedir(entries);
    }
    enum receiver_error error = ok ? load_packs(exporting->store) : RECEIVER_NO_MEMORY;
    if (error == RECEIVER_OK && !packs_each(&exporting->store->packs, add_id, exporting)) {
        error = RECEIVER_NO_MEMORY;
    }
    if (exporting->count > 1) {
        qsort(exporting->ids, exporting->count, sizeof *exporting->ids, by_id);
    }
    return error;
}

// ---- One upload ----

static void close_files(struct exporting *exporting) {
    for (size_t i = 0; i < exporting->file_count; i++) {
        close(exporting->files[i].file);
    }
    exporting->file_count = 0;
}

static void open_one(void *context, const char *name, uint64_t size) {
    struct exporting *exporting = context;
    (void)size;
    if (!backup_is_file(name) || exporting->error != RECEIVER_OK) {
        return; // others' files are not ours to write
    }
    if (exporting->file_count == BACKUP_FILES) {
        exporting->error = RECEIVER_TOO_LARGE;
        return;
    }
    struct file *file = &exporting->files[exporting->file_count];
    exporting->error = stored_file(&exporting->upload, name, true, &file->file);
    if (exporting->error == RECEIVER_OK) {
        snprintf(file->name, sizeof file->name, "%s", name);
        exporting->file_count++;
        exporting->error = fstat(file->file, &file->about) == 0 ? RECEIVER_OK : RECEIVER_IO;
    }
}

static int event_first(const void *left, const void *right) {
    const struct file *a = left, *b = right;
    bool event_a = strcmp(a->name, "event.json") == 0, event_b = strcmp(b->name, "event.json") == 0;
    return event_a != event_b ? event_b - event_a : strcmp(a->name, b->name);
}

// Whether the open directory is still the upload's: one that is packed or removed is renamed before its files go, so all of them are open
// then.
static bool is_in_place(const struct stored_upload *upload) {
    struct stat opened, there;
    char name[24];
    snprintf(name, sizeof name, "%" PRId64, upload->id);
    return fstat(upload->directory, &opened) == 0 && fstatat(upload->store->uploads, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           opened.st_dev == there.st_dev && opened.st_ino == there.st_ino;
}

// All of its files, so that it may be packed or removed from here on. RECEIVER_NOT_FOUND: it is gone, or on its way into a pack.
static enum receiver_error open_upload(struct exporting *exporting, int64_t id) {
    exporting->error = stored_open(exporting->store, id, &exporting->upload);
    if (exporting->error == RECEIVER_OK) {
        bool listed = stored_each(&exporting->upload, open_one, exporting);
        exporting->error = exporting->error == RECEIVER_OK && !listed ? RECEIVER_IO : exporting->error;
        if (exporting->upload.directory >= 0 && !is_in_place(&exporting->upload)) {
            exporting->error = RECEIVER_NOT_FOUND;
        }
        stored_close(&exporting->upload);
    }
    if (exporting->file_count > 1) {
        qsort(exporting->files, exporting->file_count, sizeof *exporting->files, event_first);
    }
    if (exporting->error == RECEIVER_OK && (exporting->file_count == 0 || strcmp(exporting->files[0].name, "event.json") != 0)) {
        exporting->error = RECEIVER_NOT_FOUND; // half removed
    }
    if (exporting->error != RECEIVER_OK) {
        close_files(exporting);
    }
    return exporting->error;
}

static enum receiver_error out_error(void) {
    return errno == EPIPE ? RECEIVER_CLIENT_GONE : receiver_error_from_errno(errno);
}

static enum receiver_error write_padding(int out, uint64_t size) {
    static const char zeros[TAR_BLOCK];
    return file_write(out, zeros, (size_t)(tar_padded(size) - size)) ? RECEIVER_OK : out_error();
}

// What is in a file that ends before its size is known only now, when its header is out already: the rest is zeros, and it is told.
static enum receiver_error copy(const struct file *file, int out, bool *cut) {
    static char bytes[1 << 16];
    uint64_t left = (uint64_t)file->about.st_size;
    off_t at = 0;
    while (left > 0) {
        size_t wanted = left < sizeof bytes ? (size_t)left : sizeof bytes;
        ssize_t count = *cut ? 0 : pread(file->file, bytes, wanted, at);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            *cut = true;
            memset(bytes, 0, wanted);
            count = (ssize_t)wanted;
        }
        if (!file_write(out, bytes, (size_t)count)) {
            return out_error();
        }
        at += count;
        left -= (uint64_t)count;
    }
    return write_padding(out, (uint64_t)file->about.st_size);
}

static enum receiver_error write_file(struct exporting *exporting, int64_t id, const struct file *file, bool *cut) {
    char blocks[3 * TAR_BLOCK], folder[40];
    size_t used = 0;
    snprintf(folder, sizeof folder, "uploads/%" PRId64, id);
    if (strcmp(file->name, "event.json") == 0) {
        tar_time(blocks, &file->about.st_mtim);
        used = (size_t)2 * TAR_BLOCK;
    }
    tar_header(blocks + used, TAR_FILE, folder, file->name, (uint64_t)file->about.st_size, file->about.st_mtim.tv_sec);
    if (!file_write(exporting->out, blocks, used + TAR_BLOCK)) {
        return out_error();
    }
    exporting->backup->bytes += (uint64_t)file->about.st_size;
    return copy(file, exporting->out, cut);
}

static enum receiver_error write_upload(struct exporting *exporting, int64_t id) {
    enum receiver_error error = open_upload(exporting, id);
    if (error == RECEIVER_NOT_FOUND && load_packs(exporting->store) == RECEIVER_OK) { // it may have been packed meanwhile
        error = open_upload(exporting, id);
    }
    if (error == RECEIVER_NOT_FOUND && !store_has_directory(exporting->store, id)) {
        exporting->backup->gone++;
        return RECEIVER_OK;
    }
    if (error != RECEIVER_OK) {
        backup_skip(exporting->backup, id, error == RECEIVER_NOT_FOUND ? "it has no event.json" : receiver_error_text(error));
        return error == RECEIVER_NO_MEMORY ? error : RECEIVER_OK;
    }
    bool cut = false;
    for (size_t i = 0; error == RECEIVER_OK && i < exporting->file_count; i++) {
        error = write_file(exporting, id, &exporting->files[i], &cut);
    }
    close_files(exporting);
    if (cut) {
        backup_skip(exporting->backup, id, "a file cannot be read to its end; it is in the backup with zeros in the place of the rest");
    } else {
        exporting->backup->uploads += error == RECEIVER_OK;
    }
    return error;
}

// ---- All ----

static bool count_mark(void *context, int64_t id, bool pinned, const char *note) {
    struct backup *backup = context;
    (void)id, (void)pinned, (void)note;
    backup->marks++;
    return true;
}

static bool count_annotation(void *context, const struct notebook_annotation *annotation) {
    struct backup *backup = context;
    (void)annotation;
    backup->annotations++;
    return true;
}

static void count_view(void *context, int64_t id, const char *name, const char *address) {
    struct backup *backup = context;
    (void)id, (void)name, (void)address;
    backup->views++;
}

static enum receiver_error write_notebook(struct exporting *exporting, char *text, size_t text_size) {
    struct notebook *notebook = exporting->store->notebook;
    struct json json = {0};
    char header[TAR_BLOCK];
    enum receiver_error error = notebook_write_json(notebook, &json);
    error = error == RECEIVER_OK && json_failed(&json) ? RECEIVER_NO_MEMORY : error;
    if (error == RECEIVER_OK && json.size > BACKUP_NOTEBOOK_MAX_BYTES) {
        snprintf(text, text_size, "pins, notes, annotations and views take %zu bytes as text, and an import reads %d at most", json.size,
                 BACKUP_NOTEBOOK_MAX_BYTES);
        error = RECEIVER_TOO_LARGE;
    }
    error = error == RECEIVER_OK ? notebook_each_mark(notebook, count_mark, exporting->backup) : error;
    error = error == RECEIVER_OK ? notebook_each_annotation(notebook, INT64_MIN, INT64_MAX, count_annotation, exporting->backup) : error;
    error = error == RECEIVER_OK ? notebook_each_view(notebook, count_view, exporting->backup) : error;
    if (error == RECEIVER_OK) {
        tar_header(header, TAR_FILE, "", "notebook.json", json.size, (time_t)(store_now_ms() / 1000));
        bool ok = file_write(exporting->out, header, sizeof header) && file_write(exporting->out, json.bytes, json.size);
        error = ok ? write_padding(exporting->out, json.size) : out_error();
    }
    json_free(&json);
    return error;
}

enum receiver_error backup_export(const char *directory, int out, struct backup *backup, char *text, size_t text_size) {
    static const char end[2 * TAR_BLOCK];
    struct exporting *exporting = calloc(1, sizeof *exporting);
    if (!exporting) {
        snprintf(text, text_size, "%s", receiver_error_text(RECEIVER_NO_MEMORY));
        return RECEIVER_NO_MEMORY;
    }
    exporting->backup = backup;
    exporting->out = out;
    enum receiver_error error = store_open_files(directory, false, &exporting->store, text, text_size);
    if (error != RECEIVER_OK) {
        free(exporting);
        return error;
    }
    text[0] = '\0';
    error = list(exporting);
    for (size_t i = 0; error == RECEIVER_OK && i < exporting->count; i++) {
        if (i == 0 || exporting->ids[i] != exporting->ids[i - 1]) {
            error = write_upload(exporting, exporting->ids[i]);
        }
    }
    error = error == RECEIVER_OK ? write_notebook(exporting, text, text_size) : error;
    if (error == RECEIVER_OK && !file_write(out, end, sizeof end)) {
        error = out_error();
    }
    if (!*text) {
        snprintf(text, text_size, "%s", receiver_error_text(error));
    }
    store_close(exporting->store);
    free(exporting->ids);
    free(exporting);
    return error;
}
