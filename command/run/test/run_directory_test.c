// run_directory_test.c: files of profiled processes are listed, sorted and removed; other files are ignored.

#include "../../../base/test/test.h"

#include "../run_directory.h"
#include "../../test/fixture.h"

static struct run_directory directory;

static int run_setup(void **state) {
    return directory_setup(state) != 0 || setenv("TMPDIR", folder, 1) != 0 || !run_directory_make(&directory) ? -1 : 0;
}

static int run_teardown(void **state) {
    run_directory_close(&directory);
    return directory_teardown(state);
}

static void put(const char *name, const char *text) {
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", directory.path, name);
    fixture_write(path, text, strlen(text));
}

TEST_IN(run, it_is_private_and_below_tmpdir) {
    struct stat status;
    assert_int_equal(strncmp(directory.path, folder, strlen(folder)), 0);
    assert_int_equal(stat(directory.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
}

// By start, then pid, then number; the highest number of each process is the newest.
TEST_IN(run, processes_are_told_apart) {
    put("7-200.1.period.pb", "a");
    put("7-200.10.exit.pb", "b");
    put("7-200.2.period.pb", "c");
    put("7-100.1.exit.pb", "of another process with that pid");
    put("9-100.1.signal.pb", "d");
    static const char *const others[] = {"7-100.1.exit.pb.tmp", "7-100.x.exit.pb", "readme",
                                         "7-100.1.EXIT.pb",     "7-1.error.pb",    "-.1.exit.pb"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        put(others[i], "no profile");
    }
    static const struct {
        long pid;
        int64_t start_ns;
        uint32_t number;
        const char *reason;
        bool newest;
    } want[] = {{7, 100, 1, "exit", true},
                {9, 100, 1, "signal", true},
                {7, 200, 1, "period", false},
                {7, 200, 2, "period", false},
                {7, 200, 10, "exit", true}};
    assert_true(run_directory_list(&directory));
    assert_int_equal(directory.count, sizeof want / sizeof *want);
    for (size_t i = 0; i < directory.count; i++) {
        assert_int_equal(directory.files[i].pid, want[i].pid);
        assert_int_equal(directory.files[i].start_ns, want[i].start_ns);
        assert_int_equal(directory.files[i].number, want[i].number);
        assert_string_equal(directory.files[i].reason, want[i].reason);
        assert_int_equal(run_directory_is_newest(&directory, i), want[i].newest);
    }
}

TEST_IN(run, files_are_read_marked_and_removed) {
    size_t size;
    put("7-200.1.period.pb", "content");
    assert_true(run_directory_list(&directory));
    assert_int_equal(directory.count, 1);
    uint8_t *bytes = run_directory_read(&directory, &directory.files[0], &size);
    assert_int_equal(size, 7);
    assert_string_equal((char *)bytes, "content");
    free(bytes);
    run_directory_mark_seen(&directory, &directory.files[0]);
    assert_true(run_directory_list(&directory));
    assert_int_equal(directory.count, 1);
    assert_string_equal(directory.files[0].reason, "seen");
    run_directory_remove(&directory, &directory.files[0]);
    assert_null(run_directory_read(&directory, &directory.files[0], &size));
    assert_true(run_directory_list(&directory));
    assert_int_equal(directory.count, 0);
}

// Symbolic links, which could lead out of the directory, are not followed.
TEST_IN(run, links_are_not_followed) {
    char path[PATH_MAX + 64];
    size_t size;
    snprintf(path, sizeof path, "%s/7-200.1.exit.pb", directory.path);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    assert_true(run_directory_list(&directory));
    assert_null(run_directory_read(&directory, &directory.files[0], &size));
}

TEST_IN(run, notes_are_taken_once) {
    struct run_note note;
    assert_null(run_directory_take_note(&directory, &note));
    put("123-456.error", "the reason\nand more\n");
    char *text = run_directory_take_note(&directory, &note);
    assert_string_equal(text, "the reason");
    assert_true(note.pid == 123 && !note.is_unsampled);
    free(text);
    assert_null(run_directory_take_note(&directory, &note));
    put("124-456.unsampled", "");
    text = run_directory_take_note(&directory, &note);
    assert_string_equal(text, "");
    assert_true(note.pid == 124 && note.is_unsampled);
    free(text);
}

TEST_IN(run, closing_removes_it) {
    char path[PATH_MAX];
    (void)state;
    put("7-200.1.exit.pb", "");
    put("anything", "");
    strcpy(path, directory.path);
    run_directory_close(&directory);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_false(run_directory_list(&directory));
}

// What is processed stays the profile of an end; who began and has none is known, and who became another program.
TEST_IN(run, ends_are_told) {
    put("7-100.1.exit.pb", "a");
    put("8-100.1.period.pb", "b");
    put("9-100.1.termination.pb", "c");
    put("8-100.begun", "");
    put("5-100.begun", "");
    put("5-200.begun", "");
    put("7-50.begun", "");
    put("7-50.begun.tmp", "");
    put("x-50.begun", "");
    put("6-100.replaced", "");
    put("6-100.other", "");
    assert_true(run_directory_list(&directory));
    assert_int_equal(directory.count, 3);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < directory.count; i++) {
            assert_int_equal(run_directory_is_of_end(&directory.files[i]), directory.files[i].pid != 8);
            assert_int_equal(run_directory_is_seen(&directory.files[i]), pass);
            run_directory_mark_seen(&directory, &directory.files[i]);
        }
        assert_true(run_directory_list(&directory));
    }
    assert_int_equal(directory.begun_count, 5);
    for (size_t i = 0; i < directory.begun_count; i++) {
        const struct run_begun *begun = &directory.begun[i];
        assert_int_equal(begun->is_replaced, begun->pid == 6);
        bool became = (begun->pid == 5 && begun->start_ns == 100) || begun->pid == 7;
        assert_int_equal(run_directory_has_successor(&directory, begun), became);
    }
}

int main(void) {
    return tests_run();
}
