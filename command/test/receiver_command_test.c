// receiver_command_test.c: `cmemprof receiver`: it listens, says where, and ends on SIGTERM; its options and what is wrong with them.

#include "../../base/test/test.h"

#include "../commands.h"
#include "fixture.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char answer[4096];

// "": no connection.
static void get(int port, const char *path, const char *headers) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    char request[300];
    size_t used = 0;
    assert_int_equal(connect(connection, (struct sockaddr *)&address, sizeof address), 0);
    int size = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%s\r\n", path, headers);
    assert_int_equal(send(connection, request, (size_t)size, MSG_NOSIGNAL), size);
    for (ssize_t count; (count = recv(connection, answer + used, sizeof answer - 1 - used, 0)) > 0;) {
        used += (size_t)count;
    }
    answer[used] = '\0';
    close(connection);
}

// In a process of its own: it blocks signals, and stays until one comes.
static pid_t start(const char *const *arguments) {
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); // also if the test fails
        int file = open("output", O_WRONLY | O_CREAT | O_TRUNC, 0600), argc = 0;
        optind = 1;
        dup2(file, STDOUT_FILENO);
        dup2(file, STDERR_FILENO);
        while (arguments[argc]) {
            argc++;
        }
        exit(receiver_command(argc, (char **)(uintptr_t)arguments));
    }
    return child;
}
#define START(...) start((const char *const[]){"receiver", __VA_ARGS__, NULL})

static int end(pid_t child) {
    int status = -1;
    kill(child, SIGTERM);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static const char *read_all(const char *name) {
    static char text[4096];
    int file = open(name, O_RDONLY);
    ssize_t size = file >= 0 ? read(file, text, sizeof text - 1) : 0;
    text[size > 0 ? size : 0] = '\0';
    close(file);
    return text;
}

static int wait_for_port(pid_t child) {
    int status;
    for (int i = 0; i < 6000 && access("port", F_OK) != 0; i++) {
        if (waitpid(child, &status, WNOHANG) != 0) {
            fail_msg("it has ended: %s", read_all("output"));
        }
        usleep(10000);
    }
    return atoi(read_all("port"));
}

TEST_IN(directory, it_listens_until_it_is_ended) {
    pid_t child =
        START("--listen", "127.0.0.1:0", "--data", "data", "--port-file", "port", "--retention", "7d,10GB", "--symbols", "symbols");
    int port = wait_for_port(child);
    char first[100];
    get(port, "/api/uploads", "");
    assert_non_null(strstr(answer, "HTTP/1.1 200"));
    snprintf(first, sizeof first, "cmemprof receiver: http://127.0.0.1:%d/ (uploads in data)\n", port);
    for (int i = 0; i < 6000 && strcmp(read_all("output"), first) != 0; i++) {
        usleep(10000);
    }
    assert_string_equal(read_all("output"), first);
    assert_int_equal(end(child), 0);
    assert_int_equal(access("symbols", F_OK), 0); // made
    assert_int_equal(access("data/index.sqlite", F_OK), 0);
}

TEST_IN(directory, tokens_are_read_from_files) {
    fixture_write("send", "send-token-1\r\nmore", 18);
    fixture_write("read", "read-token-2\n", 13);
    assert_int_equal(chmod("send", 0644), 0);
    assert_int_equal(chmod("read", 0600), 0);
    assert_int_equal(symlink("somewhere", "port.new"), 0);
    pid_t child =
        START("--listen", "127.0.0.1:0", "--data", "data", "--port-file", "port", "--send-token-file", "send", "--read-token-file", "read");
    int port = wait_for_port(child);
    get(port, "/api/uploads", "");
    assert_non_null(strstr(answer, "HTTP/1.1 401"));
    get(port, "/api/uploads", "Authorization: Bearer send-token-1\r\n");
    assert_null(strstr(answer, "HTTP/1.1 200"));
    get(port, "/api/uploads", "Authorization: Bearer read-token-2\r\n");
    assert_non_null(strstr(answer, "HTTP/1.1 200"));
    assert_non_null(strstr(read_all("output"), "cmemprof receiver: send: other users can read this token (chmod 600)\n"));
    assert_null(strstr(read_all("output"), "read: other users"));
    assert_int_equal(access("somewhere", F_OK), -1); // a link is not followed
    assert_int_equal(end(child), 0);
}

// Without --data: $XDG_DATA_HOME, else below $HOME.
TEST_IN(directory, default_directories) {
    char path[FOLDER_BYTES + 64];
    setenv("XDG_DATA_HOME", folder, 1);
    pid_t child = START("--listen", "127.0.0.1:0", "--port-file", "port");
    wait_for_port(child);
    assert_int_equal(end(child), 0);
    assert_int_equal(access("cmemprof/index.sqlite", F_OK), 0);
    assert_int_equal(unlink("port"), 0);
    setenv("XDG_DATA_HOME", "relative", 1); // not taken
    setenv("HOME", folder, 1);
    child = START("--listen", "127.0.0.1:0", "--port-file", "port");
    wait_for_port(child);
    assert_int_equal(end(child), 0);
    snprintf(path, sizeof path, "%s/.local/share/cmemprof/index.sqlite", folder);
    assert_int_equal(access(path, F_OK), 0);
    unsetenv("HOME");
    assert_int_equal(FIXTURE_RUN(receiver_command, "receiver", "--listen", "127.0.0.1:0"), 2);
    assert_non_null(strstr(fixture_error, "HOME is not set; name a directory for uploads with --data"));
    unsetenv("XDG_DATA_HOME");
}

TEST_IN(directory, what_cannot_be_done_is_said) {
    fixture_write("file", "x", 1);
    pid_t child = START("--listen", "127.0.0.1:0", "--data", "data", "--port-file", "file/port");
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_non_null(strstr(read_all("output"), "cmemprof receiver: file/port: "));
    child = START("--listen", "nowhere", "--data", "data");
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_non_null(strstr(read_all("output"), "cmemprof receiver: nowhere"));
}

TEST_IN(directory, usage) {
    fixture_write("empty", "", 0);
    fixture_write("file", "x", 1);
    static const struct {
        const char *arguments[5], *message;
    } wrong[] = {
        {{"more"}, "unexpected argument more"},
        {{"--lisen"}, "--lisen"},
        {{"--port-file", "p", "--listen", "unix:s"}, "--port-file does not apply to --listen unix:PATH"},
        {{"--token-file", "none"}, "none: No such file or directory"},
        {{"--token-file", "empty"}, "empty: is empty"},
        {{"--symbols", "none/deep"}, "none/deep: No such file or directory"},
        {{"--symbols", "file"}, "file: Not a directory"},
        {{"--retention", "7"}, "--retention takes an age (12h, 7d), a size (500MB, 10GB) or both with a comma, not 7\n"},
        {{"--retention", "7w"}, "not 7w"},
        {{"--retention", "0d"}, "not 0d"},
        {{"--retention", "1h,"}, "not 1h,"},
        {{"--retention", "d"}, "not d"},
        {{"--retention", "1234567890h"}, "not 1234567890h"},
        {{"--retention", "1kBs"}, "not 1kBs"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *arguments[7] = {"receiver"};
        for (int k = 0; wrong[i].arguments[k]; k++) {
            arguments[k + 1] = wrong[i].arguments[k];
        }
        optind = 1;
        assert_int_equal(fixture_run(receiver_command, arguments), 2);
        if (!strstr(fixture_error, wrong[i].message)) {
            fail_msg("no %s in %s", wrong[i].message, fixture_error);
        }
    }
    optind = 1;
    assert_int_equal(FIXTURE_RUN(receiver_command, "receiver", "--retention", "999999999TiB", "--help"), 0); // beyond 64 bits: no limit
    assert_int_equal(strncmp(fixture_out, "usage: cmemprof receiver", 24), 0);
}

int main(void) {
    return tests_run();
}
