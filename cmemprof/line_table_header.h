// line_table_header.h (naming): the header of a line number program: parameters, directories and files. For line_table.c.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h; strings stay in the sections.
#ifndef CMEMPROF_LINE_TABLE_HEADER_H
#define CMEMPROF_LINE_TABLE_HEADER_H

#include "dwarf_bytes.h"
#include "line_table.h"

struct line_header {
    struct symbolizer_arena *memory;
    struct dwarf_bytes program;
    unsigned version, opcode_base;
    unsigned min_instruction_bytes; // what addresses advance by is a multiple of it
    struct line_advance {
        uint16_t address;
        int16_t line;
    } special[256];                // by opcode minus opcode_base
    const uint8_t *operand_counts; // of the standard opcodes, from opcode 1 on
    const char *directory;         // of the unit
    const char **directories;      // numbered as in the program
    size_t directory_count;
    struct line_file {
        const char *name;
        uint64_t directory;
    } * files; // numbered as in the program: before DWARF 5 there is no file 0
    size_t file_count;
    bool has_own_names; // some are in the program's bytes, others in the other sections
};

bool line_header_read(struct line_header *header, struct symbolizer_arena *memory, const struct line_sections *sections, uint64_t offset,
                      const char *directory);
// "/src/lib/a.c", or "lib/a.c" if that is what the compiler was given. Returns NULL if memory runs out.
const char *line_header_path(const struct line_header *header, struct symbolizer_arena *memory, uint64_t file);

#endif
