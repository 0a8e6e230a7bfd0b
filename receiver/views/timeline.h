// timeline.h: when the values of a selection were: of functions, of threads, of the values of a label or of a tag, in columns of equal
// time.
//
// A thread is what the labels "thread name" and "thread id" say together (of OTLP "thread.name", "thread.id"): pools have many of one name.
// A sample that has a time of its own (the label end_timestamp_ns, in unix nanoseconds, as Datadog's clients for Python and Node and
// OpenTelemetry's send it, and recordings of Java get) counts at that time. Others are spread evenly over the time of their upload. A
// gauge's value in a column is the mean over the uploads that were there, by how long each was; where rows are groups of uploads, over
// those of the row's group. Summed, it is that mean times the processes that were there at once (gauges.h), of the group.
//
// Of lanes there is also how long each was in which state (thread_states.h), of all types of the profile: of a sample with a time of its
// own before that time, as long as its value. Of a stretch of time that the filter asks for they are what is in it, by samples that end
// later, too.
//
// Threads: a struct timeline belongs to one; two are added up at the end. Memory: malloc, 8 bytes for each column of a row (16 MB at most;
// of lanes as much for each sum of states that there is, 58 MB at most), 24 for each upload of a gauge. Time: of a profile, by its samples,
// and by its rows times the columns that its upload covers.
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
    TIMELINE_MAX_ROWS = 5000,  // that are told apart: the values of further ones are counted as "others"
    TIMELINE_MAX_LANES = 2000, // of threads, which take more room
    TIMELINE_SHOWN_ROWS = 60,
};

// What no upload's time is: a clock that was never set starts in 1970, and one upload of it would squeeze all others into one column.
#define TIMELINE_FIRST_MS INT64_C(946684800000)             // 2000-01-01
#define TIMELINE_LAST_MS INT64_C(4102444800000)             // 2100-01-01
#define TIMELINE_LONGEST_MS (INT64_C(7) * 24 * 3600 * 1000) // a week

struct timeline_question {
    const char *type;                 // of samples; those of a profile without it weigh nothing
    bool is_gauge;                    // of the type
    int64_t from_ms, to_ms;           // unix; from < to; a sample's own time of up to 1 ms later is in the last column
    int64_t longest_ms;               // of the uploads, the longest
    size_t columns;                   // 1 to TIMELINE_MAX_COLUMNS
    const struct view_filter *filter; // group_by: rows are its values, else the functions that have the values of their own
    bool lanes;                       // rows are threads, without group_by
    const struct upload_label *label; // rows are the groups of uploads; NULL: they are not
    const struct upload_list *list;   // of a gauge whose processes add up: all uploads, and until when each is current (gauges.h)
    const int64_t *until_ms;          // NULL: they do not
};
struct timeline;
// The question must outlive it. NULL: no memory.
struct timeline *timeline_new(const struct timeline_question *question);
void timeline_free(struct timeline *timeline);
// Takes the uploads out of a list whose times cannot be right: that do not lie in 2000 to 2100, that end before they start or take more
// than a week. Returns their count.
size_t timeline_leave_out(struct upload_list *list);
// Sets the times of a question: from the first start in the list to the last end, but no later than the end of what was selected
// (INT64_MAX: it has none). RECEIVER_BAD_UPLOAD: the list is empty.
enum receiver_error timeline_range(const struct upload_list *list, int64_t selected_to_ms, struct timeline_question *question);
// Of samples of a stretch of time alone, which a label of the filter chooses ("end_timestamp_ns:FROM..TO"), the columns are of that.
void timeline_narrow(struct timeline_question *question);
// Whether columns are shorter than uploads, so that times of samples say more than those of uploads.
bool timeline_is_finer(const struct timeline_question *question);
// All samples of a profile that the filter chooses. Changes the profile: the group is a frame of it.
enum receiver_error timeline_add(struct timeline *timeline, struct profile *profile, const struct listed_upload *upload);
bool timeline_merge(struct timeline *timeline, const struct timeline *other); // false: no memory
size_t timeline_profiles(const struct timeline *timeline);                    // that have the type

#endif
