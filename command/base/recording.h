// recording.h: recordings of Java Flight Recorder as inputs of commands on profiles: one kind of a recording is a profile.
//
// Threads: one. Memory: malloc; the inflated recording while it is converted.
#ifndef CMEMPROF_RECORDING_H
#define CMEMPROF_RECORDING_H

#include "../../jfr/jfr.h"
#include "input.h"

// For commands that take recordings, in struct options.
struct recordings {
    bool all_kinds;   // one profile of all that a recording has, as the receiver makes it
    const char *type; // --type: a kind ("lock") or a sample type ("delay"); NULL: the first kind that the recording has
    size_t count;     // recordings that were read
    size_t foreign;   // files of other tools that were read (foreign_input.h)
};
#define RECORDINGS_USAGE                                                                                                                   \
    "Of a recording of Java (.jfr), --type chooses the profile: cpu, wall, allocation, heap-live, lock, exception, file-io,\n"             \
    "socket-io, class-load, native-wall, native-allocation.\n"

// Takes the value of --type, of commands that have it for recordings only. Returns 0, or the exit status after an error message.
int recording_take_type(const char *command, const char *value, struct recordings *recordings);
// Replaces a recording, compressed or not, whatever its name, by its profile, encoded. Other content is inflated. Returns STATUS_DONE, or
// STATUS_FAILED after an error message.
int recording_replace(const struct options *options, const char *path, struct input *input);
// The profile of one kind. The file is mapped if it is not compressed. Returns NULL after an error message.
struct profile *recording_convert(const struct options *options, const char *path, const struct input *input);
struct profile *recording_convert_file(const struct options *options, const char *path);
// The sample type to show: that of --type, unless it named a kind of a recording, whose default is shown then.
const char *recording_shown_type(const struct options *options, const struct profile *profile, const char *type);

#endif
