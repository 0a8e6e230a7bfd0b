// view_request_test.c: parameters refused, over HTTP, each with its reason.

#include "../../../base/test/test.h"

#include "view_uploads.h"

TEST_IN(receiver, errors) {
    struct fixture *fixture = *state;
    static const struct refusal errors[] = {
        {"/api/tree", 400, "attachment=NAME is missing"},
        {"/api/tree?attachment=delta-heap.pprof&memory=x", 400, "memory is neither C nor Go"},
        {"/api/tree?attachment=delta-heap.pprof&owner=x", 400, "owner is neither program nor cmemprof"},
        {"/api/tree?attachment=delta-heap.pprof&kind=x", 400, "kind is none of"},
        {"/api/tree?attachment=delta-heap.pprof&label=x", 400, "a label is not KEY:VALUE"},
        {"/api/"
         "tree?attachment=delta-heap.pprof&label=a:1&label=a:1&label=a:1&label=a:1&label=a:1&label=a:1&label=a:1&label=a:1&label=a:1&label="
         "a:1"
         "&label=a:1&label=a:1&label=a:1&label=a:1&label=a:1&label=a:1&label=a:1",
         400, "more than 16 labels"},
        {"/api/tree?attachment=delta-heap.pprof&from=yesterday", 400, "from"},
        {"/api/diff?attachment=delta-heap.pprof&mode=x", 400, "mode is neither total nor per_second"},
        {"/api/tree?attachment=delta-heap.pprof&below=xyz", 400, "below is not a 32-bit number in hex"},
        {"/api/tree?attachment=delta-heap.pprof&lines=2", 400, "lines is not 1"},
        {"/api/tree?attachment=delta-heap.pprof&objects=2", 400, "objects is neither 1 nor small"},
        {"/api/tree?attachment=delta-heap.pprof&gauges=least", 400, "gauges is none of mean, last, max"},
        {"/api/types?attachment=delta-heap.pprof&processes=2", 400, "processes is neither each nor sum"},
        {"/api/tree?attachment=delta-heap.pprof&group_by=tag:", 400, "group_by=tag:KEY has no key"},
        {"/api/uploads/1/attachments/delta-heap.pprof/tree?group_by=tag:host", 400, "for selections of uploads, not for one file"},
        {"/api/histogram?group_by=tenant", 400, "group_by is not tag:KEY"},
        {"/api/histogram?group_by=tag:host&buckets=101", 400, "with group_by, buckets is not a number from 1 to 100"},
    };
    expect_refusals(fixture, errors, sizeof errors / sizeof *errors);
}

int main(void) {
    return tests_run();
}
