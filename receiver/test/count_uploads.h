// count_uploads.h: the number of uploads in an index.
#ifndef CMEMPROF_RECEIVER_TEST_COUNT_UPLOADS_H
#define CMEMPROF_RECEIVER_TEST_COUNT_UPLOADS_H

#include "../index/catalog.h"

// By their ids, which tests keep below 10,000.
static inline size_t count_uploads(struct catalog *catalog) {
    size_t count = 0;
    for (int64_t id = 0; id < 10000; id++) {
        count += catalog_has(catalog, id);
    }
    return count;
}

#endif
