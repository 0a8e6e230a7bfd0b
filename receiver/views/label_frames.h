// label_frames.h: frames for profiles that have none. dd-trace (Node) sends events (events.pprof: file system, DNS, garbage collection) as
// samples without functions, of which only the labels tell what they are: event=fs, operation=readFile, path=/etc/hosts.
//
// Such a sample gets the frames "fs", "readFile", "path: /etc/hosts", the event outermost; ids, timestamps, numbers and threads are no
// frames. Labels stay. Threads: any, one profile a call. Memory: malloc, a second profile.
#ifndef CMEMPROF_RECEIVER_LABEL_FRAMES_H
#define CMEMPROF_RECEIVER_LABEL_FRAMES_H

#include "../../merge/merge.h"

// Whether no sample has a frame that is named, and some have the label "event".
bool label_frames_fit(struct profile *profile);
// In place of a profile that fits; any other stays as it is. MERGE_NO_MEMORY: so does that.
enum merge_error label_frames_give(struct profile **profile);

#endif
