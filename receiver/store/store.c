// store.c: opens, cleans and reads the data directory (store.h). pending_upload.c writes into it.
#include "store.h"
#include "../../base/clock.h"
#include "../../base/directory_owner.h"
#include "../index/recording_conversion.h"
#include "disk_reserve.h"
#include "marked_uploads.h"
#include "notebook.h"
#include "packer.h"
#include "snapshot.h"
#include "store_directory.h"
#include "stored_upload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_dots(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

void store_remove_directory(int directory, const char *name) {
    int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (!entries) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    for (struct dirent *entry; (entry = readdir(entries));) {
        if (!is_dots(entry->d_name)) {
            unlinkat(fd, entry->d_name, 0);
        }
    }
    closedir(entries);
    unlinkat(directory, name, AT_REMOVEDIR);
}

bool store_move_out(struct store *store, int64_t id, char below[24]) {
    char name[24];
    snprintf(name, sizeof name, "%" PRId64, id);
    snprintf(below, 24, "%016" PRIx64, (uint64_t)id);
    return renameat(store->uploads, name, store->incoming, below) == 0;
}

void store_remove_upload_directory(struct store *store, int64_t id) {
    char name[24], below[24];
    snprintf(name, sizeof name, "%" PRId64, id);
    bool moved = store_move_out(store, id, below);
    store_remove_directory(moved ? store->incoming : store->uploads, moved ? below : name);
}

bool store_has_directory(const struct store *store, int64_t id) {
    char name[24];
    struct stat about;
    snprintf(name, sizeof name, "%" PRId64, id);
    return fstatat(store->uploads, name, &about, AT_SYMLINK_NOFOLLOW) == 0;
}

int64_t store_id_of(const char *name) {
    char expected[24];
    errno = 0;
    int64_t id = strtoll(name, NULL, 10);
    snprintf(expected, sizeof expected, "%" PRId64, id);
    return errno == 0 && id > 0 && strcmp(name, expected) == 0 ? id : 0;
}

int64_t store_now_ms(void) {
    return (int64_t)(clock_ns(CLOCK_REALTIME) / 1000000);
}

// Removes incomplete uploads, which pending_upload.c names by 16 hex digits, and nothing that others may have put there.
static void clean_incoming(struct store *store) {
    DIR *entries = fdopendir(dup(store->incoming));
    if (!entries) {
        return;
    }
    rewinddir(entries);
    for (struct dirent *entry; (entry = readdir(entries));) {
        if (strlen(entry->d_name) == 16 && strspn(entry->d_name, "0123456789abcdef") == 16) {
            store_remove_directory(store->incoming, entry->d_name);
        }
    }
    closedir(entries);
}

void store_make_directories(const char *path) {
    char *copy = strdup(path);
    for (char *slash = copy ? strchr(copy + (*copy == '/'), '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(copy, 0755);
        *slash = '/';
    }
    free(copy);
    mkdir(path, 0700); // profiles tell about the program: for its owner only
}

// Does not follow a link: what is inside gets removed one day. -1: text has the cause.
static int open_below(struct store *store, const char *name, char *text, size_t text_size) {
    mkdirat(store->directory, name, 0700);
    int directory = openat(store->directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0) {
        bool other = errno == ENOTDIR || errno == ELOOP;
        snprintf(text, text_size, "%s/%s: %s", store->path, name, other ? "not a directory (links are not followed)" : strerror(errno));
    }
    return directory;
}

static enum receiver_error open_directories(struct store *store, char *text, size_t text_size) {
    store_make_directories(store->path);
    store->directory = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char *fault = store->directory >= 0 ? directory_owner_fault(store->directory) : NULL;
    if (fault) {
        snprintf(text, text_size, "%s: %s", store->path, fault);
        return RECEIVER_BAD_DIRECTORY;
    }
    store->lock = store->directory < 0 ? -1 : openat(store->directory, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (store->lock < 0) {
        snprintf(text, text_size, "%s: %s", store->path, strerror(errno));
        return RECEIVER_BAD_DIRECTORY;
    }
    if (flock(store->lock, LOCK_EX | LOCK_NB) != 0) {
        snprintf(text, text_size, "%s: %s", store->path, receiver_error_text(RECEIVER_DIRECTORY_TAKEN));
        return RECEIVER_DIRECTORY_TAKEN;
    }
    store->incoming = open_below(store, "incoming", text, text_size);
    store->uploads = store->incoming < 0 ? -1 : open_below(store, "uploads", text, text_size);
    if (store->uploads >= 0) {
        store->durability = durability_of(store->uploads);
        syncfs(store->directory); // the new directories, whose names nothing else syncs
    }
    return store->uploads < 0 ? RECEIVER_BAD_DIRECTORY : RECEIVER_OK;
}

// ---- Index ----

// Keeps a damaged index beside the new one, for later inspection.
static void put_aside(struct store *store) {
    static const char *const endings[] = {"-wal", "-shm"};
    renameat(store->directory, "index.sqlite", store->directory, "index.sqlite.damaged");
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char name[40];
        snprintf(name, sizeof name, "index.sqlite%s", endings[i]);
        unlinkat(store->directory, name, 0);
    }
}

static enum receiver_error open_catalog(struct store *store, enum catalog_opening opening, bool *newer, struct catalog **catalog,
                                        char *text, size_t text_size) {
    enum receiver_error error = catalog_open(store->index, opening, newer, catalog, text, text_size);
    if (error == RECEIVER_OK) {
        catalog_limit_memory(*catalog, store->options.index_bytes);
        error = marked_uploads_tell(store, *catalog);
        if (error != RECEIVER_OK) {
            snprintf(text, text_size, "%s/notebook.sqlite: %s", store->path, receiver_error_text(error));
            catalog_close(*catalog);
            *catalog = NULL;
        }
    }
    return error;
}

// As it was left: nothing is to be checked, and nothing to be learnt from the files.
static bool open_unchanged(struct store *store) {
    struct snapshot snapshot;
    char text[200];
    bool newer;
    snapshot_open(store->directory, store->uploads, &snapshot);
    bool ok = snapshot.file && open_catalog(store, CATALOG_OPEN_UNCHANGED, &newer, &store->catalog, text, sizeof text) == RECEIVER_OK &&
              snapshot_load(&snapshot, store->catalog);
    snapshot_close(store->directory, &snapshot);
    if (!ok) {
        catalog_close(store->catalog);
        store->catalog = NULL;
    }
    return ok;
}

// Opens it, or creates one: then *fresh is true, and all must be read from the files.
static enum receiver_error open_or_create(struct store *store, bool *fresh, char *text, size_t text_size) {
    bool newer;
    enum receiver_error error = open_catalog(store, CATALOG_OPEN, &newer, &store->catalog, text, text_size);
    *fresh = false;
    if (error == RECEIVER_OK && catalog_load(store->catalog) == RECEIVER_BAD_INDEX) {
        catalog_close(store->catalog);
        store->catalog = NULL;
        error = RECEIVER_BAD_INDEX;
    }
    if ((error != RECEIVER_BAD_INDEX && error != RECEIVER_NOT_FOUND) || newer) {
        return error;
    }
    *fresh = true;
    bool damaged = error == RECEIVER_BAD_INDEX;
    put_aside(store);
    snprintf(store->note, sizeof store->note, "%s",
             damaged ? "the index was damaged (it is index.sqlite.damaged now)" : "there was no index of this version");
    return open_catalog(store, CATALOG_CREATE, &newer, &store->catalog, text, text_size);
}

// Uploads without a row: the index was lost, or a power cut took its last rows. Rows without an upload: its files were removed.
static enum receiver_error learn_from_files(struct store *store, struct catalog *catalog, size_t *added, size_t *dropped) {
    enum receiver_error error = rebuild_missing(store, catalog, added, dropped);
    return error == RECEIVER_OK && (*added || *dropped) ? catalog_load(catalog) : error;
}

// Older versions let everybody read it. SQLite gives the files beside it its mode.
static void keep_index_private(struct store *store) {
    static const char *const names[] = {"index.sqlite", "index.sqlite-wal", "index.sqlite-shm", "index.sqlite.damaged"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct stat about; // most are not there; a mode that is set again would be a change (snapshot.h)
        if (fstatat(store->directory, names[i], &about, AT_SYMLINK_NOFOLLOW) == 0 && (about.st_mode & 0777) != 0600) {
            (void)!fchmodat(store->directory, names[i], 0600, 0);
        }
    }
}

static bool may_be_full(enum receiver_error error) {
    return error == RECEIVER_DISK_FULL || error == RECEIVER_IO; // SQLite calls it an I/O error where its shared memory finds no room
}

static enum receiver_error open_index(struct store *store, char *text, size_t text_size) {
    bool fresh;
    keep_index_private(store);
    size_t added = 0, dropped = 0;
    store->is_unchanged = open_unchanged(store);
    if (store->is_unchanged) {
        return RECEIVER_OK;
    }
    packer_finish(store);
    enum receiver_error error = open_or_create(store, &fresh, text, text_size);
    if (may_be_full(error) && disk_reserve_use(store->directory)) {
        error = open_or_create(store, &fresh, text, text_size);
    }
    if (error == RECEIVER_OK) {
        error = learn_from_files(store, store->catalog, &added, &dropped);
        if (error != RECEIVER_OK) {
            snprintf(text, text_size, "%s: %s", store->index, receiver_error_text(error));
        }
    }
    if (error == RECEIVER_OK) {
        packer_settle(store);
    }
    size_t used = fresh && added ? strlen(store->note) : 0;
    store->note[used] = '\0';
    if (added || dropped) {
        snprintf(store->note + used, sizeof store->note - used,
                 "%s%zu uploads added to the index from their files, %zu without files dropped", used ? ": " : "", added, dropped);
    }
    return error;
}

// Closes the damaged one first: two databases with one path would share a WAL. Until the new one replaces it, calls that need the index
// return RECEIVER_BAD_INDEX, and searches in memory go on.
enum receiver_error store_repair(struct store *store) {
    struct catalog *fresh = NULL;
    size_t added, dropped;
    bool newer;
    char text[200];
    pthread_mutex_lock(&store->uploads_lock);
    catalog_shut(store->catalog);
    put_aside(store);
    enum receiver_error error = open_catalog(store, CATALOG_CREATE, &newer, &fresh, text, sizeof text);
    if (error == RECEIVER_OK) {
        error = learn_from_files(store, fresh, &added, &dropped);
    }
    if (error == RECEIVER_OK) {
        catalog_take(store->catalog, fresh);
        atomic_store(&store->figures_known, false);
        maintenance_wake(store->maintenance); // for the measures
    } else {
        catalog_close(fresh);
    }
    pthread_mutex_unlock(&store->uploads_lock);
    return error;
}

// To what is said of the start.
static void add_note(struct store *store, const char *note) {
    size_t used = strlen(store->note);
    if (*note) {
        snprintf(store->note + used, sizeof store->note - used, "%s%s", used ? "; " : "", note);
    }
}

// A pin beyond the limit is refused, but pins may have come with an import, or before the limit was lowered.
static void note_pins(struct store *store) {
    struct catalog_pins pins = {0};
    uint64_t limit = store->options.retention_bytes;
    if (limit && catalog_pinned(store->catalog, &pins) == RECEIVER_OK && pins.bytes > limit / MARKED_PINS_SHARE) {
        char note[200];
        snprintf(note, sizeof note,
                 "%zu pinned uploads take %" PRIu64 " bytes, more than half of the %" PRIu64
                 " that --retention allows: others are removed the sooner",
                 pins.count, pins.bytes, limit);
        add_note(store, note);
    }
    free(pins.ids);
}

static enum receiver_error open_rollups(struct store *store) {
    const char *note;
    if (catalog_newest_ms(store->catalog) == 0) { // numbers begin anew
        rollup_base_clear(store->path);
    }
    store->rollups = rollup_base_open(store->path, &note);
    add_note(store, store->rollups && note ? note : "");
    return store->rollups ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

static void open_figures(struct store *store) {
    char *path = NULL;
    if (asprintf(&path, "%s/figures.sqlite", store->path) >= 0) {
        store->figures = figures_store_open(path);
        free(path);
    }
}

// For packs.h.
static bool has_another(void *context, int64_t first, int64_t last, int64_t id) {
    struct store *store = context;
    struct catalog_place places[2];
    size_t count = catalog_places(store->catalog, first - 1, places, 2);
    for (size_t i = 0; i < count; i++) {
        if (places[i].id <= last && places[i].id != id) {
            return true;
        }
    }
    return false;
}

static struct store *new_store(const char *directory) {
    struct store *store = calloc(1, sizeof *store);
    if (!store || !(store->path = strdup(directory)) || asprintf(&store->index, "%s/index.sqlite", store->path) < 0) {
        free(store ? store->path : NULL);
        free(store);
        return NULL;
    }
    pthread_mutex_init(&store->uploads_lock, NULL);
    event_readers_init(&store->event_readers);
    packs_init(&store->packs);
    store->packs.is_used = has_another;
    store->packs.is_used_context = store;
    storage_load_init(&store->load);
    store->options.directory = store->path;
    store->directory = store->incoming = store->uploads = store->lock = -1;
    return store;
}

static enum receiver_error open_to_read(struct store *store, char *text, size_t text_size) {
    store->directory = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    store->uploads = store->directory < 0 ? -1 : openat(store->directory, "uploads", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (store->uploads < 0) {
        snprintf(text, text_size, "%s%s: %s", store->path, store->directory < 0 ? "" : "/uploads", strerror(errno));
        return RECEIVER_BAD_DIRECTORY;
    }
    return RECEIVER_OK;
}

enum receiver_error store_open_files(const char *directory, bool locks, struct store **out, char *text, size_t text_size) {
    struct store *store = new_store(directory);
    if (!store) {
        snprintf(text, text_size, "%s", receiver_error_text(RECEIVER_NO_MEMORY));
        return RECEIVER_NO_MEMORY;
    }
    enum receiver_error error = locks ? open_directories(store, text, text_size) : open_to_read(store, text, text_size);
    if (error == RECEIVER_OK && locks) {
        clean_incoming(store);
        error = packs_load(&store->packs, store->uploads);
        snprintf(text, text_size, "%s: %s", store->path, receiver_error_text(error));
    }
    if (error == RECEIVER_OK) {
        error = notebook_open(store->path, false, &store->notebook, text, text_size); // mended only where its retention is held back
    }
    if (error != RECEIVER_OK) {
        store_close(store);
        return error;
    }
    *out = store;
    return RECEIVER_OK;
}

enum receiver_error store_open(const struct store_options *options, struct store **out, char *text, size_t text_size) {
    struct store *store = new_store(options->directory);
    if (!store) {
        return RECEIVER_NO_MEMORY;
    }
    store->options = *options;
    store->options.directory = store->path;
    store->conversions = cache_new(CONVERSIONS_BYTES);
    enum receiver_error error = open_directories(store, text, text_size);
    if (error == RECEIVER_OK) {
        relay_mark_id(store->directory, false, store->relay_id);
        clean_incoming(store);
        error = packs_load(&store->packs, store->uploads);
        snprintf(text, text_size, "%s: %s", store->path, receiver_error_text(error));
    }
    if (error == RECEIVER_OK) {
        error = notebook_open(store->path, true, &store->notebook, text, text_size);
        snprintf(store->lost, sizeof store->lost, "%s", error == RECEIVER_OK ? text : "");
    }
    if (error == RECEIVER_OK) {
        error = open_index(store, text, text_size);
        add_note(store, store->lost);
    }
    if (error == RECEIVER_OK) {
        error = open_rollups(store);
    }
    if (error == RECEIVER_OK) {
        marked_uploads_settle(store);
        note_pins(store); // as they are unpacked
        open_figures(store);
        store->group_commit = group_commit_start(store); // before maintenance, which may find damage
        error = store->group_commit && maintenance_start(store) ? RECEIVER_OK : RECEIVER_NO_MEMORY;
        if (error == RECEIVER_OK && options->pack_after_ms) {
            store->packer = packer_start(store);
            error = store->packer ? RECEIVER_OK : RECEIVER_NO_MEMORY;
        }
    }
    if (error != RECEIVER_OK) {
        store_close(store);
        return error;
    }
    *out = store;
    return RECEIVER_OK;
}

void store_on_new(struct store *store, void (*on_new)(void *context, int64_t id), void *context) {
    store->on_new_context = context;
    store->on_new = on_new;
}

const char *store_note(const struct store *store) {
    return store->note;
}

void store_stop(struct store *store) {
    packer_stop(store->packer);
    store->packer = NULL;
    group_commit_stop(store->group_commit);
    maintenance_stop(store->maintenance);
}

void store_close(struct store *store) {
    if (!store) {
        return;
    }
    store_stop(store);
    group_commit_free(store->group_commit);
    maintenance_free(store->maintenance);
    rollup_base_close(store->rollups);
    figures_store_close(store->figures);
    notebook_close(store->notebook);
    if (store->maintenance && catalog_shut(store->catalog)) { // it was opened in full, and is whole
        snapshot_save(store);
    }
    catalog_close(store->catalog);
    int files[] = {store->lock, store->uploads, store->incoming, store->directory};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (files[i] >= 0) {
            close(files[i]);
        }
    }
    pthread_mutex_destroy(&store->uploads_lock);
    event_readers_destroy(&store->event_readers);
    packs_destroy(&store->packs);
    storage_load_destroy(&store->load);
    cache_free(store->conversions);
    free(store->index);
    free(store->path);
    free(store);
}

struct cache *store_conversions(const struct store *store) {
    return store->conversions;
}

const struct receiver_symbols *store_symbols(const struct store *store) {
    return store->options.symbols;
}
struct rollup_base *store_rollups(const struct store *store) {
    return store->rollups;
}

struct catalog *store_catalog(struct store *store) {
    return store->catalog;
}

const char *store_relay_id(struct store *store) {
    return *store->relay_id || relay_mark_id(store->directory, true, store->relay_id) ? store->relay_id : NULL;
}

struct counters *store_counters(struct store *store) {
    return &store->counters;
}

struct figures_store *store_figures(struct store *store) {
    return store->figures;
}

enum receiver_error store_read(struct store *store, int64_t id, const char *name, bool as_came, struct catalog_attachment *attachment,
                               int *file) {
    enum receiver_error error = catalog_find(store->catalog, id, name, attachment);
    if (error != RECEIVER_OK) {
        return error;
    }
    struct stored_upload upload;
    struct stat about;
    error = stored_open(store, id, &upload);
    if (error == RECEIVER_OK) {
        error = stored_file(&upload, attachment->file, as_came, file);
        bool inflated = upload.pack && !as_came;
        stored_close(&upload);
        if (error == RECEIVER_OK && (fstat(*file, &about) != 0 || (!inflated && (uint64_t)about.st_size != attachment->size_bytes))) {
            close(*file);
            *file = -1;
            return RECEIVER_DAMAGED;
        }
    }
    if (error == RECEIVER_OK) {
        attachment->size_bytes = (uint64_t)about.st_size;
    }
    return error != RECEIVER_NOT_FOUND || !catalog_has(store->catalog, id) ? error : RECEIVER_DAMAGED;
}

bool store_reads_slowly(struct store *store, int64_t id) {
    return packs_cover(&store->packs, id);
}

enum receiver_error store_read_event(struct store *store, int64_t id, int *file) {
    struct stored_upload upload;
    if (!catalog_has(store->catalog, id)) {
        return RECEIVER_NOT_FOUND;
    }
    enum receiver_error error = stored_open(store, id, &upload);
    if (error == RECEIVER_OK) {
        error = stored_file(&upload, "event.json", true, file);
        stored_close(&upload);
    }
    return error == RECEIVER_NOT_FOUND ? RECEIVER_DAMAGED : error;
}

bool store_has_room(const struct store *store, uint64_t bytes) {
    return disk_has_room(store->directory, bytes);
}
