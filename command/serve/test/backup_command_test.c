// backup_command_test.c: the arguments of `cmemprof receiver export` and `import`, and their exit status.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../backup_command.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// What the command says goes to a file.
static int run(const char *first, const char *second, const char *third, const char *fourth, char said[4000]) {
    char *argv[] = {(char *)(uintptr_t)first, (char *)(uintptr_t)second, (char *)(uintptr_t)third, (char *)(uintptr_t)fourth, NULL};
    int argc = 0;
    while (argv[argc]) {
        argc++;
    }
    fflush(stdout);
    fflush(stderr);
    char path[FOLDER_BYTES + 10];
    snprintf(path, sizeof path, "%s/said", folder);
    int out = dup(STDOUT_FILENO), error = dup(STDERR_FILENO), file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    int status = backup_command(argc, argv);
    fflush(stdout);
    fflush(stderr);
    dup2(out, STDOUT_FILENO);
    dup2(error, STDERR_FILENO);
    ssize_t size = pread(file, said, 3999, 0);
    said[size > 0 ? size : 0] = '\0';
    close(out);
    close(error);
    close(file);
    return status;
}

TEST_IN(folder, arguments) {
    static char said[4000];
    assert_true(backup_is_word("export") && backup_is_word("import") && !backup_is_word("--export") && !backup_is_word("exports"));
    assert_int_equal(run("export", "--help", NULL, NULL, said), 0);
    assert_non_null(strstr(said, "usage: cmemprof receiver export [--data DIR] FILE\n"));
    assert_int_equal(run("import", "--help", NULL, NULL, said), 0);
    assert_non_null(strstr(said, "usage: cmemprof receiver import [--data DIR] FILE\n"));
    assert_int_equal(run("export", NULL, NULL, NULL, said), 2);
    assert_non_null(strstr(said, "cmemprof receiver export: name a file"));
    assert_int_equal(run("import", "a", "b", NULL, said), 2);
    assert_non_null(strstr(said, "one file at a time"));
    assert_int_equal(run("import", "--dat", "x", NULL, said), 2);
    assert_int_equal(run("import", "--no-such", "x", NULL, said), 2);
    assert_non_null(strstr(said, "--no-such: unknown option"));
    assert_int_equal(run("import", "--data", NULL, NULL, said), 2);
    assert_non_null(strstr(said, "--data: needs a value"));
}

TEST_IN(folder, there_and_back) {
    static char said[4000];
    char data[FOLDER_BYTES + 20], file[FOLDER_BYTES + 20], path[FOLDER_BYTES + 40];
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(file, sizeof file, "%s/a.tar", folder);
    assert_int_equal(run("export", "--data", data, file, said), 1); // argv: export --data DIR FILE
    assert_non_null(strstr(said, "No such file or directory"));
    assert_int_equal(access(file, F_OK), -1);
    snprintf(path, sizeof path, "%s/uploads", data);
    assert_true(mkdir(data, 0700) == 0 && mkdir(path, 0700) == 0);
    assert_int_equal(run("export", "--data", data, file, said), 0);
    assert_non_null(strstr(said, "export: 0 uploads, 0 bytes, 0 pins and notes, 0 annotations, 0 views\n"));
    assert_non_null(strstr(said, file));
    struct stat about;
    assert_int_equal(stat(file, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(run("export", "--data", data, file, said), 1);
    assert_non_null(strstr(said, "it exists, and is not replaced"));
    assert_int_equal(run("export", "--data", data, folder, said), 0); // a name with the time
    assert_non_null(strstr(said, "/cmemprof-20"));
    assert_int_equal(run("import", "--data", data, file, said), 0);
    assert_non_null(strstr(said, "import: 0 uploads"));
    assert_int_equal(run("import", "--data", data, "/nowhere/at/all", said), 1);
    snprintf(path, sizeof path, "%s/said", folder);
    assert_int_equal(run("import", "--data", data, "/etc/hostname", said), 1);
    assert_non_null(strstr(said, "the file is cut off"));
}

TEST_IN(folder, paths_for_a_terminal) {
    static char said[4000];
    char data[FOLDER_BYTES + 20], file[FOLDER_BYTES + 20], command[3 * FOLDER_BYTES];
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(file, sizeof file, "%s/a.tar", folder);
    snprintf(command, sizeof command, "cd %s && : > \"$(printf 'x\\033]0;y')\" && tar -c -f a.tar x*", folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(run("import", "--data", data, file, said), 1);
    assert_non_null(strstr(said, "import: x?]0;y: it is no file of an upload, and left out\n"));
    assert_null(strchr(said, '\033'));
}

// A file system that has neither hard links nor a rename that replaces nothing.
static bool is_poor;
int renameat2(int from, const char *old, int to, const char *new, unsigned flags) { // in place of libc's
    errno = EINVAL;
    return is_poor ? -1 : (int)syscall(SYS_renameat2, from, old, to, new, flags);
}
int link(const char *from, const char *to) { // in place of libc's
    (void)from, (void)to;
    errno = EPERM;
    return -1;
}

TEST_IN(folder, parts) {
    static char said[4000];
    char data[FOLDER_BYTES + 20], file[FOLDER_BYTES + 20], part[FOLDER_BYTES + 30], command[4 * FOLDER_BYTES];
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(file, sizeof file, "%s/a.tar", folder);
    snprintf(part, sizeof part, "%s.part", file);
    snprintf(command, sizeof command, "mkdir -p '%s/uploads' && echo left over > '%s'", data, part);
    assert_int_equal(system(command), 0);
    for (int round = 0; round < 2; round++) {
        is_poor = round == 1;
        assert_int_equal(run("export", "--data", data, file, said), 0); // over a part that a kill has left
        assert_int_equal(access(part, F_OK), -1);
        assert_int_equal(run("import", "--data", data, file, said), 0);
        assert_int_equal(unlink(file), 0);
    }
    int other = open(part, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(flock(other, LOCK_EX), 0);
    assert_int_equal(run("export", "--data", data, file, said), 1);
    assert_non_null(strstr(said, ".part: another export is writing it"));
    assert_int_equal(access(part, F_OK), 0);
    close(other);
    assert_int_equal(run("export", "--data", data, file, said), 0);
    // What is no file of its own is not written into.
    assert_int_equal(unlink(file), 0);
    assert_int_equal(symlink(data, part), 0);
    assert_int_equal(run("export", "--data", data, file, said), 1);
    assert_int_equal(access(file, F_OK), -1);
}

int main(void) {
    return tests_run();
}
