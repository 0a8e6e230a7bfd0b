// line_table_header.h: the head of a line number program: its parameters, directories and files. For line_table.c.
//
// Threads: guarded by the caller. Memory: malloc; texts stay in the sections.
#ifndef CMEMPROF_LINE_TABLE_HEADER_H
#define CMEMPROF_LINE_TABLE_HEADER_H

#include "line_table.h"

// Bytes that are read from the front. What would be behind the end is 0, and they are bad.
struct line_bytes {
    const uint8_t *at, *end;
    bool bad;
};

uint64_t line_fixed(struct line_bytes *bytes, size_t size); // of 1 to 8 bytes, little-endian
uint64_t line_uleb(struct line_bytes *bytes);
int64_t line_sleb(struct line_bytes *bytes);

struct line_header {
    struct line_bytes program;
    unsigned version, opcode_base, line_range; // line_range is not 0
    int line_base;
    const uint8_t *operand_counts; // of standard opcodes, from opcode 1 on
    const char *directory;         // of the unit
    const char **directories;      // as the program counts them
    size_t directory_count;
    struct line_file {
        const char *name;
        uint64_t directory;
    } * files; // as the program counts them: before DWARF 5 there is no file 0
    size_t file_count;
};

bool line_header_read(struct line_header *header, const struct line_sections *sections, uint64_t offset, const char *directory);
void line_header_free(struct line_header *header); // also of one that could not be read
// "/src/lib/a.c", or "lib/a.c" if the compiler was told of it so, as libdw says it; free it. NULL: no memory.
char *line_header_path(const struct line_header *header, uint64_t file);

#endif
