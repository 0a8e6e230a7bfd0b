// line_table.h: file and line of the addresses of one unit of debug data, from its line number program (DWARF 2 to 5, section 6.2).
//
// A list of all lines would take 16 MB for the 250,000 of SQLite. Here the program is run once to note where it stands after every so many
// rows, and then from the nearest such place for each address.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h; the sections stay the caller's, and must stay.
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

// offset: of the unit's program in .debug_line. directory: DW_AT_comp_dir, or "". NULL: no memory, damaged, or something it does not know.
struct line_table *line_table_new(struct symbolizer_arena *memory, const struct line_sections *sections, uint64_t offset,
                                  const char *directory);

// false: the program says nothing about the address; then what *file and *line are says nothing either.
bool line_table_find(const struct line_table *table, uint64_t address, uint64_t *file, int64_t *line);
// The whole path; "" if there is no such file. As long as the table lives.
const char *line_table_file(struct line_table *table, uint64_t file);

#endif
