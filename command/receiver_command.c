// receiver_command.c: `cmemprof receiver`: runs the receiver until SIGINT or SIGTERM; SIGHUP: files are read again.
#include "commands.h"
#include "../receiver/receiver.h"
#include "base/config.h"
#include "base/confine.h"
#include "base/port_file.h"
#include "serve/backup_command.h"
#include "mcp/mcp_protocol.h"
#include "serve/receiver_options.h"
#include "serve/service_manager.h"

#include <errno.h>
#include <libgen.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

// A connection uses up to three descriptors. The usual soft limit of 1,024 protects select, which nothing here uses.
static void raise_file_limit(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

// ---- Confinement ----

// False: it is not as confined as was asked for.
static bool confined(const struct receiver_arguments *arguments, const char *of, const char *by, int error) {
    if (error != 0) {
        bool is_missing = error == ENOSYS || error == EOPNOTSUPP;
        fprintf(stderr, "cmemprof receiver: %s not confined: %s%s%s\n", of, by, is_missing ? " is not there or switched off" : ": ",
                is_missing ? "" : strerror(error));
    }
    return error == 0 || arguments->confine == CONFINE_ON;
}

// The folder of a file, and that of what it is a link to: new files come there. Caller must free both.
struct folders {
    char *named, *real;
};

static struct folders folders_of(const char *path) {
    struct folders folders = {path ? strdup(path) : NULL, path ? realpath(path, NULL) : NULL};
    // dirname shortens its argument, or returns a text of its own.
    char **const both[] = {&folders.named, &folders.real};
    for (int i = 0; i < 2; i++) {
        char *whole = *both[i], *folder = whole ? strdup(dirname(whole)) : NULL;
        free(whole);
        *both[i] = folder;
    }
    return folders;
}

static void folders_free(struct folders *folders) {
    free(folders->named);
    free(folders->real);
}

// Before there is a thread. What is not there stays out of reach, so the directory for uploads is made first.
static bool confine_to_folders(const struct receiver_arguments *arguments) {
    const struct receiver_options *options = &arguments->options;
    bool is_unix = options->listen && strncmp(options->listen, "unix:", 5) == 0;
    struct folders socket = folders_of(is_unix ? options->listen + 5 : NULL), certificate = folders_of(options->tls_certificate),
                   key = folders_of(options->tls_key),
                   log = folders_of(options->access_log && strcmp(options->access_log, "-") != 0 ? options->access_log : NULL);
    enum { FIXED = 10 };
    struct confine_folder folders[FIXED + 2 * SOURCE_PATHS_MAX] = {
        {options->data_directory, CONFINE_WRITE},
        {options->symbols ? options->symbols->directory : NULL, CONFINE_WRITE},
        {socket.named, CONFINE_SOCKET},
        {certificate.named, CONFINE_READ},
        {certificate.real, CONFINE_READ},
        {key.named, CONFINE_READ},
        {key.real, CONFINE_READ},
        {log.named, CONFINE_APPEND},
        {"/proc", CONFINE_READ}, // memory, limits and the journal's thread
        {"/sys/fs", CONFINE_READ},
    };
    size_t count = FIXED;
    for (size_t i = 0; i < options->sources.count; i++) {
        folders[count++] = (struct confine_folder){options->sources.list[i].directory, CONFINE_READ};
    }
    for (size_t i = 0; i < arguments->binaries.count; i++) {
        folders[count++] = (struct confine_folder){arguments->binaries.list[i].directory, CONFINE_READ};
    }
    receiver_make_directory(options->data_directory);
    setenv("SQLITE_TMPDIR", options->data_directory, 1); // for sorting what is large
    int error = !confine_may_ask_files() ? EPERM : confine_files(folders, count);
    folders_free(&socket);
    folders_free(&certificate);
    folders_free(&key);
    folders_free(&log);
    return confined(arguments, "files are", "Landlock", error);
}

// ---- Stopped while it starts ----

// To read a large store takes minutes. Until it is open, a signal that ends the receiver kills it, as a kernel or a power cut may at any
// time; from then on it ends in order. SIGHUP waits, but in a terminal.
struct start_signals {
    sigset_t signals;
    pthread_t thread;
};

static void *wait_for_signal(void *state) {
    const struct start_signals *start = state;
    siginfo_t about;
    int caught;
    while ((caught = sigwaitinfo(&start->signals, &about)) < 0) { // the process was stopped and goes on
    }
    if (about.si_code == SI_QUEUE && about.si_value.sival_ptr == start) { // start_signals_end
        return NULL;
    }
    fputs("cmemprof receiver: stopped while it started\n", stderr);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, caught);
    signal(caught, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    raise(caught);
    _exit(128 + caught); // as process 1 of a container, which no signal kills by default
}

// The signals are blocked.
static bool start_signals_begin(struct start_signals *start, bool in_terminal) {
    sigemptyset(&start->signals);
    sigaddset(&start->signals, SIGINT);
    sigaddset(&start->signals, SIGTERM);
    if (in_terminal) {
        sigaddset(&start->signals, SIGHUP);
    }
    return pthread_create(&start->thread, NULL, wait_for_signal, start) == 0;
}

static void start_signals_end(struct start_signals *start) {
    // pthread_cancel would load a library, which confinement forbids; glibc does not tell signals of pthread_kill from others.
    pthread_sigqueue(start->thread, SIGTERM, (union sigval){.sival_ptr = start});
    pthread_join(start->thread, NULL);
}

// ---- Run ----

static void say(const char *text) {
    fprintf(stderr, "cmemprof receiver: %s\n", text);
}

static bool begin(struct receiver_arguments *arguments, struct service_manager *manager, struct port_file *port_file,
                  struct receiver **receiver) {
    char text[512];
    bool taken = service_manager_begin(manager, text, sizeof text);
    if (*text) {
        say(text);
    }
    if (!taken) {
        return false;
    }
    if (!arguments->options.listen) {
        arguments->options.listen_socket = manager->listen;
    } else if (manager->listen) {
        say("the socket that was passed (LISTEN_FDS) is not used, as there is --listen");
    }
    arguments->options.on_message = say;
    arguments->options.answerer = mcp_answer_post;
    arguments->outlets.foreign[0] = manager->listen;
    arguments->outlets.foreign[1] = manager->notify;
    if (!outlets_start(&arguments->outlets, &arguments->options)) { // before anything is given up
        return false;
    }
    if (!port_file_begin(port_file, arguments->port_file)) {
        fprintf(stderr, "cmemprof receiver: %s: %s\n", arguments->port_file, strerror(errno));
        return false;
    }
    if (arguments->confine != CONFINE_OFF && !confine_to_folders(arguments)) {
        return false;
    }
    bool may_ask = arguments->confine == CONFINE_OFF || confine_may_ask_calls(); // while there is one thread
    struct start_signals start;
    if (!start_signals_begin(&start, isatty(STDIN_FILENO))) {
        say("a thread cannot start");
        return false;
    }
    bool started = receiver_start(&arguments->options, receiver, text, sizeof text) == RECEIVER_OK;
    start_signals_end(&start);
    if (!started) {
        say(text);
        return false;
    }
    if (arguments->confine != CONFINE_OFF && !confined(arguments, "system calls are", "seccomp", may_ask ? confine_calls() : EPERM)) {
        return false;
    }
    if (!port_file_write(port_file, receiver_port(*receiver))) {
        fprintf(stderr, "cmemprof receiver: %s: %s\n", arguments->port_file, strerror(errno));
        return false;
    }
    return true;
}

// Until it is to end. Of a service SIGHUP means to read files again; in a terminal, that it was closed.
static void wait_for_end(struct receiver *receiver, const sigset_t *signals, bool in_terminal) {
    for (int caught; sigwait(signals, &caught) == 0 && caught == SIGHUP && !in_terminal;) {
        if (!receiver_reload(receiver)) {
            say("SIGHUP: there is neither a certificate nor an access log; options, the files that hold them and tokens are read at the "
                "start: "
                "restart it");
        }
    }
}

static int run(struct receiver_arguments *arguments) {
    bool in_terminal = isatty(STDIN_FILENO);
    // Blocked before any thread starts, so that only sigwait gets them.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN); // a client that closed its connection
    signal(SIGXFSZ, SIG_IGN); // a file size limit is reported like a full disk
    raise_file_limit();
    struct receiver *receiver = NULL;
    struct port_file port_file;
    struct service_manager manager;
    bool runs = begin(arguments, &manager, &port_file, &receiver);
    if (runs) {
        printf("cmemprof receiver: %s (uploads in %s)\n", receiver_url(receiver), arguments->options.data_directory);
        if (*receiver_note(receiver)) {
            printf("cmemprof receiver: %s\n", receiver_note(receiver));
        }
        fflush(stdout);
        char state[300];
        snprintf(state, sizeof state, "READY=1\nSTATUS=%s", receiver_url(receiver));
        service_manager_tell(&manager, state);
        wait_for_end(receiver, &signals, in_terminal);
        service_manager_tell(&manager, "STOPPING=1");
    }
    port_file_end(&port_file);
    receiver_stop(receiver);
    outlets_stop(&arguments->outlets);
    service_manager_end(&manager);
    return runs ? 0 : 1;
}

static int run_with(int argc, char **argv, struct config *config) {
    struct receiver_arguments arguments = {0};
#ifdef CMEMPROF_UNCONFINED // a build with tools that need more: sanitizers, coverage
    arguments.confine = CONFINE_OFF;
#endif
    int done = config_read(config, argc, argv) ? receiver_options_parse(config, &arguments) : 3;
    if (done) {
        config_say_where(config, arguments.reading);
        receiver_options_free(&arguments);
        return done - 1;
    }
    char *directory = NULL;
    if (!arguments.options.data_directory) {
        directory = receiver_default_directory();
        if (!directory) {
            fputs("cmemprof receiver: HOME is not set; name a directory for uploads with --data\n", stderr);
            receiver_options_free(&arguments);
            return 2;
        }
        arguments.options.data_directory = directory;
    }
    int status = run(&arguments);
    receiver_options_free(&arguments);
    free(directory);
    return status;
}

int receiver_command(int argc, char **argv) {
    if (argc > 1 && backup_is_word(argv[1])) {
        return backup_command(argc - 1, argv + 1);
    }
    struct config config = {.command = "receiver", .prefix = "CMEMPROF_RECEIVER_", .options = receiver_options_known};
    int status = run_with(argc, argv, &config);
    config_free(&config);
    return status;
}
