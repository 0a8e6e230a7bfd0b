// upload_list.h: the uploads of a selection that have an attachment.
//
// Threads: a list belongs to one thread; any may read it. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_UPLOAD_LIST_H
#define CMEMPROF_RECEIVER_UPLOAD_LIST_H

#include "../base/single_flight.h"
#include "../index/catalog_pick.h"
#include "../index/search_groups.h"

#include <stdatomic.h>
#include <stdio.h>

// 16 processes at a profile a minute have 691,200 a month. Files take 0.4 ms each: of these not so many are read for one view; a day of one
// process at a profile per 20 s has 4,320.
enum { UPLOAD_LIST_MAX = 1000000, UPLOAD_LIST_FILES = 5000 };

struct upload_list {
    struct listed_upload *uploads; // oldest first
    size_t count, left_out;
    bool with_times;         // of recordings, samples have times of their own (index/recording_conversion.h)
    struct flight *flight;   // that reads it, not owned; NULL: it cannot be abandoned
    const atomic_bool *stop; // the same, by a flag
};
bool upload_list_is_wanted(const struct upload_list *list); // false: neither; asked before each file
// The `most` newest. attachment: only uploads that have it; NULL: all.
enum receiver_error upload_list_read(struct catalog *catalog, const struct selection *selection, const char *attachment, size_t most,
                                     struct upload_list *list);
// The newest UPLOAD_LIST_FILES of a list, which keeps them.
struct upload_list upload_list_newest(const struct upload_list *list);
// An empty list with room for so many, to be read as the other one is. uploads NULL: no memory.
struct upload_list upload_list_like(const struct upload_list *list, size_t room);
// A label that all samples of an upload get when they are read: the value of its group. A key of a named facet is constant in a stream.
struct upload_label {
    const char *key; // "tag:host"
    const struct search_groups *groups;
};
static inline const char *upload_label_text(const struct upload_label *label, const struct listed_upload *upload) {
    const char *text = search_groups_text(label->groups, upload->group);
    return text ? text : SEARCH_GROUP_NONE;
}
void upload_list_free(struct upload_list *list);
// What an answer depends on: the set of uploads, whether recordings have times, and measures, which are computed later.
void upload_list_put_key(const struct upload_list *list, bool with_measures, FILE *out);

#endif
