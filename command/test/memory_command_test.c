// memory_command_test.c: `cmemprof memory`: this very process against the kernel's own sum, repetition until a process ends, and usage.

#include "../../base/test/test.h"

#include "../commands.h"
#include "fixture.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>

static char own_pid[16];

static int process_setup(void **state) {
    snprintf(own_pid, sizeof own_pid, "%d", (int)getpid());
    return directory_setup(state);
}

static int process_teardown(void **state) {
    return directory_teardown(state);
}

// In bytes.
static int64_t rss_of_the_kernel(void) {
    char line[256];
    int64_t kilobytes = -1;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) && sscanf(line, "Rss: %" SCNd64, &kilobytes) != 1) {
    }
    fclose(file);
    return kilobytes * 1024;
}

static int64_t number_at(const char *json, const char *key) {
    const char *at = strstr(json, key);
    assert_non_null(at);
    return strtoll(at + strlen(key), NULL, 10);
}

TEST_IN(process, parts_add_up_to_what_the_kernel_says) {
    int64_t before = rss_of_the_kernel();
    assert_int_equal(FIXTURE_RUN(memory_command, "memory", "--json", own_pid), 0);
    assert_string_equal(fixture_error, "");
    int64_t rss = number_at(fixture_out, "\"rss_bytes\":"), sum = 0;
    assert_in_range(rss, before - (4 << 20), before + (4 << 20)); // the report itself needs some
    for (const char *at = fixture_out; (at = strstr(at, "{\"part\":")); at++) {
        sum += number_at(at, "\"rss_bytes\":");
    }
    assert_int_equal(sum, rss);
    assert_int_equal(number_at(fixture_out, "\"pid\":"), getpid());
    assert_true(number_at(fixture_out, "\"peak_rss_bytes\":") >= rss - (4 << 20));
    assert_non_null(strstr(fixture_out, "\"program\":\"command_memory_"));
}

TEST_IN(process, table_has_as_many_names_as_asked_for) {
    assert_int_equal(FIXTURE_RUN(memory_command, "memory", "--names", "1", own_pid), 0);
    assert_int_equal(strncmp(fixture_out, "command_memory_", 15), 0);
    const char *libraries = strstr(fixture_out, "  libraries\n");
    assert_non_null(libraries);
    assert_non_null(strstr(libraries, " more\n")); // libc and at least one other
    assert_non_null(strstr(fixture_out, "unexplained"));
}

TEST_IN(process, watch_ends_with_the_process) {
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(1);
    }
    // Ends and reaps the child once the first report is there.
    pid_t watcher = fork();
    if (watcher == 0) {
        char pid[16];
        snprintf(pid, sizeof pid, "%d", (int)child);
        int out = open("report", O_WRONLY | O_CREAT, 0600);
        dup2(out, STDOUT_FILENO);
        char *argv[] = {"memory", "--watch", "10ms", "--json", pid, NULL};
        exit(memory_command(5, argv));
    }
    struct stat about = {0};
    for (int i = 0; i < 6000 && about.st_size == 0; i++) {
        usleep(10000);
        stat("report", &about);
    }
    assert_true(about.st_size > 0);
    kill(child, SIGKILL);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(waitpid(watcher, &status, 0), watcher);
    assert_int_equal(status, 0); // its end is no error once it was seen
}

TEST_IN(process, usage) {
    static const struct {
        const char *arguments[3], *message;
    } wrong[] = {
        {{NULL}, "which process? Give its PID"},
        {{"1", "2", NULL}, "one PID at a time"},
        {{"shop", NULL}, "shop is not a PID"},
        {{"0", NULL}, "0 is not a PID"},
        {{"--watch", "5", NULL}, "which process"},
        {{"--watch", "soon", NULL}, "--watch soon: not a time like 2s, 500ms or 1m"},
        {{"--watch", "1ms", NULL}, "--watch 1ms: not a time"},
        {{"--watch", "2000m", NULL}, "--watch 2000m: not a time"},
        {{"--watch", "inf", NULL}, "--watch inf: not a time"},
        {{"--watch", "1h", NULL}, "--watch 1h: not a time"},
        {{"--names", "0", NULL}, "--names 0: not a number from 1 to 100000"},
        {{"--nmaes", NULL}, "--nmaes"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *arguments[] = {"memory", wrong[i].arguments[0], wrong[i].arguments[0] ? wrong[i].arguments[1] : NULL, NULL};
        assert_int_equal(fixture_run(memory_command, arguments), 2);
        if (!strstr(fixture_error, wrong[i].message)) {
            fail_msg("no %s in %s", wrong[i].message, fixture_error);
        }
        assert_string_equal(fixture_out, "");
    }
    assert_int_equal(FIXTURE_RUN(memory_command, "memory", "--help"), 0);
    assert_int_equal(strncmp(fixture_out, "usage: cmemprof memory", 22), 0);
    assert_int_equal(FIXTURE_RUN(memory_command, "memory", "2147483647"), 1); // above the kernel's highest
    assert_non_null(strstr(fixture_error, "cmemprof memory: 2147483647: "));
}

int main(void) {
    return tests_run();
}
