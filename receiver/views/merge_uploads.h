// merge_uploads.h: the same attachment of many uploads merged into one profile.
//
// Each half of the list (sweep.h) has a profile of its own; the second half's result is then added to the first's. Labels that nobody
// asks for are not read, so the result is as large as the stacks are many, not the samples. Merged profiles are kept in a cache,
// compressed: another type or tree of the same selection needs no file.
//
// Threads: any; a call uses one more of its own. Memory: malloc; the result, and one inflated attachment (256 MiB at most) a thread.
#ifndef CMEMPROF_RECEIVER_MERGE_UPLOADS_H
#define CMEMPROF_RECEIVER_MERGE_UPLOADS_H

#include "../base/cache.h"
#include "sweep.h"

enum { MERGE_UPLOADS_MAX_LABELS = 16 };

// *profile has the labels `memory` and those of the keys, no others. cache may be NULL.
enum receiver_error merge_uploads(struct store *store, struct cache *cache, const struct upload_list *list, const char *attachment,
                                  const char *const *keys, size_t key_count, struct profile **profile, struct sweep_report *report);
// Adds all of another profile. RECEIVER_BAD_UPLOAD: their period types differ; profile is as it was.
enum receiver_error merge_uploads_add(struct profile *profile, struct profile *other);

#endif
