// dwarf_split.c: see dwarf_split.h.

#include "dwarf_split.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "dwarf_die.h"
#include "dwarf_names.h"

struct split_file {
    struct split_file *next;
    struct elf_file elf;
    struct dwarf_file dwarf;
};

// Of the compiler's, which may have been told a path from where it ran. False: too long.
static bool path_of(char *path, size_t room, const char *directory, const char *name) {
    int size = name[0] == '/' || directory[0] == '\0' ? snprintf(path, room, "%s", name) : snprintf(path, room, "%s/%s", directory, name);
    return size > 0 && (size_t)size < room;
}

// Where the program was moved together with it.
static bool path_beside(char *path, size_t room, const char *program, const char *name) {
    const char *slash = strrchr(program, '/'), *last = strrchr(name, '/');
    int size = snprintf(path, room, "%.*s/%s", slash != NULL ? (int)(slash - program) : 0, program, last != NULL ? last + 1 : name);
    return size > 0 && (size_t)size < room;
}

// NULL: there is none of that identity.
static struct dwarf_unit *open_split(struct dwarf_split *split, struct dwarf_unit *skeleton, const char *path) {
    struct naming_memory *memory = skeleton->file->memory;
    struct split_file *file = naming_memory_take(memory, sizeof *file);
    if (file == NULL || !elf_file_open(&file->elf, path, memory)) {
        return NULL;
    }
    dwarf_file_open_split(&file->dwarf, &file->elf);
    size_t count;
    const struct dwarf_unit_place *places = dwarf_unit_places(&file->dwarf, &count);
    for (size_t i = 0; i < count; i++) { // types may have units, too
        struct dwarf_unit *unit = dwarf_unit_at(&file->dwarf, places[i].begin);
        if (unit != NULL && unit->id == skeleton->id && unit->type != DW_UT_split_type) {
            unit->skeleton = skeleton;
            file->next = split->files;
            split->files = file;
            return unit;
        }
    }
    elf_file_close(&file->elf);
    return NULL;
}

struct dwarf_unit *dwarf_split_of(struct dwarf_split *split, struct dwarf_unit *unit, const char *program) {
    struct dwarf_die root;
    struct dwarf_value name;
    char path[PATH_MAX];
    if (unit->looked_for_split) {
        return unit->split != NULL ? unit->split : unit;
    }
    unit->looked_for_split = true;
    if (dwarf_die_root(unit, &root) && !root.abbrev->has_children &&
        (dwarf_die_attribute(&root, DW_AT_dwo_name, &name) || dwarf_die_attribute(&root, DW_AT_GNU_dwo_name, &name))) {
        const char *text = dwarf_value_text(&name);
        if (path_of(path, sizeof path, unit->directory, text)) {
            unit->split = open_split(split, unit, path);
        }
        if (unit->split == NULL && path_beside(path, sizeof path, program, text)) {
            unit->split = open_split(split, unit, path);
        }
    }
    return unit->split != NULL ? unit->split : unit;
}

void dwarf_split_close(struct dwarf_split *split) {
    for (; split->files != NULL; split->files = split->files->next) {
        elf_file_close(&split->files->elf);
    }
}
