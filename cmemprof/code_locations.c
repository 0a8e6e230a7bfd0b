// code_locations.c (naming): see code_locations.h.

#include "code_locations.h"

#include <string.h>

#include "code_names.h"
#include "cpu_gap.h"
#include "loaded_code.h"
#include "lock_order.h"

bool code_locations_open(struct code_locations *locations, struct profiler *of) {
    struct naming *naming = &of->naming;
    memset(locations, 0, sizeof *locations);
    locations->of = of;
    lock_take(&naming->lock, LOCK_NAMING);
    if (!loaded_code_refresh(of) || (!naming->symbols && !(naming->symbols = symbols_new()))) {
        lock_release(&naming->lock, LOCK_NAMING);
        return false;
    }
    locations->symbols = naming->symbols;
    return true;
}

void code_locations_close(struct code_locations *locations) {
    symbols_close_files(locations->symbols);
    lock_release(&locations->of->naming.lock, LOCK_NAMING);
}

static bool is_go(const struct code_locations *locations, uintptr_t address) {
    return unwind_is_go(&locations->of->unwinder, address);
}

static const struct module *module_of(const struct code_locations *locations, uintptr_t address) {
    return modules_find(&locations->of->code.modules, address, 0);
}

static struct symbol symbol_at(const struct code_locations *locations, const struct module *module, uintptr_t address) {
    return symbols_find(locations->symbols, module, address);
}

void code_locations_look_up(struct code_locations *locations, uintptr_t address) {
    unsigned frames;
    if (is_go(locations, address) || cpu_gap_is(address, &frames)) {
        return;
    }
    const struct module *module = module_of(locations, address);
    if (symbol_at(locations, module, address).frame_count == 0) {
        locations->nameless_addresses++;
        if (module) {
            locations->nameless[module->index] = true;
        }
    }
}

static uint32_t add_mapping(const struct code_locations *locations, struct profile *profile, const struct module *module, bool go) {
    const struct profile_mapping mapping =
        code_names_mapping(module, atomic_load(&locations->of->unwinder.go_text_start), go, !locations->nameless[module->index]);
    return profile_add_mapping(profile, &mapping);
}

static void add_mappings_of(const struct code_locations *locations, struct profile *profile, bool program) {
    const struct modules *modules = &locations->of->code.modules;
    for (size_t i = 0; i < atomic_load(&modules->count); i++) {
        const struct module *module = modules->items[i];
        if (module->is_program == program) {
            add_mapping(locations, profile, module, false);
            add_mapping(locations, profile, module, true);
        }
    }
}

void code_locations_add_mappings(const struct code_locations *locations, struct profile *profile) {
    add_mappings_of(locations, profile, true);
    add_mappings_of(locations, profile, false);
}

uint32_t code_locations_mapping(const struct code_locations *locations, struct profile *profile, uintptr_t address) {
    const struct module *module = module_of(locations, address);
    return module ? add_mapping(locations, profile, module, is_go(locations, address)) : 0;
}

static size_t gap_line(struct profile *profile, unsigned frames, struct profile_line *lines) {
    char text[64];
    cpu_gap_print(frames, text, sizeof text);
    lines[0] = (struct profile_line){profile_add_function(profile, &(struct profile_function){text, text, "", 0}), 0, 0};
    return 1;
}

size_t code_locations_lines(const struct code_locations *locations, struct profile *profile, uintptr_t address,
                            struct profile_line *lines) {
    unsigned frames;
    if (cpu_gap_is(address, &frames)) {
        return gap_line(profile, frames, lines);
    }
    const struct module *module = module_of(locations, address);
    const struct symbol symbol = symbol_at(locations, module, address);
    return code_names_lines(profile, &symbol, module, address, lines);
}

static const char *terminated(char *copy, const char *text, size_t size) {
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

uint32_t code_locations_of_python(const struct python_names *names, struct profile *profile, uintptr_t word) {
    char function[PYTHON_NAME_BYTES + 1], file[PYTHON_FILE_BYTES + 1];
    struct python_name name;
    uint32_t line = python_names_get(names, word, &name);
    const struct profile_function named = {
        .name = name.function_size > 0 ? terminated(function, name.function, name.function_size) : "[Python function]",
        .system_name = "",
        .file = terminated(file, name.file, name.file_size),
        .start_line = name.first_line,
    };
    return profile_add_location(profile, 0, 0, &(struct profile_line){profile_add_function(profile, &named), line, 0}, 1);
}
