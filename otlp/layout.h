// layout.h: which layout of opentelemetry-proto a request has (internal to this folder).
//
// Version 1.10 gave the fields of Sample other numbers, with the same wire types at the same places in part. A body says nothing about its
// version, so it is told by what only one of the two can be:
//
//     field       since 1.10                     1.8 and 1.9
//     1           stack_index                    stack_index
//     2           attribute_indices, a list      values, a list
//     3           link_index, a number           attribute_indices, a list
//     4           values, a list                 link_index, a number
//     5           timestamps                     timestamps
//
// A packed list in 3 or 4 is proof. A number there may be a list that is not packed: it is one if the request has no links. Without either,
// field 2 has the values if nothing else could be the value: without timestamps, or if there are as many as timestamps in each sample and
// they are no indices.
//
// Before 1.8 a profile had a list of locations and each sample a part of it, and the dictionary had no stacks; before 1.5 profiles were in
// containers with times of their own.
#ifndef CMEMPROF_OTLP_LAYOUT_H
#define CMEMPROF_OTLP_LAYOUT_H

#include "../merge/wire.h"
#include "namespace.h"

enum layout {
    LAYOUT_1_10,
    LAYOUT_1_8,
    LAYOUT_TOO_OLD,
    LAYOUT_MIXED,   // samples of both
    LAYOUT_UNKNOWN, // of either: lists that are not packed, and links
};

// Of all samples of a request. A request without samples, or whose bytes are damaged, is LAYOUT_1_10; reading it tells. The sizes are those
// of its tables.
struct layout_tables {
    size_t attributes, stacks, links;
};
enum layout layout_of(struct wire request, struct layout_tables tables);

#endif
