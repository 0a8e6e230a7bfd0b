// modules_test.c: what is loaded is known with its file and build ID, and what was unloaded stays known.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "../modules.h"

static void knows_the_program_libc_and_the_vdso(void **state) {
    (void)state;
    struct modules modules = {0};
    char program[4096] = "";
    assert_true(modules_refresh(&modules));
    const struct module *own = modules_find(&modules, (uintptr_t)knows_the_program_libc_and_the_vdso);
    assert_non_null(own);
    assert_true(own->is_program && own->loaded);
    assert_true(readlink("/proc/self/exe", program, sizeof program - 1) > 0);
    assert_string_equal(own->file, program);
    assert_int_equal(own->start % 4096, 0);
    const struct module *libc = modules_find(&modules, (uintptr_t)gnu_get_libc_version);
    assert_non_null(libc);
    assert_false(libc->is_program);
    assert_non_null(strstr(libc->file, "/libc"));
    assert_int_equal(strlen(libc->build_id), 40);
    const struct module *vdso = modules_find(&modules, getauxval(AT_SYSINFO_EHDR) + 0x600);
    assert_non_null(vdso);
    assert_string_equal(vdso->file, "[vdso]");
    assert_null(modules_find(&modules, (uintptr_t)&modules));
    modules_free(&modules);
}

// The mapping must be the one that /proc/self/maps has, since Go's profiles take theirs from there.
static void agrees_with_proc_self_maps(void **state) {
    (void)state;
    struct modules modules = {0};
    assert_true(modules_refresh(&modules));
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096], permissions[8], file[4096];
    unsigned long start, limit, offset;
    int seen = 0;
    while (fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%lx-%lx %7s %lx %*s %*s %4095s", &start, &limit, permissions, &offset, file) == 5 && permissions[2] == 'x' &&
            file[0] == '/') {
            const struct module *module = modules_find(&modules, start);
            assert_non_null(module);
            assert_int_equal(module->start, start);
            assert_int_equal(module->limit, limit);
            assert_int_equal(module->file_offset, offset);
            assert_string_equal(module->file, file);
            seen++;
        }
    }
    fclose(maps);
    assert_true(seen >= 3);
    modules_free(&modules);
}

static void unloaded_objects_stay_known(void **state) {
    (void)state;
    struct modules modules = {0};
    // A library that nothing here links and that Debian's C library package holds.
    void *library = dlopen("libanl.so.1", RTLD_NOW);
    if (library == NULL) {
        library = dlopen("libnss_hesiod.so.2", RTLD_NOW);
    }
    assert_non_null(library);
    uintptr_t inside = 0;
    assert_true(modules_refresh(&modules));
    for (size_t i = 0; i < modules.count; i++) {
        if (strstr(modules.items[i].file, "libanl") != NULL || strstr(modules.items[i].file, "libnss_hesiod") != NULL) {
            inside = modules.items[i].start;
        }
    }
    assert_true(inside != 0);
    size_t count = modules.count;
    assert_true(modules_refresh(&modules));
    assert_int_equal(modules.count, count); // nothing twice
    assert_false(modules.unloaded_some);
    dlclose(library);
    assert_true(modules_refresh(&modules));
    assert_true(modules.unloaded_some);
    assert_non_null(modules_find(&modules, inside));
    assert_false(modules_find(&modules, inside)->loaded);
    modules_free(&modules);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_program_libc_and_the_vdso),
        cmocka_unit_test(agrees_with_proc_self_maps),
        cmocka_unit_test(unloaded_objects_stay_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
