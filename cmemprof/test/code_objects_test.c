// code_objects_test.c: the table matches the loader's, follows it, and can be read while it changes.

#include "../../base/test/test.h"

#include <dlfcn.h>
#include <pthread.h>

#include "../code_objects.h"

static int in_this_program(void) {
    return 0;
}

TEST(knows_this_program_and_libc) {
    struct code_object here, libc;
    assert_false(code_objects_find((uintptr_t)qsort, &libc)); // nothing yet
    code_objects_force();
    assert_true(code_objects_find((uintptr_t)in_this_program, &here));
    assert_true(here.start <= (uintptr_t)in_this_program && (uintptr_t)in_this_program < here.end);
    assert_true(here.rules <= here.eh_frame_hdr && here.eh_frame_hdr < here.rules_end);
    assert_true(code_objects_find((uintptr_t)qsort, &libc));
    assert_int_not_equal(libc.start, here.start);
    assert_false(code_objects_find((uintptr_t)&here, &here)); // the stack
    assert_false(code_objects_find(0, &here));
    assert_false(code_objects_find(UINTPTR_MAX, &here));
}

// Part of libc's package; no program depends on it.
TEST(follows_dlopen_and_dlclose) {
    struct code_object object;
    void *handle = dlopen("libBrokenLocale.so.1", RTLD_NOW | RTLD_LOCAL);
    assert_non_null(handle);
    void *function = dlsym(handle, "__ctype_get_mb_cur_max");
    Dl_info info;
    assert_int_not_equal(dladdr(function, &info), 0);
    uintptr_t inside = (uintptr_t)function;
    struct code_object late; // looked up in the loader's list, as long as the table does not have it
    assert_true(code_objects_find(inside, &late));
#ifdef __x86_64__                                                        // on arm64 linkers put both into one segment
    assert_false(code_objects_find((uintptr_t)info.dli_fbase, &object)); // the headers are no code
#endif
    code_objects_refresh();
    assert_true(code_objects_find(inside, &object));
    assert_true(object.start >= (uintptr_t)info.dli_fbase && object.start <= inside);
    assert_memory_equal(&late, &object, sizeof object);
    dlclose(handle);
    code_objects_refresh();
    assert_false(code_objects_find(inside, &object));
}

static _Atomic int done;

static void *find_in_a_loop(void *context) {
    (void)context;
    uintptr_t failures = 0;
    struct code_object object;
    while (!done) {
        bool found = code_objects_find((uintptr_t)qsort, &object);
        failures += found && !(object.start <= (uintptr_t)qsort && (uintptr_t)qsort < object.end && object.rules < object.rules_end);
    }
    return (void *)failures;
}

static void *list_in_a_loop(void *context) {
    (void)context;
    for (int i = 0; i < 2000; i++) {
        code_objects_refresh();
    }
    return NULL;
}

TEST(readers_see_whole_tables) {
    pthread_t readers[2], writers[2];
    code_objects_refresh();
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, find_in_a_loop, NULL), 0);
        assert_int_equal(pthread_create(&writers[i], NULL, list_in_a_loop, NULL), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(writers[i], NULL);
    }
    done = 1;
    for (int i = 0; i < 2; i++) {
        void *failures;
        pthread_join(readers[i], &failures);
        assert_null(failures);
    }
    code_objects_after_fork_in_child();
    struct code_object object;
    assert_true(code_objects_find((uintptr_t)qsort, &object));
}

int main(void) {
    return tests_run();
}
