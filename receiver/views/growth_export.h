// growth_export.h: a tree of slopes (growth_tree.h) as one of whole numbers, and as samples.
//
// Threads: any, one tree per call. Memory: malloc, 16 bytes a node against the budget, and the samples.
#ifndef CMEMPROF_RECEIVER_GROWTH_EXPORT_H
#define CMEMPROF_RECEIVER_GROWTH_EXPORT_H

#include "growth_tree.h"

#define GROWTH_EXPORT_FIXED 65536.0 // slopes in a tree of whole numbers: per minute, in parts of 65,536

// Nodes of the same numbers, self and total with their errors as those of a base. growth_export_free is due. False: no memory.
bool growth_export_tree(const struct growth_tree *from, struct tree *tree);
void growth_export_free(const struct growth_tree *from, struct tree *tree);
// Adds a sample for each node that has something its children have not in so many minutes, of the profile's only sample type, rounded. So
// totals of nodes stay as they are, which have slopes of their own: they are no sums. False: no memory.
bool growth_export(const struct growth_tree *tree, double minutes, struct profile *profile);

#endif
