// run_command.c: `cmemprof run`: starts a program with libcmemprof.so preloaded and collects its profiles.
//
//   cmemprof run ── fork, exec ──► PROGRAM with libcmemprof.so
//        ▲                             │ at exit, at a signal, every period
//        └─── /tmp/cmemprof-run-… ◄────┘ files (preload/)
//        │
//        ├──► FILE, FILE.1, ...        run_output.c
//        └──► POST to an Agent         run_agent.c
//
// The program itself never compresses, merges or sends.
#include "commands.h"
#include "run/go_test.h"
#include "run/run_agent.h"
#include "run/run_attach.h"
#include "run/run_context.h"
#include "run/run_child.h"
#include "run/run_directory.h"
#include "run/run_gate.h"
#include "run/run_options.h"
#include "run/run_output.h"
#include "run/run_path.h"
#include "run/run_target.h"
#include "base/diagnostic.h"
#include "base/text.h"
#include "base/web_address.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POLL_MS = 250, FILES_KEPT = 8, TIME_HZ = 100 };

struct run {
    struct run_options options;
    struct run_target target;
    struct run_directory directory;
    struct run_child child;
    struct run_output output;
    struct run_agent *agent; // NULL: files
    char seed[RUN_SEED_BYTES];
    char library[PATH_MAX], output_path[PATH_MAX], summary_paths[GATE_MAX_SUMMARIES][PATH_MAX];
    char library_file[PATH_MAX]; // as /proc names it; library may be a link to it
    bool got_some;               // a profile was collected
    bool reason_printed;         // for a missing profile
    bool lost;                   // an expected profile is missing
};

// ---- Before the start ----

// Looks beside the command, then in ../lib and ../lib/cmemprof, where packages have a link to it for the command alone.
static bool find_library(struct run *run) {
    const char *name = run->target.is_musl ? "libcmemprof-musl.so" : "libcmemprof.so";
    static const char *const folders[] = {"", "../lib/", "../lib/cmemprof/"};
    char self[PATH_MAX], path[2 * PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) {
        diagnostic_error("run", "/proc/self/exe", "%s; %s cannot be located without /proc", strerror(errno), name);
        return false;
    }
    self[length] = '\0';
    const char *folder = dirname(self);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s/%s%s", folder, folders[i], name);
        if (access(path, R_OK) == 0 && realpath(path, run->library)) {
            strcpy(run->library_file, run->library);
            return true;
        }
    }
    diagnostic_error("run", NULL, "%s is not in %s, %s/../lib or %s/../lib/cmemprof%s", name, folder, folder, folder,
                     run->target.is_musl ? "; it is needed for a program that is linked to musl" : "");
    return false;
}

// Spaces and colons separate the entries of LD_PRELOAD, so a library at such a path is given by a symbolic link.
static bool make_library_path(struct run *run) {
    char link[sizeof run->library];
    if (!strpbrk(run->library, " :")) {
        return true;
    }
    int length = snprintf(link, sizeof link, "%s/libcmemprof.so", run->directory.path);
    if (length >= (int)sizeof link || strpbrk(link, " :") || symlink(run->library, link) != 0) {
        diagnostic_error("run", run->library, "cannot be preloaded from a path with a space or a colon");
        return false;
    }
    strcpy(run->library, link);
    return true;
}

static void set_number(const char *name, uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    setenv(name, text, 1);
}

// Sets the program's environment. The command itself reads none of these variables.
static void set_environment(const struct run *run) {
    const char *before = getenv("LD_PRELOAD");
    char *preload = NULL;
    if (asprintf(&preload, "%s%s%s", run->library, before && before[0] != '\0' ? ":" : "", before ? before : "") >= 0) {
        setenv("LD_PRELOAD", preload, 1);
        free(preload);
    }
    setenv("CMEMPROF_DIRECTORY", run->directory.path, 1);
    set_number("CMEMPROF_RATE", run->options.rate_bytes);
    // A short sampling interval means many live samples, which must fit.
    set_number("CMEMPROF_MEMORY_LIMIT", run->options.rate_bytes < 65536 ? (uint64_t)1 << 30 : 0);
    set_number("CMEMPROF_PERIOD_MS", run->options.period_ms);
    set_number("CMEMPROF_SIGNAL", (uint64_t)run->options.signal);
    set_number("CMEMPROF_ON_TERMINATION", 1);
    set_number("CMEMPROF_FOLLOW_CHILDREN", run->options.follow_children);
    set_number("CMEMPROF_KEEP", FILES_KEPT);
    set_number("CMEMPROF_TIME_HZ", run->options.cpu ? TIME_HZ : 0);
    set_number("CMEMPROF_MARK", run->options.gate.count > 0);
    char *context = run_context_text(run->seed, run->options.service);
    if (context) {
        setenv("CMEMPROF_CONTEXT", context, 1);
        free(context);
    }
}

static int error_refused(const struct run *run, enum run_target_status status) {
    diagnostic_error("run", NULL, "%s", run->target.text);
    return status == RUN_TARGET_NOT_FOUND ? RUN_STATUS_NOT_FOUND : status == RUN_TARGET_NOT_RUN ? RUN_STATUS_NOT_RUN : RUN_STATUS_FAILED;
}

static void note_own_process(struct run *run) {
    if (run->target.interpreter[0] != '\0' && !run->options.follow_children) {
        diagnostic_error("run", run->target.path,
                         "a script: %s is profiled, and what replaces it by exec; --follow-children also profiles the processes it starts",
                         run->target.interpreter);
    }
    if (run->target.is_go) {
        diagnostic_error("run", run_target_name(&run->target),
                         "a Go program: stacks end where Go begins; import the package cmemprof into it for complete stacks");
    }
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// Reports an error now instead of at the end of a long run.
static bool check_output(const struct run *run) {
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", run->options.output);
    const char *parent = dirname(folder);
    if (strchr(parent, '%')) {
        return true; // its name is known when the program runs
    }
    if (access(parent, W_OK | X_OK) != 0) {
        diagnostic_error("run", run->options.output, "%s", strerror(errno));
        return false;
    }
    return true;
}

// ---- While it runs ----

static void note_all_processes(struct run *run) {
    struct run_note note;
    for (char *text; (text = run_directory_take_note(&run->directory, &note)); free(text)) {
        const char *why = *text != '\0' ? text : NULL; // NULL: there was no space to write it
        if (note.is_unsampled) {
            char doubt[GATE_REASON_BYTES];
            snprintf(doubt, sizeof doubt, "nothing of process %ld was sampled", note.pid);
            run_gate_doubt(&run->options.gate, doubt, false);
            diagnostic_error("run", run_target_name(&run->target), "nothing of process %ld was sampled: %s", note.pid,
                             why ? why : "no space for the reason in the temporary directory; set TMPDIR to another");
        } else {
            diagnostic_error("run", NULL, "process %ld: %s", note.pid,
                             why ? why : "no space for its profile in the temporary directory; set TMPDIR to another");
            run->lost = true;
        }
        run->reason_printed = true;
    }
}

static void take(struct run *run, bool last) {
    if (!run->agent) {
        run_output_take(&run->output, &run->directory, last || run->options.period_ms != 0, last);
        run->got_some |= run->output.processes > 0;
        return;
    }
    run->got_some |= run_agent_take(run->agent, &run->directory) > 0;
}

// Daemons fork and exit; the child does the work.
static void note_background(struct run *run) {
    pid_t survivor = run->options.follow_children ? 0 : run_child_survivor(&run->child, run->library_file);
    if (survivor != 0) {
        diagnostic_error(
            "run", run_target_name(&run->target),
            "continues in the background as process %ld, which is not profiled: keep it in the foreground, or use --follow-children",
            (long)survivor);
        run_gate_doubt(&run->options.gate, "a process continues in the background", false);
        run->reason_printed = true;
    }
}

static void note_no_samples(const struct run *run) {
    int status = run_child_status(&run->child);
    const char *name = run_target_name(&run->target);
    if (status == 128 + SIGKILL) {
        diagnostic_error("run", name, "was killed before it could write a profile; --period writes profiles while it runs");
    } else if (status > 128) {
        diagnostic_error("run", name, "crashed (%s) before it could write a profile; --period writes profiles while it runs",
                         strsignal(status - 128));
    } else {
        diagnostic_error(
            "run", name,
            "wrote no profile: it exited by a direct system call (--period writes profiles while it runs), could no longer write into "
            "%s (another user or root directory), or could not load the library (the loader's message is above)",
            run->directory.path);
    }
}

static bool close_agent(struct run *run) {
    struct run_agent_counts counts;
    char address[WEB_ADDRESS_SHOWN_BYTES];
    web_address_shown(run->options.agent, address);
    run_agent_close(run->agent, &counts);
    if (counts.failed > 0) {
        diagnostic_error("run", address, "%llu of %llu batches could not be sent: %s", (unsigned long long)counts.failed,
                         (unsigned long long)(counts.failed + counts.spooled + counts.sent), counts.text);
    } else if (counts.spooled > 0) {
        diagnostic_note("run", "%llu batches for %s are spooled in %s: %s", (unsigned long long)counts.spooled, address,
                        getenv("DD_PROFILING_SPOOL_DIR"), counts.text);
    }
    return counts.failed == 0;
}

// ---- Start to end ----

static int finish(struct run *run) {
    take(run, true);
    note_all_processes(run);
    note_background(run);
    bool ok = run->agent ? close_agent(run) : !run->output.failed;
    if (!run->got_some && !run->reason_printed) {
        note_no_samples(run);
        run->lost = true;
    }
    if (run->output.failed) {
        diagnostic_error("run", NULL, "the unwritten profiles are still in %s", run->directory.path);
    } else {
        run_directory_close(&run->directory);
    }
    if (run->lost) {
        run_gate_doubt(&run->options.gate, "a profile is missing", false);
    }
    if (!run->got_some) { // what needs no profile
        run_gate_measure(&run->options.gate, NULL, NULL);
    }
    int held = gate_report("run", run_target_name(&run->target), &run->options.gate), status = run_child_status(&run->child);
    ok &= held == STATUS_DONE || held == STATUS_GATE;
    return status != 0 ? status : !ok || run->lost ? RUN_STATUS_FAILED : held;
}

// The program runs already: a name that is too long is cut.
static void name_files(struct run *run) {
    const char *program = base_name(run_target_name(&run->target)), *output = run->options.output;
    struct gate *gate = &run->options.gate;
    run_path_make(output ? output : RUN_DEFAULT_OUTPUT, program, run->child.pid, run->output_path, sizeof run->output_path);
    for (size_t i = 0; i < gate->summary_count; i++) {
        run_path_make(gate->summaries[i].path, program, run->child.pid, run->summary_paths[i], sizeof run->summary_paths[i]);
        gate->summaries[i].path = run->summary_paths[i];
    }
}

static int start(struct run *run) {
    if (!run_child_start(&run->child, run->target.path, run->options.argv, environ, run->options.follow_children)) {
        diagnostic_error("run", run->target.path, "%s", strerror(errno));
        return RUN_STATUS_NOT_RUN;
    }
    name_files(run);
    run->output.path = run->output_path;
    run->output.gate = &run->options.gate;
    if (run->options.agent) {
        const struct run_otlp *otlp = run->options.kind == RECEIVER_TARGET_OTLP ? &run->options.otlp : NULL;
        run->agent = run_agent_open(run->options.kind, run->options.agent, otlp, run->options.service, run->seed, run->options.period_ms);
        if (!run->agent) { // the program already runs, and continues
            diagnostic_error("run", NULL, "nothing can be sent, the profile is written to %s", run->output_path);
        }
    }
    return -1;
}

static void set_defaults(struct run *run) {
    run_context_seed(run->seed);
    run_options_settle(&run->options, base_name(run_target_name(&run->target)));
}

static int run_program(struct run *run) {
    if (!run_directory_make(&run->directory)) {
        diagnostic_error("run", NULL, "cannot create a directory for profiles in $TMPDIR or /tmp: %s", strerror(errno));
        return RUN_STATUS_FAILED;
    }
    int status = RUN_STATUS_FAILED;
    if (make_library_path(run)) {
        set_environment(run);
        status = start(run);
    }
    if (status >= 0) {
        run_directory_close(&run->directory);
        return status;
    }
    bool polls = run->options.period_ms != 0 || run->options.signal != 0;
    while (run_child_wait(&run->child, polls ? POLL_MS : 0)) {
        if (polls) {
            take(run, false);
            note_all_processes(run);
        }
    }
    return finish(run);
}

// What is held against its rules is known without a profile: there is no C code. peak_rss is the kernel's.
static int run_without_c(struct run *run) {
    struct gate *gate = &run->options.gate;
    if (!run_child_start(&run->child, run->target.path, run->options.argv, environ, false)) {
        diagnostic_error("run", run->target.path, "%s", strerror(errno));
        return RUN_STATUS_NOT_RUN;
    }
    name_files(run);
    while (run_child_wait(&run->child, 0)) {
    }
    struct profile *none = profile_new();
    if (none) {
        run_gate_measure(gate, none, none);
    }
    if (run->options.follow_children) {
        run_gate_doubt(gate, "its children were not looked at", false);
    }
    profile_free(none);
    int held = gate_report("run", run->target.path, gate), status = run_child_status(&run->child);
    return status != 0 ? status : held == STATUS_DONE || held == STATUS_GATE ? held : RUN_STATUS_FAILED;
}

int run_command(int argc, char **argv) {
    static struct run run; // tens of KiB
    int done = run_options_parse(argc, argv, &run.options);
    if (done >= 0) {
        return done;
    }
    if (run.options.attach != 0) {
        return run_attach(&run.options);
    }
    if (go_test_is_meant(&run.options)) {
        return go_test_run(&run.options);
    }
    enum run_target_status status = run_target_find(run.options.argv, &run.target);
    // Its children may have C.
    bool only_children = status == RUN_TARGET_REFUSED && run.target.has_no_c && !run.target.is_static && run.options.follow_children;
    status = only_children ? RUN_TARGET_OK : status;
    if (status == RUN_TARGET_REFUSED && run.target.has_no_c && run.options.without_c) {
        return run_without_c(&run);
    }
    if (status != RUN_TARGET_OK) {
        return error_refused(&run, status);
    }
    set_defaults(&run);
    if (!find_library(&run) || (run.options.output && !check_output(&run))) {
        return RUN_STATUS_FAILED;
    }
    note_own_process(&run);
    return run_program(&run);
}
