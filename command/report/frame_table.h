// frame_table.h: gives every distinct function (or line, source file, package) one small number.
//
// Things are the same if their texts are, so frames of several profiles can be looked up in one table. What a frame stands for is worked
// out once for each distinct set of text addresses, which a profile has one of for each function; after that it costs one lookup.
// Threads: one. Memory: malloc, some 200 bytes for each distinct function; points into the profiles, which are freed later. There are
// at most 2 Mi entries: only an input made for the purpose has more.
#ifndef CMEMPROF_FRAME_TABLE_H
#define CMEMPROF_FRAME_TABLE_H

#include "filter.h"
#include "id_set.h"

enum frame_by { FRAME_BY_FUNCTION, FRAME_BY_LINE, FRAME_BY_FILE, FRAME_BY_PACKAGE };
// "function", "line", "file", "package".
const char *frame_by_name(enum frame_by by);

struct frame_table {
    enum frame_by by;
    const struct filter *filter;  // NULL: none
    enum merge_error error;       // the first failure
    struct profile_frame *groups; // of each number the first frame that had it
    struct frame_seen *seen;
    size_t group_count, group_capacity, seen_count, seen_capacity;
    struct id_set group_ids, seen_ids;
};

// Number of the frame, dense from 0. *matches gets the filter's bits of it added. ID_NONE: table->error tells.
uint32_t frame_table_id(struct frame_table *table, const struct profile_frame *frame, unsigned *matches);
// The first frame that had the number: its function, file and line, as far as the table tells them apart.
const struct profile_frame *frame_table_frame(const struct frame_table *table, uint32_t id);
// Path of a Go package or name of the object file, not ended by 0. Of any frame.
const char *frame_package(const struct profile_frame *frame, size_t *length);
void frame_table_free(struct frame_table *table);

#endif
