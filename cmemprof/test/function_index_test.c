// function_index_test.c: this program's functions by address: inlined, nested, none.

#include "../../base/test/test.h"

#include <sys/resource.h>

#include "../function_index.h"
#include "../modules.h"
#include "../dwarf_names.h"
#include "../dwarf_addresses.h"
#include "../dwarf_function.h"
#include "elf_writer.h"

static inline __attribute__((always_inline)) uintptr_t inlined_callee(void) {
    uintptr_t here;
#ifdef __aarch64__
    __asm__ volatile("adr %0, .+4" : "=r"(here));
#else
    __asm__ volatile("lea 0(%%rip), %0" : "=r"(here));
#endif
    return here;
}

static __attribute__((noinline)) uintptr_t outer_function(void) {
    return inlined_callee();
}

// Its debug data is nested in the enclosing function's.
static __attribute__((noinline)) uintptr_t with_a_function_inside(int n) {
    __attribute__((noinline)) uintptr_t inside(void) {
        __asm__ volatile("" : : "r"(n)); // or it would be folded with outer_function
        return inlined_callee();
    }
    return inside();
}

static struct symbolizer_arena memory;
static struct elf_file elf;
static struct dwarf_file dwarf;
static uintptr_t bias;
static struct function_index *function_index;

static int own_unit_setup(void **state) {
    (void)state;
    struct modules modules = {0};
    uint32_t ended;
    if (!modules_refresh(&modules, &ended)) {
        return -1;
    }
    bias = modules_find(&modules, (uintptr_t)own_unit_setup, 0)->bias;
    modules_free(&modules);
    symbolizer_arena_open(&memory);
    if (!elf_file_open(&elf, "/proc/self/exe", &memory)) {
        return -1;
    }
    dwarf_file_open(&dwarf, &elf);
    struct dwarf_addresses addresses = {.file = &dwarf};
    struct dwarf_unit *unit = dwarf_addresses_find(&addresses, (uintptr_t)own_unit_setup - bias);
    function_index = unit ? function_index_of(unit) : NULL;
    return !function_index;
}

static int own_unit_teardown(void **state) {
    (void)state;
    elf_file_close(&elf);
    symbolizer_arena_close(&memory);
    return 0;
}

static void check(uintptr_t address, size_t max, const char *const *names, size_t count) {
    struct dwarf_die scopes[8];
    size_t found = function_index_scopes(function_index, address - bias, scopes, max), functions = 0;
    assert_in_range(found, count, max);
    for (size_t i = 0; i < found; i++) {
        if (scopes[i].abbrev->tag == DW_TAG_subprogram || scopes[i].abbrev->tag == DW_TAG_inlined_subroutine) {
            assert_true(functions < count);
            assert_string_equal(dwarf_function_of(&scopes[i]).name, names[functions++]);
        }
    }
    assert_int_equal(functions, count);
}

TEST_IN(own_unit, inlined_functions_are_the_innermost) {
    static const char *const names[] = {"inlined_callee", "outer_function"};
    check(outer_function() - 1, 8, names, 2);
    check((uintptr_t)own_unit_setup, 8, (const char *const[]){"own_unit_setup"}, 1);
}

TEST_IN(own_unit, keeps_innermost_scopes) {
    static const char *const names[] = {"inlined_callee"};
    check(outer_function() - 1, 1, names, 1);
}

TEST_IN(own_unit, finds_nested_functions) {
    static const char *const names[] = {"inlined_callee", "inside"};
    check(with_a_function_inside(3) - 1, 8, names, 2);
    test_inlined_functions_are_the_innermost(state); // as before
}

TEST_IN(own_unit, no_function) {
    struct dwarf_die scopes[8];
    assert_int_equal(function_index_scopes(function_index, 1, scopes, 8), 0);
    assert_int_equal(function_index_scopes(function_index, UINT64_MAX, scopes, 8), 0);
    assert_int_equal(function_index_scopes(function_index, (uintptr_t)strlen - bias, scopes, 8), 0);
}

// ---- Damaged units ----

// 1: unit; 2: namespace with a sibling and children; 3: function with a range list; 4: the same with children; 5: block.
static const uint8_t abbrev[] = {1,
                                 DW_TAG_compile_unit,
                                 1,
                                 0,
                                 0, // children
                                 2,
                                 DW_TAG_namespace,
                                 1,
                                 DW_AT_sibling,
                                 DW_FORM_ref4,
                                 0,
                                 0, //
                                 3,
                                 DW_TAG_subprogram,
                                 0,
                                 DW_AT_ranges,
                                 DW_FORM_sec_offset,
                                 0,
                                 0, //
                                 4,
                                 DW_TAG_subprogram,
                                 1,
                                 DW_AT_ranges,
                                 DW_FORM_sec_offset,
                                 0,
                                 0, //
                                 5,
                                 DW_TAG_lexical_block,
                                 0,
                                 DW_AT_ranges,
                                 DW_FORM_sec_offset,
                                 0,
                                 0,
                                 0};
enum { UNIT_HEAD = 11, ENTRIES = 20000, RANGES = 50000 };

static size_t scopes_of_unit(const uint8_t *info, size_t info_size, const uint64_t (*ranges)[2], size_t ranges_size, uint64_t address) {
    struct elf_writer writer = elf_writer_new();
    elf_writer_add(&writer, ".debug_abbrev", SHT_PROGBITS, abbrev, sizeof abbrev);
    elf_writer_add(&writer, ".debug_info", SHT_PROGBITS, info, info_size);
    elf_writer_add(&writer, ".debug_ranges", SHT_PROGBITS, ranges, ranges_size);
    elf_writer_finish(&writer);
    struct symbolizer_arena own;
    struct elf_file damaged;
    struct dwarf_file file;
    struct dwarf_die scopes[8];
    symbolizer_arena_open(&own);
    assert_true(elf_file_use(&damaged, writer.bytes, writer.size, &own));
    dwarf_file_open(&file, &damaged);
    struct dwarf_unit *unit = dwarf_unit_at(&file, 0);
    assert_non_null(unit);
    struct function_index *index = function_index_of(unit);
    assert_non_null(index);
    size_t count = function_index_scopes(index, address, scopes, 8);
    symbolizer_arena_close(&own);
    free(writer.bytes);
    return count;
}

// 5 bytes per entry: an abbreviation code and a 4-byte number.
static uint8_t *new_unit(size_t *size) {
    *size = UNIT_HEAD + 1 + 5 * ENTRIES;
    uint8_t *info = calloc(1, *size);
    const uint8_t head[] = {0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 8, 1};
    memcpy(info, head, sizeof head);
    memcpy(info, &(uint32_t){(uint32_t)*size - 4}, 4);
    return info;
}

// Each entry's sibling is its own first child: exponentially many paths.
TEST_IN(own_unit, circular_siblings_are_walked_once) {
    size_t size;
    uint8_t *info = new_unit(&size);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        uint32_t next = UNIT_HEAD + 1 + 5 * (i + 1);
        info[next - 5] = 2;
        memcpy(info + next - 4, &next, 4);
    }
    assert_int_equal(scopes_of_unit(info, size, &(uint64_t[2]){0}, 16, 0x1000), 0);
    free(info);
}

static uint64_t (*new_ranges(void))[2] {
    uint64_t(*ranges)[2] = calloc(RANGES + 3, sizeof *ranges);
    for (uint64_t i = 0; i < RANGES; i++) {
        ranges[i][0] = 0x1000 + 16 * i;
        ranges[i][1] = 0x1008 + 16 * i;
    }
    ranges[RANGES + 1][0] = 0x1000; // a second list, which covers everything
    ranges[RANGES + 1][1] = 0x1000 + 16 * RANGES;
    return ranges;
}

// Functions that share one long list: 1 GB.
TEST_IN(own_unit, shared_ranges_take_bounded_memory) {
    size_t size;
    uint8_t *info = new_unit(&size);
    uint64_t(*ranges)[2] = new_ranges();
    for (uint32_t i = 0; i < 400; i++) {
        info[UNIT_HEAD + 1 + 5 * i] = 3;
    }
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    assert_int_equal(scopes_of_unit(info, size, ranges, (RANGES + 3) * sizeof *ranges, 0x1000), 1);
    getrusage(RUSAGE_SELF, &after);
    assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 512 << 10);
    free(ranges);
    free(info);
}

// A function's blocks: all but one share a long list that does not contain the address.
static size_t scopes_with_block_at(uint32_t block) {
    size_t size;
    uint8_t *info = new_unit(&size);
    uint64_t(*ranges)[2] = new_ranges();
    const uint32_t all = (RANGES + 1) * sizeof *ranges;
    info[UNIT_HEAD + 1] = 4;
    memcpy(info + UNIT_HEAD + 2, &all, 4);
    for (uint32_t i = 1; i < ENTRIES; i++) {
        info[UNIT_HEAD + 1 + 5 * i] = 5;
    }
    memcpy(info + UNIT_HEAD + 2 + 5 * block, &all, 4);
    size_t count = scopes_of_unit(info, size, ranges, (RANGES + 3) * sizeof *ranges, 0x1008);
    free(ranges);
    free(info);
    return count;
}

// It is found, but only among as many ranges as a real unit may have: examining all would take seconds.
TEST_IN(own_unit, examined_ranges_are_bounded) {
    assert_int_equal(scopes_with_block_at(10), 2);
    assert_int_equal(scopes_with_block_at(ENTRIES - 1), 1);
}

int main(void) {
    return tests_run();
}
