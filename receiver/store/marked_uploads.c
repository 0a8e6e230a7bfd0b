// marked_uploads.c: pins, notes and removal (marked_uploads.h).
#include "marked_uploads.h"
#include "../../base/file.h"
#include "../index/catalog_pick.h"
#include "disk_reserve.h"
#include "notebook.h"
#include "store_directory.h"
#include "stored_upload.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// ---- Marks ----

struct marked {
    bool is_there, pinned;
    char *note; // the caller frees it
};

static enum receiver_error read_mark(struct store *store, int64_t id, struct marked *marked) {
    enum receiver_error error = catalog_has(store->catalog, id) ? RECEIVER_OK : RECEIVER_NOT_FOUND;
    *marked = (struct marked){0};
    return error == RECEIVER_OK ? catalog_read_mark(store->catalog, id, &marked->is_there, &marked->pinned, &marked->note) : error;
}

// On the disk, then in memory. Caller must hold uploads_lock.
static enum receiver_error write_mark(struct store *store, int64_t id, bool pinned, const char *note) {
    enum receiver_error error = notebook_mark(store->notebook, id, pinned, note);
    return error == RECEIVER_OK && !catalog_mark(store->catalog, id, pinned, note) ? RECEIVER_NO_MEMORY : error;
}

// Of an upload that is gone. What the notebook keeps of it for an error, the next start forgets.
static void forget_mark(struct store *store, int64_t id) {
    notebook_mark(store->notebook, id, false, NULL);
    catalog_mark(store->catalog, id, false, NULL);
}

static enum receiver_error check_count(struct store *store, const struct marked *marked, char *text, size_t text_size) {
    if (!marked->is_there && catalog_mark_count(store->catalog) >= NOTEBOOK_MARKS_MAX) {
        snprintf(text, text_size, "%d uploads are pinned or have a note, and more cannot", NOTEBOOK_MARKS_MAX);
        return RECEIVER_CONFLICT;
    }
    return RECEIVER_OK;
}

static bool tell(void *catalog, int64_t id, bool pinned, const char *note) {
    return catalog_mark(catalog, id, pinned, note);
}

enum receiver_error marked_uploads_tell(struct store *store, struct catalog *catalog) {
    return notebook_each_mark(store->notebook, tell, catalog);
}

// ---- Out of a pack ----

struct unpacking {
    struct store *store;
    struct stored_upload files;
    char name[24]; // below incoming/
    int directory;
    uint64_t size_bytes; // that it takes on the disk then
    enum receiver_error error;
};

static void copy_file(void *context, const char *name, uint64_t size) {
    struct unpacking *unpacking = context;
    const struct pack_part *part = pack_part_of(&unpacking->files.record, name);
    uint8_t *bytes = NULL;
    size_t read = 0;
    (void)size;
    if (unpacking->error != RECEIVER_OK) {
        return;
    }
    unpacking->error = part ? packs_read(&unpacking->store->packs, unpacking->files.pack, part, true, &bytes, &read) : RECEIVER_DAMAGED;
    if (unpacking->error != RECEIVER_OK) {
        return;
    }
    int file = openat(unpacking->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int64_t ms = unpacking->files.record.received_ms; // of event.json: when it came (rebuild.c)
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}};
    bool ok = file >= 0 && file_write(file, bytes, read) && futimens(file, times) == 0 && fsync(file) == 0;
    unpacking->error = ok ? RECEIVER_OK : receiver_error_from_errno(errno);
    if (file >= 0) {
        close(file);
    }
    free(bytes);
}

static bool note_size(void *context, const struct catalog_upload *upload) {
    struct unpacking *unpacking = context;
    const struct pack_part *event = pack_part_of(&unpacking->files.record, "event.json");
    unpacking->size_bytes = catalog_disk_bytes(event ? event->came_size : 0, upload->attachments, upload->attachment_count);
    return false;
}

// RECEIVER_NOT_FOUND is damage: the index has it.
static enum receiver_error open_packed(struct unpacking *unpacking, int64_t id) {
    enum receiver_error error = stored_open(unpacking->store, id, &unpacking->files);
    if (error == RECEIVER_OK) {
        catalog_visit(unpacking->store->catalog, id, note_size, unpacking);
    }
    return error == RECEIVER_NOT_FOUND ? RECEIVER_DAMAGED : error;
}

static enum receiver_error put_in_place(struct unpacking *unpacking) {
    struct store *store = unpacking->store;
    char name[24];
    int64_t id = unpacking->files.id;
    snprintf(name, sizeof name, "%" PRId64, id);
    if (fsync(unpacking->directory) != 0 || renameat(store->incoming, unpacking->name, store->uploads, name) != 0) {
        return receiver_error_from_errno(errno);
    }
    enum receiver_error error = store_sync_names(store) == 0 ? RECEIVER_OK : receiver_error_from_errno(errno);
    error = error == RECEIVER_OK ? packs_remove(&store->packs, id, true) : error;
    if (error != RECEIVER_OK) { // the pack has it still
        store_remove_upload_directory(store, id);
        return error;
    }
    const struct catalog_place place = {.id = id, .size_bytes = unpacking->size_bytes};
    catalog_set_sizes(store->catalog, &place, 1); // or the next start does
    return RECEIVER_OK;
}

// Caller must hold uploads_lock.
static enum receiver_error unpack(struct store *store, int64_t id) {
    struct unpacking unpacking = {.store = store, .directory = -1};
    if (store_has_directory(store, id)) {
        return RECEIVER_OK;
    }
    enum receiver_error error = open_packed(&unpacking, id);
    if (error != RECEIVER_OK) {
        return error;
    }
    snprintf(unpacking.name, sizeof unpacking.name, "e%015" PRIx64, (uint64_t)id);
    store_remove_directory(store->incoming, unpacking.name);
    if (mkdirat(store->incoming, unpacking.name, 0700) == 0) {
        unpacking.directory = openat(store->incoming, unpacking.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    unpacking.error = unpacking.directory < 0 ? receiver_error_from_errno(errno) : RECEIVER_OK;
    stored_each(&unpacking.files, copy_file, &unpacking);
    error = unpacking.error == RECEIVER_OK ? put_in_place(&unpacking) : unpacking.error;
    if (unpacking.directory >= 0) {
        close(unpacking.directory);
    }
    store_remove_directory(store->incoming, unpacking.name); // what is left of it
    stored_close(&unpacking.files);
    return error;
}

// ---- Pins ----

// What it takes on the disk in a directory of its own.
static enum receiver_error size_of(struct store *store, int64_t id, uint64_t *bytes) {
    struct catalog_place place;
    *bytes = catalog_places(store->catalog, id - 1, &place, 1) == 1 && place.id == id ? place.size_bytes : 0;
    if (store_has_directory(store, id)) {
        return RECEIVER_OK;
    }
    struct unpacking unpacking = {.store = store};
    enum receiver_error error = open_packed(&unpacking, id);
    if (error == RECEIVER_OK) {
        *bytes = unpacking.size_bytes;
        stored_close(&unpacking.files);
    }
    return error;
}

static enum receiver_error check_bytes(struct store *store, int64_t id, char *text, size_t text_size) {
    struct catalog_pins pins;
    uint64_t most = store->options.retention_bytes / MARKED_PINS_SHARE, bytes = 0;
    enum receiver_error error = catalog_pinned(store->catalog, &pins);
    free(pins.ids);
    error = error == RECEIVER_OK && most > 0 ? size_of(store, id, &bytes) : error;
    if (error == RECEIVER_OK && most > 0 && pins.bytes + bytes > most) {
        snprintf(text, text_size,
                 "pinned uploads take %" PRIu64 " bytes, and with this one more than half of the %" PRIu64
                 " that --retention allows: remove other pins, or allow more",
                 pins.bytes, store->options.retention_bytes);
        return RECEIVER_CONFLICT;
    }
    return error;
}

// Caller must hold uploads_lock.
static enum receiver_error pin(struct store *store, int64_t id, const struct marked *marked, char *text, size_t text_size) {
    enum receiver_error error = check_count(store, marked, text, text_size);
    error = error == RECEIVER_OK ? check_bytes(store, id, text, text_size) : error;
    error = error == RECEIVER_OK ? unpack(store, id) : error;
    return error == RECEIVER_OK ? write_mark(store, id, true, marked->note) : error;
}

enum receiver_error store_pin(struct store *store, int64_t id, bool pinned, char *text, size_t text_size) {
    struct marked marked;
    text[0] = '\0';
    pthread_mutex_lock(&store->uploads_lock);
    enum receiver_error error = read_mark(store, id, &marked);
    if (error == RECEIVER_OK && marked.pinned != pinned) {
        error = pinned ? pin(store, id, &marked, text, text_size) : write_mark(store, id, false, marked.note);
    }
    pthread_mutex_unlock(&store->uploads_lock);
    free(marked.note);
    return error;
}

// ---- Notes ----

enum receiver_error store_write_note(struct store *store, int64_t id, const char *note, size_t size, char *text, size_t text_size) {
    struct marked marked;
    text[0] = '\0';
    if (size > NOTEBOOK_NOTE_BYTES) {
        snprintf(text, text_size, "a note has at most %d bytes", NOTEBOOK_NOTE_BYTES);
        return RECEIVER_TOO_LARGE;
    }
    if (!notebook_is_note(note, size)) {
        snprintf(text, text_size, "a note is text in UTF-8 without control characters");
        return RECEIVER_BAD_UPLOAD;
    }
    char *copy = strndup(note, size);
    if (!copy) {
        return RECEIVER_NO_MEMORY;
    }
    pthread_mutex_lock(&store->uploads_lock);
    enum receiver_error error = read_mark(store, id, &marked);
    error = error == RECEIVER_OK && size > 0 ? check_count(store, &marked, text, text_size) : error;
    error = error == RECEIVER_OK ? write_mark(store, id, marked.pinned, copy) : error;
    pthread_mutex_unlock(&store->uploads_lock);
    free(marked.note);
    free(copy);
    return error;
}

// ---- What was made of an upload ----

static void note_names(void *context, const char *lines, size_t uploads) {
    char **names = context;
    (void)uploads;
    if (!*names) {
        *names = strdup(lines);
    }
}

// Roll-ups and figures with it are made again without it. They hold what was in the upload, so they go with it. Returns the first error,
// and goes on.
static enum receiver_error forget_made(struct store *store, const struct listed_upload *upload, const char *names) {
    enum receiver_error first = figures_store_remove(store->figures, upload->process, upload->id);
    for (const char *line = names ? names : ""; *line;) {
        char name[CATALOG_NAME_MAX_BYTES + 1];
        size_t length = strcspn(line, "\n");
        snprintf(name, sizeof name, "%.*s", (int)length, line);
        for (int level = ROLLUP_HOUR; level <= ROLLUP_DAY; level++) {
            int64_t number = catalog_day_of(upload->start_ms, rollup_length_ms((enum rollup_level)level));
            const struct rollup_key key = {name, upload->stream, (enum rollup_level)level, number};
            enum receiver_error error = rollup_base_forget(store->rollups, &key);
            first = first == RECEIVER_OK ? error : first;
        }
        line += length + (line[length] == '\n');
    }
    return first;
}

// Its row in the index, and the names of its attachments, a line each. The caller frees *names.
static enum receiver_error look(struct store *store, int64_t id, struct listed_upload *upload, char **names) {
    struct selection selection;
    struct listed_upload *rows = NULL;
    size_t count = 0, left_out;
    selection_init(&selection);
    selection.ids = &id;
    selection.id_count = 1;
    *names = NULL;
    enum receiver_error error = catalog_pick(store->catalog, &selection, NULL, 1, &rows, &count, &left_out);
    if (error == RECEIVER_OK && count == 0) {
        error = RECEIVER_NOT_FOUND;
    }
    if (error == RECEIVER_OK) {
        *upload = rows[0];
        error = catalog_names(store->catalog, &selection, 1, note_names, names);
    }
    free(rows);
    return error;
}

// ---- Removing ----

struct removing {
    struct store *store;
    int64_t id;
    char below[24]; // incoming/, where it is on its way
    bool moved;
    enum receiver_error error;
};

// Within the transaction that removes the row: when that is committed, a start finds nothing of it any more.
static bool take_out(void *context) {
    struct removing *removing = context;
    struct store *store = removing->store;
    removing->moved = store_move_out(store, removing->id, removing->below);
    removing->error = removing->moved || errno == ENOENT ? RECEIVER_OK : receiver_error_from_errno(errno);
    if (removing->error == RECEIVER_OK) {
        removing->error = packs_remove(&store->packs, removing->id, true);
    }
    if (removing->error == RECEIVER_OK && store_sync_names(store) != 0) {
        removing->error = receiver_error_from_errno(errno);
    }
    return removing->error == RECEIVER_OK;
}

static void move_back(const struct removing *removing) {
    char name[24];
    snprintf(name, sizeof name, "%" PRId64, removing->id);
    renameat(removing->store->incoming, removing->below, removing->store->uploads, name);
}

// Caller must hold uploads_lock.
static enum receiver_error remove_files(struct store *store, int64_t id) {
    struct removing removing = {.store = store, .id = id};
    enum receiver_error error = catalog_remove(store->catalog, id, take_out, &removing);
    error = removing.error != RECEIVER_OK ? removing.error : error;
    if (error != RECEIVER_OK) {
        if (removing.moved) {
            move_back(&removing);
        }
        return error;
    }
    if (removing.moved) {
        store_remove_directory(store->incoming, removing.below);
    }
    return RECEIVER_OK;
}

// Whether to try once more: what is removed is to make room, also on a full disk, where the databases need some first.
static bool gets_room(struct store *store, enum receiver_error error) {
    return error == RECEIVER_DISK_FULL && disk_reserve_use(store->directory);
}

enum receiver_error store_remove(struct store *store, int64_t id, char *text, size_t text_size) {
    struct listed_upload upload;
    struct marked marked = {0};
    char *names = NULL;
    text[0] = '\0';
    enum receiver_error error = look(store, id, &upload, &names);
    pthread_mutex_lock(&store->uploads_lock);
    error = error == RECEIVER_OK ? read_mark(store, id, &marked) : error;
    if (error == RECEIVER_OK && marked.pinned) {
        snprintf(text, text_size, "the upload is pinned");
        error = RECEIVER_CONFLICT;
    }
    if (error == RECEIVER_OK) {
        if (gets_room(store, forget_made(store, &upload, names))) { // so that a kill from here on leaves none of it
            forget_made(store, &upload, names);
        }
        error = remove_files(store, id);
        error = gets_room(store, error) ? remove_files(store, id) : error;
    }
    if (error == RECEIVER_OK && marked.is_there) {
        forget_mark(store, id);
    }
    pthread_mutex_unlock(&store->uploads_lock);
    if (error == RECEIVER_OK) {
        forget_made(store, &upload, names); // what was made of it meanwhile, or could not be removed before
    }
    free(marked.note);
    free(names);
    return error;
}

// ---- Retention, and at a start ----

void marked_uploads_forget(struct store *store, const int64_t *ids, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (catalog_has_mark(store->catalog, ids[i])) {
            forget_mark(store, ids[i]);
        }
    }
}

struct settling {
    struct store *store;
    int64_t ids[NOTEBOOK_MARKS_MAX];
    bool pinned[NOTEBOOK_MARKS_MAX];
    size_t count;
};

static bool note_one(void *context, int64_t id, bool pinned, const char *note) {
    struct settling *settling = context;
    (void)note;
    settling->ids[settling->count] = id;
    settling->pinned[settling->count] = pinned;
    return ++settling->count < NOTEBOOK_MARKS_MAX;
}

// Neither a row nor files, as far as these can be read.
static bool is_gone(struct store *store, int64_t id) {
    struct stored_upload files;
    enum receiver_error error = RECEIVER_OK;
    if (!catalog_has(store->catalog, id) && !store_has_directory(store, id)) {
        error = stored_open(store, id, &files);
        if (error == RECEIVER_OK) {
            stored_close(&files);
        }
    }
    return error == RECEIVER_NOT_FOUND;
}

void marked_uploads_settle(struct store *store) {
    struct settling settling = {.store = store};
    notebook_each_mark(store->notebook, note_one, &settling);
    for (size_t i = 0; i < settling.count; i++) {
        int64_t id = settling.ids[i];
        catalog_skip_ids(store->catalog, id); // a mark is never another upload's, also where the index was lost with the newest ones
        if (is_gone(store, id)) {
            forget_mark(store, id);
        } else if (settling.pinned[i] && catalog_has(store->catalog, id)) {
            unpack(store, id); // or the next start does
        }
    }
}
