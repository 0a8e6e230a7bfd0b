// catalog_figures.c: which uploads have their figures kept (catalog.h).
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
    int64_t id = search->begin < search->end ? search_at(search, SEARCH_ID, search->begin) : 0;
    pthread_rwlock_unlock(&catalog->memory_lock);
    return id;
}
