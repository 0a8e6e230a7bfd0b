// merge_uploads.h: one attachment of many uploads merged into one profile.
//
// Roll-ups are read in place of the files of whole hours and days (rollup_sweep.h). Each half has its own profile; the second is then added
// to the first. Labels nobody asks for are not read, so the
// result has the size of its stacks, not of its samples. Merged profiles are cached, compressed: another type or tree of the same selection
// reads no file.
//
// Threads: any; a call uses one more of its own. Memory: malloc; the result, and one inflated attachment (256 MiB at most) per thread.
#ifndef CMEMPROF_RECEIVER_MERGE_UPLOADS_H
#define CMEMPROF_RECEIVER_MERGE_UPLOADS_H

#include "../base/cache.h"
#include "sweep.h"
#include "view.h"

enum { MERGE_UPLOADS_MAX_LABELS = VIEW_MAX_LABELS + 1 }; // those of a filter, and the one to group by

// Of the uploads without a roll-up at most UPLOAD_LIST_FILES are read, the newest; report->left_out counts the others beside those of the
// list. *profile has the labels `memory`, `owner` and those of the keys alone. given: a label of whole uploads, whose key is one of the
// keys; NULL: none. With one that is not constant in a stream files alone are read. cache may be NULL.
enum receiver_error merge_uploads(struct store *store, struct cache *cache, const struct upload_list *list, const char *attachment,
                                  const char *const *keys, size_t key_count, const struct upload_label *given, struct profile **profile,
                                  struct sweep_report *report);
// Adds another profile. RECEIVER_BAD_UPLOAD: their period types differ; profile is unchanged.
enum receiver_error merge_uploads_add(struct profile *profile, struct profile *other);

// The label of the upload that is decoded next, and whether roll-ups cannot have it. given NULL: none.
void merge_uploads_give(struct profile *profile, const struct upload_label *given, const struct listed_upload *upload);
bool merge_uploads_only_files(const struct upload_label *given);

// ---- For roll-ups, which are made alike (rollup_make.c) ----

// Adds a profile that the receiver has encoded itself, compressed or not. RECEIVER_BAD_UPLOAD: it cannot be merged; nothing was added.
enum receiver_error merge_uploads_decode(struct profile *profile, const uint8_t *bytes, size_t size);
void merge_uploads_fault(struct sweep_file *file, enum merge_error error, const struct merge_fault *fault); // sets its text
// Counts the types of the profile that was decoded last.
void merge_uploads_count(const struct profile *profile, struct sweep_type_counts *counts);
void merge_uploads_add_counts(struct sweep_type_counts *counts, const struct sweep_type_counts *more);

#endif
