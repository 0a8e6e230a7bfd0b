// catalog_tags.c: reads the tags of one upload for a search (catalog_row.h).
#include "catalog_row.h"

#include <string.h>

bool catalog_open_tags(struct catalog *catalog, const char *path) {
    bool ok = sqlite3_open_v2(path, &catalog->tags_reader, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK;
    return ok && sqlite3_prepare_v3(catalog->tags_reader, "SELECT tags FROM upload WHERE id=?1", -1, SQLITE_PREPARE_PERSISTENT,
                                    &catalog->read_tags, NULL) == SQLITE_OK;
}

void catalog_close_tags(struct catalog *catalog) {
    pthread_mutex_lock(&catalog->tags_lock);
    sqlite3_finalize(catalog->read_tags);
    sqlite3_close(catalog->tags_reader);
    catalog->read_tags = NULL;
    catalog->tags_reader = NULL;
    pthread_mutex_unlock(&catalog->tags_lock);
}

// A damaged database is found by the other handles.
char *catalog_tags_of(void *context, int64_t id) {
    struct catalog *catalog = context;
    char *copy = NULL;
    pthread_mutex_lock(&catalog->tags_lock);
    if (catalog->read_tags) {
        sqlite3_bind_int64(catalog->read_tags, 1, id);
        const char *tags = sqlite3_step(catalog->read_tags) == SQLITE_ROW ? (const char *)sqlite3_column_text(catalog->read_tags, 0) : NULL;
        copy = tags ? strdup(tags) : NULL;
        sqlite3_reset(catalog->read_tags);
    }
    pthread_mutex_unlock(&catalog->tags_lock);
    return copy;
}
