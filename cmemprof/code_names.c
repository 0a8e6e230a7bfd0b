// code_names.c (naming): see code_names.h.

#include "code_names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PAGE_BYTES = 4096 };

struct profile_mapping code_names_mapping(const struct module *module, uintptr_t go_start, bool is_go, bool has_names) {
    bool is_c_beside_go = !is_go && go_start >= module->start && go_start < module->limit && go_start != 0;
    return (struct profile_mapping){
        .memory_start = module->start,
        .memory_limit = module->limit + (is_c_beside_go ? PAGE_BYTES : 0),
        .file_offset = module->file_offset,
        .file = module->file,
        .build_id = module->build_id,
        .has_functions = is_go || has_names,
    };
}

// Of an address without a name: the file, and the offset in it.
static size_t file_and_offset(struct profile *profile, const struct module *module, uintptr_t address, struct profile_line *lines) {
    char name[300];
    const char *file = module ? module->file : "unknown", *slash = strrchr(file, '/');
    uint64_t offset = module ? address - module->start + module->file_offset : address;
    snprintf(name, sizeof name, "%.256s+0x%" PRIx64, slash ? slash + 1 : file, offset);
    lines[0] = (struct profile_line){profile_add_function(profile, &(struct profile_function){name, "", "", 0}), 0, 0};
    return 1;
}

size_t code_names_lines(struct profile *profile, const struct symbol *symbol, const struct module *module, uintptr_t address,
                        struct profile_line *lines) {
    for (size_t i = 0; i < symbol->frame_count; i++) {
        const struct symbol_frame *frame = &symbol->frames[i];
        uint32_t function =
            profile_add_function(profile, &(struct profile_function){frame->function, frame->system_name, frame->file, frame->start_line});
        lines[i] = (struct profile_line){function, frame->line, 0};
    }
    return symbol->frame_count > 0 ? symbol->frame_count : file_and_offset(profile, module, address, lines);
}
