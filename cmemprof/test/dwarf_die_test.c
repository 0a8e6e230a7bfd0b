// dwarf_die_test.c: this program's entries: children and siblings, references, code ranges.

#include "../../base/test/test.h"

#include "../dwarf_die.h"
#include "../dwarf_names.h"
#include "own_debug.h"

static struct own_debug own;

static int own_setup(void **state) {
    (void)state;
    return !own_debug_open(&own);
}

static int own_teardown(void **state) {
    (void)state;
    own_debug_close(&own);
    return 0;
}

static const char *name_of(const struct dwarf_die *die) {
    struct dwarf_value value;
    return dwarf_die_inherited(die, DW_AT_name, &value) ? dwarf_value_text(&value) : "";
}

// By walking siblings.
static bool find_function(struct dwarf_unit *unit, const char *name, struct dwarf_die *found) {
    struct dwarf_die root;
    const uint8_t *next;
    assert_true(dwarf_die_root(unit, &root));
    for (const uint8_t *at = dwarf_die_first_child(&root); at && dwarf_die_read(unit, at, found, &next); at = dwarf_die_end(found)) {
        struct dwarf_ranges ranges = dwarf_ranges_of(found);
        uint64_t low, high;
        if (found->abbrev->tag == DW_TAG_subprogram && strcmp(name_of(found), name) == 0 && dwarf_ranges_next(&ranges, &low, &high)) {
            return true;
        }
    }
    return false;
}

TEST_IN(own, a_function_of_this_file) {
    struct dwarf_unit *unit = own_debug_unit(&own, (uintptr_t)test_a_function_of_this_file);
    struct dwarf_die die;
    struct dwarf_value value;
    uint64_t low, high;
    assert_non_null(unit);
    assert_true(find_function(unit, "test_a_function_of_this_file", &die));
    struct dwarf_ranges ranges = dwarf_ranges_of(&die);
    assert_true(dwarf_ranges_next(&ranges, &low, &high));
    assert_int_equal(low, (uintptr_t)test_a_function_of_this_file - own.bias);
    assert_true(high > low);
    assert_false(dwarf_ranges_next(&ranges, &low, &high));
    assert_true(dwarf_die_attribute(&die, DW_AT_decl_line, &value));
    assert_in_range(value.number, 40, 80);
    assert_false(dwarf_die_attribute(&die, DW_AT_ranges, &value));
    assert_ptr_equal(dwarf_die_origin(&die).entry, die.entry); // its own origin
    assert_false(find_function(unit, "no such function", &die));
}

TEST_IN(own, root_entry) {
    struct dwarf_unit *unit = own_debug_unit(&own, (uintptr_t)test_root_entry);
    struct dwarf_die root;
    assert_true(dwarf_die_root(unit, &root));
    assert_non_null(strstr(name_of(&root), "dwarf_die_test.c"));
    assert_string_not_equal(unit->directory, "");
    assert_true(unit->has_lines);
    const uint8_t *behind = dwarf_die_end(&root);
    assert_true(behind && behind <= unit->end);
}

TEST_IN(own, steps_are_bounded) {
    struct dwarf_unit *unit = own_debug_unit(&own, (uintptr_t)test_steps_are_bounded);
    struct dwarf_die root;
    assert_true(dwarf_die_root(unit, &root));
    uint64_t before = own.dwarf.steps_left;
    own.dwarf.steps_left = 10;
    assert_int_equal(unit->abbrev_count > 10 ? root.abbrev->has_children : 1, 1);
    struct dwarf_die die;
    const uint8_t *next = unit->entries;
    int read = 0;
    for (const uint8_t *at = dwarf_die_first_child(&root); at && dwarf_die_read(unit, at, &die, &next); at = dwarf_die_first_child(&die)) {
        read++;
    }
    assert_in_range(read, 1, 10);
    assert_null(next);
    own.dwarf.steps_left = before;
}

// Skipped attributes cost steps: an abbreviation may have millions of zero-length ones.
TEST_IN(own, skipped_attributes_cost_steps) {
    struct dwarf_unit *unit = own_debug_unit(&own, (uintptr_t)test_skipped_attributes_cost_steps);
    struct dwarf_die root;
    struct dwarf_value value;
    assert_true(dwarf_die_root(unit, &root));
    uint64_t before = own.dwarf.steps_left;
    assert_false(dwarf_die_attribute(&root, 0xffff, &value));
    assert_int_equal(before - own.dwarf.steps_left, root.abbrev->spec_count);
    own.dwarf.steps_left = 0;
    assert_false(dwarf_die_attribute(&root, unit->specs[root.abbrev->first_spec].name, &value));
    own.dwarf.steps_left = before;
    assert_true(dwarf_die_attribute(&root, unit->specs[root.abbrev->first_spec].name, &value));
}

int main(void) {
    return tests_run();
}
