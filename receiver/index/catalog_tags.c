// catalog_tags.c: reads tags that are not in memory, for searches (catalog_row.h).
#include "catalog_row.h"
#include "search_query.h"

#include <stdlib.h>
#include <string.h>

// RECEIVER_NOT_FOUND: it has just been removed. Caller must hold read_lock.
static enum receiver_error read_tags(struct catalog *catalog, int64_t id, char **tags) {
    sqlite3_stmt *row = catalog->read_tags;
    int step = SQLITE_MISUSE;
    *tags = NULL;
    if (catalog->reader) {
        sqlite3_bind_int64(row, 1, id);
        step = sqlite3_step(row);
        const char *text = step == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 0) : NULL;
        *tags = text ? strdup(text) : NULL;
    }
    enum receiver_error error = *tags                 ? RECEIVER_OK
                                : step == SQLITE_ROW  ? RECEIVER_NO_MEMORY
                                : step == SQLITE_DONE ? RECEIVER_NOT_FOUND
                                                      : catalog_error(catalog, catalog->reader);
    sqlite3_reset(row);
    return error;
}

enum receiver_error catalog_tags(struct catalog *catalog, int64_t id, char **tags) {
    *tags = NULL;
    pthread_rwlock_rdlock(&catalog->memory_lock);
    size_t row = search_find(&catalog->search, id);
    bool has_rest = row != SEARCH_NOWHERE && search_set_at(&catalog->search, row)->has_rest;
    pthread_rwlock_unlock(&catalog->memory_lock);
    if (!has_rest) {
        return row != SEARCH_NOWHERE ? RECEIVER_OK : RECEIVER_NOT_FOUND;
    }
    pthread_mutex_lock(&catalog->read_lock);
    enum receiver_error error = read_tags(catalog, id, tags);
    pthread_mutex_unlock(&catalog->read_lock);
    return error;
}

// Other readers come between two batches.
static enum receiver_error judge_all(struct catalog *catalog, const struct search_query *query, struct search_rest *rest) {
    enum { BATCH = 64 };
    enum receiver_error error = RECEIVER_OK;
    for (size_t i = 0; error == RECEIVER_OK && i < rest->count;) {
        pthread_mutex_lock(&catalog->read_lock);
        for (size_t end = i + BATCH; error == RECEIVER_OK && i < rest->count && i < end; i++) {
            char *tags;
            error = read_tags(catalog, rest->ids[i], &tags);
            if (tags) {
                search_query_judge(query, tags, rest->holds + i * rest->width);
            }
            free(tags);
            error = error == RECEIVER_NOT_FOUND ? RECEIVER_OK : error;
        }
        pthread_mutex_unlock(&catalog->read_lock);
    }
    return error;
}

enum receiver_error catalog_read_rest(struct catalog *catalog, const struct selection *selection, struct search_rest *rest) {
    struct search_query query = {0};
    *rest = (struct search_rest){0};
    pthread_rwlock_rdlock(&catalog->memory_lock);
    const struct search *search = &catalog->search;
    bool ok = search->rest_count == 0 || (search_query_init(&query, search, selection, rest) && search_query_ask(&query));
    pthread_rwlock_unlock(&catalog->memory_lock);
    enum receiver_error error = ok ? judge_all(catalog, &query, rest) : RECEIVER_NO_MEMORY;
    search_query_free(&query);
    if (error != RECEIVER_OK) {
        search_rest_free(rest);
    }
    return error;
}
