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
    uint32_t ended;
    char program[4096] = "";
    assert_true(modules_refresh(&modules, &ended));
    const struct module *own = modules_find(&modules, (uintptr_t)knows_the_program_libc_and_the_vdso, 0);
    assert_non_null(own);
    assert_true(own->is_program && own->unloaded_at == 0);
    assert_true(readlink("/proc/self/exe", program, sizeof program - 1) > 0);
    assert_string_equal(own->file, program);
    assert_int_equal(own->start % 4096, 0);
    const struct module *libc = modules_find(&modules, (uintptr_t)gnu_get_libc_version, 0);
    assert_non_null(libc);
    assert_false(libc->is_program);
    assert_non_null(strstr(libc->file, "/libc"));
    assert_int_equal(strlen(libc->build_id), 40);
    const struct module *vdso = modules_find(&modules, getauxval(AT_SYSINFO_EHDR) + 0x600, 0);
    assert_non_null(vdso);
    assert_string_equal(vdso->file, "[vdso]");
    assert_null(modules_find(&modules, (uintptr_t)&modules, 0));
    modules_free(&modules);
}

// The mapping must be the one that /proc/self/maps has, since Go's profiles take theirs from there.
static void agrees_with_proc_self_maps(void **state) {
    (void)state;
    struct modules modules = {0};
    uint32_t ended;
    assert_true(modules_refresh(&modules, &ended));
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096], permissions[8], file[4096];
    unsigned long start, limit, offset;
    int seen = 0;
    while (fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%lx-%lx %7s %lx %*s %*s %4095s", &start, &limit, permissions, &offset, file) == 5 && permissions[2] == 'x' &&
            file[0] == '/') {
            const struct module *module = modules_find(&modules, start, 0);
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
    uint32_t ended;
    // A library that nothing here links and that Debian's C library package holds.
    void *library = dlopen("libanl.so.1", RTLD_NOW);
    if (library == NULL) {
        library = dlopen("libnss_hesiod.so.2", RTLD_NOW);
    }
    assert_non_null(library);
    uintptr_t inside = 0;
    assert_true(modules_refresh(&modules, &ended));
    for (size_t i = 0; i < modules.count; i++) {
        if (strstr(modules.items[i]->file, "libanl") != NULL || strstr(modules.items[i]->file, "libnss_hesiod") != NULL) {
            inside = modules.items[i]->start;
        }
    }
    assert_true(inside != 0);
    size_t count = modules.count;
    assert_true(modules_refresh(&modules, &ended));
    assert_int_equal(modules.count, count); // nothing twice
    assert_int_equal(ended, 0);
    uint32_t before = modules.generation;
    dlclose(library);
    assert_true(modules_refresh(&modules, &ended));
    assert_int_equal(ended, before + 1);
    assert_int_equal(modules.generation, before + 1);
    const struct module *gone = modules_find(&modules, inside, 0);
    assert_non_null(gone);
    assert_int_equal(gone->unloaded_at, ended);
    assert_ptr_equal(modules_find(&modules, inside, ended), gone);
    assert_true(modules_refresh(&modules, &ended));
    assert_int_equal(ended, 0); // once
    modules_free(&modules);
}

// Two objects at one address, one after the other: the generation tells them apart, also when the first one comes back.
static void generations_tell_apart_what_lay_at_one_address(void **state) {
    (void)state;
    struct module first = {.start = 0x1000, .limit = 0x3000, .loaded_at = 1, .unloaded_at = 1};
    struct module second = {.start = 0x1000, .limit = 0x2000, .loaded_at = 2, .unloaded_at = 2};
    struct modules modules = {.items = {&first, &second}, .count = 2, .generation = 2};
    assert_ptr_equal(modules_find(&modules, 0x1500, 1), &first);
    assert_ptr_equal(modules_find(&modules, 0x1500, 2), &second);
    assert_ptr_equal(modules_find(&modules, 0x1500, 0), &second); // the last one
    assert_ptr_equal(modules_find(&modules, 0x2500, 2), &first);
    assert_null(modules_find(&modules, 0x3000, 0));
    first.unloaded_at = 0;
    assert_ptr_equal(modules_find(&modules, 0x1500, 0), &first);
    assert_ptr_equal(modules_find(&modules, 0x1500, 3), &first);
    assert_ptr_equal(modules_find(&modules, 0x1500, 2), &second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_program_libc_and_the_vdso),
        cmocka_unit_test(agrees_with_proc_self_maps),
        cmocka_unit_test(unloaded_objects_stay_known),
        cmocka_unit_test(generations_tell_apart_what_lay_at_one_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
