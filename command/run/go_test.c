// go_test.c: see go_test.h.
#include "go_test.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/diagnostic.h"
#include "../base/text.h"
#include "run_path.h"

enum { EXEC_BYTES = 65536 };

bool go_test_is_meant(const struct run_options *options) {
    return strcmp(text_base_name(options->argv[0]), "go") == 0 && options->argv[1] && strcmp(options->argv[1], "test") == 0;
}

// ---- The value of -exec ----

struct words {
    char *text;
    size_t size, used;
    bool failed;
};

__attribute__((format(printf, 2, 3))) static void add(struct words *words, const char *format, ...) {
    char word[2 * PATH_MAX];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(word, sizeof word, format, arguments);
    va_end(arguments);
    const char *quote = !strpbrk(word, " \t\n\r'\"") ? "" : !strchr(word, '\'') ? "'" : "\"";
    bool fits = length >= 0 && (size_t)length < sizeof word && !(*quote == '"' && strchr(word, '"'));
    int put = snprintf(words->text + words->used, words->size - words->used, "%s%s%s%s", words->used > 0 ? " " : "", quote, word, quote);
    words->failed |= !fits || put < 0 || (size_t)put >= words->size - words->used;
    words->used += words->failed ? 0 : (size_t)put;
}

static const char *const formats[] = {[GATE_MARKDOWN] = "markdown", [GATE_JUNIT] = "junit", [GATE_SARIF] = "sarif"};

static void add_path(struct words *words, const char *option, const char *folder, const char *path) {
    char pattern[2 * PATH_MAX] = "";
    bool stays = path[0] == '/' || strcmp(path, "-") == 0;
    for (size_t used = 0; !stays && *folder && used + 3 < sizeof pattern; folder++) {
        pattern[used++] = *folder;
        if (*folder == '%') { // not one of %e and %p
            pattern[used++] = '%';
        }
    }
    add(words, "%s%s%s%s", option, pattern, stays ? "" : "/", path);
}

const char *go_test_exec(const struct run_options *options, const char *command, const char *folder, char *text, size_t size) {
    struct words words = {.text = text, .size = size};
    add(&words, "%s", command);
    add(&words, "run");
    add(&words, "--without-c");
    add(&words, "--rate=%llu", (unsigned long long)options->rate_bytes);
    if (options->period_ms > 0) {
        add(&words, "--period=%llums", (unsigned long long)options->period_ms);
    }
    if (options->signal != 0) {
        add(&words, "--signal=%d", options->signal);
    }
    if (options->follow_children) {
        add(&words, "--follow-children");
    }
    if (options->agent && !options->otlp.is_chosen) { // else each has the environment
        static const char *const targets[] = {
            [RECEIVER_TARGET_DATADOG] = "agent", [RECEIVER_TARGET_OTLP] = "otlp", [RECEIVER_TARGET_PYROSCOPE] = "pyroscope"};
        add(&words, "--%s=%s", targets[options->kind], options->agent);
    } else if (!options->agent) {
        add_path(&words, "--output=", folder, options->output ? options->output : RUN_DEFAULT_OUTPUT);
    }
    if (options->service) {
        add(&words, "--service=%s", options->service);
    }
    for (size_t i = 0; i < options->gate.count; i++) {
        add(&words, "--fail-if=%s", options->gate.rules[i].text);
    }
    for (size_t i = 0; i < options->gate.summary_count; i++) {
        char option[32];
        snprintf(option, sizeof option, "--summary=%s:", formats[options->gate.summaries[i].format]);
        add_path(&words, option, folder, options->gate.summaries[i].path);
    }
    add(&words, "--");
    if (words.failed) {
        diagnostic_error("run", NULL, "these options cannot be given to go test -exec: one has both kinds of quotes, or they are too long");
    }
    return words.failed ? NULL : text;
}

// ---- The go command ----

// The argument that is this flag of go test, not of the test binaries; NULL: none.
static const char *find_flag(char **argv, const char *flag) {
    size_t length = strlen(flag);
    for (char **argument = argv + 2; *argument && strcmp(*argument, "-args") != 0 && strcmp(*argument, "--args") != 0; argument++) {
        const char *name = *argument + strspn(*argument, "-");
        if (name > *argument && strncmp(name, flag, length) == 0 && (name[length] == '\0' || name[length] == '=')) {
            return *argument;
        }
    }
    return NULL;
}

// `go env GOFLAGS`: the variable, or what `go env -w` has set. Cut if it is longer; "" if it cannot be had.
static void read_flags(const char *go, char *flags, size_t size) {
    int ends[2];
    size_t used = 0;
    if (pipe(ends) != 0) {
        return;
    }
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execlp(go, go, "env", "GOFLAGS", (char *)NULL);
        _exit(RUN_STATUS_NOT_FOUND);
    }
    close(ends[1]);
    for (ssize_t got; child > 0 && used + 1 < size && (got = read(ends[0], flags + used, size - 1 - used)) > 0;) {
        used += (size_t)got;
    }
    flags[used] = '\0';
    close(ends[0]);
    if (child > 0) {
        waitpid(child, NULL, 0);
    }
}

// Whether one of the words is this flag: -exec=x, --exec=x, "-exec=x y".
static bool has_flag(const char *flags, const char *flag) {
    size_t length = strlen(flag);
    for (const char *word = flags; *word; word += strcspn(word, " \t\n")) {
        word += strspn(word, " \t\n'\"");
        const char *name = word + strspn(word, "-");
        if (name > word && strncmp(name, flag, length) == 0 && strchr("= \t\n", name[length])) {
            return true;
        }
    }
    return false;
}

static bool check(const struct run_options *options, const char *flags) {
    if (find_flag(options->argv, "exec") || has_flag(flags, "exec")) {
        diagnostic_usage("run", "go test has a -exec already: put cmemprof run into it");
        return false;
    }
    const char *shared = options->output && !run_path_is_own(options->output) ? options->output : NULL;
    for (size_t i = 0; i < options->gate.summary_count && !shared; i++) {
        const char *path = options->gate.summaries[i].path;
        shared = strcmp(path, "-") != 0 && !run_path_is_own(path) ? path : NULL;
    }
    if (shared) {
        diagnostic_usage("run", "go test runs a binary for each package, and each would replace %s: name it with %%p, the process ID",
                         shared);
    }
    return !shared;
}

// go test wants -C first of all flags.
static size_t after_first_flags(char **argv) {
    const char *name = argv[2] ? argv[2] + strspn(argv[2], "-") : "";
    bool alone = argv[2] && name > argv[2] && strcmp(name, "C") == 0 && argv[3];
    bool joined = argv[2] && name > argv[2] && strncmp(name, "C=", 2) == 0;
    return alone ? 4 : joined ? 3 : 2;
}

int go_test_run(const struct run_options *options) {
    static char text[EXEC_BYTES], flag[EXEC_BYTES + 8], names[] = "-ldflags=-s=false -w=false";
    char command[PATH_MAX], folder[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", command, sizeof command - 1);
    static char flags[EXEC_BYTES];
    read_flags(options->argv[0], flags, sizeof flags);
    if (!check(options, flags)) {
        return RUN_STATUS_FAILED;
    }
    if (length < 0 || !getcwd(folder, sizeof folder)) {
        diagnostic_error("run", length < 0 ? "/proc/self/exe" : "the working directory", "%s", strerror(errno));
        return RUN_STATUS_FAILED;
    }
    command[length] = '\0';
    if (!go_test_exec(options, command, folder, text, sizeof text)) {
        return RUN_STATUS_FAILED;
    }
    snprintf(flag, sizeof flag, "-exec=%s", text);
    size_t count = 0, at = after_first_flags(options->argv);
    while (options->argv[count]) {
        count++;
    }
    char **argv = calloc(count + 3, sizeof *argv);
    if (!argv) {
        diagnostic_error("run", NULL, "out of memory");
        return RUN_STATUS_FAILED;
    }
    memcpy(argv, options->argv, at * sizeof *argv);
    argv[at] = flag;
    // go test links without names (-s -w), unless a flag of the user says otherwise.
    size_t added = 1 + !(find_flag(options->argv, "ldflags") || has_flag(flags, "ldflags"));
    if (added > 1) {
        argv[at + 1] = names;
    }
    memcpy(argv + at + added, options->argv + at, (count - at) * sizeof *argv);
    execvp(argv[0], argv);
    int status = errno == ENOENT ? RUN_STATUS_NOT_FOUND : RUN_STATUS_NOT_RUN;
    diagnostic_error("run", argv[0], "%s", strerror(errno));
    free(argv);
    return status;
}
