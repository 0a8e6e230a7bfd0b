// catalog_marks.c: pins and notes of users, in the index's memory (catalog.h).
#include "catalog_row.h"

#include <stdlib.h>
#include <string.h>

bool catalog_mark(struct catalog *catalog, int64_t id, bool pinned, const char *note) {
    pthread_rwlock_wrlock(&catalog->memory_lock);
    bool ok = marks_set(&catalog->marks, id, pinned, note);
    pthread_rwlock_unlock(&catalog->memory_lock);
    return ok;
}

enum receiver_error catalog_read_mark(struct catalog *catalog, int64_t id, bool *is_there, bool *pinned, char **note) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    const struct mark *mark = marks_find(&catalog->marks, id);
    *is_there = mark;
    *pinned = mark && mark->pinned;
    *note = mark && mark->note ? strdup(mark->note) : NULL;
    bool ok = *note || !mark || !mark->note;
    pthread_rwlock_unlock(&catalog->memory_lock);
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

bool catalog_has_mark(struct catalog *catalog, int64_t id) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    bool has = marks_find(&catalog->marks, id);
    pthread_rwlock_unlock(&catalog->memory_lock);
    return has;
}

size_t catalog_mark_count(struct catalog *catalog) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    size_t count = catalog->marks.count;
    pthread_rwlock_unlock(&catalog->memory_lock);
    return count;
}

bool catalog_is_pinned(struct catalog *catalog, int64_t id) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    bool is = marks_are_pinned(&catalog->marks, id);
    pthread_rwlock_unlock(&catalog->memory_lock);
    return is;
}

enum receiver_error catalog_pinned(struct catalog *catalog, struct catalog_pins *pins) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    const struct search *search = &catalog->search;
    *pins = (struct catalog_pins){.ids = malloc((catalog->marks.pinned + 1) * sizeof *pins->ids)};
    for (size_t i = 0; pins->ids && i < catalog->marks.count; i++) {
        const struct mark *mark = &catalog->marks.list[i];
        size_t row = mark->pinned ? search_find(search, mark->id) : SEARCH_NOWHERE;
        if (row != SEARCH_NOWHERE) {
            pins->ids[pins->count++] = mark->id;
            pins->bytes += (uint64_t)search_at(search, SEARCH_SIZE, row);
        }
    }
    pthread_rwlock_unlock(&catalog->memory_lock);
    return pins->ids ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}
