// view_request.h: a request for a view: its parameters, and the uploads that they select.
//
// Threads: a request belongs to one thread. Memory: malloc; strings are the connection's.
#ifndef CMEMPROF_RECEIVER_VIEW_REQUEST_H
#define CMEMPROF_RECEIVER_VIEW_REQUEST_H

#include "../analysis/overview.h"
#include "../base/single_flight.h"
#include "../index/search_groups.h"
#include "../views/diff.h"
#include "../views/export.h"
#include "../views/packed_nodes.h"
#include "../views/upload_list.h"
#include "../views/view.h"
#include "view_api.h"

enum view_kind {
    VIEW_TYPES,
    VIEW_TREE,
    VIEW_PROFILE,
    VIEW_DIFF,
    VIEW_LABELS,
    VIEW_METRICS,
    VIEW_ANALYSIS,
    VIEW_GROWTH,
    VIEW_REPORT,
    VIEW_VERSIONS,
    VIEW_OWNERS,
    VIEW_TIMELINE,
    VIEW_DISASSEMBLY,
    VIEW_LABEL_KEYS
};

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

// VIEW_REPORT: the page that it shows first (a path of the page with its parameters), of which /compare has two sides; a title; and of what
// it has growth, if that is asked for.
struct view_report {
    const char *address, *title, *grows;
    bool two_sides;
};

// VIEW_DISASSEMBLY: a function by the name that trees have, and, if given, its source file; which build of it, and where in that.
struct view_code {
    const char *function, *file, *build_id, *at;
};

// Initialise with view_request_init.
struct view_request {
    struct view_api *api;
    struct MHD_Connection *connection; // of who waits
    struct parameters parameters;      // the connection's, unless they are set after the initialisation
    struct selection selection, base_selection;
    struct upload_list list, base;
    const char *tag;             // the key of a tag that uploads are grouped by: group_by=tag:KEY. NULL: none
    struct search_groups groups; // its values
    bool sums_by_tag;            // processes add up since they are grouped so, not since the request says it
    struct overview overview;    // VIEW_ANALYSIS and VIEW_VERSIONS, instead of a list
    const char *attachment, *type;
    enum diff_mode mode;
    enum export_format format; // VIEW_PROFILE, VIEW_DIFF, VIEW_GROWTH
    bool is_file;              // a file of that format instead of JSON
    struct view_report report;
    struct view_code code;
    struct gauges gauges;
    struct view_filter filter;
    struct packed_nodes packed;         // nodes=packed: those of a tree, while the answer is made
    char *label_texts[VIEW_MAX_LABELS]; // "KEY\0VALUE"
    char shown[VIEW_TYPE_BYTES];        // the chosen type if the request names none
    struct flight_result answer;
    bool is_passing;                     // uploads were left out that roll-ups or kept figures will cover: not to be cached
    uint64_t events_after, events_limit; // of the events of a recording; the limit also of owners
    uint64_t columns;                    // VIEW_TIMELINE
    bool lanes;                          // the same: a row for each thread
};
void view_request_init(struct view_request *request, struct view_api *api, struct MHD_Connection *connection);
void view_request_free(struct view_request *request); // all but its answer
// The parameters of a view of one attachment. RECEIVER_BAD_UPLOAD: malformed, answer.text says why.
enum receiver_error view_request_read_filter(struct view_request *request);
// Those of the events of a recording, and of owners.
enum receiver_error view_request_read_events(struct view_request *request);
// The same, and that nothing is asked that one upload alone cannot tell.
enum receiver_error view_request_of_one(struct view_request *request);
// All parameters. RECEIVER_BAD_UPLOAD: malformed, answer.text says why.
enum receiver_error view_request_read(struct view_request *request, const struct view *view);
// Sets the groups of a list, where uploads are grouped.
enum receiver_error view_request_group(struct view_request *request, struct upload_list *list);
// The uploads. RECEIVER_NOT_FOUND: none, though the view needs one.
enum receiver_error view_request_read_lists(struct view_request *request, const struct view *view);

#endif
