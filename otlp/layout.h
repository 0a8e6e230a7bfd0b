// layout.h: which layout of opentelemetry-proto a request has (internal to this folder).
//
// Version 1.10 gave the fields of Sample other numbers, with the same wire types at the same places in part. A body says nothing about its
// version, so it is told by what only one of the two can be:
//
//     field       since 1.10                     1.8 and 1.9
//     1           stack_index                    stack_index
//     2           attribute_indices, packed      values, packed
//     3           link_index, a number           attribute_indices, packed
//     4           values, packed                 link_index, a number
//     5           timestamps                     timestamps
//
// Before 1.8 a profile had a list of locations and each sample a part of it, and the dictionary had no stacks.
#ifndef CMEMPROF_OTLP_LAYOUT_H
#define CMEMPROF_OTLP_LAYOUT_H

#include "../merge/wire.h"
#include "namespace.h"

enum layout {
    LAYOUT_1_10,
    LAYOUT_1_8,
    LAYOUT_TOO_OLD,
    LAYOUT_MIXED, // samples of both
};

// Of all samples of a request. A request without samples, or whose bytes are damaged, is LAYOUT_1_10; reading it tells. attributes: the
// size of its table of attributes; stacks: that of its stacks.
enum layout layout_of(struct wire request, size_t attributes, size_t stacks);

#endif
