// analysis_files_test.c: sample types tell what a file is for; unreadable files are counted, with the reason.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../analysis_files.h"

TEST_IN(store, uses) {
    struct test_store *test = *state;
    struct process_files files;
    upload_blob(test, "one", 1, "anything.pprof", heap_blob(1000, 1000));
    upload_blob(test, "one", 2, "delta-heap.pprof", heap_blob(1000, 1000));
    struct profile *goroutines = profile_new(), *locks = profile_new(), *block = profile_new();
    profile_add_sample_type(goroutines, "goroutine", "count");
    upload_blob(test, "one", 3, "g.pprof", finish(goroutines));
    profile_add_sample_type(block, "contentions", "count");
    profile_add_sample_type(block, "delay", "nanoseconds");
    upload_blob(test, "one", 4, "delta-block.pprof", finish(block));
    profile_add_sample_type(locks, "delay", "nanoseconds");
    upload_blob(test, "one", 5, "delta-mutex.pprof", finish(locks));
    struct profile *leaked = profile_new();
    profile_add_sample_type(leaked, "goroutineleak", "count");
    upload_blob(test, "one", 6, "goroutineleak.pprof", finish(leaked));
    struct upload_list list = list_of(test, NULL);
    assert_int_equal(files_find(test->store, &list, &files), RECEIVER_OK);
    assert_string_equal(files.uses[FILES_OF_MEMORY].attachment, "delta-heap.pprof");
    assert_string_equal(files.uses[FILES_OF_MEMORY].type, "inuse_space");
    assert_string_equal(files.uses[FILES_OF_GOROUTINES].attachment, "g.pprof");
    assert_string_equal(files.uses[FILES_OF_LEAKED_GOROUTINES].attachment, "goroutineleak.pprof");
    assert_string_equal(files.uses[FILES_OF_LOCKS].attachment, "delta-mutex.pprof");
    assert_null(files.uses[FILES_OF_CPU].attachment);
    for (size_t i = 0; i < files.all.count; i++) {
        assert_true(files.all.kinds[i].unread == 0 && files.all.kinds[i].files == 1);
    }
    upload_list_free(&list);
}

TEST_IN(store, unread) {
    struct test_store *test = *state;
    struct process_files files;
    upload_bytes(test, "one", 1, "delta-heap.pprof", "garbage", 7);
    int64_t second = upload_bytes(test, "one", 2, "delta-heap.pprof", "", 0);
    upload_bytes(test, "one", 3, "main.jfr", "FLR", 3);
    upload_bytes(test, "one", 4, "go.trace", "go 1.26 trace", 13);
    upload_bytes(test, "one", 5, "metrics.json", "[]", 2);
    upload_bytes(test, "one", 6, "core", "x", 1);
    struct upload_list list = list_of(test, NULL);
    assert_int_equal(files_find(test->store, &list, &files), RECEIVER_OK);
    static const struct {
        const char *name, *reason;
        size_t unread;
    } wanted[] = {{"delta-heap.pprof", "not a readable profile", 2},
                  {"main.jfr", "not a readable recording: less than the header of a chunk at byte 0", 1},
                  {"go.trace", "execution traces are not analysed", 1},
                  {"metrics.json", "", 0},
                  {"core", "no profile, by its name", 1}};
    assert_int_equal(files.all.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(files.all.kinds[i].name, wanted[i].name);
        assert_int_equal(files.all.kinds[i].unread, wanted[i].unread);
        assert_memory_equal(files.all.kinds[i].reason, wanted[i].reason, strlen(wanted[i].reason));
    }
    assert_true(files.all.kinds[0].unread_upload == 1 && second == 2);
    assert_null(files.uses[FILES_OF_MEMORY].attachment);
    struct file_kinds all = {0};
    files_join(&all, &files.all);
    files_join(&all, &files.all);
    assert_true(all.count == 5 && all.kinds[0].unread == 4 && all.kinds[0].files == 4);
    upload_list_free(&list);
}

// The newest is unreadable, an older one is not.
TEST_IN(store, newest_is_broken) {
    struct test_store *test = *state;
    struct process_files files;
    upload_blob(test, "one", 1, "delta-heap.pprof", heap_blob(1000, 1000));
    upload_bytes(test, "one", 2, "delta-heap.pprof", "garbage", 7);
    struct upload_list list = list_of(test, NULL);
    assert_int_equal(files_find(test->store, &list, &files), RECEIVER_OK);
    assert_string_equal(files.uses[FILES_OF_MEMORY].attachment, "delta-heap.pprof");
    upload_list_free(&list);
}

// All names of a use are one series, one file per upload: others beside it count as unread, except what tells nothing beside its delta.
TEST_IN(store, passed_over) {
    struct test_store *test = *state;
    struct process_files files;
    upload_blob(test, "one", 1, "a.pprof", heap_blob(1000, 1000));
    upload_blob(test, "one", 2, "heap.pprof", heap_blob(1000, 1000));
    upload_two(test, "one", 3, "heap.pprof", heap_blob(1000, 1000), "delta-heap.pprof", heap_blob(1000, 1000));
    upload_two(test, "one", 4, "heap.pprof", heap_blob(1000, 1000), "a.pprof", heap_blob(1000, 1000));
    struct upload_list list = list_of(test, NULL);
    assert_int_equal(files_find(test->store, &list, &files), RECEIVER_OK);
    const struct used_files *memory = &files.uses[FILES_OF_MEMORY];
    static const char *const names[] = {"delta-heap.pprof", "a.pprof", "heap.pprof"};
    assert_string_equal(memory->attachment, "a.pprof"); // of the newest
    assert_int_equal(memory->count, 3);
    assert_int_equal(files.all.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(memory->names[i], names[i]);
        assert_int_equal(files.all.kinds[i].unread, strcmp(files.all.kinds[i].name, "heap.pprof") == 0 ? 1 : 0);
    }
    assert_string_equal(files.all.kinds[1].reason, "a.pprof is read in its place");
    upload_list_free(&list);
}

TEST_IN(store, too_many_names) {
    struct test_store *test = *state;
    struct process_files files;
    for (int i = 0; i < 70; i++) {
        char name[40];
        snprintf(name, sizeof name, "heap-%d.pprof", i);
        upload_blob(test, "one", i % 60, name, heap_blob(1000, 1000));
    }
    struct upload_list list = list_of(test, NULL);
    assert_int_equal(files_find(test->store, &list, &files), RECEIVER_OK);
    size_t unread = 0;
    for (size_t i = 0; i < files.all.count; i++) {
        unread += files.all.kinds[i].unread;
    }
    assert_int_equal(unread, 70 - (FILES_MAX_KINDS - 1)); // the others are read
    assert_int_equal(files.all.count, FILES_MAX_KINDS);
    assert_int_equal(files.all.kinds[FILES_MAX_KINDS - 1].unread, 70 - (FILES_MAX_KINDS - 1));
    upload_list_free(&list);
}

int main(void) {
    return tests_run();
}
