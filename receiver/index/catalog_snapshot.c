// catalog_snapshot.c: the catalog's memory as a file (catalog.h).
#include "catalog_row.h"
#include "search_snapshot.h"

// Ids that were given to nobody are not in the search.
bool catalog_save_snapshot(struct catalog *catalog, const struct search_stamp *stamp, FILE *out) {
    pthread_rwlock_rdlock(&catalog->memory_lock);
    bool ok = catalog->loaded_from == 0 && !catalog->differs && fwrite(&catalog->next_id, sizeof catalog->next_id, 1, out) == 1 &&
              search_snapshot_write(&catalog->search, stamp, out);
    pthread_rwlock_unlock(&catalog->memory_lock);
    return ok;
}

bool catalog_load_snapshot(struct catalog *catalog, const struct search_stamp *stamp, FILE *in) {
    int64_t next_id;
    bool ok = fread(&next_id, sizeof next_id, 1, in) == 1 && search_snapshot_read(&catalog->search, stamp, in);
    if (ok) {
        catalog->loaded_from = 0;
        catalog_skip_ids(catalog, next_id - 1);
    }
    return ok;
}
