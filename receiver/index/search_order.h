// search_order.h: the order of a list of uploads, and cursors to continue it.
//
// The order is by one value: a time, a facet, a measure. Ties are ordered newest first, by id; uploads without the value come last,
// ascending or not. A cursor is the value and the id of an upload. It keeps its position if that upload is removed or its value changes, so
// a list that is read in pieces neither skips nor repeats what did not move.
//
// Threads: any; a cursor's text points into its source. Memory: none of its own.
#ifndef CMEMPROF_RECEIVER_SEARCH_ORDER_H
#define CMEMPROF_RECEIVER_SEARCH_ORDER_H

#include "search.h"

enum search_sort { SEARCH_BY_START, SEARCH_BY_RECEIVED, SEARCH_BY_FACET, SEARCH_BY_MEASURE };

// Zero-initialised: the newest start first.
struct search_order {
    enum search_sort by;
    int which; // enum facet or enum measure
    bool ascending;
};
// sort: "start", "received", a facet or a measure; order: "asc" or "desc". NULL or "": start, desc. Returns false if unknown.
bool search_order_read(const char *sort, const char *order, struct search_order *out);

struct search_cursor {
    double number;    // NAN: none
    const char *text; // NULL: none
    int64_t id;
};
struct search_cursor search_cursor_of(const struct search *search, const struct search_order *order, size_t row);
int search_cursor_compare(const struct search_order *order, const struct search_cursor *a,
                          const struct search_cursor *b); // < 0: a is first
// To text, "ID:VALUE", which the caller frees (NULL: no memory), and back. Returns false if it is no cursor of this order.
char *search_cursor_text(const struct search_order *order, const struct search_cursor *cursor);
bool search_cursor_read(const char *text, const struct search_order *order, struct search_cursor *cursor);

#endif
