// frame_table.h: gives every distinct function (or line, source file, package) one small id.
//
// Frames are equal if their strings are, so several profiles can share a table. The strings are compared once for each distinct set of
// string addresses, of which a profile has one per function; after that a frame costs one lookup.
//
// Threads: one. Memory: malloc, about 200 bytes per distinct function. Points into the profiles, which must outlive it. At most 2 Mi
// entries; only crafted input has more.
#ifndef CMEMPROF_FRAME_TABLE_H
#define CMEMPROF_FRAME_TABLE_H

#include "../../merge/intern.h"
#include "filter.h"

#define ID_NONE UINT32_MAX

// By label, samples have the frame of the label alone (profile_group_by).
enum frame_by { FRAME_BY_FUNCTION, FRAME_BY_LINE, FRAME_BY_FILE, FRAME_BY_PACKAGE, FRAME_BY_LABEL };
// "function", "line", "file", "package", "value".
const char *frame_by_name(enum frame_by by);

struct frame_table {
    enum frame_by by;
    const struct filter *filter;  // NULL: none
    enum merge_error error;       // the first failure
    struct profile_frame *groups; // by id: the first frame with it
    struct frame_seen *seen;
    size_t group_count, group_capacity, seen_count, seen_capacity;
    struct intern group_ids, seen_ids; // index + 1
};

// Returns the id of a frame; ids are dense from 0. Adds the filter's bits of the frame to *matches. Returns ID_NONE with table->error set.
uint32_t frame_table_id(struct frame_table *table, const struct profile_frame *frame, unsigned *matches);
// The first frame with this id: function, file and line as far as the table distinguishes them.
const struct profile_frame *frame_table_frame(const struct frame_table *table, uint32_t id);
// Import path of a Go frame's package, or the base name of the object file. Not terminated by 0.
const char *frame_package(const struct profile_frame *frame, size_t *length);
void frame_table_free(struct frame_table *table);

#endif
