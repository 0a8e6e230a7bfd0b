// catalog_figures.c: which uploads have their figures kept, and their measures (catalog.h).
#include "catalog_row.h"

int64_t catalog_unfigured(struct catalog *catalog) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    int64_t id = search_newest_without(&catalog->search, SEARCH_FIGURED);
    pthread_rwlock_unlock(&catalog->memory_lock);
    return id;
}

void catalog_set_figured(struct catalog *catalog, const int64_t *ids, size_t count) {
    pthread_rwlock_wrlock(&catalog->memory_lock);
    for (size_t i = 0; i < count; i++) {
        search_set_figured(&catalog->search, ids[i]);
    }
    pthread_rwlock_unlock(&catalog->memory_lock);
}

void catalog_settle_figures(struct catalog *catalog) {
    pthread_rwlock_wrlock(&catalog->memory_lock);
    struct search *search = &catalog->search;
    for (size_t i = search->begin; i < search->end; i += COLUMN_ROWS) {
        column_settle(&search->columns[SEARCH_FIGURED], i);
    }
    pthread_rwlock_unlock(&catalog->memory_lock);
}

void catalog_forget_figures(struct catalog *catalog) {
    pthread_rwlock_wrlock(&catalog->memory_lock);
    search_forget_figures(&catalog->search);
    pthread_rwlock_unlock(&catalog->memory_lock);
}

bool catalog_is_figured(struct catalog *catalog, int64_t id) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    size_t row = search_find(&catalog->search, id);
    bool figured = row != SEARCH_NOWHERE && search_at(&catalog->search, SEARCH_FIGURED, row) == 1;
    pthread_rwlock_unlock(&catalog->memory_lock);
    return figured;
}

int64_t catalog_oldest(struct catalog *catalog) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    const struct search *search = &catalog->search;
    size_t row = search->begin;
    while (row + 1 < search->end && marks_are_pinned(&catalog->marks, search_at(search, SEARCH_ID, row))) {
        row++;
    }
    int64_t id = row < search->end ? search_at(search, SEARCH_ID, row) : 0;
    pthread_rwlock_unlock(&catalog->memory_lock);
    return id;
}

// ---- Measures ----

enum receiver_error catalog_set_measures(struct catalog *catalog, int64_t id, const struct measures *measures) {
    enum receiver_error error = catalog_begin(catalog);
    if (error != RECEIVER_OK) {
        return error;
    }
    sqlite3_stmt *update = NULL;
    sqlite3_prepare_v2(catalog->writer,
                       "UPDATE upload SET measured=1, cpu_cores=?2, alloc_bytes_per_s=?3, heap_live_bytes=?4, c_live_bytes=?5,"
                       " goroutines=?6, lock_seconds_per_s=?7 WHERE id=?1",
                       -1, &update, NULL);
    sqlite3_bind_int64(update, 1, id);
    for (int i = 0; i < MEASURE_COUNT; i++) {
        sqlite3_bind_double(update, 2 + i, measures->values[i]); // SQLite stores NaN as NULL
    }
    bool ok = update && sqlite3_step(update) == SQLITE_DONE;
    error = ok ? RECEIVER_OK : catalog_error(catalog, catalog->writer);
    sqlite3_finalize(update);
    enum receiver_error ended = catalog_end(catalog, ok);
    // Without the row on disk they are computed again after the next start; they are shown now all the same.
    pthread_rwlock_wrlock(&catalog->memory_lock);
    search_measured(&catalog->search, id, measures);
    catalog->differs |= error != RECEIVER_OK || ended != RECEIVER_OK;
    pthread_rwlock_unlock(&catalog->memory_lock);
    return error != RECEIVER_OK ? error : ended;
}
