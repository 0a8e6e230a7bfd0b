// catalog_sizes.c: what uploads take on the disk, which changes when they are packed (catalog.h).
#include "catalog_row.h"

enum { ROW_BYTES = 4096, SLOT_BYTES = 16 };

uint64_t catalog_packed_bytes(uint64_t record_bytes) {
    return record_bytes + SLOT_BYTES + ROW_BYTES;
}

size_t catalog_places(struct catalog *catalog, int64_t after, struct catalog_place *places, size_t max) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    const struct search *search = &catalog->search;
    size_t row = search->begin, end = search->end, count = 0;
    while (row < end) { // the first of a higher id
        size_t middle = row + (end - row) / 2;
        if (search_at(search, SEARCH_ID, middle) > after) {
            end = middle;
        } else {
            row = middle + 1;
        }
    }
    for (; row < search->end && count < max; row++, count++) {
        places[count] = (struct catalog_place){search_at(search, SEARCH_ID, row), search_at(search, SEARCH_RECEIVED, row),
                                               (uint64_t)search_at(search, SEARCH_SIZE, row)};
    }
    pthread_rwlock_unlock(&catalog->memory_lock);
    return count;
}

void catalog_sizes_differ(struct catalog *catalog) {
    pthread_rwlock_wrlock(&catalog->memory_lock);
    catalog->differs = true;
    pthread_rwlock_unlock(&catalog->memory_lock);
}

enum receiver_error catalog_set_sizes(struct catalog *catalog, const struct catalog_place *places, size_t count) {
    enum receiver_error error = catalog_begin(catalog);
    if (error != RECEIVER_OK) {
        catalog_sizes_differ(catalog);
        return error;
    }
    sqlite3_stmt *update = NULL;
    bool ok = sqlite3_prepare_v2(catalog->writer, "UPDATE upload SET size_bytes=?2 WHERE id=?1", -1, &update, NULL) == SQLITE_OK;
    for (size_t i = 0; ok && i < count; i++) {
        sqlite3_bind_int64(update, 1, places[i].id);
        sqlite3_bind_int64(update, 2, (int64_t)places[i].size_bytes);
        ok = sqlite3_step(update) == SQLITE_DONE && sqlite3_reset(update) == SQLITE_OK;
    }
    error = ok ? RECEIVER_OK : catalog_error(catalog, catalog->writer);
    sqlite3_finalize(update);
    enum receiver_error ended = catalog_end(catalog, ok);
    error = error == RECEIVER_OK ? ended : error;
    if (error == RECEIVER_OK) {
        pthread_rwlock_wrlock(&catalog->memory_lock);
        for (size_t i = 0; i < count; i++) {
            search_set_size(&catalog->search, places[i].id, places[i].size_bytes);
        }
        pthread_rwlock_unlock(&catalog->memory_lock);
    } else {
        catalog_sizes_differ(catalog);
    }
    return error;
}

void catalog_describe_all(struct catalog *catalog, struct json *json) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    int64_t uploads = (int64_t)(catalog->search.end - catalog->search.begin), bytes = (int64_t)catalog->search.size_bytes;
    pthread_rwlock_unlock(&catalog->memory_lock);
    json_key(json, "uploads");
    json_number(json, uploads);
    json_key(json, "bytes");
    json_number(json, bytes);
}
