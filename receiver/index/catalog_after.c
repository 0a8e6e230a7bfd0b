// catalog_after.c: one upload after the other (catalog_after.h).
#include "catalog_after.h"
#include "catalog_row.h"

#include <stdlib.h>
#include <string.h>

// The first row with a higher id.
static size_t row_after(const struct search *search, int64_t id) {
    size_t low = search->begin, high = search->end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (search_at(search, SEARCH_ID, middle) <= id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int64_t catalog_newest(struct catalog *catalog) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    const struct search *search = &catalog->search;
    int64_t id = search->end > search->begin ? search_at(search, SEARCH_ID, search->end - 1) : 0;
    pthread_rwlock_unlock(&catalog->memory_lock);
    return id;
}

int64_t catalog_last_id(struct catalog *catalog) {
    pthread_mutex_lock(&catalog->write_lock);
    int64_t id = catalog->next_id - 1;
    pthread_mutex_unlock(&catalog->write_lock);
    return id;
}

int64_t catalog_after(struct catalog *catalog, int64_t id, int64_t *received_ms) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    const struct search *search = &catalog->search;
    size_t row = row_after(search, id);
    int64_t next = row < search->end ? search_at(search, SEARCH_ID, row) : 0;
    *received_ms = next ? search_at(search, SEARCH_RECEIVED, row) : 0;
    pthread_rwlock_unlock(&catalog->memory_lock);
    return next;
}

size_t catalog_count_after(struct catalog *catalog, int64_t id) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    size_t count = catalog->search.end - row_after(&catalog->search, id);
    pthread_rwlock_unlock(&catalog->memory_lock);
    return count;
}

enum receiver_error catalog_all_tags(struct catalog *catalog, int64_t id, char **tags) {
    pthread_mutex_lock(&catalog->read_lock);
    sqlite3_stmt *row = catalog->read_tags;
    int step = SQLITE_MISUSE;
    *tags = NULL;
    if (catalog->reader) {
        sqlite3_bind_int64(row, 1, id);
        step = sqlite3_step(row);
        const char *text = step == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 0) : "";
        *tags = strdup(text ? text : "");
    }
    enum receiver_error error = step == SQLITE_DONE  ? RECEIVER_NOT_FOUND
                                : step != SQLITE_ROW ? catalog_error(catalog, catalog->reader)
                                : *tags              ? RECEIVER_OK
                                                     : RECEIVER_NO_MEMORY;
    sqlite3_reset(row);
    pthread_mutex_unlock(&catalog->read_lock);
    if (error != RECEIVER_OK) {
        free(*tags);
        *tags = NULL;
    }
    return error;
}
