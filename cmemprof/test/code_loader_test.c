// code_loader_test.c: the loader's list is followed from a mark on, also from one that is gone, and while it changes.

#include "../../base/test/test.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#include "../code_loader.h"

// Part of libc's package; no program depends on them.
static const char *const names[] = {"libBrokenLocale.so.1", "libutil.so.1", "libanl.so.1"};

static void *load(size_t i) {
    void *handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    assert_non_null(handle);
    return handle;
}

static uintptr_t start_of(void *handle) {
    struct link_map *map;
    assert_int_equal(dlinfo(handle, RTLD_DI_LINKMAP, &map), 0);
    return map->l_addr;
}

static bool finds(const struct code_loader_mark *mark, uintptr_t start) {
    struct code_loader_object object = {0};
    errno = E2BIG;
    bool found = code_loader_loaded_since(mark, start + 1, &object) && object.addr == start && object.count > 0;
    assert_int_equal(errno, E2BIG);
    return found;
}

static int in_this_program(void) {
    return 0;
}

TEST(table_knows_this_program) {
    struct code_loader_found found;
    if (code_loader_has_table()) { // with glibc 2.35 and newer
        assert_true(code_loader_find((uintptr_t)in_this_program, &found));
        assert_true(found.start <= (uintptr_t)in_this_program && (uintptr_t)in_this_program < found.end);
        assert_true(found.eh_frame_hdr != 0);
        assert_false(code_loader_find((uintptr_t)&found, &found)); // the stack
    }
}

TEST(only_what_was_loaded_since_is_found) {
    void *earlier = load(0);
    struct code_loader_mark mark = code_loader_mark();
    assert_true(mark.item != 0);
    struct code_loader_object object;
    assert_false(code_loader_loaded_since(&mark, UINTPTR_MAX, &object));
    void *later[] = {load(1), load(2)};
    assert_true(finds(&mark, start_of(later[0])));
    assert_true(finds(&mark, start_of(later[1])));
    assert_false(finds(&mark, start_of(earlier)));
    assert_false(code_loader_loaded_since(&mark, 1, &object));
    dlclose(later[0]);
    dlclose(later[1]);
    assert_false(code_loader_loaded_since(&mark, UINTPTR_MAX, &object));
    dlclose(earlier);
}

// Its memory is free, and may look as it did.
TEST(mark_that_was_unloaded_stands_for_the_beginning) {
    void *marked = load(0);
    struct code_loader_mark mark = code_loader_mark();
    dlclose(marked);
    void *later = load(1);
    assert_true(finds(&mark, start_of(later)));
    dlclose(later);

    // Freed memory that leads nowhere.
    static struct link_map stale;
    mark.item = (uintptr_t)&stale;
    stale.l_addr = mark.addr;
    stale.l_ld = (ElfW(Dyn) *)mark.ld;
    stale.l_prev = (struct link_map *)mark.previous;
    later = load(2);
    assert_true(finds(&mark, start_of(later)));
    dlclose(later);
}

TEST(unreadable_mark_stands_for_the_beginning) {
    struct code_loader_mark mark = {.item = UINTPTR_MAX - 4095};
    void *later = load(0);
    assert_true(finds(&mark, start_of(later)));
    dlclose(later);
}

static _Atomic int done;

static void *load_in_a_loop(void *context) {
    for (int i = 0; i < 500; i++) {
        dlclose(load((size_t)context));
    }
    return NULL;
}

static void *search_in_a_loop(void *context) {
    uintptr_t failures = 0;
    struct code_loader_mark mark = code_loader_mark();
    struct code_loader_object object;
    while (!done) {
        failures += code_loader_loaded_since(&mark, (uintptr_t)context, &object) && object.addr > (uintptr_t)context;
    }
    return (void *)failures;
}

TEST(list_may_change_meanwhile) {
    pthread_t loaders[2], searchers[2];
    void *failures;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&searchers[i], NULL, search_in_a_loop, (void *)(uintptr_t)qsort), 0);
        assert_int_equal(pthread_create(&loaders[i], NULL, load_in_a_loop, (void *)i), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        pthread_join(loaders[i], NULL);
    }
    done = 1;
    for (size_t i = 0; i < 2; i++) {
        pthread_join(searchers[i], &failures);
        assert_null(failures);
    }
}

int main(void) {
    code_loader_look();
    return tests_run();
}
