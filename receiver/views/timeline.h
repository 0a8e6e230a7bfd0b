// timeline.h: when the values of a selection were: of functions, of the values of a label or of a tag, in columns of equal time.
//
// A sample that has a time of its own (the label end_timestamp_ns, in unix nanoseconds, as Datadog's clients for Python, Java and Node and
// OpenTelemetry's send it) counts at that time. Others are spread evenly over the time of their upload. A gauge's value in a column is the
// mean over the uploads that were there, by how long each was.
//
// Threads: a struct timeline belongs to one; two are added up at the end. Memory: malloc, 8 bytes for each column of a row.
#ifndef CMEMPROF_RECEIVER_TIMELINE_H
#define CMEMPROF_RECEIVER_TIMELINE_H

#include "../../merge/merge.h"
#include "../base/error.h"
#include "../base/json.h"
#include "upload_list.h"
#include "view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TIMELINE_MAX_COLUMNS = 400,
    TIMELINE_MAX_ROWS = 5000, // that are told apart: the values of further ones are counted as "others"
    TIMELINE_SHOWN_ROWS = 60,
};

struct timeline_question {
    const char *type;                 // of samples; those of a profile without it weigh nothing
    bool is_gauge;                    // of the type
    int64_t from_ms, to_ms;           // unix; from < to
    int64_t longest_ms;               // of the uploads, the longest
    size_t columns;                   // 1 to TIMELINE_MAX_COLUMNS
    const struct view_filter *filter; // group_by: rows are its values, else the functions that have the values of their own
    const struct upload_label *label; // rows are the groups of uploads; NULL: they are not
};
struct timeline;
// The question must outlive it. NULL: no memory.
struct timeline *timeline_new(const struct timeline_question *question);
void timeline_free(struct timeline *timeline);
// Sets the times of a question, which cover all uploads of a list. RECEIVER_BAD_UPLOAD: no such times, as of no uploads.
enum receiver_error timeline_range(const struct upload_list *list, struct timeline_question *question);
// All samples of a profile that the filter chooses. Changes the profile: the group is a frame of it.
enum receiver_error timeline_add(struct timeline *timeline, struct profile *profile, const struct listed_upload *upload);
bool timeline_merge(struct timeline *timeline, const struct timeline *other); // false: no memory
size_t timeline_profiles(const struct timeline *timeline);                    // that have the type
// Writes the members from "type" on into an open object (docs/receiver.md). False: no memory.
bool timeline_write(const struct timeline *timeline, struct json *json);

#endif
