// host.c: a program that survives failed allocations. It starts the profiler, or takes a profile, in one child after the other, while the
// profiler's n-th allocation fails: alone, and with all later ones. The child must end normally, and once there is memory again a profile
// must be possible.
//
// usage: host start|profile      prints "N allocations"; each failure is a line on stdout, and the exit status is 1
//        host limit as|data      the same with limits of address space or data instead of a failing allocator
//        host once|onwards N     one profile, in this process: for a debugger
// LIFE_STEP=PERCENT: after the first 40, the number of the failing allocation grows by this percentage each time.
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmemprof.h"
#include "failing.h"

enum { TROUBLE = 99, REACHED = 0, NOT_REACHED = 3, PATIENCE_S = 60, ALL = 40 };

static void *kept[512];

// The program's own work.
static __attribute__((noinline)) void work(void) {
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        free(kept[i]);
        kept[i] = malloc(i * 37 % 5000 + 1);
        char *text = strdup("text");
        free(text);
    }
}

static uint8_t *take(size_t *size, enum cmemprof_error *error) {
    uint8_t *bytes = NULL;
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    *error = snapshot ? cmemprof_snapshot_encode(snapshot, NULL, &bytes, size) : CMEMPROF_NO_MEMORY;
    cmemprof_snapshot_free(snapshot);
    return *error == CMEMPROF_OK ? bytes : NULL;
}

static void say(const char *what, const char *fault) {
    printf("%s: %s\n", what, fault);
    fflush(stdout);
}

// With memory again, everything works.
static bool is_well(const char *what) {
    enum cmemprof_error error = cmemprof_start(1);
    size_t size = 0;
    work();
    uint8_t *bytes = error == CMEMPROF_OK ? take(&size, &error) : NULL;
    if (!bytes || size < 1000) {
        say(what, cmemprof_error_text(error));
        return false;
    }
    free(bytes);
    return true;
}

static void start_it(void) {
    cmemprof_start(1);
}

static void profile_it(void) {
    size_t size;
    enum cmemprof_error error;
    free(take(&size, &error));
}

// Runs in a child. Returns its status.
static int in_child(const char *what, void (*begin)(long), long value, void (*operation)(void), void (*end)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(PATIENCE_S);
        begin(value);
        operation();
        work();
        size_t failed = life_get().failed;
        end();
        _exit(!is_well(what) ? TROUBLE : failed > 0 ? REACHED : NOT_REACHED);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    char text[64];
    if (child < 0 || WIFSIGNALED(status)) {
        snprintf(text, sizeof text, "ended by signal %d", child < 0 ? -1 : WTERMSIG(status));
        say(what, text);
        return TROUBLE;
    }
    if (WEXITSTATUS(status) != REACHED && WEXITSTATUS(status) != NOT_REACHED) {
        snprintf(text, sizeof text, "exit status %d", WEXITSTATUS(status));
        say(what, text);
        return TROUBLE;
    }
    return WEXITSTATUS(status);
}

// ---- A failing allocator ----

static void fail_once(long n) {
    life_set(n, false);
}
static void fail_onwards(long n) {
    life_set(n, true);
}
static void fail_no_more(void) {
    life_set(0, false);
}

// Fails each allocation. Returns their approximate number, or -1 on failure.
static long each(const char *name, void (*fail)(long), void (*operation)(void)) {
    const char *step = getenv("LIFE_STEP");
    long percent = step ? atol(step) : 0;
    bool well = true;
    for (long n = 1;; n += percent == 0 || n < ALL ? 1 : 1 + n * percent / 100) {
        char what[64];
        snprintf(what, sizeof what, "%s, allocation %ld", name, n);
        int status = in_child(what, fail, n, operation, fail_no_more);
        if (status == NOT_REACHED) {
            return well ? n - 1 : -1;
        }
        well &= status == REACHED;
    }
}

// ---- Limits ----

static int resource;
static struct rlimit before;

static long used_bytes(void) {
    long pages[6] = {0};
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%ld %ld %ld %ld %ld %ld", &pages[0], &pages[1], &pages[2], &pages[3], &pages[4], &pages[5]) != 6) {
        abort();
    }
    fclose(file);
    return (resource == (int)RLIMIT_AS ? pages[0] : pages[5]) * sysconf(_SC_PAGESIZE);
}

static void limit(long more) {
    struct rlimit now = before;
    now.rlim_cur = (rlim_t)(used_bytes() + more);
    setrlimit(resource, &now);
}

static void no_limit(void) {
    setrlimit(resource, &before);
}

static long limits(const char *name, void (*operation)(void)) {
    bool well = true;
    getrlimit(resource, &before);
    for (long more = 0; more <= 1L << 30; more = more == 0 ? 4096 : more * 2) {
        char what[64];
        snprintf(what, sizeof what, "%s, %ld bytes left", name, more);
        well &= in_child(what, limit, more, operation, no_limit) != TROUBLE;
    }
    return well ? 0 : -1;
}

int main(int count, char **arguments) {
    if (count < 2) {
        return 2;
    }
    work();
    long found = 0;
    if (strcmp(arguments[1], "limit") == 0 && count == 3) {
        resource = strcmp(arguments[2], "as") == 0 ? (int)RLIMIT_AS : (int)RLIMIT_DATA;
        long starting = limits("start", start_it);
        cmemprof_start(1);
        work();
        found = limits("profile", profile_it) | starting;
    } else if (count == 3) {
        cmemprof_start(1);
        work();
        life_set(atol(arguments[2]), strcmp(arguments[1], "onwards") == 0);
        profile_it();
        life_set(0, false);
        return is_well("after it") ? 0 : 1;
    } else if (strcmp(arguments[1], "start") == 0) {
        found = each("start, once", fail_once, start_it) | each("start, from then on", fail_onwards, start_it);
    } else {
        cmemprof_start(1);
        work();
        long once = each("profile, once", fail_once, profile_it), onwards = each("profile, from then on", fail_onwards, profile_it);
        found = once < 0 || onwards < 0 ? -1 : once;
    }
    printf("%ld allocations\n", found);
    return found < 0;
}
