// preload.c: starts a preloaded libcmemprof.so and decides when profiles are written. settings.h lists its variables; without
// CMEMPROF_DIRECTORY nothing here takes effect. Only the shared library contains this folder: a program that links cmemprof starts it
// itself.
//
// A profile is written
//   at exit         return from main, exit, quick_exit: after the program's own exit handlers (ours was registered first, so it runs last);
//                   _exit and _Exit: only if our thread exists, since they may be called in a signal handler. The thread writes, and is
//                   waited for 5 seconds at most. runtime.exit of a Go program (go_exit.h).
//   at a signal     the handler wakes the thread and returns.
//   before SIGHUP, SIGINT or SIGTERM ends a program that does not handle it. The program ends by that signal a moment later; the
//                   thread that got the signal does nothing more. 5 seconds at most, as it may hold what our thread needs.
//   every period    by the thread.
// No profile is written if the program is killed, crashes, replaces itself by exec (the new program is then profiled, exec.h), or makes the
// exit_group system call itself, other than as Go programs do (go_exit.h).
//
// A program may also load the library itself and start it then (control.h).
//
// A forked child has no context (context.h). It keeps sampling, into files of its own, if children are followed; otherwise it stops
// sampling. A child of vfork or clone, which shares our memory, is recognised by its process ID and left alone.

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../cmemprof/cmemprof.h"
#include "../cmemprof/interposition.h"
#include "../cmemprof/lifecycle.h"
#include "../cmemprof/mappings.h"
#include "../cmemprof/profiler.h"
#include "../cmemprof/statistics.h"
#include "context.h"
#include "control.h"
#include "exec.h"
#include "go_exit.h"
#include "own_thread.h"
#include "python.h"
#include "python_arenas.h"
#include "python_locks.h"
#include "python_objects.h"
#include "settings.h"
#include "signals.h"
#include "ticker.h"
#include "time_profile.h"
#include "writer.h"

#define EXPORTED __attribute__((visibility("default"), used))

enum { EXIT_LIMIT_S = 60, RAW_EXIT_LIMIT_S = 5 };

extern char **environ;

static struct {
    struct settings settings;
    struct writer writer;
    _Atomic pid_t owner; // the process whose profiles are written; 0: none
    void (*raw_exit)(int status);
    uint64_t samples_before; // when it was marked
    bool has_begun;          // sampling, in this process or one that it was forked from
} preload;

static bool is_owner(void) {
    return atomic_load(&preload.owner) == getpid();
}

static uint64_t sample_count(void) {
    struct cmemprof_stats stats;
    statistics_count(&profiler, &stats);
    return stats.samples;
}

static void mark(void) {
    if (preload.settings.marks) {
        preload.samples_before = sample_count(); // a child of fork has its parent's
        profile_file_mark(&preload.writer.file);
    }
}

// Of a process that becomes another program: nothing is lost with what has not sampled anything.
static void before_exec(void) {
    if (preload.settings.marks && sample_count() == preload.samples_before) {
        profile_file_mark_replaced(&preload.writer.file);
    }
}

// ---- Signals ----

static void on_dump(int number) {
    (void)number;
    if (is_owner()) {
        writer_dump(&preload.writer);
    }
}

static void on_termination(int number) {
    int saved = errno;
    if (is_owner() && preload.writer.has_thread) {
        // Returns only if the interrupted code holds what the thread needs.
        writer_terminate(&preload.writer, number, RAW_EXIT_LIMIT_S);
    }
    signals_reset(number);
    raise(number); // delivered when this handler returns
    errno = saved;
}

static void handle_signals(void) {
    if (preload.settings.on_termination) {
        signals_handle(SIGHUP, on_termination);
        signals_handle(SIGINT, on_termination);
        signals_handle(SIGTERM, on_termination);
    }
    if (preload.settings.signal != 0) {
        signal(preload.settings.signal, SIG_DFL); // overrides the default handling of one of the above
        signals_handle(preload.settings.signal, on_dump);
    }
}

// ---- Exit ----

static void finish(unsigned limit_s) {
    int saved = errno;
    if (is_owner()) {
        writer_finish(&preload.writer, limit_s);
    }
    errno = saved;
}

static void at_exit(void) {
    finish(EXIT_LIMIT_S);
}

static _Noreturn void leave(int status, unsigned limit_s) {
    if (preload.writer.has_thread) {
        finish(limit_s);
    }
    if (preload.raw_exit) {
        preload.raw_exit(status);
    }
    for (;;) {
        syscall(SYS_exit_group, status);
    }
}

EXPORTED _Noreturn void _exit(int status) {
    leave(status, RAW_EXIT_LIMIT_S);
}

EXPORTED _Noreturn void _Exit(int status) {
    leave(status, RAW_EXIT_LIMIT_S);
}

// The exit of a Go program. One with another status than 0 may be that of Go's own handler for a fault, and what it interrupted may hold
// what our thread needs.
static void leave_go(int status) {
    leave(status, status == 0 ? EXIT_LIMIT_S : RAW_EXIT_LIMIT_S);
}

// ---- fork ----

static void after_fork_in_child(void) {
    atomic_store(&preload.writer.is_busy, false);
    python_arenas_after_fork_in_child();
    own_threads_after_fork_in_child();
    if (atomic_load(&preload.owner) == 0) { // a profiler may have been stopped: the child may start its own
        time_profile_after_fork_in_child(false);
        return;
    }
    if (!preload.settings.follow_children) {
        atomic_store(&preload.owner, 0);
        time_profile_after_fork_in_child(false);
        cmemprof_stop();
        return;
    }
    go_exit_in_child();
    profile_file_begin(&preload.writer.file, preload.settings.directory, preload.settings.keep);
    mark();
    time_profile_after_fork_in_child(true);
    writer_open(&preload.writer, preload.settings.period_ms, preload.settings.period_ms != 0 || preload.settings.signal != 0);
    if (time_profile_is_on() && preload.writer.has_thread) { // a child that is as it was has no thread of ours
        ticker_start(preload.settings.time_hz);
    }
    atomic_store(&preload.owner, getpid());
}

// ---- Start ----

// Go has a CPU profile of its own, and uses the signal.
static void begin_time(bool is_go) {
    const char *why = is_go ? "a Go program has a CPU profile of its own" : time_profile_start(&profiler, preload.settings.time_hz);
    if (!why && !ticker_start(preload.settings.time_hz)) {
        time_profile_stop();
        why = "cannot create its thread";
    }
    if (why) {
        char text[128];
        snprintf(text, sizeof text, "there is no time profile: %s", why);
        profile_file_fail(&preload.writer.file, text);
    }
}

// Once: an interpreter has our allocators around its own from then on.
static void find_python(void) {
    struct python_symbols python;
    if (python_find(&python)) {
        python_start(&profiler.python, &python);
    }
    struct python_allocators allocators;
    if (python_find_allocators(&allocators)) {
        python_objects_hook(&allocators);
    }
}

static void watch_process(void) {
    pthread_atfork(NULL, NULL, after_fork_in_child);
    atexit(at_exit);
    at_quick_exit(at_exit);
}

// Returns NULL, or why nothing is sampled.
static const char *begin(enum cmemprof_error (*start_sampling)(uint64_t interval_bytes)) {
    const struct settings *settings = &preload.settings;
    bool thread = settings->period_ms != 0 || settings->signal != 0 || settings->on_termination;
    if (!writer_open(&preload.writer, settings->period_ms, thread)) {
        return "cannot create the thread that writes profiles";
    }
    if (settings->context[0] != '\0') {
        context_publish(settings->context, preload.writer.file.process);
    }
    cmemprof_set_memory_limit(settings->memory_limit_bytes);
    if (!preload.has_begun) {
        find_python();
    }
    enum cmemprof_error error = start_sampling(settings->interval_bytes);
    if (error != CMEMPROF_OK) {
        writer_cancel(&preload.writer);
        return cmemprof_error_text(error);
    }
    mark();
    atomic_store(&preload.owner, getpid());
    if (!preload.has_begun) {
        watch_process();
    }
    preload.has_begun = true;
    return NULL;
}

static void begin_rest(void) {
    struct go_program program;
    bool is_go = go_program_find(&program);
    if (preload.settings.time_hz != 0) {
        begin_time(is_go);
    }
    if (is_go && program.has_c) {
        mappings_expect_go(&profiler, program.text_start, program.text_end);
        if (preload.writer.has_thread) {
            go_exit_take(&program, leave_go);
        }
    }
}

static __attribute__((constructor)) void start(void) {
    *(void **)&preload.raw_exit = dlsym(RTLD_NEXT, "_exit");
    const char *bad = settings_read(&preload.settings, secure_getenv);
    if (preload.settings.directory[0] == '\0') {
        return;
    }
    profile_file_begin(&preload.writer.file, preload.settings.directory, preload.settings.keep);
    if (bad) {
        char text[96];
        snprintf(text, sizeof text, "%s has an invalid value", bad);
        profile_file_unsampled(&preload.writer.file, text);
        return;
    }
    Dl_info self;
    exec_watch(is_owner, before_exec);
    if (!preload.settings.follow_children && dladdr((void *)start, &self) != 0) {
        exec_remember(environ, self.dli_fname);
        settings_remove(environ, self.dli_fname);
    }
    const char *why = begin(cmemprof_start);
    if (why) {
        profile_file_unsampled(&preload.writer.file, why);
        return;
    }
    begin_rest();
    handle_signals();
}

// ---- Control ----

static enum cmemprof_error start_late(uint64_t interval_bytes) {
    return lifecycle_start(&profiler, interval_bytes, interposition_is_active());
}

static const char *const *given; // settings; while they are read

static char *get_given(const char *name) {
    size_t length = strlen(name);
    for (const char *const *setting = given; *setting; setting++) {
        if (strncmp(*setting, name, length) == 0 && (*setting)[length] == '=') {
            return (char *)(uintptr_t)(*setting + length + 1);
        }
    }
    return NULL;
}

// The thread of before may be about to end.
static bool writer_has_ended(void) {
    for (int i = 0; i < 1000 && atomic_load(&preload.writer.is_busy); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return !atomic_load(&preload.writer.is_busy);
}

EXPORTED const char *cmemprof_preload_start(const char *const *settings) {
    static char directory[SETTINGS_PATH_BYTES]; // of the profiles so far
    static pid_t process;
    if (is_owner()) {
        return "the profiler is running already";
    }
    if (!writer_has_ended()) {
        return "the last profile is still being written";
    }
    given = settings;
    const char *bad = settings_read(&preload.settings, get_given);
    if (bad || preload.settings.directory[0] == '\0') {
        return bad ? bad : "CMEMPROF_DIRECTORY";
    }
    const char *lacks = preload.has_begun ? NULL : python_objects_obstacle();
    if (lacks) {
        return lacks;
    }
    if (process != getpid() || strcmp(directory, preload.settings.directory) != 0) { // else files go on where they ended
        profile_file_begin(&preload.writer.file, preload.settings.directory, preload.settings.keep);
        strcpy(directory, preload.settings.directory);
        process = getpid();
    }
    const char *why = begin(start_late);
    if (!why) {
        if (preload.settings.time_hz != 0) {
            begin_time(false);
        }
        handle_signals();
    }
    return why;
}

EXPORTED bool cmemprof_preload_is_running(void) {
    return is_owner();
}

EXPORTED bool cmemprof_preload_sees_malloc(void) {
    return interposition_is_active();
}

EXPORTED bool cmemprof_preload_stop(unsigned limit_s) {
    if (!is_owner()) {
        return true;
    }
    bool in_time = true;
    cmemprof_stop();
    if (limit_s == 0) {
        writer_cancel(&preload.writer);
    } else {
        preload.writer.last_reason = "stop";
        in_time = writer_finish(&preload.writer, limit_s);
    }
    time_profile_stop(); // after the last profile, which has it
    atomic_store(&preload.owner, 0);
    return in_time;
}

EXPORTED void cmemprof_preload_exception(const char *type, uint64_t count, unsigned skip) {
    if (is_owner()) {
        time_profile_event(&(struct time_event){.kind = TIME_EVENT_RAISED, .type = type, .count = count, .skip = skip});
    }
}

static bool note_lock(bool is_release, uint64_t ns, uint32_t interval) {
    const struct time_event event = {.kind = is_release ? TIME_EVENT_RELEASED : TIME_EVENT_ACQUIRED, .count = interval, .ns = ns};
    return is_owner() && time_profile_event(&event);
}

EXPORTED const char *const *cmemprof_preload_lock_methods(void) {
    return python_locks_names;
}

EXPORTED const char *cmemprof_preload_locks(const uintptr_t *methods, size_t count, const void *is_true, unsigned interval) {
    const char *why = NULL;
    if (interval != 0) {
        why = time_profile_expect_locks() ? python_locks_hook(methods, count, is_true)
                                          : "locks are not sampled: the time of Python's threads is not";
    }
    python_locks_sample(why ? 0 : interval, note_lock);
    return why;
}

EXPORTED bool cmemprof_preload_spans(const void *variable) {
    return is_owner() && time_profile_watch_spans((uintptr_t)variable);
}

EXPORTED void cmemprof_preload_endpoint(uint64_t root, const char *text) {
    if (is_owner()) {
        time_profile_endpoint(root, text);
    }
}
