// growth.h: what grows: a call tree with the slope of each node in a minute, over all uploads of a selection.
//
// Each process is read by itself, in the order of time, so that a restart is neither growth nor an end of it: its slope is that of its own
// life (growth_tree.h), and counts by the share of the selection's time that the process was there. What is shown is the sum: how much the
// processes together have gained in a minute of the range. A process is cut into GROWTH_POINTS stretches at most, and a stretch has the
// mean of its profiles. Of one that lives for four hours or more, hours (of five days or more: days) come from roll-ups, where these are of
// this process alone; of others files are read.
//
// Threads: any; a call uses one more of its own. Memory: malloc, counted by merge_budget_take: the tree, and of two processes the merged
// profile and 104 bytes for each stack.
#ifndef CMEMPROF_RECEIVER_GROWTH_H
#define CMEMPROF_RECEIVER_GROWTH_H

#include "sweep.h"
#include "view.h"

struct growth_question {
    struct store *store;
    const struct upload_list *list;
    const char *attachment, *type; // of values that are of a moment (measure_is_gauge)
    const struct view_filter *filter;
    const struct upload_label *given; // as of merge_uploads
};
// What grows as a profile of one sample type, "inuse_space_per_minute": of each stack what grows there and in no callee that is known to,
// so that totals are those of the answer, rounded. *profile is to be freed. Errors as growth_write.
enum receiver_error growth_profile(const struct growth_question *question, struct profile **profile, bool *is_passing, char *text,
                                   size_t text_size);
// Writes the whole answer (docs/receiver.md). *is_passing: as in struct sweep_report. RECEIVER_BAD_UPLOAD, RECEIVER_NOT_FOUND: text says
// why.
enum receiver_error growth_write(const struct growth_question *question, struct json *json, bool *is_passing, char *text, size_t text_size);

#endif
