// catalog_after.h: uploads in the order of their ids, for who takes one after the other. Threads: any. Memory: malloc, tags.
#ifndef CMEMPROF_RECEIVER_CATALOG_AFTER_H
#define CMEMPROF_RECEIVER_CATALOG_AFTER_H

#include "catalog.h"

int64_t catalog_newest(struct catalog *catalog);  // its id; 0: there is none
int64_t catalog_last_id(struct catalog *catalog); // the highest that any upload was given, also one that is gone; 0: none was
// The first upload with a higher id, and when it arrived; 0: there is none.
int64_t catalog_after(struct catalog *catalog, int64_t id, int64_t *received_ms);
size_t catalog_count_after(struct catalog *catalog, int64_t id);
// All tags, "k:v,k:v", which the caller frees. RECEIVER_NOT_FOUND.
enum receiver_error catalog_all_tags(struct catalog *catalog, int64_t id, char **tags);

#endif
