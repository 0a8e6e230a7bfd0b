// notebook_test.c: users' pins and notes on the disk: over restarts, kills, damage and a disk that is read-only.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../../base/failure.h"
#include "../notebook.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct book {
    char directory[FOLDER_BYTES], path[FOLDER_BYTES + 40], text[300];
    struct notebook *notebook;
};

static void reopen(struct book *book) {
    notebook_close(book->notebook);
    book->notebook = NULL;
    if (notebook_open(book->directory, true, &book->notebook, book->text, sizeof book->text) != RECEIVER_OK) {
        fail_msg("%s", book->text);
    }
}

static int book_setup(void **state) {
    struct book *book = calloc(1, sizeof *book);
    assert_int_equal(folder_make(book->directory), 0);
    snprintf(book->path, sizeof book->path, "%s/notebook.sqlite", book->directory);
    reopen(book);
    *state = book;
    return 0;
}

static int book_teardown(void **state) {
    struct book *book = *state;
    notebook_close(book->notebook);
    int status = folder_remove(book->directory);
    free(book);
    return status;
}

static bool list(void *context, int64_t id, bool pinned, const char *note) {
    char *text = context;
    snprintf(text + strlen(text), 200 - strlen(text), "%d%s%s%s ", (int)id, pinned ? "!" : "", note ? "=" : "", note ? note : "");
    return true;
}

static void expect_marks(struct book *book, const char *expected) {
    char text[200] = "";
    assert_int_equal(notebook_each_mark(book->notebook, list, text), RECEIVER_OK);
    assert_string_equal(text, expected);
}

TEST_IN(book, marks) {
    struct book *book = *state;
    expect_marks(book, "");
    assert_int_equal(notebook_mark(book->notebook, 5, false, NULL), RECEIVER_OK);
    assert_int_equal(access(book->path, F_OK), -1); // nothing was written
    assert_int_equal(notebook_mark(book->notebook, 7, true, NULL), RECEIVER_OK);
    assert_int_equal(notebook_mark(book->notebook, 3, false, "before the fix"), RECEIVER_OK);
    assert_int_equal(notebook_mark(book->notebook, 9, true, "both"), RECEIVER_OK);
    struct stat about;
    assert_int_equal(stat(book->path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    expect_marks(book, "3=before the fix 7! 9!=both ");
    assert_int_equal(notebook_mark(book->notebook, 7, false, ""), RECEIVER_OK);
    assert_int_equal(notebook_mark(book->notebook, 9, false, "both"), RECEIVER_OK);
    reopen(book);
    assert_string_equal(book->text, "");
    expect_marks(book, "3=before the fix 9=both ");
}

static void write_file(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
}

TEST_IN(book, damaged) {
    struct book *book = *state;
    char aside[sizeof book->path + 20];
    snprintf(aside, sizeof aside, "%s.damaged", book->path);
    write_file(book->path, "this is no database, and never was one; it is long enough to have a header, though: 100 bytes and some more");
    reopen(book);
    assert_non_null(strstr(book->text, "notebook.sqlite.damaged"));
    assert_int_equal(access(aside, F_OK), 0);
    expect_marks(book, "");
    assert_int_equal(notebook_mark(book->notebook, 1, true, NULL), RECEIVER_OK);
    expect_marks(book, "1! ");
    // Empty, as a kill leaves one that was to be begun: nothing was in it.
    notebook_close(book->notebook);
    book->notebook = NULL;
    write_file(book->path, "");
    reopen(book);
    assert_string_equal(book->text, "");
    assert_int_equal(notebook_mark(book->notebook, 2, true, NULL), RECEIVER_OK);
    expect_marks(book, "2! ");
}

static size_t size_of(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 ? (size_t)about.st_size : 0;
}

static bool count(void *context, int64_t id, bool pinned, const char *note) {
    (void)pinned, (void)note;
    ((int64_t *)context)[0]++;
    ((int64_t *)context)[1] |= id == 1;
    ((int64_t *)context)[2] |= id == 60;
    return true;
}

// A page within is damaged: the rows around it are kept, and what was put aside before stays.
TEST_IN(book, damaged_within) {
    enum { MARKS = 60, PAGE = 4096 };
    struct book *book = *state;
    char aside[sizeof book->path + 20], second[sizeof book->path + 20], note[901] = "", bad[2000];
    snprintf(aside, sizeof aside, "%s.damaged", book->path);
    snprintf(second, sizeof second, "%s.damaged.2", book->path);
    write_file(aside, "older");
    memset(note, 'n', sizeof note - 1);
    for (int id = 1; id <= MARKS; id++) {
        assert_int_equal(notebook_mark(book->notebook, id, true, note), RECEIVER_OK);
    }
    int64_t view;
    assert_int_equal(notebook_save_view(book->notebook, "a view", "/?a=b", &view), RECEIVER_OK);
    notebook_close(book->notebook);
    book->notebook = NULL;
    memset(bad, 0xFF, sizeof bad);
    int file = open(book->path, O_RDWR);
    off_t pages = (off_t)(size_of(book->path) / PAGE);
    assert_true(pages > 10);
    assert_int_equal(pwrite(file, bad, sizeof bad, pages / 2 * PAGE + PAGE - (off_t)sizeof bad), sizeof bad); // cells, not their count
    close(file);
    assert_int_equal(notebook_open(book->directory, false, &book->notebook, book->text, sizeof book->text), RECEIVER_DAMAGED);
    assert_non_null(strstr(book->text, "it is damaged; the next start of the receiver mends it"));
    reopen(book);
    assert_non_null(strstr(book->text, "(they are notebook.sqlite.damaged.2 now)"));
    assert_non_null(strstr(book->text, " 0 annotations and 1 views could be read and are kept"));
    int64_t kept[3] = {0};
    assert_int_equal(notebook_each_mark(book->notebook, count, kept), RECEIVER_OK);
    assert_in_range(kept[0], MARKS - 8, MARKS - 1);
    assert_true(kept[1] && kept[2]);
    assert_int_equal(size_of(aside), 5);
    assert_true(size_of(second) > 10 * PAGE);
    reopen(book);
    assert_string_equal(book->text, "");
}

// A start must not go on as if nothing were pinned.
TEST_IN(book, cannot_be_read) {
    struct book *book = *state;
    notebook_close(book->notebook);
    book->notebook = NULL;
    assert_int_equal(mkdir(book->path, 0700), 0);
    assert_int_not_equal(notebook_open(book->directory, true, &book->notebook, book->text, sizeof book->text), RECEIVER_OK);
    assert_non_null(strstr(book->text, "notebook.sqlite: "));
    assert_int_equal(rmdir(book->path), 0);
    reopen(book);
}

struct seen {
    int64_t count, last;
};

static bool see(void *context, int64_t id, bool pinned, const char *note) {
    struct seen *seen = context;
    assert_true(pinned && strcmp(note, "a note") == 0 && id == seen->last + 1);
    seen->count++;
    seen->last = id;
    return true;
}

// Whatever was reported as done is there behind a kill, and at most one more.
TEST_IN(book, killed) {
    struct book *book = *state;
    struct seen seen = {0};
    notebook_close(book->notebook);
    book->notebook = NULL;
    for (int round = 0; round < 6; round++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        if (child == 0) {
            reopen(book);
            for (int64_t id = seen.last + 1;; id++) {
                if (notebook_mark(book->notebook, id, true, "a note") != RECEIVER_OK || write(pipes[1], &id, sizeof id) != sizeof id) {
                    _exit(1);
                }
            }
        }
        close(pipes[1]);
        int64_t done = 0;
        for (int i = 0; i <= 3 * round; i++) {
            assert_int_equal(read(pipes[0], &done, sizeof done), sizeof done);
        }
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        for (int64_t more; read(pipes[0], &more, sizeof more) == sizeof more;) {
            done = more;
        }
        close(pipes[0]);
        reopen(book);
        assert_string_equal(book->text, "");
        seen = (struct seen){0};
        assert_int_equal(notebook_each_mark(book->notebook, see, &seen), RECEIVER_OK);
        assert_in_range(seen.last, done, done + 1);
        notebook_close(book->notebook);
        book->notebook = NULL;
    }
}

int main(void) {
    return tests_run();
}
