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
    uint32_t serial;
    bool has_all_units; // an address in no range is in no unit
    struct dwarf_address_range *ranges;
    size_t count;
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

static void drop_file(struct digests *digests, struct file_digest **at) {
    struct file_digest *file = *at;
    while (file->units) {
        drop_unit(digests, &file->units);
    }
    *at = file->next;
    digests->bytes -= sizeof *file + file->count * sizeof *file->ranges;
    memory_free(file->ranges);
    memory_free(file);
}

void digests_forget(struct digests *digests) {
    while (digests->files) {
        drop_file(digests, &digests->files);
    }
}

// Returns false if nothing is left to drop.
static bool drop_oldest(struct digests *digests) {
    struct file_digest **file = NULL;
    struct kept_unit **unit = NULL;
    for (struct file_digest **f = &digests->files; *f; f = &(*f)->next) {
        for (struct kept_unit **u = &(*f)->units; *u; u = &(*u)->next) {
            if (!unit || (*u)->used_at < (*unit)->used_at) {
                unit = u;
                file = f;
            }
        }
    }
    if (!unit) {
        return false;
    }
    drop_unit(digests, unit);
    if (!(*file)->units) {
        drop_file(digests, file);
    }
    return true;
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
    const struct file_digest *file = file_of(digests, module);
    *count = 0;
    if (!file) {
        return false;
    }
    const struct dwarf_address_range *range = dwarf_addresses_range(file->ranges, file->count, address);
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

static struct file_digest *keep_ranges(struct digests *digests, const struct module *module, const struct dwarf_addresses *addresses) {
    size_t bytes = addresses->count * sizeof *addresses->ranges;
    struct file_digest *file = memory_take_zeroed(1, sizeof *file);
    if (!file || !(file->ranges = memory_take(bytes))) {
        memory_free(file);
        return NULL;
    }
    memcpy(file->ranges, addresses->ranges, bytes);
    file->module = module;
    file->serial = module->serial;
    file->count = addresses->count;
    file->has_all_units = addresses->read_units;
    digests->bytes += sizeof *file + bytes;
    return file;
}

static void keep_unit(struct digests *digests, struct file_digest *file, struct dwarf_unit *unit, size_t limit) {
    struct unit_digest *digest = unit_digest_new(unit, unit->split ? unit->split : unit, limit);
    struct kept_unit *kept = digest ? memory_take(sizeof *kept) : NULL;
    if (!kept) {
        unit_digest_free(digest);
        return;
    }
    *kept = (struct kept_unit){file->units, unit->offset, ++digests->clock, digest};
    file->units = kept;
    digests->bytes += bytes_of_unit(kept);
}

// Those of the former digest that were not read anew.
static void inherit_units(struct digests *digests, struct file_digest *file, struct file_digest *former) {
    while (former->units) {
        struct kept_unit *unit = former->units;
        if (unit_of(file, unit->offset)) {
            drop_unit(digests, &former->units);
        } else {
            former->units = unit->next;
            unit->next = file->units;
            file->units = unit;
        }
    }
}

static void drop_former(struct digests *digests, struct file_digest *file, const struct module *module) {
    for (struct file_digest **at = &digests->files; *at;) {
        if ((*at)->module != module) {
            at = &(*at)->next;
            continue;
        }
        if ((*at)->serial == module->serial) {
            inherit_units(digests, file, *at);
        }
        drop_file(digests, at);
    }
}

void digests_keep(struct digests *digests, const struct module *module, struct object_file *object, const struct symbolizer_arena *memory) {
    const struct dwarf_addresses *addresses = object_file_addresses(object);
    size_t share = memory->limit_bytes / SHARE_OF_ARENA, limit = share < DIGESTS_BYTES ? share : DIGESTS_BYTES;
    bool whole = !memory->ran_short && addresses->file->steps_left > 0 && addresses->count > 0;
    if (!whole || addresses->count * sizeof *addresses->ranges > limit / 2) {
        return;
    }
    struct file_digest *file = keep_ranges(digests, module, addresses);
    if (!file) {
        return;
    }
    for (struct dwarf_unit *unit = addresses->file->units; unit; unit = unit->next) {
        if (unit->has_names) {
            keep_unit(digests, file, unit, limit);
        }
    }
    drop_former(digests, file, module);
    file->next = digests->files;
    digests->files = file;
    while (digests->bytes > limit && drop_oldest(digests)) {
    }
}
