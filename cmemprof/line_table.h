// line_table.h (naming): file and line of an address, from the unit's line number program (DWARF 2 to 5, section 6.2).
//
// A full list of rows would take 16 MB for SQLite's 250,000 lines. Instead the program runs once to record a checkpoint every so many rows,
// and a lookup resumes from the nearest checkpoint.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h; the caller's sections must outlive the table.
#ifndef CMEMPROF_LINE_TABLE_H
#define CMEMPROF_LINE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "symbolizer_arena.h"

struct line_sections {
    struct line_section {
        const uint8_t *bytes;
        size_t size;
    } line, line_str, str; // .debug_line, .debug_line_str, .debug_str
};

struct line_table;

// offset is that of the unit's program in .debug_line; directory is DW_AT_comp_dir or "". Returns NULL if memory runs out or the program is
// damaged or unsupported.
struct line_table *line_table_new(struct symbolizer_arena *memory, const struct line_sections *sections, uint64_t offset,
                                  const char *directory);

// Returns false if the program does not cover the address; *file and *line are then undefined.
bool line_table_find(const struct line_table *table, uint64_t address, uint64_t *file, int64_t *line);
// Calls row for all that the table covers, in address order: each row ends where the next one begins, and the last of several at one
// address counts. LINE_TABLE_NO_FILE: nothing is covered from there on.
void line_table_visit(const struct line_table *table, void (*row)(void *context, uint64_t address, uint64_t file, int64_t line),
                      void *context);
#define LINE_TABLE_NO_FILE UINT64_MAX
// The full path, or "" if there is no such file. Lives as long as the table.
const char *line_table_file(struct line_table *table, uint64_t file);

#endif
