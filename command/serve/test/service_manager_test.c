// service_manager_test.c: the variables of a service manager, good ones and others.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../service_manager.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct service_manager manager;
static char text[300];

static bool begin(void) {
    *text = '\0';
    return service_manager_begin(&manager, text, sizeof text);
}

TEST(none) {
    assert_true(begin());
    assert_string_equal(text, "");
    assert_int_equal(manager.notify, -1);
    assert_int_equal(manager.listen, 0);
    service_manager_tell(&manager, "READY=1"); // to nobody
    service_manager_end(&manager);
}

// Of a path, and of a name in no folder.
TEST_IN(folder, what_is_told_arrives) {
    for (int is_name = 0; is_name < 2; is_name++) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        char path[FOLDER_BYTES + 10], received[100] = "";
        snprintf(path, sizeof path, "%s%s/notify", is_name ? "@" : "", folder);
        strcpy(address.sun_path, path);
        address.sun_path[0] = is_name ? '\0' : '/';
        int manager_end = socket(AF_UNIX, SOCK_DGRAM, 0);
        socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
        assert_int_equal(bind(manager_end, (struct sockaddr *)&address, size), 0);
        setenv("NOTIFY_SOCKET", path, 1);
        assert_true(begin());
        assert_null(getenv("NOTIFY_SOCKET"));
        service_manager_tell(&manager, "READY=1\nSTATUS=here");
        assert_int_equal(recv(manager_end, received, sizeof received, 0), 19);
        assert_string_equal(received, "READY=1\nSTATUS=here");
        service_manager_end(&manager);
        close(manager_end);
    }
}

TEST(notify_sockets_of_nobody) {
    static const char *const bad[][2] = {
        {"relative", "neither a path nor"}, {"vsock:2:9", "neither a path nor"}, {"/nowhere/socket", "No such file or directory"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        setenv("NOTIFY_SOCKET", bad[i][0], 1);
        assert_true(begin()); // it may be of a shell's parent: no reason to end
        assert_int_equal(manager.notify, -1);
        assert_non_null(strstr(text, bad[i][1]));
        assert_non_null(strstr(text, "nobody is told"));
        service_manager_tell(&manager, "READY=1");
        service_manager_end(&manager);
    }
}

// In a process of its own, whose descriptor 3 it is. Returns whether it was taken; says what is wrong through the exit status.
static int take(const char *count, bool listens, bool is_own) {
    pid_t child = fork();
    if (child == 0) {
        char process[20];
        int socket_ = socket(AF_UNIX, SOCK_STREAM, 0);
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        bool ready = !listens || (bind(socket_, (struct sockaddr *)&address, sizeof(sa_family_t)) == 0 && listen(socket_, 1) == 0);
        dup2(socket_, 3);
        snprintf(process, sizeof process, "%d", (int)getpid() + !is_own);
        setenv("LISTEN_PID", process, 1);
        setenv("LISTEN_FDS", count, 1);
        bool ok = begin();
        _exit(!ready || getenv("LISTEN_FDS") ? 9
              : ok                           ? manager.listen
              : strstr(text, "one socket")   ? 20
              : strstr(text, "no socket")    ? 21
                                             : 22);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

TEST(sockets) {
    assert_int_equal(take("1", true, true), 3);
    assert_int_equal(take("1", true, false), 0); // another process's
    assert_int_equal(take("2", true, true), 20);
    assert_int_equal(take("0", true, true), 20);
    assert_int_equal(take("1", false, true), 21);
}

int main(void) {
    return tests_run();
}
