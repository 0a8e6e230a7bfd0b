// dwarf_unit.c (naming): see dwarf_unit.h.

#include "dwarf_unit.h"

#include "dwarf_die.h"
#include "dwarf_names.h"

// ---- Opening ----

void dwarf_file_open(struct dwarf_file *file, const struct elf_file *elf) {
    *file = (struct dwarf_file){.memory = elf->memory, .steps_left = DWARF_MAX_STEPS};
    file->sections = (struct dwarf_sections){
        .info = elf_section_open(elf, ".debug_info"),
        .abbrev = elf_section_open(elf, ".debug_abbrev"),
        .str = elf_section_open(elf, ".debug_str"),
        .line_str = elf_section_open(elf, ".debug_line_str"),
        .line = elf_section_open(elf, ".debug_line"),
        .str_offsets = elf_section_open(elf, ".debug_str_offsets"),
        .addr = elf_section_open(elf, ".debug_addr"),
        .ranges = elf_section_open(elf, ".debug_ranges"),
        .rnglists = elf_section_open(elf, ".debug_rnglists"),
        .aranges = elf_section_open(elf, ".debug_aranges"),
    };
}

void dwarf_file_open_split(struct dwarf_file *file, const struct elf_file *elf) {
    *file = (struct dwarf_file){.memory = elf->memory, .steps_left = DWARF_MAX_STEPS};
    file->sections = (struct dwarf_sections){
        .info = elf_section_open(elf, ".debug_info.dwo"),
        .abbrev = elf_section_open(elf, ".debug_abbrev.dwo"),
        .str = elf_section_open(elf, ".debug_str.dwo"),
        .line_str = elf_section_open(elf, ".debug_line_str.dwo"),
        .line = elf_section_open(elf, ".debug_line.dwo"),
        .str_offsets = elf_section_open(elf, ".debug_str_offsets.dwo"),
        .rnglists = elf_section_open(elf, ".debug_rnglists.dwo"),
    };
}

// ---- Abbreviations ----

static bool reserve_one(struct symbolizer_arena *memory, void **items, size_t count, size_t *capacity, size_t item_bytes) {
    if (count < *capacity) {
        return true;
    }
    size_t more = *capacity == 0 ? 64 : *capacity * 2;
    void *larger = symbolizer_arena_grow(memory, *items, count * item_bytes, more * item_bytes);
    if (larger) {
        *items = larger;
        *capacity = more;
    }
    return larger;
}

// Returns -1 if the length is in the value itself.
static int bytes_of_form(const struct dwarf_unit *unit, uint64_t form) {
    switch (form) {
    case DW_FORM_flag_present:
    case DW_FORM_implicit_const:
        return 0;
    case DW_FORM_data1:
    case DW_FORM_ref1:
    case DW_FORM_flag:
    case DW_FORM_strx1:
    case DW_FORM_addrx1:
        return 1;
    case DW_FORM_data2:
    case DW_FORM_ref2:
    case DW_FORM_strx2:
    case DW_FORM_addrx2:
        return 2;
    case DW_FORM_strx3:
    case DW_FORM_addrx3:
        return 3;
    case DW_FORM_data4:
    case DW_FORM_ref4:
    case DW_FORM_ref_sup4:
    case DW_FORM_strx4:
    case DW_FORM_addrx4:
        return 4;
    case DW_FORM_addr:
    case DW_FORM_data8:
    case DW_FORM_ref8:
    case DW_FORM_ref_sig8:
    case DW_FORM_ref_sup8:
        return 8;
    case DW_FORM_data16:
        return 16;
    case DW_FORM_strp:
    case DW_FORM_line_strp:
    case DW_FORM_strp_sup:
    case DW_FORM_sec_offset:
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_GNU_strp_alt:
        return (int)unit->offset_bytes;
    case DW_FORM_ref_addr:
        return unit->version == 2 ? 8 : (int)unit->offset_bytes;
    default:
        return -1;
    }
}

static bool add_spec(struct dwarf_unit *unit, struct dwarf_abbrev *abbrev, uint64_t name, uint64_t form, int64_t constant) {
    void *specs = unit->specs;
    if (!reserve_one(unit->file->memory, &specs, unit->spec_count, &unit->spec_capacity, sizeof *unit->specs)) {
        return false;
    }
    unit->specs = specs;
    bool all_fixed = abbrev->fixed_specs == abbrev->spec_count;
    unit->specs[unit->spec_count++] = (struct dwarf_spec){
        .name = (uint16_t)(name > UINT16_MAX ? 0 : name),
        .form = (uint16_t)(form > UINT16_MAX ? 0 : form),
        .offset = all_fixed ? abbrev->fixed_bytes : -1,
        .constant = constant,
    };
    abbrev->spec_count++;
    int bytes = bytes_of_form(unit, form);
    if (all_fixed && bytes >= 0 && abbrev->fixed_bytes < 1 << 20) {
        abbrev->fixed_specs++;
        abbrev->fixed_bytes += bytes;
    }
    return true;
}

// Returns false at the end of the list, on damaged data, or if memory runs out.
static bool read_abbrev(struct dwarf_unit *unit, struct dwarf_bytes *bytes, struct dwarf_abbrev *abbrev) {
    *abbrev = (struct dwarf_abbrev){.code = dwarf_uleb(bytes), .first_spec = (uint32_t)unit->spec_count};
    if (abbrev->code == 0) {
        return false;
    }
    uint64_t tag = dwarf_uleb(bytes);
    abbrev->tag = tag > UINT32_MAX ? 0 : (uint32_t)tag;
    abbrev->has_children = dwarf_fixed(bytes, 1) != 0;
    while (!bytes->bad && unit->file->steps_left > 0) {
        unit->file->steps_left--;
        uint64_t name = dwarf_uleb(bytes), form = dwarf_uleb(bytes);
        int64_t constant = form == DW_FORM_implicit_const ? dwarf_sleb(bytes) : 0;
        if (name == 0 && form == 0) {
            return !bytes->bad;
        }
        if (!add_spec(unit, abbrev, name, form, constant)) {
            return false;
        }
    }
    return false;
}

// Reads up to the abbreviation with code `last`; 0: all.
static bool read_abbrevs(struct dwarf_unit *unit, uint64_t last) {
    struct dwarf_bytes bytes = elf_section_all(&unit->file->sections.abbrev);
    struct dwarf_abbrev abbrev;
    dwarf_skip(&bytes, unit->abbrev_offset);
    unit->abbrev_count = unit->spec_count = 0;
    unit->codes_are_dense = true;
    while (read_abbrev(unit, &bytes, &abbrev)) {
        void *abbrevs = unit->abbrevs;
        if (!reserve_one(unit->file->memory, &abbrevs, unit->abbrev_count, &unit->abbrev_capacity, sizeof abbrev)) {
            return false;
        }
        unit->abbrevs = abbrevs;
        unit->abbrevs[unit->abbrev_count++] = abbrev;
        unit->codes_are_dense &= abbrev.code == unit->abbrev_count;
        if (abbrev.code == last) {
            break;
        }
    }
    return unit->abbrev_count > 0;
}

const struct dwarf_abbrev *dwarf_unit_abbrev(const struct dwarf_unit *unit, uint64_t code) {
    if (unit->codes_are_dense) {
        return code - 1 < unit->abbrev_count ? &unit->abbrevs[code - 1] : NULL;
    }
    size_t max = unit->abbrev_count < unit->file->steps_left ? unit->abbrev_count : unit->file->steps_left;
    for (size_t i = 0; i < max; i++) {
        if (unit->abbrevs[i].code == code) {
            unit->file->steps_left -= i;
            return &unit->abbrevs[i];
        }
    }
    unit->file->steps_left -= max;
    return NULL;
}

// ---- Header ----

// bytes: as many of the unit's as were read.
static bool read_head(struct dwarf_unit *unit, struct dwarf_bytes bytes) {
    unit->begin = bytes.at;
    unit->offset_bytes = dwarf_fixed(&bytes, 4) == UINT32_MAX ? 8 : 4;
    dwarf_skip(&bytes, unit->offset_bytes == 8 ? 8 : 0);
    unit->version = (unsigned)dwarf_fixed(&bytes, 2);
    unit->type = unit->version >= 5 ? (unsigned)dwarf_fixed(&bytes, 1) : DW_UT_compile;
    unsigned address_bytes = unit->version >= 5 ? (unsigned)dwarf_fixed(&bytes, 1) : 0;
    unit->abbrev_offset = dwarf_fixed(&bytes, unit->offset_bytes);
    if (unit->version < 5) {
        address_bytes = (unsigned)dwarf_fixed(&bytes, 1);
    }
    if (unit->type != DW_UT_compile && unit->type != DW_UT_partial) {
        unit->id = dwarf_fixed(&bytes, 8);
    }
    if (unit->type == DW_UT_type || unit->type == DW_UT_split_type) {
        dwarf_fixed(&bytes, unit->offset_bytes);
    }
    unit->entries = bytes.at;
    unit->end = bytes.end;
    return !bytes.bad && unit->version >= 2 && unit->version <= 5 && address_bytes == 8;
}

static struct dwarf_unit *open_unit(struct dwarf_file *file, uint64_t offset) {
    struct dwarf_bytes bytes = elf_section_unit(&file->sections.info, offset);
    struct dwarf_unit *unit = bytes.at < bytes.end ? symbolizer_arena_alloc(file->memory, sizeof *unit) : NULL;
    if (unit) {
        *unit = (struct dwarf_unit){.file = file, .offset = offset, .directory = ""};
        if (read_head(unit, bytes) && read_abbrevs(unit, 0) && dwarf_die_read_unit_attributes(unit)) {
            return unit;
        }
        unit->begin = NULL; // known to be unreadable
    }
    return unit;
}

// The latest unit is found first, since addresses are looked up in order.
static struct dwarf_unit *known_unit(struct dwarf_file *file, uint64_t from, uint64_t to) {
    for (struct dwarf_unit **at = &file->units; *at; at = &(*at)->next) {
        struct dwarf_unit *unit = *at;
        uint64_t end = unit->begin ? unit->offset + (uint64_t)(unit->end - unit->begin) : unit->offset + 1;
        if (unit->offset <= from && to <= end) {
            *at = unit->next;
            unit->next = file->units;
            file->units = unit;
            return unit;
        }
    }
    return NULL;
}

struct dwarf_unit *dwarf_unit_at(struct dwarf_file *file, uint64_t offset) {
    struct dwarf_unit *unit = known_unit(file, offset, offset + 1);
    if (!unit || unit->offset != offset) {
        unit = open_unit(file, offset);
        if (unit) {
            unit->next = file->units;
            file->units = unit;
        }
    }
    return unit && unit->begin ? unit : NULL;
}

// Reuses one buffer for the abbreviation: there are thousands of units. Returns false if the bytes end before the root entry's values do.
static bool peek(struct dwarf_unit *unit, struct dwarf_bytes bytes) {
    struct dwarf_bytes root;
    struct dwarf_die die;
    if (bytes.at == bytes.end || !read_head(unit, bytes)) {
        return false;
    }
    root = (struct dwarf_bytes){unit->entries, unit->end, false};
    uint64_t code = dwarf_uleb(&root);
    return code != 0 && read_abbrevs(unit, code) && dwarf_die_root(unit, &die) && dwarf_die_first_child(&die) &&
           dwarf_die_read_unit_attributes(unit);
}

struct dwarf_unit *dwarf_unit_peek(struct dwarf_file *file, uint64_t offset) {
    struct dwarf_unit *unit = &file->peeked, before = *unit;
    *unit = (struct dwarf_unit){.file = file,
                                .offset = offset,
                                .directory = "",
                                .abbrevs = before.abbrevs,
                                .abbrev_capacity = before.abbrev_capacity,
                                .specs = before.specs,
                                .spec_capacity = before.spec_capacity};
    bool whole = peek(unit, elf_section_unit_head(&file->sections.info, offset, file->peeked_head, sizeof file->peeked_head)) ||
                 peek(unit, elf_section_unit(&file->sections.info, offset));
    return whole ? unit : NULL;
}

// ---- All units ----

enum { STEPS_FOR_A_UNIT = 64 }; // it may be read from the file for its length alone

static bool note_unit_range(struct dwarf_file *file, size_t *capacity, uint64_t begin, uint64_t end) {
    void *unit_ranges = file->unit_ranges;
    if (!reserve_one(file->memory, &unit_ranges, file->unit_range_count, capacity, sizeof *file->unit_ranges)) {
        return false;
    }
    file->unit_ranges = unit_ranges;
    file->unit_ranges[file->unit_range_count++] = (struct dwarf_unit_range){begin, end};
    return true;
}

const struct dwarf_unit_range *dwarf_unit_ranges(struct dwarf_file *file, size_t *count) {
    if (!file->looked_for_unit_ranges) {
        file->looked_for_unit_ranges = true;
        uint64_t size;
        size_t capacity = 0;
        for (uint64_t offset = 0; file->steps_left >= STEPS_FOR_A_UNIT; offset += size) {
            file->steps_left -= STEPS_FOR_A_UNIT;
            size = elf_section_unit_size(&file->sections.info, offset);
            if (size == 0 || !note_unit_range(file, &capacity, offset, offset + size)) {
                break;
            }
        }
    }
    *count = file->unit_range_count;
    return file->unit_ranges;
}

struct dwarf_unit *dwarf_unit_containing(struct dwarf_file *file, uint64_t offset) {
    struct dwarf_unit *unit = known_unit(file, offset, offset + 1);
    if (unit) {
        return unit->begin ? unit : NULL;
    }
    size_t count, low = 0;
    const struct dwarf_unit_range *unit_ranges = dwarf_unit_ranges(file, &count);
    for (size_t high = count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (unit_ranges[middle].end <= offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && unit_ranges[low].begin <= offset ? dwarf_unit_at(file, unit_ranges[low].begin) : NULL;
}
