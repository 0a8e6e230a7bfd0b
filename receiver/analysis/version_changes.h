// version_changes.h: where a service's uploads begin to have another version, for the marks of charts, and what to compare then.
//
// A version begins with its first upload. It begins again, as after a rollback, with the first upload of a new process if it was not seen
// for ten minutes and another version was meanwhile, and if it has most uploads of ten minutes later on: processes of two versions side by
// side, as in a rollout that takes days, change nothing, nor does a job that now and then sends one upload of an old version. What was
// before is the version with most uploads in the ten minutes before. Each environment of a service has its own versions.
//
// A selection's first uploads are no beginnings: the ten minutes before it are read as well, and tell what was there.
//
// The two ranges to compare are equally long, as long as both versions were there: from where the one before began, until the other's last
// upload. Uploads without a service or a version do not count.
//
// Threads: any. Memory: malloc, 30 bytes an upload.
#ifndef CMEMPROF_RECEIVER_VERSION_CHANGES_H
#define CMEMPROF_RECEIVER_VERSION_CHANGES_H

#include "overview.h"

enum { VERSION_CHANGES_MAX = 200 }; // the newest are written

// As overview_read, with what is before the selection.
enum receiver_error version_changes_read(struct catalog *catalog, const struct selection *selection, struct overview *overview);
// Writes the whole answer (docs/receiver.md).
enum receiver_error version_changes_write(const struct overview *overview, struct json *json);

#endif
