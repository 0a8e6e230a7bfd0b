// search_order.h: in which order uploads are listed, and where a list goes on.
//
// An order is by one value of the uploads: a time, a facet, a measure. Uploads of the same value stand newest first, by id; those without
// the value come last, whichever way the others go. A cursor is the value and the id of the upload there. It is in the order also
// when that upload is gone, or has another value by now, so a list that is read piece by piece neither skips nor repeats what did not move.
//
// Threads: any; cursors with a text point into what they were made from. Memory: none of its own.
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
// sort: "start", "received", a facet or a measure; order: "asc" or "desc". NULL or "": start, desc. False: there is no such.
bool search_order_read(const char *sort, const char *order, struct search_order *out);

struct search_cursor {
    double number;    // NAN: none
    const char *text; // NULL: none
    int64_t id;
};
struct search_cursor search_cursor_of(const struct search *search, const struct search_order *order, const struct search_row *row);
int search_cursor_compare(const struct search_order *order, const struct search_cursor *a,
                          const struct search_cursor *b); // < 0: a is first
// As text, "ID:VALUE", which the caller frees (NULL: no memory), and back. False: it is no cursor of this order.
char *search_cursor_text(const struct search_order *order, const struct search_cursor *cursor);
bool search_cursor_read(const char *text, const struct search_order *order, struct search_cursor *cursor);

#endif
