// run_attach.c: see run_attach.h.
#include "run_attach.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../base/clock.h"
#include "../../base/process_stat.h"
#include "../base/diagnostic.h"
#include "../base/web_address.h"
#include "run_agent.h"
#include "run_context.h"
#include "run_directory.h"

// Without pidfd or inotify the process and the directory are looked at every POLL_MS, as while something is being sent.
enum { POLL_MS = 250, MIN_REST_MS = 1000, REST_MS = 60000, FLUSH_LIMIT_S = 5, LOG_BYTES = 64 << 10 };
enum { NAME_BYTES = 64 };

struct attach {
    const struct run_options *options;
    struct run_directory directory;
    struct run_agent *agent;
    char seed[RUN_SEED_BYTES], service[NAME_BYTES];
    long process;             // that is watched: the one of the options, then others that have begun
    uint64_t stack;           // stack_of it
    struct pollfd watched[2]; // the process, changes in the directory; .fd -1: not possible here
    uint64_t told_at_ns;      // 0: nothing yet
    uint64_t told_failed;     // batches
    uint64_t looked_at_ns;    // for processes that have ended
    char told_text[600];
};

// ---- Processes ----

// Not if it cannot be read: the process may have another user's rights now. The library is gone after an exec.
static bool has_ended(const void *context, long pid, int64_t start_ns) {
    char path[40], *line = NULL;
    size_t capacity = 0;
    bool found = false;
    (void)context;
    (void)start_ns;
    snprintf(path, sizeof path, "/proc/%ld/maps", pid);
    FILE *maps = fopen(path, "re");
    if (!maps) {
        return errno == ENOENT || errno == ESRCH;
    }
    while (!found && getline(&line, &capacity, maps) > 0) {
        found = strstr(line, "/libcmemprof");
    }
    bool is_refused = !found && ferror(maps) && errno == EACCES;
    free(line);
    fclose(maps);
    return !found && !is_refused;
}

// Where the kernel has put its stack: another place after an exec. 0: unknown.
static uint64_t stack_of(long pid) {
    char path[40];
    struct process_stat stat;
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    process_stat_read(&stat, path);
    return process_stat_number(&stat, PROCESS_STAT_STACK);
}

static void watch_process(struct attach *attach, long pid) {
    if (attach->watched[0].fd >= 0) {
        close(attach->watched[0].fd);
    }
    attach->watched[0] = (struct pollfd){.fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0), .events = POLLIN};
    attach->process = pid;
    attach->stack = stack_of(pid);
}

// Also if it has become another program, which has a profiler of its own.
static bool process_has_ended(const struct attach *attach) {
    const struct pollfd *process = &attach->watched[0];
    uint64_t stack = stack_of(attach->process);
    if (process->fd >= 0 && poll(&(struct pollfd){.fd = process->fd, .events = POLLIN}, 1, 0) == 1) {
        return true;
    }
    return (process->fd < 0 && kill((pid_t)attach->process, 0) != 0 && errno == ESRCH) ||
           (stack != 0 && attach->stack != 0 && stack != attach->stack);
}

// Of the processes that have begun in the directory, one that has not ended. Returns 0 if there is none.
static long find_living(const struct attach *attach) {
    for (size_t i = 0; i < attach->directory.begun_count; i++) {
        const struct run_begun *begun = &attach->directory.begun[i];
        if (begun->pid != attach->process && !has_ended(NULL, begun->pid, begun->start_ns)) {
            return begun->pid;
        }
    }
    return 0;
}

// ---- What went wrong ----

static void note_processes(struct attach *attach) {
    struct run_note note;
    for (char *text; (text = run_directory_take_note(&attach->directory, &note)); free(text)) {
        const char *why = *text != '\0' ? text : "no space for the reason in the temporary directory";
        diagnostic_error("run", NULL, note.is_unsampled ? "nothing of process %ld was sampled: %s" : "process %ld: %s", note.pid, why);
    }
}

static void cut_log(void) {
    struct stat status;
    if (fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > LOG_BYTES && ftruncate(STDERR_FILENO, 0) != 0) {
        return; // it stays as it is
    }
}

// A failure as such once a minute, if it is another one, and each loss.
static void note_failures(struct attach *attach) {
    struct run_agent_counts counts;
    char address[WEB_ADDRESS_SHOWN_BYTES];
    uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    run_agent_count(attach->agent, &counts);
    bool is_loss = counts.failed > attach->told_failed;
    bool is_new = strcmp(counts.text, attach->told_text) != 0 &&
                  (attach->told_at_ns == 0 || now_ns - attach->told_at_ns >= (uint64_t)REST_MS * 1000000);
    if (!is_loss && !is_new) {
        return;
    }
    cut_log();
    web_address_shown(attach->options->agent, address);
    if (is_loss) {
        diagnostic_error("run", address, "%llu of %llu batches are lost: %s", (unsigned long long)counts.failed,
                         (unsigned long long)(counts.failed + counts.spooled + counts.sent), counts.text);
    } else {
        diagnostic_error("run", address, "a batch could not be sent, and waits: %s", counts.text);
    }
    attach->told_at_ns = now_ns;
    attach->told_failed = counts.failed;
    snprintf(attach->told_text, sizeof attach->told_text, "%s", counts.text);
}

// ---- The loop ----

static void drain(int descriptor) {
    char events[4096];
    while (descriptor >= 0 && read(descriptor, events, sizeof events) > 0) {
    }
}

static void serve_flush(struct attach *attach) {
    char path[PATH_MAX + 8];
    snprintf(path, sizeof path, "%s/flush", attach->directory.path);
    if (access(path, F_OK) != 0) {
        return;
    }
    run_agent_take(attach->agent, &attach->directory);
    for (int i = 0; i < FLUSH_LIMIT_S * 100 && !run_agent_rests(attach->agent); i++) {
        poll(NULL, 0, 10);
    }
    note_failures(attach);
    unlink(path);
}

static void forget_ended(struct attach *attach) {
    uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    if (now_ns - attach->looked_at_ns >= (uint64_t)REST_MS * 1000000) {
        attach->looked_at_ns = now_ns;
        run_agent_forget(attach->agent, has_ended, NULL);
    }
}

static int pause_ms(const struct attach *attach) {
    bool is_told = attach->watched[0].fd >= 0 && attach->watched[1].fd >= 0;
    uint64_t period_ms = attach->options->period_ms; // nothing tells of an exec
    int rest_ms = period_ms < MIN_REST_MS ? MIN_REST_MS : period_ms < REST_MS ? (int)period_ms : REST_MS;
    return is_told && run_agent_rests(attach->agent) ? rest_ms : POLL_MS;
}

static void watch(struct attach *attach) {
    for (;;) {
        bool ended = process_has_ended(attach); // before the files are looked at: what it has written last is among them
        drain(attach->watched[1].fd);
        run_agent_take(attach->agent, &attach->directory);
        note_processes(attach);
        serve_flush(attach);
        note_failures(attach);
        forget_ended(attach);
        if (ended) {
            run_directory_unmark(&attach->directory, attach->process);
            long other = find_living(attach);
            if (other == 0) {
                return;
            }
            watch_process(attach, other);
        }
        poll(attach->watched, 2, pause_ms(attach));
    }
}

// ---- Start and end ----

// It is emptied and removed at the end, so it must be one of run_directory_make's kind.
static bool open_directory(struct attach *attach) {
    static const char kind[] = "/cmemprof-run-";
    const char *path = attach->options->directory, *name = strrchr(path, '/');
    struct stat status;
    if (path[0] != '/' || strncmp(name, kind, sizeof kind - 1) != 0 || strlen(path) >= sizeof attach->directory.path) {
        diagnostic_usage("run", "--directory takes the absolute path of a directory whose name begins with cmemprof-run-, not %s", path);
        return false;
    }
    if (lstat(path, &status) != 0) {
        diagnostic_error("run", path, "%s", strerror(errno));
        return false;
    }
    if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        diagnostic_error("run", path, "is no directory, or others can write into it");
        return false;
    }
    strcpy(attach->directory.path, path);
    return true;
}

static void open_watched(struct attach *attach) {
    int changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (changes >= 0 && inotify_add_watch(changes, attach->directory.path, IN_MOVED_TO | IN_CREATE) < 0) {
        close(changes);
        changes = -1;
    }
    attach->watched[0].fd = -1;
    watch_process(attach, attach->options->attach);
    if (attach->options->attach_stack != 0) { // it may be another program by now
        attach->stack = attach->options->attach_stack;
    }
    attach->watched[1] = (struct pollfd){.fd = changes, .events = POLLIN};
}

static void close_watched(const struct attach *attach) {
    for (size_t i = 0; i < 2; i++) {
        if (attach->watched[i].fd >= 0) {
            close(attach->watched[i].fd);
        }
    }
}

static void tell_ready(const struct attach *attach) {
    char path[PATH_MAX + 8];
    snprintf(path, sizeof path, "%s/ready", attach->directory.path);
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file >= 0) {
        close(file);
    }
}

// The process's name, where nothing says what the service is called.
static const char *name_of(struct attach *attach) {
    char path[40];
    snprintf(path, sizeof path, "/proc/%ld/comm", (long)attach->options->attach);
    FILE *name = fopen(path, "re");
    if (!name || !fgets(attach->service, sizeof attach->service, name)) {
        strcpy(attach->service, "unnamed");
    }
    attach->service[strcspn(attach->service, "\n")] = '\0';
    if (name) {
        fclose(name);
    }
    return attach->service;
}

int run_attach(struct run_options *options) {
    static struct attach attach; // tens of KiB
    sigset_t all;
    attach = (struct attach){.options = options};
    if (!open_directory(&attach)) {
        return RUN_STATUS_FAILED;
    }
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    run_options_settle(options, name_of(&attach));
    run_context_seed(attach.seed);
    open_watched(&attach);
    const struct run_otlp *otlp = options->kind == RECEIVER_TARGET_OTLP ? &options->otlp : NULL;
    attach.agent = run_agent_open(options->kind, options->agent, otlp, options->service, attach.seed, options->period_ms);
    if (!attach.agent) {
        close_watched(&attach);
        return diagnostic_error("run", NULL, "nothing can be sent: no memory, or no thread"), RUN_STATUS_FAILED;
    }
    tell_ready(&attach);
    watch(&attach);
    run_agent_take(attach.agent, &attach.directory); // what the last of its children wrote meanwhile
    struct run_agent_counts counts;
    run_agent_close(attach.agent, &counts);
    close_watched(&attach);
    run_directory_close(&attach.directory);
    return counts.failed == 0 ? STATUS_DONE : RUN_STATUS_FAILED;
}
