// dwarf_lines.c (naming): see dwarf_lines.h.

#include "dwarf_lines.h"

#include "dwarf_names.h"

static struct line_section whole(struct elf_section *section) {
    struct dwarf_bytes bytes = elf_section_all(section);
    return (struct line_section){bytes.at, dwarf_bytes_left(&bytes)};
}

struct line_table *dwarf_lines_of(struct dwarf_unit *unit) {
    if (unit->has_lines && !unit->looked_for_lines) {
        unit->looked_for_lines = true;
        struct dwarf_sections *sections = &unit->file->sections;
        struct dwarf_bytes program = elf_section_unit(&sections->line, unit->line_offset);
        struct line_sections all = {
            {program.at, dwarf_bytes_left(&program)},
            whole(&sections->line_str),
            whole(&sections->str),
        };
        unit->lines = line_table_new(unit->file->memory, &all, 0, unit->directory);
        if (!unit->lines || !line_table_needs_line(unit->lines)) {
            elf_section_drop_unit(&sections->line, program);
        }
    }
    return unit->lines;
}

static uint64_t number_attribute(const struct dwarf_die *die, unsigned name) {
    struct dwarf_value value;
    return dwarf_die_attribute(die, name, &value) ? value.number : 0;
}

struct dwarf_call dwarf_call_of(struct dwarf_unit *unit, const struct dwarf_die *inlined) {
    struct line_table *lines = dwarf_lines_of(unit);
    return (struct dwarf_call){
        lines ? line_table_file(lines, number_attribute(inlined, DW_AT_call_file)) : "",
        (int64_t)number_attribute(inlined, DW_AT_call_line),
    };
}
