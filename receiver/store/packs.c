// packs.c: see packs.h.
#include "packs.h"
#include "../../base/vector.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void packs_init(struct packs *packs) {
    *packs = (struct packs){.uploads = -1, .contents = cache_new(PACKS_CACHE_BYTES)};
    pthread_mutex_init(&packs->lock, NULL);
}

void packs_destroy(struct packs *packs) {
    pthread_mutex_destroy(&packs->lock);
    cache_free(packs->contents);
    free(packs->list);
}

void packs_name(int64_t first, int64_t last, char name[PACKS_NAME_BYTES]) {
    snprintf(name, PACKS_NAME_BYTES, "%" PRId64 "-%" PRId64 ".pack", first, last);
}

static bool parse_name(const char *name, int64_t *first, int64_t *last) {
    char expected[PACKS_NAME_BYTES], *end;
    errno = 0;
    *first = strtoll(name, &end, 10);
    *last = *end == '-' ? strtoll(end + 1, NULL, 10) : 0;
    packs_name(*first, *last, expected);
    return errno == 0 && *first > 0 && *last >= *first && *last - *first < PACK_MAX_SLOTS && strcmp(name, expected) == 0;
}

// ---- List ----

static int by_first(const void *left, const void *right) {
    const struct packs_entry *a = left, *b = right;
    return (a->first > b->first) - (a->first < b->first);
}

// What the file says. RECEIVER_NO_MEMORY; a damaged one is ok.
static enum receiver_error look(const struct packs *packs, struct packs_entry *entry) {
    char name[PACKS_NAME_BYTES];
    struct pack *pack = NULL;
    struct stat about;
    uint32_t *sizes = NULL;
    packs_name(entry->first, entry->last, name);
    enum receiver_error error = pack_open(packs->uploads, name, false, &pack);
    if (error == RECEIVER_OK) {
        bool fits = pack_first(pack) == entry->first && pack_slots(pack) == (uint64_t)(entry->last - entry->first) + 1;
        sizes = malloc(pack_slots(pack) * sizeof *sizes);
        error = !fits ? RECEIVER_DAMAGED : sizes ? pack_sizes(pack, sizes) : RECEIVER_NO_MEMORY;
        for (size_t i = 0; error == RECEIVER_OK && i < pack_slots(pack); i++) {
            entry->live += sizes[i] > 0;
        }
        entry->sums = pack_sums_of(pack);
    }
    entry->file_bytes = fstatat(packs->uploads, name, &about, AT_SYMLINK_NOFOLLOW) == 0 ? (uint64_t)about.st_size : 0;
    entry->damaged = error != RECEIVER_OK;
    free(sizes);
    pack_close(pack);
    return error == RECEIVER_NO_MEMORY ? error : RECEIVER_OK;
}

// Caller must hold the lock.
static enum receiver_error add(struct packs *packs, const struct packs_entry *entry) {
    if (!VECTOR_RESERVE(packs->list, packs->capacity, packs->count + 1)) {
        return RECEIVER_NO_MEMORY;
    }
    packs->list[packs->count++] = *entry;
    return RECEIVER_OK;
}

static enum receiver_error add_found(struct packs *packs, struct packs_entry entry) {
    char name[PACKS_NAME_BYTES];
    enum receiver_error error = look(packs, &entry);
    if (error == RECEIVER_OK && entry.live == 0 && !entry.damaged) {
        packs_name(entry.first, entry.last, name);
        unlinkat(packs->uploads, name, 0);
        return RECEIVER_OK;
    }
    return error == RECEIVER_OK ? add(packs, &entry) : error;
}

enum receiver_error packs_load(struct packs *packs, int uploads) {
    packs->uploads = uploads;
    DIR *entries = fdopendir(dup(uploads));
    enum receiver_error error = entries ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    pthread_mutex_lock(&packs->lock);
    packs->count = 0;
    if (entries) {
        rewinddir(entries);
    }
    for (struct dirent *entry; error == RECEIVER_OK && (entry = readdir(entries));) {
        int64_t first, last;
        if (parse_name(entry->d_name, &first, &last)) {
            error = add_found(packs, (struct packs_entry){.first = first, .last = last});
        }
    }
    if (packs->count > 1) {
        qsort(packs->list, packs->count, sizeof *packs->list, by_first);
    }
    pthread_mutex_unlock(&packs->lock);
    if (entries) {
        closedir(entries);
    }
    return error;
}

enum receiver_error packs_add(struct packs *packs, int64_t first, int64_t last) {
    struct packs_entry entry = {.first = first, .last = last};
    enum receiver_error error = look(packs, &entry);
    if (error != RECEIVER_OK || entry.damaged) {
        return error != RECEIVER_OK ? error : RECEIVER_DAMAGED;
    }
    pthread_mutex_lock(&packs->lock);
    error = add(packs, &entry);
    if (packs->count > 1) {
        qsort(packs->list, packs->count, sizeof *packs->list, by_first);
    }
    pthread_mutex_unlock(&packs->lock);
    return error;
}

// The place in the list, from *at on, whose name has the id. False: there is none (any more).
static bool next_with(struct packs *packs, int64_t id, size_t *at, struct packs_entry *entry) {
    pthread_mutex_lock(&packs->lock);
    while (*at < packs->count && (packs->list[*at].last < id || packs->list[*at].first > id)) {
        ++*at;
    }
    bool found = *at < packs->count;
    if (found) {
        *entry = packs->list[(*at)++];
    }
    pthread_mutex_unlock(&packs->lock);
    return found;
}

bool packs_cover(struct packs *packs, int64_t id) {
    struct packs_entry entry;
    size_t at = 0;
    return next_with(packs, id, &at, &entry);
}

static void note(struct packs *packs, enum receiver_error error) {
    if (error == RECEIVER_DAMAGED) {
        pthread_mutex_lock(&packs->lock);
        packs->unreadable++;
        pthread_mutex_unlock(&packs->lock);
    }
}

enum receiver_error packs_find(struct packs *packs, int64_t id, struct pack **pack, struct pack_record *record) {
    struct packs_entry entry;
    enum receiver_error worst = RECEIVER_NOT_FOUND;
    for (size_t at = 0; next_with(packs, id, &at, &entry);) {
        char name[PACKS_NAME_BYTES];
        packs_name(entry.first, entry.last, name);
        enum receiver_error error = pack_open(packs->uploads, name, false, pack);
        // While it is in the list its file is there, unless it has just been removed with its last upload.
        error = error == RECEIVER_NOT_FOUND && entry.live > 0 ? RECEIVER_DAMAGED : error;
        if (error == RECEIVER_OK) {
            error = pack_find(*pack, id, record);
            if (error == RECEIVER_OK) {
                return RECEIVER_OK;
            }
            pack_close(*pack);
            error = error == RECEIVER_NOT_FOUND && entry.damaged ? RECEIVER_DAMAGED : error; // its slot may be among those that are lost
        }
        worst = error == RECEIVER_NOT_FOUND ? worst : error;
    }
    note(packs, worst);
    return worst;
}

enum receiver_error packs_read(struct packs *packs, struct pack *pack, const struct pack_part *part, bool as_came, uint8_t **bytes,
                               size_t *size) {
    enum receiver_error error = pack_read(pack, part, as_came, packs->contents, bytes, size);
    note(packs, error);
    return error;
}

// ---- Removing ----

// One of its uploads is gone. *empty: it was the last one.
static void count_down(struct packs *packs, const struct packs_entry *of, int64_t id, bool *empty) {
    bool is_used = of->damaged && packs->is_used && packs->is_used(packs->is_used_context, of->first, of->last, id);
    pthread_mutex_lock(&packs->lock);
    size_t at = 0;
    while (at < packs->count && (packs->list[at].first != of->first || packs->list[at].last != of->last)) {
        at++;
    }
    *empty = false;
    if (at < packs->count) {
        struct packs_entry *entry = &packs->list[at];
        entry->live -= entry->live > 0;
        // How many a damaged one has is not known: those that the index has may all be in it.
        *empty = entry->damaged ? packs->is_used && !is_used : entry->live == 0;
        if (*empty) {
            memmove(entry, entry + 1, (packs->count - at - 1) * sizeof *entry);
            packs->count--;
        }
    }
    pthread_mutex_unlock(&packs->lock);
}

enum receiver_error packs_remove(struct packs *packs, int64_t id, bool lasting) {
    struct packs_entry entry;
    enum receiver_error worst = RECEIVER_OK;
    for (size_t at = 0; next_with(packs, id, &at, &entry);) {
        char name[PACKS_NAME_BYTES];
        struct pack *pack;
        bool empty;
        packs_name(entry.first, entry.last, name);
        enum receiver_error error = pack_open(packs->uploads, name, true, &pack);
        if (error == RECEIVER_OK) {
            error = pack_remove(pack, id);
            error = error == RECEIVER_OK && lasting ? pack_sync(pack) : error;
            pack_close(pack);
        }
        if (error == RECEIVER_OK || entry.damaged) {
            count_down(packs, &entry, id, &empty);
            if (empty) {
                unlinkat(packs->uploads, name, 0);
                at--; // the next one has its place
            }
            if (error == RECEIVER_OK) {
                return error;
            }
            error = RECEIVER_NOT_FOUND; // its slot is lost, and another pack may have it
        }
        worst = error == RECEIVER_NOT_FOUND ? worst : error;
    }
    return worst;
}

// ---- All ----

bool packs_each(struct packs *packs, bool (*each)(void *context, int64_t id, uint32_t bytes), void *context) {
    struct packs_entry entry;
    bool ok = true;
    for (size_t i = 0; ok; i++) {
        pthread_mutex_lock(&packs->lock);
        bool more = i < packs->count;
        entry = more ? packs->list[i] : (struct packs_entry){0};
        pthread_mutex_unlock(&packs->lock);
        if (!more) {
            break;
        }
        char name[PACKS_NAME_BYTES];
        struct pack *pack = NULL;
        packs_name(entry.first, entry.last, name);
        size_t slots = (size_t)(entry.last - entry.first) + 1;
        uint32_t *sizes = malloc(slots * sizeof *sizes);
        enum receiver_error error = sizes ? pack_open(packs->uploads, name, false, &pack) : RECEIVER_NO_MEMORY;
        bool gone = error == RECEIVER_NOT_FOUND;
        bool read = error == RECEIVER_OK && !entry.damaged && pack_slots(pack) == slots && pack_sizes(pack, sizes) == RECEIVER_OK;
        ok = sizes;
        for (size_t at = 0; ok && !gone && at < slots; at++) {
            ok = (read && sizes[at] == 0) || each(context, entry.first + (int64_t)at, read ? sizes[at] : 0);
        }
        pack_close(pack);
        free(sizes);
    }
    return ok;
}

int64_t packs_last(struct packs *packs) {
    int64_t last = 0;
    pthread_mutex_lock(&packs->lock);
    for (size_t i = 0; i < packs->count; i++) {
        last = packs->list[i].last > last ? packs->list[i].last : last;
    }
    pthread_mutex_unlock(&packs->lock);
    return last;
}

void packs_describe(struct packs *packs, struct json *json) {
    struct pack_sums sums = {0};
    uint64_t live = 0, file_bytes = 0, damaged = 0;
    pthread_mutex_lock(&packs->lock);
    for (size_t i = 0; i < packs->count; i++) {
        const struct packs_entry *entry = &packs->list[i];
        live += entry->live;
        file_bytes += entry->file_bytes;
        damaged += entry->damaged;
        sums.uploads += entry->sums.uploads;
        sums.came_bytes += entry->sums.came_bytes;
        sums.parts += entry->sums.parts;
        sums.kept_as_came += entry->sums.kept_as_came;
    }
    const struct {
        const char *key;
        uint64_t number;
    } numbers[] = {{"packs", packs->count},
                   {"packs_damaged", damaged},
                   {"packs_bytes", file_bytes},
                   {"packed_from_bytes", sums.came_bytes},
                   {"uploads_packed", live},
                   {"files_packed", sums.parts},
                   {"files_kept_as_received", sums.kept_as_came},
                   {"damaged_reads", packs->unreadable}};
    pthread_mutex_unlock(&packs->lock);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        json_key(json, numbers[i].key);
        json_number(json, (int64_t)numbers[i].number);
    }
}
