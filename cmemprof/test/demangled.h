// demangled.h: for tests: names and their demangled forms.
#ifndef CMEMPROF_TEST_DEMANGLED_H
#define CMEMPROF_TEST_DEMANGLED_H

#include "../../base/test/test.h"

#include "../demangle.h"

struct demangled {
    const char *name, *readable; // NULL: not demangled
};

static inline struct demangler *demangle_test_demangler(void) {
    static struct symbolizer_arena memory;
    static struct demangler *demangler;
    if (!demangler) {
        symbolizer_arena_open(&memory);
        demangler = demangler_new(&memory);
        assert_non_null(demangler);
    }
    return demangler;
}

static inline void check_demangled(const struct demangled *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *readable = demangle(demangle_test_demangler(), names[i].name);
        if (!names[i].readable) {
            assert_null(readable);
        } else {
            assert_non_null(readable);
            assert_string_equal(readable, names[i].readable);
        }
    }
}

#define CHECK_DEMANGLED(names) check_demangled(names, sizeof(names) / sizeof *(names))

// Truncates each name everywhere and replaces each of its characters: demangling must end and read nothing outside.
static inline void check_damaged_names(const struct demangled *names, size_t count) {
    static const char others[] = "_0129AEIJKLNPRSTXZabcfilpstv.";
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(names[i].name);
        for (size_t at = 0; at < size; at++) {
            char *exact = strndup(names[i].name, at); // exact size, so that a sanitizer sees reads past it
            demangle(demangle_test_demangler(), exact);
            free(exact);
            for (const char *other = others; *other != '\0'; other++) {
                char *changed = strdup(names[i].name);
                changed[at] = *other;
                demangle(demangle_test_demangler(), changed);
                free(changed);
            }
        }
    }
}

#define CHECK_DAMAGED_NAMES(names) check_damaged_names(names, sizeof(names) / sizeof *(names))

#endif
