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

static char answer[1 << 16];

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
        unlink("output");                 // processes of the one before may still write
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
    pid_t child = START("--listen", "127.0.0.1:0", "--data", "data", "--port-file", "port", "--retention", "7d,10GB", "--pack-after", "2d",
                        "--symbols", "symbols");
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

TEST_IN(directory, tokens_have_roles) {
    static const char tokens[] = "upload sending-token\nread reading-token\n";
    fixture_write("tokens", tokens, sizeof tokens - 1);
    pid_t child = START("--listen", "127.0.0.1:0", "--data", "data", "--port-file", "port", "--token-file", "tokens");
    int port = wait_for_port(child);
    get(port, "/api/uploads", "Authorization: Bearer sending-token\r\n");
    assert_non_null(strstr(answer, "HTTP/1.1 403"));
    assert_non_null(strstr(answer, "one with the role read is needed"));
    get(port, "/api/uploads", "Authorization: Bearer reading-token\r\n");
    assert_non_null(strstr(answer, "HTTP/1.1 200"));
    assert_int_equal(end(child), 0);
    fixture_write("tokens", "upload sending-token\n", 21); // nobody could see anything
    int status = -1;
    child = START("--listen", "127.0.0.1:0", "--data", "data", "--token-file", "tokens");
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_non_null(strstr(read_all("output"), "a token for sending needs another token for reading"));
}

TEST_IN(directory, options_of_a_file_and_of_the_environment) {
    static const char config[] = "# of this machine\nlisten 127.0.0.1:0\ndata nowhere/at/all\nretention 1h\nport-file port\n";
    fixture_write("config", config, sizeof config - 1);
    setenv("CMEMPROF_RECEIVER_CONFIG", "config", 1);
    setenv("CMEMPROF_RECEIVER_DATA", "data", 1);
    setenv("CMEMPROF_RECEIVER_RETENTION", "2h", 1);
    pid_t child = START("--retention", "3h");
    int port = wait_for_port(child);
    get(port, "/metrics", "");
    assert_non_null(strstr(answer, "\ncmemprof_receiver_retention_seconds 10800\n"));
    assert_int_equal(end(child), 0);
    assert_int_equal(access("data/index.sqlite", F_OK), 0);
    assert_int_equal(access("nowhere", F_OK), -1);
    setenv("CMEMPROF_RECEIVER_RETENTION", "2 hours", 1);
    assert_int_equal(FIXTURE_RUN(receiver_command, "receiver"), 2);
    assert_non_null(strstr(fixture_error, "--retention takes an age"));
    assert_non_null(strstr(fixture_error, "retention stands in the environment: $CMEMPROF_RECEIVER_RETENTION"));
    unsetenv("CMEMPROF_RECEIVER_RETENTION");
    unsetenv("CMEMPROF_RECEIVER_CONFIG");
    unsetenv("CMEMPROF_RECEIVER_DATA");
    fixture_write("config", "analysis 5x\n", 12);
    assert_int_equal(FIXTURE_RUN(receiver_command, "receiver", "--config", "config"), 2);
    assert_non_null(strstr(fixture_error, "analysis stands in config, line 1"));
    fixture_write("config", "tls-key k\n", 10);
    assert_int_equal(FIXTURE_RUN(receiver_command, "receiver", "--config", "config"), 2);
    assert_non_null(strstr(fixture_error, "--tls-certificate and --tls-key belong together"));
}

// Of one that is given several times the last counts: nothing is made of the others, nor are they errors.
TEST_IN(directory, what_is_overridden_has_no_effect) {
    static const char config[] = "symbols of-the-file\nretention never\nanalysis 5x\nport-file port\n";
    fixture_write("config", config, sizeof config - 1);
    setenv("CMEMPROF_RECEIVER_SYMBOLS", "none/deep", 1);
    pid_t child = START("--config", "config", "--listen", "nowhere", "--listen", "127.0.0.1:0", "--data", "data", "--symbols", "symbols",
                        "--retention", "2h", "--analysis", "1m");
    wait_for_port(child);
    assert_int_equal(end(child), 0);
    assert_int_equal(access("symbols", F_OK), 0);
    assert_int_equal(access("of-the-file", F_OK), -1);
    unsetenv("CMEMPROF_RECEIVER_SYMBOLS");
    assert_int_equal(FIXTURE_RUN(receiver_command, "receiver", "--config", "config", "--retention", "2h", "--analysis", "soon"), 2);
    assert_non_null(strstr(fixture_error, "not soon"));
    assert_null(strstr(fixture_error, "stands in"));
}

// Else credentials of one source went to whatever target stands last in another. --tls-key is an error that comes later: it never starts.
TEST_IN(directory, headers_are_for_a_target_of_their_source) {
    static const char message[] = "--forward-header-file stands behind the --forward it is for, both in";
    fixture_write("config", "forward otlp:http://127.0.0.1:9\n", 32);
    fixture_write("headers", "X-Tenant: a\n", 12);
    assert_int_equal(chmod("headers", 0600), 0);
    assert_int_equal(FIXTURE_RUN(receiver_command, "receiver", "--config", "config", "--forward-header-file", "headers", "--tls-key", "k"),
                     2);
    assert_non_null(strstr(fixture_error, message));
    setenv("CMEMPROF_RECEIVER_FORWARD_HEADER_FILE", "headers", 1);
    assert_int_equal(FIXTURE_RUN(receiver_command, "receiver", "--config", "config", "--tls-key", "k"), 2);
    assert_non_null(strstr(fixture_error, message));
    assert_non_null(strstr(fixture_error, "$CMEMPROF_RECEIVER_FORWARD_HEADER_FILE"));
    setenv("CMEMPROF_RECEIVER_FORWARD", "otlp:http://127.0.0.1:9/b", 1); // its own
    pid_t child = START("--config", "config", "--listen", "127.0.0.1:0", "--data", "data", "--port-file", "port", "--forward",
                        "otlp:http://127.0.0.1:9/c", "--forward-header-file", "headers");
    wait_for_port(child);
    assert_int_equal(end(child), 0);
    unsetenv("CMEMPROF_RECEIVER_FORWARD");
    unsetenv("CMEMPROF_RECEIVER_FORWARD_HEADER_FILE");
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

static void expect_refused(const char *message, const char *option, const char *url) {
    int status = -1;
    pid_t child = START("--listen", "127.0.0.1:0", "--data", "data", option, url);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
    if (!strstr(read_all("output"), message)) {
        fail_msg("%s is not in %s", message, read_all("output"));
    }
}

TEST_IN(directory, secrets_of_targets) {
    char long_one[600];
    memset(long_one, 'k', sizeof long_one);
    long_one[sizeof long_one - 1] = '\0';
    setenv("CMEMPROF_FORWARD_KEY", long_one, 1);
    expect_refused("CMEMPROF_FORWARD_KEY: has more than 509 bytes", "--forward", "datadog:http://127.0.0.1:9");
    setenv("CMEMPROF_FORWARD_KEY", "key\nX-Other: 1", 1);
    expect_refused("CMEMPROF_FORWARD_KEY: has more than one line", "--forward", "datadog:http://127.0.0.1:9");
    setenv("CMEMPROF_WEBHOOK_SECRET", long_one, 1);
    expect_refused("CMEMPROF_WEBHOOK_SECRET: has more than 509 bytes", "--webhook", "http://127.0.0.1:9");
    unsetenv("CMEMPROF_WEBHOOK_SECRET");
    setenv("CMEMPROF_FORWARD_KEY", "key\n", 1); // as a shell's $(cat) would not, but a file of variables does
    pid_t child =
        START("--listen", "127.0.0.1:0", "--data", "data", "--port-file", "port", "--forward", "datadog:http://127.0.0.1:9/s3cret/v1/input",
              "--forward", "datadog:http://127.0.0.1:9/0ther/v1/input", "--forward", "otlp:http://127.0.0.1:9?t0ken");
    get(wait_for_port(child), "/metrics", "");
    assert_non_null(strstr(answer, "cmemprof_forward_bytes_total{target=\"http://127.0.0.1:9/...\"} 0\n"));
    assert_non_null(strstr(answer, "cmemprof_forward_bytes_total{target=\"http://127.0.0.1:9/...#2\"} 0\n"));
    assert_non_null(strstr(answer, "cmemprof_forward_bytes_total{target=\"http://127.0.0.1:9"));
    assert_null(strstr(answer, "s3cret"));
    assert_null(strstr(answer, "0ther"));
    expect_refused("every user of the machine can read a password", "--forward", "datadog:http://user:word@127.0.0.1:9");
    assert_int_equal(end(child), 0);
    unsetenv("CMEMPROF_FORWARD_KEY");
}

TEST_IN(directory, headers_of_the_environment) {
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "a=s3cret%0D%0AX:y", 1);
    expect_refused("cmemprof receiver: OTEL_EXPORTER_OTLP_HEADERS: HTTP does not allow this name or value\n", "--forward",
                   "otlp:http://127.0.0.1:9");
    assert_null(strstr(read_all("output"), "s3cret"));
    unsetenv("OTEL_EXPORTER_OTLP_HEADERS");
    setenv("PYROSCOPE_TENANT_ID", "a\nX: y", 1);
    expect_refused("PYROSCOPE_TENANT_ID: HTTP does not allow", "--forward", "pyroscope:http://127.0.0.1:9");
    unsetenv("PYROSCOPE_TENANT_ID");
}

TEST_IN(directory, usage) {
    fixture_write("empty", "", 0);
    fixture_write("file", "x", 1);
    fixture_write("pairs", "img_new img_free\nimg_new\n", 25);
    static const struct {
        const char *arguments[5], *message;
    } wrong[] = {
        {{"more"}, "unexpected argument more"},
        {{"--lisen"}, "--lisen"},
        {{"--port-file", "p", "--listen", "unix:s"}, "--port-file does not apply to --listen unix:PATH"},
        {{"--token-file", "none"}, "none: No such file or directory"},
        {{"--token-file", "empty"}, "empty: is empty"},
        {{"--source-path", "none"}, "none: --source-path: No such file or directory"},
        {{"--source-path", "/build=file"}, "file: --source-path: Not a directory"},
        {{"--source-path", "=."}, "before the = stands no folder of profiles"},
        {{"--symbols", "none/deep"}, "none/deep: No such file or directory"},
        {{"--symbols", "file"}, "file: Not a directory"},
        {{"--owner-pairs", "none"}, "none: No such file or directory"},
        {{"--owner-pairs", "pairs"}, "pairs: line 2: a line has two names: what opens, and what closes"},
        {{"--retention", "7"}, "--retention takes an age (12h, 7d), a size (500MB, 10GB) or both with a comma, not 7\n"},
        {{"--retention", "7w"}, "not 7w"},
        {{"--pack-after", "7"}, "--pack-after takes an age (18h, 2d) or 0, not 7\n"},
        {{"--pack-after", "10GB"}, "not 10GB"},
        {{"--retention", "0d"}, "not 0d"},
        {{"--forward-header-file", "file"}, "--forward-header-file stands behind the --forward it is for"},
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
