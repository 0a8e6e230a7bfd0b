// dwarf_split.c (naming): see dwarf_split.h.

#include "dwarf_split.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "dwarf_die.h"
#include "dwarf_names.h"
#include "dwarf_package.h"

struct split_file {
    struct split_file *next;
    struct elf_file elf;
    struct dwarf_file dwarf;
};

// The compiler's path, which may be relative to its working directory. Returns false if it is too long.
static bool path_of(char *path, size_t capacity, const char *directory, const char *name) {
    int size =
        name[0] == '/' || directory[0] == '\0' ? snprintf(path, capacity, "%s", name) : snprintf(path, capacity, "%s/%s", directory, name);
    return size > 0 && (size_t)size < capacity;
}

// Next to the program, in case they were moved together.
static bool path_beside(char *path, size_t capacity, const char *program, const char *name) {
    const char *slash = strrchr(program, '/'), *last = strrchr(name, '/');
    int size = snprintf(path, capacity, "%.*s/%s", slash ? (int)(slash - program) : 0, program, last ? last + 1 : name);
    return size > 0 && (size_t)size < capacity;
}

// Type units are skipped. Returns NULL if no unit has that ID.
static struct dwarf_unit *unit_of(struct dwarf_file *file, struct dwarf_unit *skeleton) {
    size_t count;
    const struct dwarf_unit_range *unit_ranges = dwarf_unit_ranges(file, &count);
    for (size_t i = 0; i < count; i++) {
        struct dwarf_unit *unit = dwarf_unit_at(file, unit_ranges[i].begin);
        if (unit && unit->id == skeleton->id && unit->type != DW_UT_split_type) {
            unit->skeleton = skeleton;
            return unit;
        }
    }
    return NULL;
}

// ---- .dwo ----

static struct dwarf_unit *open_split(struct dwarf_split *split, struct dwarf_unit *skeleton, const char *path) {
    struct symbolizer_arena *memory = skeleton->file->memory;
    struct split_file *file = symbolizer_arena_alloc(memory, sizeof *file);
    if (!file || !elf_file_open(&file->elf, path, memory)) {
        return NULL;
    }
    dwarf_file_open_split(&file->dwarf, &file->elf);
    struct dwarf_unit *unit = unit_of(&file->dwarf, skeleton);
    if (!unit) {
        elf_file_close(&file->elf);
        return NULL;
    }
    file->next = split->files;
    split->files = file;
    return unit;
}

static struct dwarf_unit *open_named(struct dwarf_split *split, struct dwarf_unit *skeleton, const char *name) {
    char path[PATH_MAX];
    struct dwarf_unit *unit = NULL;
    if (path_of(path, sizeof path, skeleton->directory, name)) {
        unit = open_split(split, skeleton, path);
    }
    if (!unit && path_beside(path, sizeof path, split->program, name)) {
        unit = open_split(split, skeleton, path);
    }
    return unit;
}

// ---- .dwp ----

static bool open_package_at(struct dwarf_package *package, struct symbolizer_arena *memory, const char *path, int size) {
    return size > 0 && size < PATH_MAX && dwarf_package_open(package, path, memory);
}

static bool find_package(const struct dwarf_split *split, struct dwarf_package *package, struct symbolizer_arena *memory) {
    const char *id = split->build_id;
    char path[PATH_MAX];
    return open_package_at(package, memory, path, snprintf(path, sizeof path, "%s.dwp", split->program)) ||
           open_package_at(package, memory, path, snprintf(path, sizeof path, "/usr/lib/debug%s.dwp", split->program)) ||
           (strlen(id) > 2 &&
            open_package_at(package, memory, path, snprintf(path, sizeof path, "/usr/lib/debug/.build-id/%.2s/%s.dwp", id, id + 2)));
}

static struct dwarf_package *package_of(struct dwarf_split *split, struct symbolizer_arena *memory) {
    if (!split->looked_for_package) {
        split->looked_for_package = true;
        struct dwarf_package *package = symbolizer_arena_alloc(memory, sizeof *package);
        split->package = package && find_package(split, package, memory) ? package : NULL;
    }
    return split->package;
}

static struct dwarf_unit *open_packaged(struct dwarf_split *split, struct dwarf_unit *skeleton) {
    struct symbolizer_arena *memory = skeleton->file->memory;
    struct dwarf_package *package = package_of(split, memory);
    struct dwarf_file *file = package ? symbolizer_arena_alloc(memory, sizeof *file) : NULL;
    return file && dwarf_package_file(package, skeleton->id, file) ? unit_of(file, skeleton) : NULL;
}

// ---- Both ----

static void look_for(struct dwarf_split *split, struct dwarf_unit *unit) {
    struct dwarf_die root;
    struct dwarf_value name;
    unit->looked_for_split = true;
    if (dwarf_die_root(unit, &root) && !root.abbrev->has_children &&
        (dwarf_die_attribute(&root, DW_AT_dwo_name, &name) || dwarf_die_attribute(&root, DW_AT_GNU_dwo_name, &name))) {
        unit->split = open_packaged(split, unit);
        if (!unit->split) {
            unit->split = open_named(split, unit, dwarf_value_text(&name));
        }
    }
}

// Damaged data may name thousands of files, so all share one step count.
static void transfer_steps(struct dwarf_split *split, struct dwarf_file *file) {
    if (split->last_used && split->last_used != file) {
        file->steps_left = split->last_used->steps_left;
    }
    split->last_used = file;
}

struct dwarf_unit *dwarf_split_of(struct dwarf_split *split, struct dwarf_unit *unit) {
    if (!unit->looked_for_split) {
        look_for(split, unit);
    }
    if (unit->split) {
        transfer_steps(split, unit->split->file);
    }
    return unit->split ? unit->split : unit;
}

void dwarf_split_close(struct dwarf_split *split) {
    for (; split->files; split->files = split->files->next) {
        elf_file_close(&split->files->elf);
    }
    if (split->package) {
        dwarf_package_close(split->package);
    }
}
