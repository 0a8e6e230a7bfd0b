// dwarf_die.c (naming): see dwarf_die.h.

#include "dwarf_die.h"

#include "dwarf_names.h"

// An instance of a definition of a declaration; damaged data may be circular.
enum { MAX_ORIGINS = 16 };
enum { MAX_TEXT_BYTES = 64 << 10 }; // of a name; a longer one counts as unterminated

// ---- Entries ----

bool dwarf_die_read(struct dwarf_unit *unit, const uint8_t *at, struct dwarf_die *die, const uint8_t **next) {
    struct dwarf_bytes bytes = {at, unit->end, false};
    *next = NULL;
    if (unit->file->steps_left == 0) {
        return false;
    }
    unit->file->steps_left--;
    uint64_t code = dwarf_uleb(&bytes);
    if (bytes.bad) {
        return false;
    }
    if (code == 0) {
        *next = bytes.at;
        return false;
    }
    const struct dwarf_abbrev *abbrev = dwarf_unit_abbrev(unit, code);
    *die = (struct dwarf_die){unit, abbrev, at, bytes.at};
    return abbrev;
}

bool dwarf_die_root(struct dwarf_unit *unit, struct dwarf_die *die) {
    const uint8_t *next;
    return dwarf_die_read(unit, unit->entries, die, &next);
}

static uint64_t fixed_value(struct dwarf_bytes *bytes, unsigned form) {
    switch (form) {
    case DW_FORM_data1:
    case DW_FORM_ref1:
    case DW_FORM_flag:
    case DW_FORM_strx1:
    case DW_FORM_addrx1:
        return dwarf_fixed(bytes, 1);
    case DW_FORM_data2:
    case DW_FORM_ref2:
    case DW_FORM_strx2:
    case DW_FORM_addrx2:
        return dwarf_fixed(bytes, 2);
    case DW_FORM_strx3:
    case DW_FORM_addrx3:
        return dwarf_fixed(bytes, 3);
    case DW_FORM_data4:
    case DW_FORM_ref4:
    case DW_FORM_ref_sup4:
    case DW_FORM_strx4:
    case DW_FORM_addrx4:
        return dwarf_fixed(bytes, 4);
    default:
        return dwarf_fixed(bytes, 8);
    }
}

static void read_value(struct dwarf_unit *unit, struct dwarf_bytes *bytes, unsigned form, int64_t constant, struct dwarf_value *value) {
    *value = (struct dwarf_value){unit, form, 0, NULL};
    switch (form) {
    case DW_FORM_flag_present:
        value->number = 1;
        break;
    case DW_FORM_implicit_const:
        value->number = (uint64_t)constant;
        break;
    case DW_FORM_string:
        value->text = dwarf_text(bytes);
        break;
    case DW_FORM_udata:
    case DW_FORM_ref_udata:
    case DW_FORM_strx:
    case DW_FORM_addrx:
    case DW_FORM_loclistx:
    case DW_FORM_rnglistx:
    case DW_FORM_GNU_addr_index:
    case DW_FORM_GNU_str_index:
        value->number = dwarf_uleb(bytes);
        break;
    case DW_FORM_sdata:
        value->number = (uint64_t)dwarf_sleb(bytes);
        break;
    case DW_FORM_block1:
        dwarf_skip(bytes, dwarf_fixed(bytes, 1));
        break;
    case DW_FORM_block2:
        dwarf_skip(bytes, dwarf_fixed(bytes, 2));
        break;
    case DW_FORM_block4:
        dwarf_skip(bytes, dwarf_fixed(bytes, 4));
        break;
    case DW_FORM_block:
    case DW_FORM_exprloc:
        dwarf_skip(bytes, dwarf_uleb(bytes));
        break;
    case DW_FORM_data16:
        dwarf_skip(bytes, 16);
        break;
    case DW_FORM_strp:
    case DW_FORM_line_strp:
    case DW_FORM_strp_sup:
    case DW_FORM_sec_offset:
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_GNU_strp_alt:
        value->number = dwarf_fixed(bytes, unit->offset_bytes);
        break;
    case DW_FORM_ref_addr:
        value->number = dwarf_fixed(bytes, unit->version == 2 ? 8 : unit->offset_bytes);
        break;
    case DW_FORM_indirect:
        form = (unsigned)dwarf_uleb(bytes);
        if (form == DW_FORM_indirect || form == DW_FORM_implicit_const) {
            bytes->bad = true;
        } else {
            read_value(unit, bytes, form, 0, value);
        }
        break;
    case DW_FORM_addr:
    case DW_FORM_data1:
    case DW_FORM_data2:
    case DW_FORM_data4:
    case DW_FORM_data8:
    case DW_FORM_flag:
    case DW_FORM_ref1:
    case DW_FORM_ref2:
    case DW_FORM_ref4:
    case DW_FORM_ref8:
    case DW_FORM_ref_sig8:
    case DW_FORM_ref_sup4:
    case DW_FORM_ref_sup8:
    case DW_FORM_strx1:
    case DW_FORM_strx2:
    case DW_FORM_strx3:
    case DW_FORM_strx4:
    case DW_FORM_addrx1:
    case DW_FORM_addrx2:
    case DW_FORM_addrx3:
    case DW_FORM_addrx4:
        value->number = fixed_value(bytes, form);
        break;
    default:
        bytes->bad = true; // its length is unknown
    }
}

// Returns NULL if it has none; the unit may have none at all.
static const struct dwarf_spec *specs_of(const struct dwarf_die *die) {
    return die->abbrev->spec_count != 0 ? die->unit->specs + die->abbrev->first_spec : NULL;
}

const uint8_t *dwarf_die_first_child(const struct dwarf_die *die) {
    struct dwarf_bytes bytes = {die->values, die->unit->end, false};
    const struct dwarf_spec *specs = specs_of(die);
    struct dwarf_value value;
    dwarf_skip(&bytes, (uint64_t)die->abbrev->fixed_bytes);
    for (uint32_t i = die->abbrev->fixed_specs; i < die->abbrev->spec_count && !bytes.bad; i++) {
        read_value(die->unit, &bytes, specs[i].form, specs[i].constant, &value);
    }
    return bytes.bad ? NULL : bytes.at;
}

static bool is_reference_within(unsigned form) {
    return form == DW_FORM_ref1 || form == DW_FORM_ref2 || form == DW_FORM_ref4 || form == DW_FORM_ref8 || form == DW_FORM_ref_udata;
}

const uint8_t *dwarf_die_end(const struct dwarf_die *die) {
    const uint8_t *at = dwarf_die_first_child(die);
    struct dwarf_value sibling;
    if (!at || !die->abbrev->has_children) {
        return at;
    }
    if (dwarf_die_attribute(die, DW_AT_sibling, &sibling) && is_reference_within(sibling.form)) {
        const struct dwarf_unit *unit = die->unit;
        bool further = sibling.number > (uint64_t)(at - unit->begin) && sibling.number <= (uint64_t)(unit->end - unit->begin);
        return further ? unit->begin + sibling.number : NULL;
    }
    for (size_t depth = 1; depth > 0;) {
        struct dwarf_die inner;
        const uint8_t *next;
        if (dwarf_die_read(die->unit, at, &inner, &next)) {
            at = dwarf_die_first_child(&inner);
            depth += inner.abbrev->has_children;
        } else {
            at = next;
            depth--;
        }
        if (!at) {
            return NULL;
        }
    }
    return at;
}

// ---- Attributes ----

bool dwarf_die_attribute(const struct dwarf_die *die, unsigned name, struct dwarf_value *value) {
    const struct dwarf_spec *specs = specs_of(die);
    uint64_t *left = &die->unit->file->steps_left;
    uint32_t count = die->abbrev->spec_count < *left ? die->abbrev->spec_count : (uint32_t)*left, wanted = 0;
    while (wanted < count && specs[wanted].name != name) {
        wanted++;
    }
    *left -= wanted; // damaged data may have millions of attributes without bytes in each of millions of entries
    if (wanted == count) {
        return false;
    }
    struct dwarf_bytes bytes = {die->values, die->unit->end, false};
    bool fixed = specs[wanted].offset >= 0;
    dwarf_skip(&bytes, (uint64_t)(fixed ? specs[wanted].offset : die->abbrev->fixed_bytes));
    for (uint32_t i = fixed ? wanted : die->abbrev->fixed_specs; i <= wanted && !bytes.bad; i++) {
        read_value(die->unit, &bytes, specs[i].form, specs[i].constant, value);
    }
    return !bytes.bad;
}

static bool entry_at(struct dwarf_file *file, uint64_t offset, struct dwarf_die *die) {
    struct dwarf_unit *unit = file ? dwarf_unit_containing(file, offset) : NULL;
    const uint8_t *next;
    return unit && unit->begin + (offset - unit->offset) >= unit->entries &&
           dwarf_die_read(unit, unit->begin + (offset - unit->offset), die, &next);
}

static bool follow(const struct dwarf_value *value, struct dwarf_die *die) {
    struct dwarf_unit *unit = value->unit;
    const uint8_t *next;
    switch (value->form) {
    case DW_FORM_ref_addr:
        return entry_at(unit->file, value->number, die);
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_ref_sup4:
    case DW_FORM_ref_sup8:
        return entry_at(unit->file->supplementary, value->number, die);
    default:
        return is_reference_within(value->form) && value->number < (uint64_t)(unit->end - unit->begin) &&
               unit->begin + value->number >= unit->entries && dwarf_die_read(unit, unit->begin + value->number, die, &next);
    }
}

bool dwarf_die_next_origin(struct dwarf_die *die) {
    struct dwarf_value value;
    return (dwarf_die_attribute(die, DW_AT_abstract_origin, &value) || dwarf_die_attribute(die, DW_AT_specification, &value)) &&
           follow(&value, die);
}

bool dwarf_die_inherited(const struct dwarf_die *die, unsigned name, struct dwarf_value *value) {
    struct dwarf_die origin = *die;
    for (int i = 0; i < MAX_ORIGINS; i++) {
        if (dwarf_die_attribute(&origin, name, value)) {
            return true;
        }
        if (!dwarf_die_next_origin(&origin)) {
            return false;
        }
    }
    return false;
}

struct dwarf_die dwarf_die_origin(const struct dwarf_die *die) {
    struct dwarf_die origin = *die;
    for (int i = 0; i < MAX_ORIGINS; i++) {
        struct dwarf_die next = origin;
        if (!dwarf_die_next_origin(&next)) {
            break;
        }
        origin = next;
    }
    return origin;
}

static const char *text_at(struct elf_section *section, uint64_t offset) {
    struct dwarf_bytes bytes = elf_section_all(section);
    dwarf_skip(&bytes, offset);
    if (dwarf_bytes_left(&bytes) > MAX_TEXT_BYTES) {
        bytes.end = bytes.at + MAX_TEXT_BYTES;
    }
    return bytes.bad ? "" : dwarf_text(&bytes);
}

static uint64_t in_table(struct elf_section *section, uint64_t base, uint64_t index, size_t size, bool *there) {
    struct dwarf_bytes bytes = elf_section_all(section);
    dwarf_skip(&bytes, base);
    *there = !bytes.bad && index < dwarf_bytes_left(&bytes) / size;
    if (*there) {
        bytes.at += index * size;
    }
    return *there ? dwarf_fixed(&bytes, size) : 0;
}

static const char *indexed_text(const struct dwarf_value *value) {
    struct dwarf_sections *sections = &value->unit->file->sections;
    bool there;
    uint64_t offset = in_table(&sections->str_offsets, value->unit->str_offsets_base, value->number, value->unit->offset_bytes, &there);
    return there ? text_at(&sections->str, offset) : "";
}

const char *dwarf_value_text(const struct dwarf_value *value) {
    struct dwarf_file *file = value->unit->file;
    switch (value->form) {
    case DW_FORM_string:
        return value->text;
    case DW_FORM_strp:
        return text_at(&file->sections.str, value->number);
    case DW_FORM_line_strp:
        return text_at(&file->sections.line_str, value->number);
    case DW_FORM_strx:
    case DW_FORM_strx1:
    case DW_FORM_strx2:
    case DW_FORM_strx3:
    case DW_FORM_strx4:
    case DW_FORM_GNU_str_index:
        return indexed_text(value);
    case DW_FORM_strp_sup:
    case DW_FORM_GNU_strp_alt:
        return file->supplementary ? text_at(&file->supplementary->sections.str, value->number) : "";
    default:
        return "";
    }
}

static bool indexed_address(const struct dwarf_unit *unit, uint64_t index, uint64_t *address) {
    const struct dwarf_unit *main = unit->skeleton ? unit->skeleton : unit;
    bool there;
    *address = in_table(&main->file->sections.addr, main->addr_base, index, 8, &there);
    return there;
}

bool dwarf_value_address(const struct dwarf_value *value, uint64_t *address) {
    *address = value->number;
    switch (value->form) {
    case DW_FORM_addr:
        return true;
    case DW_FORM_addrx:
    case DW_FORM_addrx1:
    case DW_FORM_addrx2:
    case DW_FORM_addrx3:
    case DW_FORM_addrx4:
    case DW_FORM_GNU_addr_index:
        return indexed_address(value->unit, value->number, address);
    default:
        return false;
    }
}

// ---- The root entry ----

static uint64_t number_of(const struct dwarf_die *root, unsigned name, uint64_t otherwise) {
    struct dwarf_value value;
    return dwarf_die_attribute(root, name, &value) ? value.number : otherwise;
}

bool dwarf_die_read_unit_attributes(struct dwarf_unit *unit) {
    struct dwarf_die root;
    struct dwarf_value value;
    if (!dwarf_die_root(unit, &root)) {
        return false;
    }
    bool is_split = unit->type == DW_UT_split_compile;
    // Split data has one table of each kind and no attribute for its base: it starts after the header.
    unit->str_offsets_base = number_of(&root, DW_AT_str_offsets_base, is_split ? 2 * unit->offset_bytes : 0);
    unit->rnglists_base = number_of(&root, DW_AT_rnglists_base, is_split ? unit->offset_bytes * 2 + 4 : 0);
    unit->addr_base = number_of(&root, DW_AT_addr_base, number_of(&root, DW_AT_GNU_addr_base, 0));
    unit->ranges_base = number_of(&root, DW_AT_GNU_ranges_base, 0);
    unit->language = number_of(&root, DW_AT_language, 0);
    unit->id = number_of(&root, DW_AT_GNU_dwo_id, unit->id);
    unit->has_lines = dwarf_die_attribute(&root, DW_AT_stmt_list, &value);
    unit->line_offset = unit->has_lines ? value.number : 0;
    if (dwarf_die_attribute(&root, DW_AT_comp_dir, &value)) {
        unit->directory = dwarf_value_text(&value);
    }
    if (!dwarf_die_attribute(&root, DW_AT_low_pc, &value) || !dwarf_value_address(&value, &unit->low_pc)) {
        unit->low_pc = 0;
    }
    return true;
}

// ---- Ranges ----

static struct dwarf_ranges one_range(const struct dwarf_die *die) {
    struct dwarf_ranges ranges = {.unit = die->unit};
    struct dwarf_value low, high;
    if (!dwarf_die_attribute(die, DW_AT_low_pc, &low) || !dwarf_value_address(&low, &ranges.low) ||
        !dwarf_die_attribute(die, DW_AT_high_pc, &high)) {
        return ranges;
    }
    if (!dwarf_value_address(&high, &ranges.high)) { // a length, not an address
        ranges.high = ranges.low + high.number;
    }
    ranges.kind = DWARF_RANGES_ONE;
    return ranges;
}

static struct dwarf_ranges range_list(const struct dwarf_die *die, const struct dwarf_value *value) {
    const struct dwarf_unit *unit = die->unit;
    // GNU split data keeps its ranges in the program.
    bool in_program = unit->version < 5 && unit->skeleton;
    const struct dwarf_unit *owner = in_program ? unit->skeleton : unit;
    struct dwarf_ranges ranges = {.unit = unit, .base = unit->skeleton ? unit->skeleton->low_pc : unit->low_pc};
    struct elf_section *section = unit->version >= 5 ? &owner->file->sections.rnglists : &owner->file->sections.ranges;
    uint64_t offset = value->number + (in_program ? owner->ranges_base : 0);
    if (value->form == DW_FORM_rnglistx) {
        bool there;
        offset = in_table(section, unit->rnglists_base, value->number, unit->offset_bytes, &there) + unit->rnglists_base;
        if (!there) {
            return ranges;
        }
    }
    ranges.list = elf_section_all(section);
    dwarf_skip(&ranges.list, offset);
    ranges.kind = unit->version >= 5 ? DWARF_RANGES_NEW : DWARF_RANGES_OLD;
    return ranges;
}

struct dwarf_ranges dwarf_ranges_of(const struct dwarf_die *die) {
    struct dwarf_value value;
    if (dwarf_die_attribute(die, DW_AT_ranges, &value)) {
        return range_list(die, &value);
    }
    return one_range(die);
}

static bool next_old(struct dwarf_ranges *ranges, uint64_t *low, uint64_t *high) {
    for (;;) {
        *low = dwarf_fixed(&ranges->list, 8);
        *high = dwarf_fixed(&ranges->list, 8);
        if (ranges->list.bad || (*low == 0 && *high == 0)) {
            return false;
        }
        if (*low != UINT64_MAX) {
            *low += ranges->base;
            *high += ranges->base;
            return true;
        }
        ranges->base = *high;
    }
}

// Returns false for a base address entry, after which the list continues.
static bool new_range(struct dwarf_ranges *ranges, uint64_t kind, uint64_t *low, uint64_t *high) {
    struct dwarf_bytes *list = &ranges->list;
    switch (kind) {
    case DW_RLE_base_addressx:
        list->bad |= !indexed_address(ranges->unit, dwarf_uleb(list), &ranges->base);
        return false;
    case DW_RLE_base_address:
        ranges->base = dwarf_fixed(list, 8);
        return false;
    case DW_RLE_startx_endx:
        list->bad |= !indexed_address(ranges->unit, dwarf_uleb(list), low);
        list->bad |= !indexed_address(ranges->unit, dwarf_uleb(list), high);
        return true;
    case DW_RLE_startx_length:
        list->bad |= !indexed_address(ranges->unit, dwarf_uleb(list), low);
        *high = *low + dwarf_uleb(list);
        return true;
    case DW_RLE_offset_pair:
        *low = ranges->base + dwarf_uleb(list);
        *high = ranges->base + dwarf_uleb(list);
        return true;
    case DW_RLE_start_end:
        *low = dwarf_fixed(list, 8);
        *high = dwarf_fixed(list, 8);
        return true;
    case DW_RLE_start_length:
        *low = dwarf_fixed(list, 8);
        *high = *low + dwarf_uleb(list);
        return true;
    default:
        list->bad = true;
        return true;
    }
}

static bool next_new(struct dwarf_ranges *ranges, uint64_t *low, uint64_t *high) {
    while (!ranges->list.bad) {
        uint64_t kind = dwarf_fixed(&ranges->list, 1);
        if (ranges->list.bad || kind == DW_RLE_end_of_list) {
            return false;
        }
        *low = *high = 0;
        if (new_range(ranges, kind, low, high)) {
            return !ranges->list.bad;
        }
    }
    return false;
}

bool dwarf_ranges_next(struct dwarf_ranges *ranges, uint64_t *low, uint64_t *high) {
    switch (ranges->kind) {
    case DWARF_RANGES_ONE:
        *low = ranges->low;
        *high = ranges->high;
        ranges->kind = DWARF_RANGES_NONE;
        return true;
    case DWARF_RANGES_OLD:
        return next_old(ranges, low, high);
    case DWARF_RANGES_NEW:
        return next_new(ranges, low, high);
    default:
        return false;
    }
}
