// view_request.h: a request for a view: its parameters, and the uploads that they select.
//
// Threads: a request belongs to one thread. Memory: malloc; strings are the connection's.
#ifndef CMEMPROF_RECEIVER_VIEW_REQUEST_H
#define CMEMPROF_RECEIVER_VIEW_REQUEST_H

#include "../analysis/overview.h"
#include "../base/single_flight.h"
#include "../views/diff.h"
#include "../views/upload_list.h"
#include "../views/view.h"
#include "view_api.h"

enum view_kind { VIEW_TYPES, VIEW_TREE, VIEW_PROFILE, VIEW_DIFF, VIEW_LABELS, VIEW_METRICS, VIEW_ANALYSIS };

// A path below /api/ that shows a selection.
struct view {
    const char *path;
    enum view_kind kind;
    bool of_attachment; // reads the uploads that have the attachment of the parameter
    bool may_lack_it;   // the attachment is optional, and an empty selection is no error
    bool of_measures;   // depends on measures, which are stored later than their upload
};
const struct view *view_find(const char *path); // NULL: no such view

enum { VIEW_TYPE_BYTES = 256 };

// Initialise with view_request_init.
struct view_request {
    struct view_api *api;
    struct MHD_Connection *connection;
    struct selection selection, base_selection;
    struct upload_list list, base;
    struct overview overview; // VIEW_ANALYSIS, instead of a list
    const char *attachment, *type;
    enum diff_mode mode;
    struct gauges gauges;
    struct view_filter filter;
    char *label_texts[VIEW_MAX_LABELS]; // "KEY\0VALUE"
    char shown[VIEW_TYPE_BYTES];        // the chosen type if the request names none
    struct flight_result answer;
    bool is_passing;                     // uploads were left out that roll-ups or kept figures will cover: not to be cached
    uint64_t events_after, events_limit; // of the events of a recording
};
void view_request_init(struct view_request *request, struct view_api *api, struct MHD_Connection *connection);
void view_request_free(struct view_request *request); // all but its answer
// The parameters of a view of one attachment. RECEIVER_BAD_UPLOAD: malformed, answer.text says why.
enum receiver_error view_request_read_filter(struct view_request *request);
// Those of the events of a recording.
enum receiver_error view_request_read_events(struct view_request *request);
// All parameters. RECEIVER_BAD_UPLOAD: malformed, answer.text says why.
enum receiver_error view_request_read(struct view_request *request, const struct view *view);
// The uploads. RECEIVER_NOT_FOUND: none, though the view needs one.
enum receiver_error view_request_read_lists(struct view_request *request, const struct view *view);

#endif
