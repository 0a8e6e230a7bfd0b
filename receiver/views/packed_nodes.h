// packed_nodes.h: the nodes of a call tree as columns of numbers behind its JSON, which the page reads as they are: 200,000 nodes as JSON
// take it longer than all else that it does with them.
//
//     0   "cmt1"
//     4   uint32: bytes of the JSON, with spaces behind it up to a multiple of 8
//     8   JSON, of which nodes_packed is the count of the nodes with the root
//     .   self, total (double), parent, function, line (int32): a column each, for the root and then the nodes in their order
//
// Numbers are little endian, as those of the machines that this runs on. Of the root, which has no function, that is -1.
//
// Threads: one. Memory: malloc, 28 bytes a node, of the views' budget (merge_budget_take).
#ifndef CMEMPROF_RECEIVER_PACKED_NODES_H
#define CMEMPROF_RECEIVER_PACKED_NODES_H

#include "../base/json.h"

struct packed_nodes { // zero-initialised
    size_t count;
    double *self, *total; // one block with the next ones
    int32_t *parent, *function, *line;
};
// Room for so many, with the root. False: no memory.
bool packed_nodes_make(struct packed_nodes *nodes, size_t count);
// Puts them behind the JSON, and frees them; without nodes JSON stays as it is. False: no memory.
bool packed_nodes_finish(struct packed_nodes *nodes, struct json *json);
void packed_nodes_free(struct packed_nodes *nodes);
bool packed_nodes_are_in(const struct json *json); // whether it begins as above

#endif
