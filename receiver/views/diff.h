// diff.h: two selections as one call tree, each node with the values of both (docs/receiver.md).
//
// The baseline's sample type is renamed and added to the other profile, so that the merge engine decides what is equal, also for libraries
// at other addresses in another process.
//
// Threads: any. Memory: malloc, both merged profiles.
#ifndef CMEMPROF_RECEIVER_DIFF_H
#define CMEMPROF_RECEIVER_DIFF_H

#include "merge_uploads.h"
#include "view.h"

enum diff_mode { DIFF_TOTAL, DIFF_PER_SECOND };

struct diff_side {
    struct profile *profile; // both are changed
    struct sweep_report report;
};
// Writes the whole answer. type NULL or "": the default type of now. filter: for both sides, except its reports, which are those of the
// sides.
enum receiver_error diff_write(struct diff_side *now, struct diff_side *base, const char *type, enum diff_mode mode,
                               const struct view_filter *filter, struct json *json, char *text, size_t text_size);

// The difference itself: now's values less those of the baseline, of all sample types, amounts scaled as mode says; it becomes
// now->profile. Gauges are their values already (merge_export.h). RECEIVER_BAD_UPLOAD: text says why.
enum receiver_error diff_subtract(struct diff_side *now, struct diff_side *base, enum diff_mode mode, char *text, size_t text_size);

#endif
