// file_test.c: all bytes through a pipe that takes few at a time, and a file that appears whole or not at all.

#include "test.h"
#include "folder.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>

#include "../file.h"

enum { PIPED_BYTES = 1 << 20 };

struct piped {
    int ends[2];
    pthread_t writer;
    size_t read_bytes;
    bool same;
};

static void *read_all(void *state) {
    struct piped *piped = state;
    unsigned char part[4000];
    piped->same = true;
    for (ssize_t count; (count = read(piped->ends[0], part, sizeof part)) > 0;) {
        for (ssize_t i = 0; i < count; i++) {
            piped->same &= part[i] == (unsigned char)(piped->read_bytes++ % 251);
        }
        pthread_kill(piped->writer, SIGUSR1);
    }
    return NULL;
}

static void ignore(int number) {
    (void)number;
}

// The reader interrupts the writer, whose calls then write a part or nothing.
TEST(write_is_whole) {
    struct piped piped = {.writer = pthread_self()};
    struct sigaction before;
    assert_int_equal(sigaction(SIGUSR1, &(struct sigaction){.sa_handler = ignore}, &before), 0);
    pthread_t reader;
    unsigned char *bytes = malloc(PIPED_BYTES);
    for (size_t i = 0; i < PIPED_BYTES; i++) {
        bytes[i] = (unsigned char)(i % 251);
    }
    assert_int_equal(pipe(piped.ends), 0);
    assert_int_equal(pthread_create(&reader, NULL, read_all, &piped), 0);
    assert_true(file_write(piped.ends[1], bytes, PIPED_BYTES));
    close(piped.ends[1]);
    pthread_join(reader, NULL);
    sigaction(SIGUSR1, &before, NULL);
    assert_int_equal(piped.read_bytes, PIPED_BYTES);
    assert_true(piped.same);
    close(piped.ends[0]);
    free(bytes);
}

TEST(write_fails) {
    int full = open("/dev/full", O_WRONLY);
    assert_true(full >= 0);
    assert_true(file_write(full, "x", 0));
    assert_false(file_write(full, "x", 1));
    assert_int_equal(errno, ENOSPC);
    close(full);
    assert_false(file_write(-1, "x", 1));
    assert_int_equal(errno, EBADF);
}

struct files {
    char directory[FOLDER_BYTES], temporary[96], path[96];
};

static int begin(struct files *files) {
    assert_int_equal(folder_make(files->directory), 0);
    snprintf(files->temporary, sizeof files->temporary, "%s/temporary", files->directory);
    snprintf(files->path, sizeof files->path, "%s/path", files->directory);
    int old = open(files->path, O_WRONLY | O_CREAT, 0600);
    assert_true(file_write(old, "old", 3));
    close(old);
    int file = open(files->temporary, O_WRONLY | O_CREAT, 0600);
    assert_true(file_write(file, "newer", 5));
    return file;
}

// What path has now; no temporary file is left.
static void end(struct files *files, const char *content) {
    char text[16] = "";
    int file = open(files->path, O_RDONLY);
    assert_true(read(file, text, sizeof text - 1) >= 0);
    close(file);
    assert_string_equal(text, content);
    assert_int_equal(access(files->temporary, F_OK), -1);
    unlink(files->path);
    assert_int_equal(rmdir(files->directory), 0);
}

TEST(replace) {
    struct files files;
    int file = begin(&files);
    assert_true(file_replace(file, true, files.temporary, files.path));
    assert_int_equal(fcntl(file, F_GETFD), -1); // closed
    end(&files, "newer");
}

TEST(incomplete) {
    struct files files;
    int file = begin(&files);
    errno = EDQUOT;
    assert_false(file_replace(file, false, files.temporary, files.path));
    assert_int_equal(errno, EDQUOT);
    assert_int_equal(fcntl(file, F_GETFD), -1);
    end(&files, "old");
}

TEST(no_rename) {
    struct files files;
    int file = begin(&files);
    assert_false(file_replace(file, true, files.temporary, "/dev/null/path"));
    assert_int_equal(errno, ENOTDIR);
    end(&files, "old");
}

TEST(close_fails) {
    struct files files;
    close(begin(&files));
    assert_false(file_replace(-1, true, files.temporary, files.path));
    assert_int_equal(errno, EBADF);
    end(&files, "old");
}

int main(void) {
    return tests_run();
}
