// catalog_row.h: what catalog.c and catalog_json.c share, for those two only.
#ifndef CMEMPROF_RECEIVER_CATALOG_ROW_H
#define CMEMPROF_RECEIVER_CATALOG_ROW_H

#include "catalog.h"
#include "failure.h"

#include <pthread.h>
#include <sqlite3.h>

struct catalog {
    pthread_mutex_t lock;
    sqlite3 *database; // guarded by lock
};

// Both with the lock held. NULL: SQLite refused, catalog_error tells.
sqlite3_stmt *catalog_prepare(struct catalog *catalog, const char *sql);
enum receiver_error catalog_error(struct catalog *catalog); // what the last call on the handle came to

#endif
