// access_log_test.c: lines arrive whole, in order; what does not fit is counted; a renamed file is left for a new one.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

static char said[400];

static void on_message(const char *text) {
    snprintf(said, sizeof said, "%s", text);
}

static char *read_all(const char *path) {
    struct text text = {0};
    char piece[4096];
    FILE *file = fopen(path, "r");
    text_add_bytes(&text, "", 0);
    for (size_t size; file && (size = fread(piece, 1, sizeof piece, file)) > 0;) {
        text_add_bytes(&text, piece, size);
    }
    if (file) {
        fclose(file);
    }
    return text.bytes;
}

static size_t lines_of(const char *text) {
    size_t count = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++) {
        count++;
    }
    return count;
}

static size_t count_lines(const char *path) {
    char *text = read_all(path);
    size_t count = lines_of(text);
    free(text);
    return count;
}

TEST_IN(folder, lines_are_appended) {
    char path[FOLDER_BYTES + 10], other[FOLDER_BYTES + 10];
    snprintf(path, sizeof path, "%s/log", folder);
    snprintf(other, sizeof other, "%s/old", folder);
    for (int round = 0; round < 2; round++) {
        struct access_log *log = access_log_open(path, on_message);
        assert_non_null(log);
        assert_true(access_log_line(log, "one\n", 4));
        assert_true(access_log_line(log, "two\n", 4));
        access_log_close(log); // writes what waits
    }
    char *text = read_all(path);
    assert_string_equal(text, "one\ntwo\none\ntwo\n");
    free(text);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    // Renamed, as by logrotate.
    struct access_log *log = access_log_open(path, on_message);
    assert_true(access_log_line(log, "before\n", 7));
    WAIT_UNTIL(count_lines(path) == 5);
    assert_int_equal(rename(path, other), 0);
    assert_true(access_log_line(log, "still\n", 6));
    access_log_reopen(log);
    WAIT_UNTIL(access(path, F_OK) == 0);
    assert_true(access_log_line(log, "after\n", 6));
    access_log_close(log);
    text = read_all(path);
    assert_string_equal(text, "after\n");
    free(text);
    text = read_all(other);
    assert_non_null(strstr(text, "before\nstill\n"));
    free(text);
}

TEST_IN(folder, what_cannot_be_opened) {
    char path[FOLDER_BYTES + 20];
    snprintf(path, sizeof path, "%s/none/log", folder);
    assert_null(access_log_open(path, on_message));
    assert_int_equal(errno, ENOENT);
    access_log_close(NULL);
}

// What all lines together say was lost, and how many such lines there are: two, if the log's thread began after the first loss.
static size_t sum_of_lost(const char *text, size_t *counts) {
    static const char begins[] = "{\"lost_lines\":";
    size_t sum = 0;
    *counts = 0;
    for (const char *at = text; (at = strstr(at, begins)); at++) {
        sum += strtoul(at + sizeof begins - 1, NULL, 10);
        ++*counts;
    }
    return sum;
}

// A reader that stands still: what does not fit is lost, nobody waits, and the count of it follows when it goes on.
TEST_IN(folder, lines_that_are_lost_are_counted) {
    static char line[1000];
    char path[FOLDER_BYTES + 10];
    snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    struct access_log *log = access_log_open(path, on_message);
    assert_non_null(log);
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    size_t kept = 0, lost = 0, told = 0, counts = 0;
    for (int i = 0; i < 5000; i++) { // a pipe takes 64 KiB, and the two buffers 1 MiB each
        bool fits = access_log_line(log, line, sizeof line);
        kept += fits;
        lost += !fits;
    }
    assert_true(lost > 0 && kept > 0);
    struct text all = {0};
    text_add_bytes(&all, "", 0);
    char piece[65536];
    struct pollfd more = {.fd = reader, .events = POLLIN};
    while (told < lost || lines_of(all.bytes) < kept + counts) {
        assert_int_equal(poll(&more, 1, 60000), 1);
        ssize_t size = read(reader, piece, sizeof piece);
        assert_true(size > 0);
        text_add_bytes(&all, piece, (size_t)size);
        told = sum_of_lost(all.bytes, &counts);
    }
    assert_int_equal(told, lost);
    assert_int_equal(lines_of(all.bytes), kept + counts);
    free(all.bytes);
    access_log_close(log);
    close(reader);
}

static void ask(uint16_t port, const char *path, const char *headers, int status) {
    struct answer answer = http_request(port, "GET", path, headers);
    assert_int_equal(answer.status, status);
    answer_free(&answer);
}

TEST_IN(receiver, requests_without_their_tokens) {
    struct fixture *fixture = *state;
    char path[FOLDER_BYTES + 20], text[200];
    snprintf(path, sizeof path, "%s/access.log", fixture->directory);
    const struct receiver_token token = {"s3cret-token", RECEIVER_ALL};
    const struct receiver_options options = {.listen = "127.0.0.1:0",
                                             .data_directory = fixture->directory,
                                             .tokens = &token,
                                             .token_count = 1,
                                             .access_log = path,
                                             .base_path = "/below"};
    receiver_stop(fixture->receiver);
    fixture->receiver = NULL;
    assert_int_equal(receiver_start(&options, &fixture->receiver, text, sizeof text), RECEIVER_OK);
    uint16_t port = receiver_port(fixture->receiver);
    ask(port, "/below/t/s3cret-token/api/uploads?limit=7&token=s3cret-token&service=a%22b", "User-Agent: tester\r\n", 200);
    ask(port, "/?token=s3cret-token", "", 303);
    ask(port, "/api/uploads?api_key=s3cret-token", "X-Forwarded-For: 10.1.2.3\r\n", 401);
    ask(port, "/healthz", "", 200);
    ask(port, "/t/s3cret-token/nothing", "DD-API-KEY: s3cret-token\r\n", 404);
    receiver_stop(fixture->receiver);
    fixture->receiver = NULL;
    char *log = read_all(path);
    static const char *const pieces[] = {
        "\"client\":\"127.0.0.1\",\"method\":\"GET\",\"path\":\"/api/uploads\",",
        "\"query\":\"limit=7&service=a\\\"b\",\"status\":200,\"body_bytes\":0,\"ms\":",
        ",\"user_agent\":\"tester\"}\n",
        "\"path\":\"/\",\"status\":303,",
        "\"path\":\"/api/uploads\",\"status\":401,",
        "\"forwarded_for\":\"10.1.2.3\"",
        "\"path\":\"/healthz\",\"status\":200,",
        "\"path\":\"/nothing\",\"status\":404,",
    };
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        if (!strstr(log, pieces[i])) {
            fail_msg("%s is not in %s", pieces[i], log);
        }
    }
    assert_null(strstr(log, "s3cret"));
    free(log);
    assert_int_equal(count_lines(path), 5);
}

int main(void) {
    return tests_run();
}
