// symbols_test.c: names from DWARF, from a symbol table, and from neither; inlined functions; a file that differs from the code in memory.

#include "../../base/test/test.h"

#include <unistd.h>

#include "../modules.h"
#include "../symbols.h"

enum { CALLEE_LINE = __LINE__ + 1 };
static inline __attribute__((always_inline)) uintptr_t inlined_callee(void) {
    uintptr_t here;
#ifdef __aarch64__
    __asm__ volatile("adr %0, .+4" : "=r"(here));
#else
    __asm__ volatile("lea 0(%%rip), %0" : "=r"(here));
#endif
    return here;
}

enum { OUTER_LINE = __LINE__ + 1 };
static __attribute__((noinline)) uintptr_t outer_function(void) {
    return inlined_callee();
}

static struct modules modules;

static struct symbol find_in(struct symbols *symbols, uintptr_t address) {
    const struct module *module = modules_find(&modules, address, 0);
    assert_non_null(module);
    return symbols_find(symbols, module, address);
}

static int modules_setup(void **state) {
    (void)state;
    uint32_t ended;
    return !modules_refresh(&modules, &ended);
}

static int modules_teardown(void **state) {
    (void)state;
    modules_free(&modules);
    return 0;
}

TEST_IN(modules, inlined_functions_are_expanded) {
    struct symbols *symbols = symbols_new();
    for (int round = 0; round < 2; round++) { // from the file, then from the cache
        struct symbol symbol = find_in(symbols, outer_function() - 1);
        assert_int_equal(symbol.frame_count, 2);
        assert_string_equal(symbol.frames[0].function, "inlined_callee");
        assert_string_equal(symbol.frames[1].function, "outer_function");
        assert_non_null(strstr(symbol.frames[0].file, "symbols_test.c"));
        assert_int_equal(symbol.frames[0].start_line, CALLEE_LINE);
        assert_int_equal(symbol.frames[1].start_line, OUTER_LINE);
        assert_int_equal(symbol.frames[1].line, OUTER_LINE + 1);
        symbols_close_files(symbols);
    }
    symbols_free(symbols);
}

TEST_IN(modules, symbol_table_gives_function_names) {
    struct symbols *symbols = symbols_new();
    struct symbol symbol = find_in(symbols, (uintptr_t)_cmocka_run_group_tests + 4);
    assert_int_equal(symbol.frame_count, 1);
    assert_string_equal(symbol.frames[0].function, "_cmocka_run_group_tests");
    symbols_free(symbols);
}

TEST_IN(modules, rejects_other_code_than_in_memory) {
    struct symbols *symbols = symbols_new();
    struct module module = *modules_find(&modules, (uintptr_t)_cmocka_run_group_tests, 0);
    module.build_id[0] = module.build_id[0] == '0' ? '1' : '0';
    assert_int_equal(symbols_find(symbols, &module, (uintptr_t)_cmocka_run_group_tests + 4).frame_count, 0);
    module.file = "/no/such/file";
    symbols_close_files(symbols);
    symbols_forget(symbols);
    assert_int_equal(symbols_find(symbols, &module, (uintptr_t)_cmocka_run_group_tests + 4).frame_count, 0);
    symbols_free(symbols);
}

TEST_IN(modules, full_cache_is_dropped) {
    struct symbols *symbols = symbols_new();
    const struct module *module = modules_find(&modules, (uintptr_t)strtol, 0);
    for (uintptr_t i = 0; i < SYMBOLS_MAX + 1000; i++) {
        symbols_find(symbols, module, module->start + i);
    }
    struct symbol symbol = find_in(symbols, outer_function() - 1);
    assert_int_equal(symbol.frame_count, 2);
    symbols_free(symbols);
}

TEST_IN(modules, growth_keeps_names) {
    struct symbols *symbols = symbols_new();
    const struct module *module = modules_find(&modules, (uintptr_t)strtol, 0);
    struct symbol symbol = find_in(symbols, outer_function() - 1);
    for (uintptr_t i = 0; i < 5000; i++) {
        symbols_find(symbols, module, module->start + i);
    }
    assert_ptr_equal(find_in(symbols, outer_function() - 1).frames, symbol.frames);
    symbols_free(symbols);
}

// Of a function that is in the same unit as one that was named before, its name is known without the file.
TEST_IN(modules, later_addresses_open_no_file) {
    struct symbols *symbols = symbols_new();
    struct module module = *modules_find(&modules, outer_function(), 0);
    assert_int_equal(symbols_find(symbols, &module, outer_function() - 1).frame_count, 2);
    symbols_close_files(symbols);
    module.file = "/no/such/file";
    module.is_program = false;
    struct symbol symbol = symbols_find(symbols, &module, (uintptr_t)find_in + 4);
    assert_int_equal(symbol.frame_count, 1);
    assert_string_equal(symbol.frames[0].function, "find_in");
    assert_false(symbols_ran_short(symbols)); // there was memory to read the name in
    symbols_close_files(symbols);
    symbols_forget(symbols);
    assert_int_equal(symbols_find(symbols, &module, (uintptr_t)find_in + 4).frame_count, 0);
    symbols_free(symbols);
}

TEST_IN(modules, known_names_open_no_file) {
    struct symbols *symbols = symbols_new();
    uintptr_t address = outer_function() - 1;
    const struct module *module = modules_find(&modules, address, 0);
    assert_int_equal(symbols_known(symbols, module, address).frame_count, 0);
    symbols_find(symbols, module, address);
    assert_int_equal(symbols_known(symbols, module, address).frame_count, 2);
    assert_int_equal(symbols_known(symbols, module, address + 1).frame_count, 0);
    symbols_free(symbols);
}

static size_t mapped_bytes(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    size_t pages = 0;
    assert_true(file && fscanf(file, "%zu", &pages) == 1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

// What is read of units does not add up until the files are closed, and names are those that each address has alone.
TEST_IN(modules, names_of_many_units_take_little_memory) {
    struct symbols *symbols = symbols_new(), *alone = symbols_new();
    const struct module *module = modules_find(&modules, outer_function(), 0);
    size_t before = mapped_bytes(), most = 0, step = (module->limit - module->start) / 400;
    for (uintptr_t address = module->start; address < module->limit; address += step) {
        struct symbol found = symbols_find(symbols, module, address), want = symbols_find(alone, module, address);
        size_t bytes = mapped_bytes() - before;
        assert_int_equal(found.frame_count, want.frame_count);
        for (size_t i = 0; i < want.frame_count; i++) {
            assert_string_equal(found.frames[i].function, want.frames[i].function);
            assert_string_equal(found.frames[i].file, want.frames[i].file);
            assert_int_equal(found.frames[i].line, want.frames[i].line);
        }
        symbols_close_files(alone);
        symbols_forget(alone);
        most = bytes > most ? bytes : most;
    }
    assert_in_range(most, 1 << 20, 7 << 20);
    symbols_free(alone);
    symbols_free(symbols);
}

int main(void) {
    return tests_run();
}
