// upload_types.h: the sample types of a selection: its attachments, and the sums of one of them. Threads: any. Memory: malloc, as sweep.h.
#ifndef CMEMPROF_RECEIVER_UPLOAD_TYPES_H
#define CMEMPROF_RECEIVER_UPLOAD_TYPES_H

#include "sweep.h"

enum { UPLOAD_TYPES_MAX_NAMES = 100 };
struct upload_names {
    size_t count;
    struct upload_name {
        char text[CATALOG_NAME_MAX_BYTES + 1];
        bool pprof;
        size_t uploads;
    } names[UPLOAD_TYPES_MAX_NAMES];
};
// The names of attachments with the count of uploads that have them, most frequent first. *names is set anew.
enum receiver_error upload_types_read_names(struct catalog *catalog, const struct selection *selection, struct upload_names *names);
// Writes them as the member "attachments".
enum receiver_error upload_types_write_attachments(struct catalog *catalog, const struct selection *selection, struct json *json);
// The type for a name or an index ("1"); an unknown one is returned as it is. NULL or "": the default type (merge.h) by the sums of all
// files, or "".
enum receiver_error upload_types_choose(struct store *store, const struct upload_list *list, const char *attachment, const char *wanted,
                                        char *type, size_t size);
// The wanted type if it is a gauge, else the default type, else the first gauge; "": there is none.
enum receiver_error upload_types_choose_gauge(struct store *store, const struct upload_list *list, const char *attachment,
                                              const char *wanted, char *type, size_t size);
// Writes the members from "uploads" to "types". *is_passing: as in struct sweep_report.
enum receiver_error upload_types_write(struct store *store, const struct upload_list *list, const char *attachment, struct gauges gauges,
                                       bool *is_passing, struct json *json);

#endif
