// backup_import_test.c: a backup in a fresh directory is the same store; in one with uploads it takes nothing's place; whatever the file
// is.

#include "../../../base/test/test.h"

#include "backup_scene.h"

#include "../notebook.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

// A second store, in a folder of the first.
struct other {
    struct test_store store;
    char path[FOLDER_BYTES + 40];
};

static void make(struct test_store *test, struct other *other, struct told *told) {
    *other = (struct other){0};
    add_six(test);
    snprintf(other->path, sizeof other->path, "%s/all.tar", test->directory);
    assert_int_equal(export_to(told, test->directory, other->path), RECEIVER_OK);
    assert_int_equal(folder_make(other->store.directory), 0);
}

static void end(struct other *other) {
    store_close(other->store.store);
    assert_int_equal(unlink(other->path), 0);
    assert_int_equal(folder_remove(other->store.directory), 0);
}

static char *described(struct test_store *test, int64_t id) {
    struct json json = {0};
    assert_int_equal(catalog_describe(store_catalog(test->store), id, &json), RECEIVER_OK);
    char *text = strndup(json.bytes, json.size);
    json_free(&json);
    return text;
}

TEST_IN(store, in_a_fresh_directory) {
    struct test_store *test = *state;
    struct other other;
    struct told told;
    make(test, &other, &told);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(import_from(&told, other.store.directory, other.path), RECEIVER_OK);
        assert_string_equal(told.said, "");
        assert_int_equal(told.backup.uploads, round == 0 ? 5 : 0);
        assert_int_equal(told.backup.there, round == 0 ? 0 : 5);
        assert_int_equal(told.backup.marks, round == 0 ? 2 : 0);
    }
    reopen(&other.store, 0);
    expect_six(&other.store);
    // The same answers, with the time of arrival.
    WAIT_UNTIL(catalog_unmeasured(store_catalog(test->store)) == 0 && catalog_unmeasured(store_catalog(other.store.store)) == 0);
    for (int64_t id = 1; id <= 6; id++) {
        if (id != 3) {
            char *a = described(test, id), *b = described(&other.store, id);
            assert_string_equal(a, b);
            free(a);
            free(b);
        }
    }
    assert_int_equal(packed_add(&other.store, 7), 7);
    // A receiver runs there.
    assert_int_equal(import_from(&told, other.store.directory, other.path), RECEIVER_DIRECTORY_TAKEN);
    end(&other);
}

// A notebook of more than 8 MB as text, as its limits allow: none of it is lost on the way.
TEST_IN(store, large_notebook) {
    enum { ANNOTATIONS = 1000, TAGS = 3900 };
    struct test_store *test = *state;
    struct other other;
    struct told told;
    static char tags[TAGS + 1];
    int64_t id;
    bool fresh;
    add_six(test);
    memset(tags, '"', TAGS); // two bytes as text
    memcpy(tags, "a:", 2);
    for (int i = 0; i < ANNOTATIONS; i++) {
        const struct notebook_annotation annotation = {.time_ms = 1000 + i, .text = "x", .tags = tags};
        assert_int_equal(notebook_annotate(test->store->notebook, &annotation, &id, &fresh), RECEIVER_OK);
    }
    assert_int_equal(notebook_save_view(test->store->notebook, "a view", "/profile?a=b", &id), RECEIVER_OK);
    other = (struct other){0};
    snprintf(other.path, sizeof other.path, "%s/all.tar", test->directory);
    assert_int_equal(export_to(&told, test->directory, other.path), RECEIVER_OK);
    assert_true(told.backup.marks == 2 && told.backup.annotations == ANNOTATIONS && told.backup.views == 1);
    assert_int_equal(folder_make(other.store.directory), 0);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(import_from(&told, other.store.directory, other.path), RECEIVER_OK);
        assert_string_equal(told.said, "");
        assert_int_equal(told.backup.marks, round == 0 ? 2 : 0);
        assert_int_equal(told.backup.annotations, round == 0 ? ANNOTATIONS : 0);
        assert_int_equal(told.backup.views, round == 0 ? 1 : 0);
    }
    reopen(&other.store, 0);
    struct json before = {0}, after = {0};
    assert_int_equal(notebook_write_json(test->store->notebook, &before), RECEIVER_OK);
    assert_int_equal(notebook_write_json(other.store.store->notebook, &after), RECEIVER_OK);
    assert_true(before.size == after.size && memcmp(before.bytes, after.bytes, after.size) == 0);
    json_free(&before);
    json_free(&after);
    end(&other);
}

// No notebook that was written here is so large; what an import would refuse is no backup.
TEST_IN(store, too_large_notebook) {
    enum { NAME = 12 << 20 };
    struct test_store *test = *state;
    struct told told;
    char path[200], *name = malloc(NAME + 1);
    int64_t id;
    memset(name, '"', NAME);
    name[NAME] = '\0';
    for (int i = 0; i < 2; i++) {
        name[0] = (char)('a' + i);
        assert_int_equal(notebook_save_view(test->store->notebook, name, "/", &id), RECEIVER_OK);
    }
    free(name);
    snprintf(path, sizeof path, "%s/all.tar", test->directory);
    assert_int_equal(export_to(&told, test->directory, path), RECEIVER_TOO_LARGE);
    assert_non_null(strstr(told.text, "an import reads 33554432 at most"));
    assert_int_equal(unlink(path), 0);
}

TEST_IN(store, beside_others) {
    struct test_store *test = *state;
    struct other other;
    struct told told;
    char text[300];
    make(test, &other, &told);
    reopen(&other.store, 0);
    assert_int_equal(packed_add(&other.store, 99), 1); // another one
    assert_int_equal(packed_add(&other.store, 2), 2);  // the same
    assert_int_equal(store_write_note(other.store.store, 2, "its own", 7, text, sizeof text), RECEIVER_OK);
    store_close(other.store.store);
    other.store.store = NULL;
    assert_int_equal(import_from(&told, other.store.directory, other.path), RECEIVER_OK);
    assert_non_null(strstr(told.said, "upload 1: another upload is stored under this number"));
    assert_non_null(strstr(told.said, "upload 2: it has another pin or note, which stays"));
    assert_true(told.backup.uploads == 3 && told.backup.there == 1 && told.backup.skipped == 2 && told.backup.marks == 1);
    reopen(&other.store, 0);
    packed_expect(&other.store, 1, 99);
    packed_expect(&other.store, 2, 2);
    packed_expect(&other.store, 4, 4);
    assert_false(catalog_is_pinned(store_catalog(other.store.store), 2));
    assert_int_equal(packed_add(&other.store, 7), 7);
    end(&other);
}

// Marks are of the uploads that they were made on, and of no other one that has their number.
TEST_IN(store, marks_of_others) {
    struct test_store *test = *state;
    struct other other;
    struct told told;
    char text[300], command[400];
    make(test, &other, &told);
    assert_int_equal(notebook_mark(test->store->notebook, 3, true, NULL), RECEIVER_OK); // of one that is gone
    assert_int_equal(export_to(&told, test->directory, other.path), RECEIVER_OK);
    reopen(&other.store, 0);
    for (int n = 1; n <= 4; n++) {
        assert_int_equal(packed_add(&other.store, n == 2 ? 98 : n), n);
    }
    assert_int_equal(packed_pass(&other.store, DAY_MS), 1);
    assert_int_equal(store_remove(other.store.store, 3, text, sizeof text), RECEIVER_OK);
    store_close(other.store.store);
    other.store.store = NULL;
    assert_int_equal(import_from(&told, other.store.directory, other.path), RECEIVER_OK);
    assert_non_null(strstr(told.said, "upload 2: another upload is stored under this number"));
    assert_non_null(strstr(told.said, "upload 2: its pin or note is left out: it is not the upload that is stored under this number"));
    assert_non_null(strstr(told.said, "upload 3: its pin or note is left out"));
    assert_true(told.backup.marks == 1 && told.backup.skipped == 3);
    reopen(&other.store, 0);
    assert_int_equal(catalog_mark_count(store_catalog(other.store.store)), 1); // of 5
    assert_false(catalog_is_pinned(store_catalog(other.store.store), 2));
    store_close(other.store.store);
    other.store.store = NULL;
    // A pack that cannot be read is not called another upload.
    snprintf(command, sizeof command, ": > %s/uploads/1-4.pack", other.store.directory);
    assert_int_equal(system(command), 0);
    assert_int_equal(import_from(&told, other.store.directory, other.path), RECEIVER_OK);
    assert_non_null(strstr(told.said, "upload 1: what is stored under this number is damaged, or cannot be read, and stays"));
    assert_null(strstr(told.said, "another upload"));
    reopen(&other.store, 0);
    end(&other);
}

// Of an archive that was written by others: an upload that arrives in the future.
TEST_IN(store, odd_archive) {
    struct test_store *test = *state;
    struct other other;
    struct told told;
    char command[800];
    make(test, &other, &told);
    snprintf(command, sizeof command,
             "cd %s && mkdir -p w/uploads/8 && cd w && echo '{}' > uploads/8/event.json && touch -d 2100-01-01 uploads/8/event.json && "
             "tar -c -f ../all.tar uploads; cd .. && rm -rf w",
             test->directory);
    assert_int_equal(system(command), 0);
    assert_int_equal(import_from(&told, other.store.directory, other.path), RECEIVER_OK);
    assert_int_equal(told.backup.uploads, 1);
    char path[200];
    struct stat about;
    snprintf(path, sizeof path, "%s/uploads/8/event.json", other.store.directory);
    assert_int_equal(stat(path, &about), 0);
    assert_true(about.st_mtime <= store_now_ms() / 1000);
    reopen(&other.store, 0);
    end(&other);
}

// What is no upload is left out and said, and nothing is written elsewhere.
TEST_IN(store, bad_uploads) {
    struct test_store *test = *state;
    struct other other;
    struct told told;
    char command[1200];
    make(test, &other, &told);
    snprintf(
        command, sizeof command,
        "cd %s && mkdir -p w/uploads/8 w/uploads/9 w/uploads/10 w/uploads/11 w/uploads/x w/uploads/9999999999999999 && cd w && "
        "echo '{}' > uploads/8/event.json && cp uploads/8/event.json uploads/11 && cp uploads/8/event.json uploads/9 && echo x > "
        "uploads/9/evil.so && echo nothing > "
        "uploads/10/event.json && echo y > uploads/x/event.json && echo '{}' > uploads/9999999999999999/event.json && mkdir uploads/12 && "
        "cp uploads/8/event.json uploads/12 && echo \"{\\\"names\\\":{\\\"0-a.pprof\\\":\\\"a.pprof\\\"}}\" > uploads/12/meta.json && ln "
        "-s /etc/passwd "
        "uploads/8/0-link && echo z > ../z && tar -c -P -f ../all.tar ./uploads uploads/11/../../../z 2>/dev/null; cd .. && rm -rf w z",
        test->directory);
    assert_int_equal(system(command), 0);
    assert_int_equal(import_from(&told, other.store.directory, other.path), RECEIVER_OK);
    static const char *const said[] = {"upload 9: it has a file with a name that no upload's file has",
                                       "upload 10: ",
                                       "uploads/x/event.json: it is no file",
                                       "uploads/9999999999999999/event.json: it is no file",
                                       "uploads/8/0-link: it is no file",
                                       "upload 11: it has a file with a name",
                                       "upload 12: it lacks a file that its meta.json names"};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        if (!strstr(told.said, said[i])) {
            fail_msg("it does not say %s: %s", said[i], told.said);
        }
    }
    assert_int_equal(told.backup.uploads, 2); // 8, and 11 as it was before the file that leads out of it
    reopen(&other.store, 0);
    assert_true(catalog_has(store_catalog(other.store.store), 8) && packed_entries(&other.store, "") == 2);
    end(&other);
}

// Cut off and changed anywhere: an error or a line for what is left out, and what is taken is whole.
TEST_IN(store, damaged_files) {
    struct test_store *test = *state;
    struct other other;
    struct told told;
    make(test, &other, &told);
    struct stat about;
    assert_int_equal(stat(other.path, &about), 0);
    size_t size = (size_t)about.st_size;
    uint8_t *bytes = malloc(size);
    int file = open(other.path, O_RDWR);
    assert_int_equal(read_exact(file, bytes, size), RECEIVER_OK);
    uint64_t random = 88172645463325252U;
    for (int round = 0; round < 60; round++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        size_t at = (size_t)(random % size), length = round % 3 == 0 ? at : size;
        assert_int_equal(ftruncate(file, 0), 0);
        assert_int_equal(pwrite(file, bytes, length, 0), (ssize_t)length);
        if (round % 3) { // in a header every second time
            at = round % 3 == 1 ? at / 512 * 512 + random % 300 : at;
            at = at < size ? at : 0;
            assert_int_equal(pwrite(file, &random, 1, (off_t)at), 1);
        }
        char command[300];
        snprintf(command, sizeof command, "rm -rf %s/*", other.store.directory);
        assert_int_equal(system(command), 0);
        import_from(&told, other.store.directory, other.path);
        reopen(&other.store, 0);
        assert_int_equal(packed_entries(&other.store, ""), told.backup.uploads);
        store_close(other.store.store);
        other.store.store = NULL;
    }
    close(file);
    free(bytes);
    end(&other);
}

TEST_IN(store, killed) {
    struct test_store *test = *state;
    struct other other;
    struct told told;
    make(test, &other, &told);
    for (int round = 0; round < 8; round++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        if (child == 0) { // reads from a pipe that is filled in part only, so it is killed in the midst
            close(pipes[1]);
            struct backup backup = {0};
            char text[400];
            backup_import(other.store.directory, pipes[0], &backup, text, sizeof text);
            _exit(0);
        }
        close(pipes[0]);
        char bytes[4096];
        int file = open(other.path, O_RDONLY);
        for (int i = 0; i < 4 * round; i++) {
            ssize_t count = read(file, bytes, sizeof bytes);
            if (count <= 0 || write(pipes[1], bytes, (size_t)count) != count) {
                break;
            }
        }
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        close(pipes[1]);
        close(file);
    }
    assert_int_equal(import_from(&told, other.store.directory, other.path), RECEIVER_OK);
    assert_int_equal(told.backup.uploads + told.backup.there, 5);
    reopen(&other.store, 0);
    expect_six(&other.store);
    end(&other);
}

int main(void) {
    return tests_run();
}
