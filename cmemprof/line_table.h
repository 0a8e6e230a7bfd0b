// line_table.h (naming): file and line of an address, from the unit's line number program (DWARF 2 to 5, section 6.2).
//
// The program runs once, and what it says is kept in a compact form: SQLite's 250,000 rows, 16 MB as structs and 0.9 MB as the program,
// take 0.25 MB. Rows that add nothing are left out, and a lookup begins at one of many marks.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h; the caller's sections must outlive the table, but for .debug_line.
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

// Its contents without the files' names. They need nothing else, so a copy may outlive the table.
struct line_rows {
    const struct line_mark {
        uint64_t address; // address comes first: address_order.h
        uint32_t at;      // in bytes
    } * marks;            // by address
    size_t mark_count;
    const uint8_t *bytes;
    size_t size;
};

// offset is that of the unit's program in .debug_line; directory is DW_AT_comp_dir or "". Returns NULL if memory runs out or the program is
// damaged or unsupported.
struct line_table *line_table_new(struct symbolizer_arena *memory, const struct line_sections *sections, uint64_t offset,
                                  const char *directory);
bool line_table_needs_line(const struct line_table *table); // .debug_line must outlive the table as well, since names are in it

// Returns false if the program does not cover the address; *file and *line are then undefined.
bool line_table_find(const struct line_table *table, uint64_t address, uint64_t *file, int64_t *line);
// The full path, or "" if there is no such file. Lives as long as the table.
const char *line_table_file(struct line_table *table, uint64_t file);

const struct line_rows *line_table_rows(const struct line_table *table);
bool line_rows_find(const struct line_rows *rows, uint64_t address, uint64_t *file, int64_t *line); // as line_table_find
size_t line_table_file_count(const struct line_table *table);
bool line_table_has_rows_of(const struct line_table *table, uint64_t file);

#endif
