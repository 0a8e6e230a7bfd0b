// upload_types.h: the sample types of a selection: which attachments there are, and the sums of one of them.
// Threads: any. Memory: malloc, as sweep.h.
#ifndef CMEMPROF_RECEIVER_UPLOAD_TYPES_H
#define CMEMPROF_RECEIVER_UPLOAD_TYPES_H

#include "sweep.h"

// The member "attachments": names with the number of uploads that have them, the most frequent first, 100 at most.
enum receiver_error upload_types_write_attachments(struct catalog *catalog, const struct selection *selection, struct json *json);
// The name of the type that is wanted by its name or its place ("1"), as it is where there is no such type; NULL or "": of the one to show
// (merge.h), by the sums of all files, or "".
enum receiver_error upload_types_choose(struct store *store, const struct upload_list *list, const char *attachment, const char *wanted,
                                        char *type, size_t size);
// That one if it is a gauge, else the one to show, else the first gauge; "": there is none.
enum receiver_error upload_types_choose_gauge(struct store *store, const struct upload_list *list, const char *attachment,
                                              const char *wanted, char *type, size_t size);
// The members from "uploads" to "types".
enum receiver_error upload_types_write(struct store *store, const struct upload_list *list, const char *attachment, struct gauges gauges,
                                       struct json *json);

#endif
