// Tests of confine_files.c: what a process can reach after it has given up the rest. Each is a child process, since there is no way back.

#include "../../../base/test/test.h"

#include "../confine.h"

#include "../../../base/test/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

// Whether the kernel has Landlock.
static bool is_there(void) {
    return syscall(444, NULL, 0, 1) > 0; // landlock_create_ruleset, for its version
}

static int error_of(bool failed) {
    return failed ? errno : 0;
}

static int opened(const char *path, int flags) {
    return error_of(open(path, flags, 0600) < 0);
}

static int bound(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return error_of(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address) != 0);
}

// Each line is checked in the child, which exits with the number of the first that is wrong.
#define EXPECT(error, expected)                                                                                                            \
    if ((error) != (expected)) {                                                                                                           \
        fprintf(stderr, "line %d: %s\n", __LINE__, strerror(errno));                                                                       \
        _exit(1);                                                                                                                          \
    }

static void look_around(const char *data, const char *read_only, const char *sockets) {
    char path[300], other[300];
    const struct confine_folder folders[] = {
        {data, CONFINE_WRITE}, {read_only, CONFINE_READ}, {sockets, CONFINE_SOCKET}, {NULL, CONFINE_WRITE}, {"/no/such", CONFINE_READ}};
    int before = open("/etc/passwd", O_RDONLY);
    EXPECT(confine_files(folders, sizeof folders / sizeof *folders), 0);
    EXPECT(opened("/etc/passwd", O_RDONLY), EACCES);
    EXPECT(opened("/", O_RDONLY | O_DIRECTORY), EACCES);
    EXPECT(opened("/dev/null", O_WRONLY), EACCES);
    EXPECT(read(before, path, 1) == 1, true); // what was open stays open
    snprintf(path, sizeof path, "%s/sub", data);
    EXPECT(error_of(mkdir(path, 0700) != 0), 0);
    snprintf(path, sizeof path, "%s/sub/new", data);
    EXPECT(opened(path, O_RDWR | O_CREAT | O_EXCL), 0);
    EXPECT(error_of(truncate(path, 10) != 0), 0);
    snprintf(other, sizeof other, "%s/moved", data);
    EXPECT(error_of(rename(path, other) != 0), 0); // from one folder to another
    EXPECT(error_of(unlink(other) != 0), 0);
    EXPECT(error_of(symlink("/etc", other) != 0), EACCES);
    EXPECT(error_of(mkfifo(other, 0600) != 0), EACCES);
    snprintf(path, sizeof path, "%s/file", read_only);
    EXPECT(opened(path, O_RDONLY), 0);
    EXPECT(opened(path, O_RDWR), EACCES);
    EXPECT(error_of(unlink(path) != 0), EACCES);
    snprintf(path, sizeof path, "%s/../outside", data);
    EXPECT(opened(path, O_RDONLY), EACCES);
    EXPECT(opened(path, O_WRONLY | O_CREAT), EACCES);
    snprintf(path, sizeof path, "%s/socket", sockets);
    EXPECT(bound(path), 0);
    EXPECT(error_of(unlink(path) != 0), 0);
    EXPECT(opened(path, O_WRONLY | O_CREAT), EACCES);
    snprintf(path, sizeof path, "%s/socket", read_only);
    EXPECT(bound(path), EACCES);
    _exit(0);
}

TEST_IN(folder, folders_that_are_left) {
    char data[250], read_only[250], sockets[250], path[300];
    const char *root = folder;
    snprintf(data, sizeof data, "%s/data", root);
    snprintf(read_only, sizeof read_only, "%s/read", root);
    snprintf(sockets, sizeof sockets, "%s/s", root);
    mkdir(data, 0700), mkdir(read_only, 0700), mkdir(sockets, 0700);
    snprintf(path, sizeof path, "%s/file", read_only);
    assert_int_equal(opened(path, O_WRONLY | O_CREAT), 0);
    snprintf(path, sizeof path, "%s/outside", root);
    assert_int_equal(opened(path, O_WRONLY | O_CREAT), 0);
    if (!is_there()) {
        assert_int_not_equal(confine_files(NULL, 0), 0); // and says so
        return;
    }
    pid_t child = fork();
    if (child == 0) {
        look_around(data, read_only, sockets);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void) {
    return tests_run();
}
