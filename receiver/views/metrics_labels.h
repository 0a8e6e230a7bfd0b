// metrics_labels.h: series of metrics with a line for each value of a label of samples (label_series.h), and the keys that labels have.
//
// Figures other than measures have no samples, and so no such lines. Both answers read files, all attachments with profiles of the uploads.
//
// Threads: any; a call uses one more of its own. Memory: malloc; label_series.h twice, and one attachment for each thread.
#ifndef CMEMPROF_RECEIVER_METRICS_LABELS_H
#define CMEMPROF_RECEIVER_METRICS_LABELS_H

#include "sweep.h"

enum { METRICS_LABELS_LOOKED_AT = 12 }; // uploads, the newest: keys are the same in all of a service

// The whole answer, of the newest UPLOAD_LIST_FILES of the list.
enum receiver_error metrics_write_labels(struct store *store, const struct selection *selection, const struct upload_list *list,
                                         const char *key, bool summed, struct json *json);
// The keys of labels in the list, which is of METRICS_LABELS_LOOKED_AT uploads at most: the whole answer.
enum receiver_error metrics_write_label_keys(struct store *store, const struct selection *selection, const struct upload_list *list,
                                             struct json *json);

#endif
