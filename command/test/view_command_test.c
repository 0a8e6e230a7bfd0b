// view_command_test.c: files are on a page behind a token until a signal, and nothing stays. e2e/page opens it in a browser.

#include "../../base/test/test.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "../../client/download.h"
#include "../commands.h"
#include "fixture.h"

static size_t count_left(void) {
    DIR *entries = opendir(folder);
    size_t left = 0;
    for (struct dirent *entry; (entry = readdir(entries));) {
        left += strncmp(entry->d_name, "cmemprof-view-", 14) == 0;
    }
    closedir(entries);
    return left;
}

static void write_one(const char *name) {
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, "f<main.x", 1, 100, 100, true);
    fixture_save(profile, name);
}

enum { TRIES = 1500 }; // of pause_20ms: 30 s

static void pause_20ms(void) {
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

// Runs the command in a child. Returns its first line, "" if it ended without one; without line, at once.
static pid_t start(char *const *argv, int argc, char *line, int size) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); // also if the test fails
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        setenv("TMPDIR", folder, 1);
        exit(view_command(argc, (char **)argv));
    }
    close(ends[1]);
    FILE *out = fdopen(ends[0], "r");
    if (line) {
        line[0] = '\0';
    }
    if (line && fgets(line, size, out)) {
        line[strcspn(line, "\n")] = '\0';
    }
    fclose(out);
    return child;
}

// Returns its status, 128 if it was ended by a signal: after 30 s by one from here.
static int wait_for(pid_t child) {
    int status, tries = 0;
    pid_t ended;
    while ((ended = waitpid(child, &status, WNOHANG)) == 0 && tries++ < TRIES) {
        pause_20ms();
    }
    if (ended == 0) {
        kill(child, SIGKILL);
        ended = waitpid(child, &status, 0);
    }
    assert_int_equal(ended, child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

// The first child of a process; 0: none.
static pid_t child_of(pid_t parent) {
    char path[64];
    int child = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    if (fscanf(file, "%d", &child) != 1) {
        child = 0;
    }
    fclose(file);
    return child;
}

// Reads a file when it is there. Returns "" if it does not come.
static const char *read_soon(const char *path, char *text, size_t size) {
    int file = -1;
    for (int i = 0; i < TRIES && (file = open(path, O_RDONLY)) < 0; i++) {
        pause_20ms();
    }
    ssize_t length = file < 0 ? 0 : read(file, text, size - 1);
    text[length > 0 ? length : 0] = '\0';
    close(file);
    return text;
}

static bool get(const char *address, const char *path, const char *token, struct download *download) {
    char url[200], header[100];
    const char *headers[] = {header};
    snprintf(url, sizeof url, "%.80s%s", address, path);
    snprintf(header, sizeof header, "Authorization: Bearer %s", token);
    return download_get(url, headers, 1, 1 << 20, download);
}

TEST_IN(directory, until_a_signal) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    write_one("one.pprof");
    write_one("two");
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        char line[200];
        struct download download;
        pid_t child = start((char *[]){"view", "--no-browser", "one.pprof", "two", NULL}, 4, line, sizeof line);
        char *query = strstr(line, "?token=");
        assert_non_null(query);
        *query = '\0';
        assert_true(get(line, "api/uploads", query + 7, &download));
        assert_non_null(strstr((char *)download.bytes, "\"total\":2"));
        assert_non_null(strstr((char *)download.bytes, "service:one.pprof"));
        free(download.bytes);
        assert_false(get(line, "api/uploads", "another", &download));
        assert_non_null(strstr(download.text, "HTTP 401"));
        assert_int_equal(count_left(), 1);
        kill(child, signals[i]);
        assert_int_equal(wait_for(child), 0);
        assert_int_equal(count_left(), 0);
        assert_false(get(line, "api/uploads", query + 7, &download));
        assert_int_equal(download.status, 0); // nobody listens
    }
}

TEST_IN(directory, one_file_is_opened) {
    char line[200];
    write_one("one.pprof");
    pid_t child = start((char *[]){"view", "--no-browser", "one.pprof", NULL}, 3, line, sizeof line);
    assert_non_null(strstr(line, "/profile?ids=1&token="));
    kill(child, SIGTERM);
    assert_int_equal(wait_for(child), 0);
}

TEST_IN(directory, ends_while_it_reads) {
    int ends[2], before = dup(STDIN_FILENO), unread = 1;
    assert_int_equal(pipe(ends), 0);
    dup2(ends[0], STDIN_FILENO);
    pid_t child = start((char *[]){"view", "--no-browser", "-", NULL}, 3, NULL, 0);
    dup2(before, STDIN_FILENO);
    close(before);
    assert_int_equal(write(ends[1], "x", 1), 1);
    for (int i = 0; i < TRIES && unread > 0; i++) {
        pause_20ms();
        assert_int_equal(ioctl(ends[0], FIONREAD, &unread), 0);
    }
    assert_int_equal(unread, 0);
    kill(child, SIGTERM);
    assert_int_equal(wait_for(child), 0);
    assert_int_equal(count_left(), 0);
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(write(ends[1], "x", 1), -1); // no process reads
    signal(SIGPIPE, SIG_DFL);
    close(ends[1]);
}

TEST_IN(directory, goes_on_after_a_stop) {
    char line[200];
    struct download download;
    int status;
    write_one("one.pprof");
    write_one("two");
    pid_t child = start((char *[]){"view", "--no-browser", "one.pprof", "two", NULL}, 4, line, sizeof line);
    char *query = strstr(line, "?token=");
    assert_non_null(query);
    *query = '\0';
    for (int i = 0; i < 3; i++) {
        kill(child, SIGSTOP);
        assert_int_equal(waitpid(child, &status, WUNTRACED), child);
        assert_true(WIFSTOPPED(status));
        kill(child, SIGCONT);
        for (int pause = 0; pause < 10; pause++) {
            pause_20ms();
        }
        assert_int_equal(waitpid(child, &status, WNOHANG), 0);
    }
    assert_true(get(line, "api/uploads", query + 7, &download));
    free(download.bytes);
    kill(child, SIGINT);
    assert_int_equal(wait_for(child), 0);
    assert_int_equal(count_left(), 0);
}

TEST_IN(directory, ends_with_the_receiver) {
    char line[200];
    write_one("one.pprof");
    signal(SIGCHLD, SIG_IGN); // as the starter of a command may leave it
    pid_t child = start((char *[]){"view", "--no-browser", "one.pprof", NULL}, 3, line, sizeof line);
    signal(SIGCHLD, SIG_DFL);
    assert_non_null(strstr(line, "token="));
    pid_t receiver = child_of(child);
    assert_true(receiver > 0);
    kill(receiver, SIGKILL);
    assert_int_equal(wait_for(child), 1);
    assert_int_equal(count_left(), 0);
}

// Its words are for all users of the machine to see: the token is in a file that is not.
TEST_IN(directory, browser) {
    static const char script[] = "#!/bin/sh\n"
                                 "while read -r name value rest; do [ \"$name\" != SigBlk: ] || blocked=$value; done </proc/$$/status\n"
                                 "read -r pid name state parent group session rest </proc/$$/stat\n"
                                 "echo \"$# $1 $$ $session $blocked\" >opening && mv opening opened\n";
    char line[200], text[1000], html[1000], file[500], path[5000], page[300], *before = strdup(getenv("PATH"));
    int words, pid, session;
    unsigned long long blocked;
    struct stat about;
    write_one("one.pprof");
    fixture_write("xdg-open", script, sizeof script - 1);
    chmod("xdg-open", 0755);
    snprintf(path, sizeof path, "%s:%s", folder, before);
    setenv("PATH", path, 1);
    setenv("DISPLAY", ":0", 1);
    pid_t child = start((char *[]){"view", "one.pprof", NULL}, 2, line, sizeof line);
    unsetenv("DISPLAY");
    setenv("PATH", before, 1);
    free(before);
    read_soon("opened", text, sizeof text);
    assert_int_equal(sscanf(text, "%d file://%499s %d %d %llx", &words, file, &pid, &session, &blocked), 5);
    assert_int_equal(words, 1);
    assert_null(strstr(text, strstr(line, "token=") + 6));
    assert_int_equal(stat(file, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_true(strncmp(file, folder, strlen(folder)) == 0);
    snprintf(page, sizeof page, "<a href=\"%.*s&amp;%s\">", (int)(strchr(line, '&') - line), line, strchr(line, '&') + 1);
    assert_non_null(strstr(read_soon(file, html, sizeof html), page));
    assert_int_equal(session, pid);
    assert_int_equal(blocked, 0);
    for (int i = 0; i < TRIES && kill(pid, 0) == 0; i++) {
        pause_20ms();
    }
    assert_int_equal(kill(pid, 0), -1); // not even a zombie
    assert_int_equal(errno, ESRCH);
    kill(child, SIGINT);
    assert_int_equal(wait_for(child), 0);
    assert_int_equal(count_left(), 0);
}

TEST_IN(directory, secrets_of_addresses_are_not_shown) {
    assert_int_equal(FIXTURE_RUN(view_command, "view", "--no-browser", "http://127.0.0.1:1/heap?token=one-secret"), 1);
    assert_non_null(strstr(fixture_error, "http://127.0.0.1:1/heap?token=xxxxx: "));
    assert_null(strstr(fixture_error, "one-secret"));
}

TEST_IN(directory, refused) {
    char line[200];
    setenv("TMPDIR", folder, 1);
    assert_int_equal(FIXTURE_RUN(view_command, "view"), 2);
    assert_int_equal(wait_for(start((char *[]){"view", "--no-browser", "none", NULL}, 3, line, sizeof line)), 1);
    assert_string_equal(line, "");
    assert_int_equal(count_left(), 0);
    fixture_write("empty", "", 0);
    assert_int_equal(wait_for(start((char *[]){"view", "--no-browser", "empty", NULL}, 3, line, sizeof line)), 1);
    setenv("TMPDIR", "/none", 1);
    assert_int_equal(FIXTURE_RUN(view_command, "view", "empty"), 1);
    assert_non_null(strstr(fixture_error, "cannot create a directory"));
    unsetenv("TMPDIR");
}

int main(void) {
    return tests_run();
}
