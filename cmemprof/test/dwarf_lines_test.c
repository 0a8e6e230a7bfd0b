// dwarf_lines_test.c: the line table of the test's own unit, and the call of an inlined function.

#include "../../base/test/test.h"

#include "../dwarf_lines.h"
#include "../dwarf_names.h"
#include "../function_index.h"
#include "own_file.h"

static struct own_file own;

static inline __attribute__((always_inline)) int inlined(volatile int *at) {
    return *at * 3;
}

enum { OUTER_LINE = __LINE__ + 1 };
static __attribute__((noinline)) int outer(volatile int *at) {
    return inlined(at);
}

TEST(lines_and_calls) {
    volatile int value = 1;
    assert_int_equal(outer(&value), 3);
    own_file_open(&own, outer);
    struct dwarf_unit *unit = own_file_unit(&own, outer);
    struct line_table *lines = dwarf_lines_of(unit);
    uint64_t file;
    int64_t line;
    assert_non_null(lines);
    assert_ptr_equal(dwarf_lines_of(unit), lines);
    assert_true(line_table_find(lines, own_file_address(&own, outer), &file, &line));
    assert_in_range(line, OUTER_LINE - 6, OUTER_LINE + 1); // of the function, or of what is inlined there
    assert_non_null(strstr(line_table_file(lines, file), "dwarf_lines_test.c"));
    struct dwarf_die scopes[8];
    size_t count = 0;
    for (uint64_t address = own_file_address(&own, outer); count < 2; address++) { // up to the inlined function
        count = function_index_scopes(function_index_of(unit), address, scopes, 8);
        assert_true(count > 0);
    }
    struct dwarf_call call = dwarf_call_of(unit, &scopes[0]);
    assert_non_null(strstr(call.file, "dwarf_lines_test.c"));
    assert_int_equal(call.line, OUTER_LINE + 1);
    own_file_close(&own);
}

TEST(units_without_lines) {
    own_file_open(&own, outer);
    struct dwarf_unit *unit = own_file_unit(&own, outer);
    unit->has_lines = false;
    assert_null(dwarf_lines_of(unit));
    struct dwarf_die root;
    assert_true(dwarf_die_root(unit, &root));
    struct dwarf_call call = dwarf_call_of(unit, &root);
    assert_string_equal(call.file, "");
    assert_int_equal(call.line, 0);
    own_file_close(&own);
}

int main(void) {
    return tests_run();
}
