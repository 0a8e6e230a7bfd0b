// catalog_pick.h: the uploads of a selection from memory, without a look into the database: a week of a fleet has 161,280.
//
// Threads: any. Memory: malloc, 112 bytes an upload that is returned, 24 more for each of the selection meanwhile.
#ifndef CMEMPROF_RECEIVER_CATALOG_PICK_H
#define CMEMPROF_RECEIVER_CATALOG_PICK_H

#include "catalog.h"

struct listed_upload {
    int64_t id, start_ms, end_ms;
    uint64_t process, host; // search_process, search_host
    uint64_t stream;        // equal for uploads with the same six facets: a hash of their texts, the same at every start
    uint64_t mark;          // of what makes it this upload and no other: id, times, process. The same at every start
    struct measures measures;
    uint32_t group; // of catalog_group; 0: not asked for
};
// Of the uploads of the selection that have the attachment (NULL: of all) the `most` that start last, oldest first; the caller frees *rows.
// left_out: how many more there are, with those whose tags (search_rest.h) or names of attachments were not looked at: where these are in
// the database alone, the newest 5,000 are.
enum receiver_error catalog_pick(struct catalog *catalog, const struct selection *selection, const char *attachment, size_t most,
                                 struct listed_upload **rows, size_t *count, size_t *left_out);

// Sets the group of each: the number of its value (search_groups.h), which the caller has initialised. One that was removed since counts
// as SEARCH_GROUP_NONE.
struct search_groups;
enum receiver_error catalog_group(struct catalog *catalog, struct listed_upload *rows, size_t count, struct search_groups *groups);

// A set of uploads, whatever their order: their count and two sums of hashes.
struct upload_set {
    uint64_t count, sums[2];
};
void upload_set_add(struct upload_set *set, const struct listed_upload *upload);
bool upload_set_equal(const struct upload_set *a, const struct upload_set *b);
uint64_t upload_mix(uint64_t word); // a hash of 64 bits

// The uploads that start in each day (of UTC), earliest first: a day whose set has not changed has the same uploads. Of starts before
// `until_ms` alone. The caller frees *days. Takes the lock for some thousand uploads at a time.
struct catalog_day {
    int64_t day; // since 1970; may be negative
    struct upload_set set;
};
enum { DAY_MS = 24 * 3600 * 1000, HOUR_MS = 3600 * 1000 };
enum receiver_error catalog_days(struct catalog *catalog, int64_t until_ms, struct catalog_day **days, size_t *count);
int64_t catalog_day_of(int64_t time_ms, int64_t length_ms); // time / length, rounded down

// Counts the `most` newest uploads of a selection by the names of their attachments: calls each once for every different list of names, a
// line each, under the index's lock. Uploads whose names are in the database alone are read there, one at a time.
typedef void (*catalog_each_names)(void *context, const char *names, size_t uploads);
enum receiver_error catalog_names(struct catalog *catalog, const struct selection *selection, size_t most, catalog_each_names each,
                                  void *context);

#endif
