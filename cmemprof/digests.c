// digests.c (naming): see digests.h.

#include "digests.h"

#include <string.h>

#include "../merge/memory.h"
#include "dwarf_addresses.h"
#include "unit_digest.h"

enum { SHARE_OF_ARENA = 32 };

struct kept_unit {
    struct kept_unit *next;
    uint64_t offset, used_at;
    struct unit_digest *digest;
};

struct file_digest {
    struct file_digest *next;
    const struct module *module;
    uint64_t used_at; // counts while no unit is kept
    uint32_t serial;
    bool has_all_units; // an address in no range is in no unit
    struct dwarf_address_range *ranges;
    size_t count;
    struct elf_section_points *info, *line; // of these sections; NULL: none
    struct kept_unit *units;
};

// ---- Forgetting ----

static size_t bytes_of_unit(const struct kept_unit *unit) {
    return sizeof *unit + unit_digest_bytes(unit->digest);
}

static void drop_unit(struct digests *digests, struct kept_unit **at) {
    struct kept_unit *unit = *at;
    *at = unit->next;
    digests->bytes -= bytes_of_unit(unit);
    unit_digest_free(unit->digest);
    memory_free(unit);
}

static size_t bytes_of_file(const struct file_digest *file) { // without units
    return sizeof *file + file->count * sizeof *file->ranges + elf_section_points_bytes(file->info) + elf_section_points_bytes(file->line);
}

static void drop_file(struct digests *digests, struct file_digest **at) {
    struct file_digest *file = *at;
    while (file->units) {
        drop_unit(digests, &file->units);
    }
    *at = file->next;
    digests->bytes -= bytes_of_file(file);
    elf_section_free_points(file->info);
    elf_section_free_points(file->line);
    memory_free(file->ranges);
    memory_free(file);
}

void digests_forget(struct digests *digests) {
    while (digests->files) {
        drop_file(digests, &digests->files);
    }
}

// Drops the unit, or the file without units, that was not used for the longest time; `kept` loses units only. Returns false if nothing is
// left to drop.
static bool drop_oldest(struct digests *digests, const struct file_digest *kept) {
    struct file_digest **file = NULL;
    struct kept_unit **unit = NULL;
    uint64_t oldest = UINT64_MAX;
    for (struct file_digest **f = &digests->files; *f; f = &(*f)->next) {
        if (!(*f)->units && *f != kept && (*f)->used_at < oldest) {
            oldest = (*f)->used_at;
            unit = NULL;
            file = f;
        }
        for (struct kept_unit **u = &(*f)->units; *u; u = &(*u)->next) {
            if ((*u)->used_at < oldest) {
                oldest = (*u)->used_at;
                unit = u;
                file = f;
            }
        }
    }
    if (!file) {
        return false;
    }
    if (unit) {
        drop_unit(digests, unit);
    }
    if (!(*file)->units && *file != kept) {
        drop_file(digests, file);
    }
    return true;
}

static void trim(struct digests *digests, size_t limit, const struct file_digest *kept) {
    while (digests->bytes > limit && drop_oldest(digests, kept)) {
    }
}

// ---- Looking up ----

static struct file_digest *file_of(const struct digests *digests, const struct module *module) {
    struct file_digest *file = digests->files;
    while (file && (file->module != module || file->serial != module->serial)) {
        file = file->next;
    }
    return file;
}

static struct kept_unit *unit_of(const struct file_digest *file, uint64_t offset) {
    struct kept_unit *unit = file->units;
    while (unit && unit->offset != offset) {
        unit = unit->next;
    }
    return unit;
}

bool digests_frames(struct digests *digests, const struct module *module, uint64_t address, struct symbol_frame *frames, size_t *count) {
    struct file_digest *file = file_of(digests, module);
    *count = 0;
    if (!file) {
        return false;
    }
    const struct dwarf_address_range *range = dwarf_addresses_range(file->ranges, file->count, address);
    file->used_at = ++digests->clock;
    if (!range) {
        return file->has_all_units;
    }
    struct kept_unit *unit = unit_of(file, range->unit);
    if (!unit) {
        return false;
    }
    unit->used_at = ++digests->clock;
    return unit_digest_frames(unit->digest, address, frames, count);
}

void digests_give(const struct digests *digests, const struct module *module, struct object_file *file, struct symbolizer_arena *memory) {
    const struct file_digest *kept = file_of(digests, module);
    struct dwarf_addresses *addresses = object_file_addresses(file);
    if (kept) {
        elf_section_give_points(&addresses->file->sections.info, kept->info);
        elf_section_give_points(&addresses->file->sections.line, kept->line);
    }
    void *copy = kept ? symbolizer_arena_alloc(memory, kept->count * sizeof *kept->ranges) : NULL;
    if (copy) {
        memcpy(copy, kept->ranges, kept->count * sizeof *kept->ranges);
        addresses->ranges = copy;
        addresses->count = addresses->capacity = kept->count;
        addresses->read_table = true;
        addresses->read_units = kept->has_all_units;
    }
}

// ---- Keeping ----

// Ranges and points. max_bytes: of the points.
static struct file_digest *keep_file(struct digests *digests, const struct module *module, const struct dwarf_addresses *addresses,
                                     size_t max_bytes) {
    size_t bytes = addresses->count * sizeof *addresses->ranges;
    struct file_digest *file = memory_take_zeroed(1, sizeof *file);
    if (!file || !(file->ranges = memory_take(bytes))) {
        memory_free(file);
        return NULL;
    }
    memcpy(file->ranges, addresses->ranges, bytes);
    file->module = module;
    file->used_at = ++digests->clock;
    file->serial = module->serial;
    file->count = addresses->count;
    file->has_all_units = addresses->read_units;
    file->info = elf_section_keep_points(&addresses->file->sections.info, max_bytes);
    file->line = elf_section_keep_points(&addresses->file->sections.line, max_bytes - elf_section_points_bytes(file->info));
    digests->bytes += bytes_of_file(file);
    return file;
}

// In the place of a former digest of the unit. Returns its bytes; 0: there is none.
static size_t keep_unit(struct digests *digests, struct file_digest *file, struct dwarf_unit *unit, size_t limit) {
    struct unit_digest *digest = unit_digest_new(unit, unit->split ? unit->split : unit, limit);
    struct kept_unit *kept = digest ? memory_take(sizeof *kept) : NULL;
    if (!kept) {
        unit_digest_free(digest);
        return 0;
    }
    for (struct kept_unit **former = &file->units; *former; former = &(*former)->next) {
        if ((*former)->offset == unit->offset) {
            drop_unit(digests, former);
            break;
        }
    }
    *kept = (struct kept_unit){file->units, unit->offset, ++digests->clock, digest};
    file->units = kept;
    digests->bytes += bytes_of_unit(kept);
    return bytes_of_unit(kept);
}

// The digests of a file that was read before.
static void inherit_units(struct file_digest *file, struct file_digest *former) {
    while (former->units) {
        struct kept_unit *unit = former->units;
        former->units = unit->next;
        unit->next = file->units;
        file->units = unit;
    }
}

static void drop_former(struct digests *digests, struct file_digest *file, const struct module *module) {
    for (struct file_digest **at = &digests->files; *at;) {
        if ((*at)->module != module) {
            at = &(*at)->next;
            continue;
        }
        if ((*at)->serial == module->serial) {
            inherit_units(file, *at);
        }
        drop_file(digests, at);
    }
}

void digests_keep(struct digests *digests, const struct module *module, struct object_file *object, const struct symbolizer_arena *memory) {
    const struct dwarf_addresses *addresses = object_file_addresses(object);
    size_t share = memory->limit_bytes / SHARE_OF_ARENA, limit = share < DIGESTS_BYTES ? share : DIGESTS_BYTES;
    bool whole = !memory->ran_short && addresses->file->steps_left > 0 && addresses->count > 0;
    size_t ranges_bytes = addresses->count * sizeof *addresses->ranges;
    struct file_digest *file = whole && ranges_bytes <= limit / 2 ? keep_file(digests, module, addresses, limit / 2 - ranges_bytes) : NULL;
    if (!file) {
        trim(digests, limit, NULL);
        return;
    }
    drop_former(digests, file, module);
    file->next = digests->files;
    digests->files = file;
    size_t made = bytes_of_file(file);
    for (struct dwarf_unit *unit = addresses->file->units; unit && made < limit; unit = unit->next) {
        if (unit->has_names) {
            made += keep_unit(digests, file, unit, limit);
            trim(digests, limit, file);
        }
    }
}
