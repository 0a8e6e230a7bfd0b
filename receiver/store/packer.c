// packer.c: see packer.h.
#include "packer.h"
#include "../../base/clock.h"
#include "../../base/vector.h"
#include "../base/read_exact.h"
#include "../pack/pack_writer.h"
#include "disk_reserve.h"
#include "store_directory.h"
#include "stored_upload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    PASS_SECONDS = 60,
    NICENESS = 19,         // below all else
    RESTS = 4,             // times as long as it works
    MAX_DOUBLINGS = 5,     // of the time between passes that fail: half an hour
    CHECK_BYTES = 8 << 20, // of contents, when a pack is read again
    SIZES_AT_ONCE = 64,    // in one transaction
};

struct packer {
    struct store *store;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    atomic_bool stopping;
    int64_t after; // uploads up to this id are packed, or stay as they are
    unsigned failures;
};

// One pack on its way.
struct making {
    struct packer *packer;
    const struct catalog_place *places; // what it is to have
    size_t count;
    char directory_name[24]; // below incoming/
    int directory, file;
    struct pack_writer *writer;
    int64_t *ids; // what it has
    size_t id_count;
    enum receiver_error error;
};

// ---- Files ----

struct loaded {
    struct pack_input parts[PACK_MAX_PARTS];
    char names[PACK_MAX_PARTS][PACK_FILE_MAX_BYTES + 1];
    uint8_t *bytes[PACK_MAX_PARTS];
    size_t count;
};

static void unload(struct loaded *loaded) {
    for (size_t i = 0; i < loaded->count; i++) {
        free(loaded->bytes[i]);
    }
    loaded->count = 0;
}

static enum receiver_error load_file(struct stored_upload *files, const char *name, struct loaded *loaded, struct stat *about) {
    int file;
    enum receiver_error error = stored_file(files, name, true, &file);
    if (error != RECEIVER_OK) {
        return error;
    }
    size_t at = loaded->count, size = 0;
    uint8_t *bytes = NULL;
    if (fstat(file, about) != 0 || about->st_size < 0 || about->st_size > PACK_CAME_MAX_BYTES || strlen(name) > PACK_FILE_MAX_BYTES ||
        at == PACK_MAX_PARTS) {
        error = RECEIVER_DAMAGED;
    } else {
        size = (size_t)about->st_size;
        bytes = malloc(size + 1);
        error = bytes ? read_exact(file, bytes, size) : RECEIVER_NO_MEMORY;
    }
    close(file);
    if (error != RECEIVER_OK) {
        free(bytes);
        return error;
    }
    snprintf(loaded->names[at], sizeof loaded->names[at], "%s", name);
    loaded->bytes[at] = bytes;
    loaded->parts[at] = (struct pack_input){loaded->names[at], bytes, size};
    loaded->count++;
    return RECEIVER_OK;
}

static bool is_dots(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

// Whether the directory has no other files.
static bool is_all(const struct stored_upload *files, const struct loaded *loaded) {
    DIR *entries = fdopendir(dup(files->directory));
    size_t others = !entries;
    if (entries) {
        rewinddir(entries);
        for (struct dirent *entry; (entry = readdir(entries));) {
            size_t at = 0;
            while (at < loaded->count && strcmp(loaded->names[at], entry->d_name) != 0) {
                at++;
            }
            others += at == loaded->count && !is_dots(entry->d_name);
        }
        closedir(entries);
    }
    return others == 0;
}

// All files of an upload that has a directory. RECEIVER_DAMAGED: they are not what the index has.
static enum receiver_error load(struct store *store, const struct catalog_upload *upload, struct loaded *loaded, int64_t *received_ms) {
    struct stored_upload files;
    struct stat about;
    enum receiver_error error = stored_open(store, upload->id, &files);
    if (error == RECEIVER_OK && files.pack) {
        stored_close(&files);
        error = RECEIVER_NOT_FOUND;
    }
    if (error != RECEIVER_OK) {
        return error;
    }
    error = load_file(&files, "event.json", loaded, &about);
    if (error == RECEIVER_OK) {
        *received_ms = (int64_t)about.st_mtim.tv_sec * 1000 + about.st_mtim.tv_nsec / 1000000;
        error = load_file(&files, "meta.json", loaded, &about);
        error = error == RECEIVER_NOT_FOUND ? RECEIVER_OK : error;
    }
    for (size_t i = 0; error == RECEIVER_OK && i < upload->attachment_count; i++) {
        error = load_file(&files, upload->attachments[i].file, loaded, &about);
        if (error == RECEIVER_OK && (uint64_t)about.st_size != upload->attachments[i].size_bytes) {
            error = RECEIVER_DAMAGED;
        }
    }
    if (error == RECEIVER_OK && !is_all(&files, loaded)) {
        error = RECEIVER_DAMAGED;
    }
    stored_close(&files);
    return error;
}

// ---- Making ----

// Until then, or the end of the thread.
static void wait_for(struct packer *packer, uint64_t ns) {
    uint64_t until_ns = clock_ns(CLOCK_REALTIME) + ns;
    struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000), .tv_nsec = (long)(until_ns % 1000000000)};
    pthread_mutex_lock(&packer->lock);
    while (!atomic_load(&packer->stopping) && pthread_cond_timedwait(&packer->wake, &packer->lock, &until) != ETIMEDOUT) {
    }
    pthread_mutex_unlock(&packer->lock);
}

// Four times as long as since begin_ns. Returns false if the thread is to end.
static bool rest(struct packer *packer, uint64_t begin_ns) {
    if (packer->has_thread && !atomic_load(&packer->stopping)) {
        wait_for(packer, (clock_ns(CLOCK_MONOTONIC) - begin_ns) * RESTS);
    }
    return !atomic_load(&packer->stopping);
}

// Whether only this upload is the matter.
static bool is_its_own(enum receiver_error error) {
    return error == RECEIVER_DAMAGED || error == RECEIVER_NOT_FOUND || error == RECEIVER_IO;
}

static bool add_upload(void *context, const struct catalog_upload *upload) {
    struct making *making = context;
    struct loaded loaded;
    int64_t received_ms;
    loaded.count = 0;
    if (catalog_is_pinned(making->packer->store->catalog, upload->id)) { // it keeps its directory (marked_uploads.h)
        return false;
    }
    enum receiver_error error = load(making->packer->store, upload, &loaded, &received_ms);
    if (error == RECEIVER_OK) {
        uint64_t came = catalog_disk_bytes(loaded.parts[0].size, upload->attachments, upload->attachment_count);
        making->error = pack_writer_add(making->writer, upload->id, received_ms, upload->process, loaded.parts, loaded.count, came);
        if (making->error == RECEIVER_OK) {
            making->ids[making->id_count++] = upload->id;
        }
    } else if (!is_its_own(error)) {
        making->error = error;
    }
    unload(&loaded);
    return false;
}

static enum receiver_error write_pack(struct making *making) {
    struct packer *packer = making->packer;
    for (size_t i = 0; i < making->count; i++) {
        uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
        enum receiver_error error = catalog_visit(packer->store->catalog, making->places[i].id, add_upload, making);
        error = error == RECEIVER_NOT_FOUND ? making->error : error; // retention has just removed it
        error = error == RECEIVER_OK ? making->error : error;
        if (error != RECEIVER_OK || !rest(packer, begin_ns)) {
            return error != RECEIVER_OK ? error : RECEIVER_BUSY;
        }
    }
    enum receiver_error error = making->id_count ? pack_writer_end(making->writer) : RECEIVER_NOT_FOUND;
    return error == RECEIVER_OK && fsync(making->file) != 0 ? receiver_error_from_errno(errno) : error;
}

struct comparison {
    struct making *making;
    struct pack *pack;
    struct cache *contents;
    enum receiver_error error;
};

static bool compare(void *context, const struct catalog_upload *upload) {
    struct comparison *comparison = context;
    struct pack_record *record = malloc(sizeof *record);
    struct loaded loaded;
    int64_t received_ms;
    loaded.count = 0;
    enum receiver_error error = record ? load(comparison->making->packer->store, upload, &loaded, &received_ms) : RECEIVER_NO_MEMORY;
    if (error == RECEIVER_OK) {
        error = pack_find(comparison->pack, upload->id, record);
        bool same = error == RECEIVER_OK && record->count == loaded.count && record->received_ms == received_ms;
        error = error == RECEIVER_OK && !same ? RECEIVER_DAMAGED : error;
    }
    for (size_t i = 0; error == RECEIVER_OK && i < loaded.count; i++) {
        if (atomic_load(&comparison->making->packer->stopping)) {
            error = RECEIVER_BUSY;
            break;
        }
        const struct pack_part *part = pack_part_of(record, loaded.names[i]);
        uint8_t *bytes = NULL;
        size_t size = 0;
        error = part ? pack_read(comparison->pack, part, true, comparison->contents, &bytes, &size) : RECEIVER_DAMAGED;
        if (error == RECEIVER_OK && (size != loaded.parts[i].size || memcmp(bytes, loaded.bytes[i], size) != 0)) {
            error = RECEIVER_DAMAGED;
        }
        free(bytes);
    }
    unload(&loaded);
    free(record);
    comparison->error = error;
    return false;
}

// Reads all of it again. RECEIVER_DAMAGED: it is not the same.
static enum receiver_error check_pack(struct making *making) {
    struct comparison comparison = {.making = making, .contents = cache_new(CHECK_BYTES)};
    enum receiver_error error = pack_open(making->directory, "pack", false, &comparison.pack);
    for (size_t i = 0; error == RECEIVER_OK && i < making->id_count; i++) {
        uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
        error = catalog_visit(making->packer->store->catalog, making->ids[i], compare, &comparison);
        error = error == RECEIVER_NOT_FOUND ? RECEIVER_OK : error == RECEIVER_OK ? comparison.error : error;
        if (error == RECEIVER_OK && !rest(making->packer, begin_ns)) {
            error = RECEIVER_BUSY;
        }
    }
    pack_close(comparison.pack);
    cache_free(comparison.contents);
    return error;
}

// ---- Into its place ----

// Uploads that were removed or pinned since. Caller must hold uploads_lock, as below.
static enum receiver_error drop_removed(struct making *making) {
    struct pack *pack;
    enum receiver_error error = pack_open(making->directory, "pack", true, &pack);
    if (error != RECEIVER_OK) {
        return error;
    }
    size_t kept = 0;
    for (size_t i = 0; error == RECEIVER_OK && i < making->id_count; i++) {
        struct catalog *catalog = making->packer->store->catalog;
        if (catalog_has(catalog, making->ids[i]) && !catalog_is_pinned(catalog, making->ids[i])) {
            making->ids[kept++] = making->ids[i];
        } else {
            error = pack_remove(pack, making->ids[i]);
        }
    }
    bool changed = kept < making->id_count;
    making->id_count = kept;
    pack_close(pack);
    return error != RECEIVER_OK ? error : changed && fsync(making->file) != 0 ? receiver_error_from_errno(errno) : RECEIVER_OK;
}

static void set_sizes(struct making *making, int64_t first, int64_t last) {
    struct store *store = making->packer->store;
    struct catalog_place *places = calloc(making->id_count, sizeof *places);
    uint32_t *sizes = calloc((size_t)(last - first) + 1, sizeof *sizes);
    char name[PACKS_NAME_BYTES];
    struct pack *pack = NULL;
    packs_name(first, last, name);
    bool ok = places && sizes && pack_open(store->uploads, name, false, &pack) == RECEIVER_OK && pack_sizes(pack, sizes) == RECEIVER_OK;
    if (ok) {
        for (size_t i = 0; i < making->id_count; i++) {
            places[i] = (struct catalog_place){.id = making->ids[i], .size_bytes = catalog_packed_bytes(sizes[making->ids[i] - first])};
        }
    }
    for (size_t at = 0; ok && at < making->id_count; at += SIZES_AT_ONCE) { // uploads wait meanwhile
        size_t left = making->id_count - at;
        ok = catalog_set_sizes(store->catalog, places + at, left < SIZES_AT_ONCE ? left : SIZES_AT_ONCE) == RECEIVER_OK;
    }
    if (!ok) {
        catalog_sizes_differ(store->catalog); // retention counts too much until the next start, which sets them
    }
    pack_close(pack);
    free(places);
    free(sizes);
}

static enum receiver_error put_in_place(struct making *making) {
    struct store *store = making->packer->store;
    char name[PACKS_NAME_BYTES];
    int64_t first = making->ids[0], last = making->ids[making->id_count - 1]; // as the pack has them, whatever is removed now
    enum receiver_error error = drop_removed(making);
    if (error != RECEIVER_OK || making->id_count == 0) {
        return error;
    }
    packs_name(first, last, name);
    if (renameat(making->directory, "pack", store->uploads, name) != 0) {
        return receiver_error_from_errno(errno);
    }
    // The old name must not survive a power cut: the next start removes what is below incoming/.
    bool lasts = store_sync_names(store) == 0 && fsync(making->directory) == 0;
    error = lasts ? packs_add(&store->packs, first, last) : receiver_error_from_errno(errno);
    if (error != RECEIVER_OK) { // one that is not in the list would have others made beside it
        unlinkat(store->uploads, name, 0);
        return error;
    }
    set_sizes(making, first, last);
    for (size_t i = 0; i < making->id_count; i++) {
        store_remove_upload_directory(store, making->ids[i]);
    }
    return RECEIVER_OK;
}

// ---- One pack ----

static enum receiver_error open_files(struct making *making) {
    struct store *store = making->packer->store;
    snprintf(making->directory_name, sizeof making->directory_name, "f%015" PRIx64, (uint64_t)making->places[0].id);
    store_remove_directory(store->incoming, making->directory_name);
    if (mkdirat(store->incoming, making->directory_name, 0700) != 0) {
        return receiver_error_from_errno(errno);
    }
    making->directory = openat(store->incoming, making->directory_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    making->file = making->directory < 0 ? -1 : openat(making->directory, "pack", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (making->file < 0) {
        return receiver_error_from_errno(errno);
    }
    making->ids = calloc(making->count, sizeof *making->ids);
    return making->ids ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

// The first id of the pack is that of the first upload that can be read, which is known then.
static enum receiver_error make(struct packer *packer, const struct catalog_place *places, size_t count) {
    struct making making = {.packer = packer, .places = places, .count = count, .directory = -1, .file = -1};
    enum receiver_error error = open_files(&making);
    if (error == RECEIVER_OK) {
        making.writer = pack_writer_new(making.file, &packer->stopping);
        error = making.writer ? write_pack(&making) : RECEIVER_NO_MEMORY;
    }
    pack_writer_free(making.writer);
    if (error == RECEIVER_OK) {
        error = check_pack(&making);
    }
    if (error == RECEIVER_OK) {
        pthread_mutex_lock(&packer->store->uploads_lock);
        error = put_in_place(&making);
        pthread_mutex_unlock(&packer->store->uploads_lock);
    }
    if (making.file >= 0) {
        close(making.file);
    }
    if (making.directory >= 0) {
        close(making.directory);
    }
    store_remove_directory(packer->store->incoming, making.directory_name);
    free(making.ids);
    return error;
}

// How many of these uploads are to be one pack now. 0: there are too few that are old enough.
static size_t due(const struct store *store, const struct catalog_place *places, size_t count, int64_t now_ms) {
    int64_t old_ms = now_ms - store->options.pack_after_ms;
    uint64_t bytes = 0;
    size_t n = 0;
    bool full = false;
    while (n < count && !full) {
        const struct catalog_place *place = &places[n];
        bool is_old = place->received_ms <= old_ms || place->received_ms > now_ms; // by a clock that was wrong
        if (!is_old) {
            break;
        }
        full = n == PACKER_UPLOADS || bytes >= PACKER_BYTES || place->id - places[0].id >= PACK_MAX_SLOTS ||
               place->received_ms > places[0].received_ms + PACKER_SPAN_MS || place->received_ms < places[0].received_ms - PACKER_SPAN_MS;
        bytes += full ? 0 : place->size_bytes;
        n += !full;
    }
    bool is_over = n > 0 && (places[0].received_ms <= old_ms - PACKER_SPAN_MS || places[0].received_ms > now_ms);
    return full || is_over ? n : 0;
}

size_t packer_pass(struct packer *packer, int64_t now_ms) {
    struct store *store = packer->store;
    struct catalog_place *places = malloc((PACKER_UPLOADS + 1) * sizeof *places);
    size_t made = 0, count;
    int64_t last = packs_last(&store->packs);
    packer->after = last > packer->after ? last : packer->after;
    enum receiver_error error = places ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    while (error == RECEIVER_OK && !atomic_load(&packer->stopping)) {
        count = due(store, places, catalog_places(store->catalog, packer->after, places, PACKER_UPLOADS + 1), now_ms);
        if (count == 0 || !disk_has_room(store->directory, PACKER_BYTES + PACKER_FREE_BYTES)) {
            break;
        }
        last = places[count - 1].id;
        error = make(packer, places, count);
        made += error == RECEIVER_OK;
        if (error == RECEIVER_OK || is_its_own(error)) { // nothing in it that can be packed, or what was packed is not the same
            packer->after = last;
            error = RECEIVER_OK;
        }
    }
    packer->failures = error == RECEIVER_OK ? 0 : packer->failures + (packer->failures < MAX_DOUBLINGS);
    free(places);
    return made;
}

// ---- Behind a kill ----

// Whether the pack has each file of the upload's directory, byte for byte. It may have more: the directory's removal was cut off.
static bool has_all(struct store *store, int64_t id, struct pack *pack, const struct pack_record *record) {
    struct loaded *loaded = calloc(1, sizeof *loaded);
    struct stored_upload files = {.directory = -1};
    struct stat about;
    bool same = loaded && stored_open(store, id, &files) == RECEIVER_OK;
    DIR *entries = same && !files.pack ? fdopendir(dup(files.directory)) : NULL;
    if (entries) {
        rewinddir(entries);
    }
    for (struct dirent *entry; entries && same && (entry = readdir(entries));) {
        if (is_dots(entry->d_name)) {
            continue;
        }
        const struct pack_part *part = pack_part_of(record, entry->d_name);
        uint8_t *bytes = NULL;
        size_t size = 0;
        same = part && load_file(&files, entry->d_name, loaded, &about) == RECEIVER_OK &&
               packs_read(&store->packs, pack, part, true, &bytes, &size) == RECEIVER_OK && size == loaded->parts[0].size &&
               memcmp(bytes, loaded->bytes[0], size) == 0;
        free(bytes);
        unload(loaded);
    }
    same = same && entries;
    if (entries) {
        closedir(entries);
    }
    stored_close(&files);
    free(loaded);
    return same;
}

void packer_finish(struct store *store) {
    DIR *entries = packs_last(&store->packs) ? fdopendir(dup(store->uploads)) : NULL;
    if (!entries) {
        return;
    }
    rewinddir(entries);
    for (struct dirent *entry; (entry = readdir(entries));) {
        struct pack *pack;
        struct pack_record record;
        int64_t id = store_id_of(entry->d_name);
        if (id > 0 && packs_find(&store->packs, id, &pack, &record) == RECEIVER_OK) {
            bool same = has_all(store, id, pack, &record);
            pack_close(pack);
            if (same) {
                store_remove_upload_directory(store, id);
            }
        }
    }
    closedir(entries);
}

struct sizes {
    struct store *store;
    struct catalog *catalog;
    struct catalog_place *places;
    size_t count, capacity;
};

static bool note_size(void *context, int64_t id, uint32_t bytes) {
    struct sizes *sizes = context;
    struct catalog_place now;
    uint64_t packed = catalog_packed_bytes(bytes);
    if (bytes == 0 || catalog_places(sizes->catalog, id - 1, &now, 1) == 0 || now.id != id || now.size_bytes == packed ||
        store_has_directory(sizes->store, id)) {
        return true;
    }
    if (!VECTOR_RESERVE(sizes->places, sizes->capacity, sizes->count + 1)) {
        return false;
    }
    sizes->places[sizes->count++] = (struct catalog_place){.id = id, .size_bytes = packed};
    return true;
}

void packer_settle(struct store *store) {
    struct sizes sizes = {.store = store, .catalog = store->catalog};
    if (packs_each(&store->packs, note_size, &sizes) && sizes.count > 0) {
        catalog_set_sizes(store->catalog, sizes.places, sizes.count);
    }
    free(sizes.places);
}

// ---- Thread ----

static void *run(void *state) {
    struct packer *packer = state;
    // On Linux each thread has its own niceness. A failure only makes it less polite.
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICENESS);
    while (!atomic_load(&packer->stopping)) {
        packer_pass(packer, store_now_ms());
        wait_for(packer, (uint64_t)(PASS_SECONDS << packer->failures) * 1000000000);
    }
    return NULL;
}

struct packer *packer_new(struct store *store) {
    struct packer *packer = calloc(1, sizeof *packer);
    if (packer) {
        packer->store = store;
        pthread_mutex_init(&packer->lock, NULL);
        pthread_cond_init(&packer->wake, NULL);
    }
    return packer;
}

struct packer *packer_start(struct store *store) {
    struct packer *packer = packer_new(store);
    if (packer) {
        packer->has_thread = true; // before it runs
        if (pthread_create(&packer->thread, NULL, run, packer) != 0) {
            packer->has_thread = false;
            packer_stop(packer);
            packer = NULL;
        }
    }
    return packer;
}

void packer_stop(struct packer *packer) {
    if (!packer) {
        return;
    }
    if (packer->has_thread) {
        pthread_mutex_lock(&packer->lock);
        atomic_store(&packer->stopping, true);
        pthread_cond_signal(&packer->wake);
        pthread_mutex_unlock(&packer->lock);
        pthread_join(packer->thread, NULL);
    }
    pthread_cond_destroy(&packer->wake);
    pthread_mutex_destroy(&packer->lock);
    free(packer);
}
