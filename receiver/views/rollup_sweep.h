// rollup_sweep.h: a sweep (sweep.h) that reads roll-ups in place of the files of whole hours and days.
//
// The uploads of a list are grouped by stream and day, then hour. Where a roll-up is of exactly the uploads of a group, it is taken; where
// there is none, or it cannot be taken, or it lacks a label that is asked for, their files are read: of these at most so many, the newest
// or a spread of them.
//
// Threads: any; a call uses one more of its own. Memory: malloc; as sweep.h, and 5 bytes an upload.
#ifndef CMEMPROF_RECEIVER_ROLLUP_SWEEP_H
#define CMEMPROF_RECEIVER_ROLLUP_SWEEP_H

#include "../rollups/rollup_base.h"
#include "rollup.h"

struct rollup_sweep {
    struct store *store;
    const struct upload_list *list;
    const char *attachment;
    const char *const *labels; // keys that are asked for, beside memory and owner
    size_t label_count;
    enum rollup_level most; // ROLLUP_HOUR: no days
    bool only_files;
    size_t most_files;
    bool spread; // the files that are read are evenly spread, with the first and the last; others are skipped, not left out
};
// A roll-up, and what the callback reports of it.
struct rollup_taken {
    const struct rollup *rollup;
    const char *dropped;                // keys of labels that it lacks, a line each
    int64_t mean_ms;                    // of the starts of its uploads
    const struct listed_upload *upload; // one of them: they are of one stream
    char text[160];                     // out: the reason of RECEIVER_TOO_LARGE
};
// Takes one. RECEIVER_TOO_LARGE leaves its uploads out: they are reported with the reason. RECEIVER_NO_MEMORY and RECEIVER_CLIENT_GONE end
// the sweep. Any other error has its files read instead; nothing of it was taken then.
typedef enum receiver_error (*rollup_take)(void *part, struct rollup_taken *taken);
// Calls take_rollup for each roll-up, the earlier half with parts[0], concurrently the later one with parts[1], then take for the rest, as
// sweep_uploads does. The report is of both; left_out counts also files that were beyond the limit, and processes those of the whole list.
enum receiver_error rollup_sweep(const struct rollup_sweep *sweep, rollup_take take_rollup, sweep_take take, void *const parts[2],
                                 struct sweep_report *report);
// Whether attachments of that name have roll-ups: profiles whose labels are labels (of dd-trace's events they become frames) and that need
// not be made of a recording first.
bool rollup_is_for(const char *attachment);

#endif
