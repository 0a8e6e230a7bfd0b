// upload_list.h: the uploads of a selection that have an attachment.
//
// Threads: a list belongs to one thread; any may read it. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_UPLOAD_LIST_H
#define CMEMPROF_RECEIVER_UPLOAD_LIST_H

#include "../base/single_flight.h"
#include "../index/catalog.h"

#include <stdio.h>

enum { UPLOAD_LIST_MAX = 5000 }; // a day of one process at a profile per 20 s has 4,320

struct listed_upload {
    int64_t id, start_ms, end_ms;
    uint64_t process; // equal for uploads of one process: a hash of host and runtime-id
    uint64_t host;    // equal for uploads of one host; 0 if it was not asked for
    struct measures measures;
};
struct upload_list {
    struct listed_upload *uploads; // oldest first
    size_t count, left_out;
    struct flight *flight; // that reads it, not owned; NULL: it cannot be abandoned
};
// attachment: only uploads that have it; NULL: all.
enum receiver_error upload_list_read(struct catalog *catalog, const struct selection *selection, const char *attachment,
                                     struct upload_list *list);
void upload_list_free(struct upload_list *list);
// What an answer depends on: ids, and measures, which are computed later.
void upload_list_put_key(const struct upload_list *list, bool with_measures, FILE *out);

#endif
