// own_file.h: the test's own file as a module, opened with its debug data.
#ifndef CMEMPROF_TEST_OWN_FILE_H
#define CMEMPROF_TEST_OWN_FILE_H

#include "../dwarf_addresses.h"
#include "../object_file.h"

struct own_file {
    struct modules modules;
    struct module module; // a copy, which the test may change
    struct symbolizer_arena memory;
    struct object_file *file;
};

static inline void own_file_open(struct own_file *own, const void *code) {
    memset(own, 0, sizeof *own);
    assert_true(modules_refresh(&own->modules, &(uint32_t){0}));
    own->module = *modules_find(&own->modules, (uintptr_t)code, 0);
    symbolizer_arena_open(&own->memory);
    own->file = object_file_open(&own->module, &own->memory);
    assert_non_null(own->file);
}

static inline void own_file_close(struct own_file *own) {
    object_file_close(own->file);
    symbolizer_arena_close(&own->memory);
    modules_free(&own->modules);
}

static inline uint64_t own_file_address(const struct own_file *own, const void *code) {
    return (uintptr_t)code - own->module.bias;
}

static inline struct dwarf_unit *own_file_unit(struct own_file *own, const void *code) {
    return dwarf_addresses_find(object_file_addresses(own->file), own_file_address(own, code));
}

static inline void assert_same_frames(const struct symbol_frame *a, size_t a_count, const struct symbol_frame *b, size_t b_count) {
    assert_int_equal(a_count, b_count);
    for (size_t i = 0; i < a_count; i++) {
        assert_string_equal(a[i].function, b[i].function);
        assert_string_equal(a[i].system_name, b[i].system_name);
        assert_string_equal(a[i].file, b[i].file);
        assert_int_equal(a[i].line, b[i].line);
        assert_int_equal(a[i].start_line, b[i].start_line);
    }
}

#endif
