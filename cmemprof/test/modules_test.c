// modules_test.c: loaded objects are known with file and build ID; unloaded ones stay known, with the periods they were loaded.

#include "../../base/test/test.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "../../base/test/emulated.h"
#include "../modules.h"

TEST(knows_the_program_libc_and_the_vdso) {
    SKIP_EMULATED(EMULATED_VDSO);
    struct modules modules = {0};
    uint32_t ended;
    char program[4096] = "";
    assert_true(modules_refresh(&modules, &ended));
    const struct module *own = modules_find(&modules, (uintptr_t)test_knows_the_program_libc_and_the_vdso, 0);
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

// The mapping must equal that of /proc/self/maps, which Go's profiles use.
TEST(agrees_with_proc_self_maps) {
    SKIP_EMULATED(EMULATED_VDSO);
    struct modules modules = {0};
    uint32_t ended;
    assert_true(modules_refresh(&modules, &ended));
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096], permissions[8], file[4096];
    unsigned long start, limit, offset;
    int seen = 0;
    while (fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%lx-%lx %7s %lx %*s %*s %4095[^\n]", &start, &limit, permissions, &offset, file) == 5 && permissions[2] == 'x' &&
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

TEST(unloaded_objects_stay_known) {
    struct modules modules = {0};
    uint32_t ended;
    // A library that nothing here links, from Debian's C library package.
    void *library = dlopen("libanl.so.1", RTLD_NOW);
    if (!library) {
        library = dlopen("libnss_hesiod.so.2", RTLD_NOW);
    }
    assert_non_null(library);
    uintptr_t inside = 0;
    assert_true(modules_refresh(&modules, &ended));
    for (size_t i = 0; i < modules.count; i++) {
        if (strstr(modules.items[i]->file, "libanl") || strstr(modules.items[i]->file, "libnss_hesiod")) {
            inside = modules.items[i]->start;
        }
    }
    assert_true(inside != 0);
    size_t count = modules.count;
    assert_true(modules_refresh(&modules, &ended));
    assert_int_equal(modules.count, count); // no duplicates
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

// ---- Addresses and generations, without a loader ----

struct object {
    uintptr_t start, limit;
    const char *build_id, *name;
};

static const struct object plugin_a = {0x100000, 0x103000, "aa", "a.so"}, plugin_b = {0x100000, 0x102000, "bb", "b.so"},
                           unnamed_a = {0x100000, 0x102000, "", "a.so"}, unnamed_b = {0x100000, 0x102000, "", "b.so"},
                           aside = {0x900000, 0x901000, "cc", "aside.so"};

// The loader has this object and always another one; NULL: only the latter.
static uint32_t refresh_with(struct modules *modules, const struct object *object) {
    const struct object *objects[] = {&aside, object};
    modules_refresh_begins(modules);
    for (size_t i = 0; i < 2 && objects[i]; i++) {
        struct module module = {.start = objects[i]->start, .limit = objects[i]->limit};
        strcpy(module.build_id, objects[i]->build_id);
        assert_true(modules_see(modules, &module, objects[i]->name));
    }
    return modules_refresh_ends(modules);
}

// Loads and unloads it; returns the generation that its stacks belong to.
static uint32_t one_stay(struct modules *modules, const struct object *object) {
    assert_int_equal(refresh_with(modules, object), 0);
    const struct module *now = modules_find(modules, object->start + 0x500, 0);
    assert_non_null(now);
    assert_string_equal(now->file, object->name);
    uint32_t ended = refresh_with(modules, NULL);
    assert_int_not_equal(ended, 0);
    return ended;
}

static void assert_was(struct modules *modules, uintptr_t address, uint32_t generation, const char *name) {
    const struct module *then = modules_find(modules, address, generation);
    assert_non_null(then);
    assert_string_equal(then->file, name);
}

enum { TURNS = 200 };

static void take_turns(const struct object *a, const struct object *b) {
    struct modules modules = {0};
    uint32_t of_a[TURNS], of_b[TURNS];
    for (int i = 0; i < TURNS; i++) {
        of_a[i] = one_stay(&modules, a);
        of_b[i] = one_stay(&modules, b);
        if (i % 3 == 0) { // twice in a row
            of_b[i] = one_stay(&modules, b);
        }
    }
    for (int i = 0; i < TURNS; i++) {
        assert_was(&modules, 0x100500, of_a[i], a->name);
        assert_was(&modules, 0x100500, of_b[i], b->name);
    }
    assert_was(&modules, 0x100500, 0, b->name); // the last one
    assert_int_equal(modules.count, 3);
    modules_free(&modules);
}

TEST(objects_alternate_at_one_address) {
    take_turns(&plugin_a, &plugin_b);
    take_turns(&unnamed_a, &unnamed_b);
    take_turns(&unnamed_a, &plugin_b);
}

// If nothing else was loaded there in between, there is nothing to distinguish and nothing more to store.
TEST(reload_at_the_same_address_costs_nothing) {
    struct modules modules = {0};
    uint32_t first = one_stay(&modules, &plugin_a), last = first;
    for (int i = 0; i < 14400; i++) {
        last = one_stay(&modules, &plugin_a);
    }
    assert_was(&modules, 0x100500, first, "a.so");
    assert_was(&modules, 0x100500, last, "a.so");
    assert_int_equal(modules.count, 2);
    assert_int_equal(modules.stay_count, 0);
    modules_free(&modules);
}

// The only module ever at an address is found also for generations in which it is not known; of two it cannot be told which.
TEST(ambiguous_generations_are_not_guessed) {
    struct modules modules = {0};
    uint32_t of_a = one_stay(&modules, &plugin_a);
    assert_was(&modules, 0x100500, of_a + 1, "a.so");
    one_stay(&modules, &plugin_b);
    assert_null(modules_find(&modules, 0x100500, of_a + 2));
    assert_was(&modules, 0x102500, of_a + 2, "a.so"); // the second is shorter
    assert_null(modules_find(&modules, 0x103000, 0));
    modules_free(&modules);
}

static bool is_one_of(struct module_stay stay, const void *context) {
    const uint32_t *needed = context;
    for (; *needed != 0; needed++) {
        if (*needed >= stay.from && *needed <= stay.to) {
            return true;
        }
    }
    return false;
}

TEST(unneeded_stays_are_forgotten) {
    struct modules modules = {0};
    uint32_t needed[3] = {0};
    size_t stays = 0, times = 0;
    for (uint32_t i = 0; i < 3 * MODULES_MANY_STAYS / 2; i++) {
        uint32_t of_a = one_stay(&modules, &plugin_a);
        one_stay(&modules, &plugin_b);
        needed[0] = i == 7 ? of_a : needed[0];
        needed[1] = of_a;
        stays = modules.stay_count > stays ? modules.stay_count : stays;
        if (modules_should_forget(&modules)) {
            modules_forget(&modules, is_one_of, needed);
            assert_false(modules_should_forget(&modules));
            times++;
        }
    }
    assert_in_range(times, 2, 4);
    assert_in_range(stays, 1, MODULES_MANY_STAYS + 1);
    assert_was(&modules, 0x100500, needed[0], "a.so");
    assert_was(&modules, 0x100500, needed[1], "a.so");
    modules_free(&modules);
}

// Another file at another address each time: 14,400 of them, of which two have stacks.
TEST(many_objects_over_time) {
    struct modules modules = {0};
    uint32_t needed[3] = {0};
    enum { OBJECTS = 14400, KEPT = 4000 };
    for (uint32_t i = 0; i < OBJECTS; i++) {
        char name[32], build_id[32];
        snprintf(name, sizeof name, "%u.so", i);
        snprintf(build_id, sizeof build_id, "%08x", i);
        struct object object = {0x1000000 + 0x2000 * (i % 5000), 0x1002000 + 0x2000 * (i % 5000), build_id, name};
        refresh_with(&modules, &object);
        if (modules_should_forget(&modules)) {
            modules_forget(&modules, is_one_of, needed);
            refresh_with(&modules, &object);
        }
        assert_false(modules_should_forget(&modules));
        assert_was(&modules, object.start + 0x500, 0, name);
        uint32_t ended = refresh_with(&modules, NULL);
        needed[0] = i == KEPT ? ended : needed[0];
        needed[1] = ended;
    }
    assert_in_range(modules.count, 1, MODULES_MAX);
    assert_was(&modules, 0x1000500 + 0x2000 * KEPT, needed[0], "4000.so");
    assert_was(&modules, 0x1000500 + 0x2000 * ((OBJECTS - 1) % 5000), needed[1], "14399.so");
    modules_free(&modules);
}

int main(void) {
    return tests_run();
}
