// label_frames.h: frames for profiles that have none. dd-trace (Node) sends events (events.pprof: file system, DNS, garbage collection) as
// samples without functions, described by labels alone: event=fs, operation=readFile, path=/etc/hosts.
//
// Such a sample gets the frames "fs", "readFile", "path: /etc/hosts", the event outermost. Ids, timestamps, numbers and threads become no
// frames. Labels are kept.
//
// Threads: any, one profile per call. Memory: malloc, a second profile.
#ifndef CMEMPROF_RECEIVER_LABEL_FRAMES_H
#define CMEMPROF_RECEIVER_LABEL_FRAMES_H

#include "../../merge/merge.h"

// Whether no sample has a named frame, and some have the label "event".
bool label_frames_fit(struct profile *profile);
// Replaces a profile that fits; any other is unchanged, also with MERGE_NO_MEMORY.
enum merge_error label_frames_give(struct profile **profile);

#endif
