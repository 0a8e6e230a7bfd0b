// view_command.c: `cmemprof view`: shows files on the receiver's page.
//
//   cmemprof view FILE... ── fork ──► receiver: a free port of 127.0.0.1, a directory of its own, a random token
//        │                                     ▲
//        └── fork, each FILE: POST /api/import ┘   then waits for Ctrl-C, ends it and removes the directory
//
// Signals that end it are blocked, and taken in one place (attend): a file may be standard input or an address, which may never end, so a
// child of its own reads and sends it, which can be killed at any time.
#include "commands.h"
#include "../client/client.h"
#include "base/diagnostic.h"
#include "base/input.h"
#include "base/text.h"
#include "base/web_address.h"
#include "serve/source_paths.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: cmemprof view [OPTIONS] FILE...\n"
    "\n"
    "Shows profiles on a page: flame graphs, tables, comparison. Ends with Ctrl-C, and nothing stays. The page is on a free port of this\n"
    "machine and asks for a token, which the printed address has.\n"
    "\n"
    "      --no-browser     only print the address\n"
    "      --source-path [FROM=]DIR\n"
    "                       source files beside the values of their lines: FROM/x of profiles is DIR/x; repeatable\n"
    "      --binary-path [FROM=]DIR\n"
    "                       programs and libraries whose instructions are shown, of the very build alone; repeatable\n" OPTIONS_READ_USAGE
    "They may be of other tools, or recordings of Java, and are imported as `cmemprof receiver` does.\n";

enum { TOKEN_BYTES = 33, START_LIMIT_MS = 60000, POLL_MS = 20, ADDRESS_BYTES = 4096 };

struct viewing {
    char directory[PATH_MAX - 64], token[TOKEN_BYTES], address[64]; // address: http://127.0.0.1:PORT
    const char *folders[4 * SOURCE_PATHS_MAX];                      // options of the receiver, each with its value
    size_t folder_count;
    bool no_browser, is_over;       // is_over: a signal has asked for the end
    pid_t self, receiver, importer; // 0: none
    int importer_status;            // of waitpid, once importer is 0 again
    sigset_t taken, before;
};

// ---- Signals and children ----

// Waits for a signal, no longer than limit (NULL: without one), and notes what has happened in is_over, receiver and importer. Returns
// without news as well: when the time is up, and after the command was stopped and continued.
static void attend(struct viewing *viewing, const struct timespec *limit) {
    int signal_taken = sigtimedwait(&viewing->taken, NULL, limit), status;
    viewing->is_over |= signal_taken > 0 && signal_taken != SIGCHLD;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) { // the browser's as well
        if (pid == viewing->receiver) {
            viewing->receiver = 0;
        } else if (pid == viewing->importer) {
            viewing->importer = 0;
            viewing->importer_status = status;
        }
    }
}

static void take_signals(struct viewing *viewing) {
    static const int taken[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD};
    sigemptyset(&viewing->taken);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        sigaddset(&viewing->taken, taken[i]);
    }
    sigprocmask(SIG_BLOCK, &viewing->taken, &viewing->before);
    signal(SIGCHLD, SIG_DFL); // a starter that ignores it passes this on, and no end of a child would be heard of
}

// In a child: has it end by the signal should this command be killed, or have been killed already.
static void end_with_parent(const struct viewing *viewing, int by_signal) {
    prctl(PR_SET_PDEATHSIG, by_signal);
    if (getppid() != viewing->self) {
        _exit(STATUS_FAILED);
    }
}

static void end_child(pid_t *pid, int by_signal) {
    if (*pid > 0) {
        kill(*pid, by_signal);
        waitpid(*pid, NULL, 0);
        *pid = 0;
    }
}

// ---- The receiver ----

// Writes a new file of the directory, which only this user can read. Returns false with errno.
static bool write_file(const struct viewing *viewing, const char *name, const char *text) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", viewing->directory, name);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool written = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);
    if (file >= 0) {
        close(file);
    }
    return written;
}

// Returns false with errno.
static bool make_directory(struct viewing *viewing) {
    const char *temporary = getenv("TMPDIR");
    unsigned char random[(TOKEN_BYTES - 1) / 2];
    int length =
        snprintf(viewing->directory, sizeof viewing->directory, "%s/cmemprof-view-XXXXXX", temporary && *temporary ? temporary : "/tmp");
    if (length >= (int)sizeof viewing->directory || !mkdtemp(viewing->directory) || getrandom(random, sizeof random, 0) != sizeof random) {
        viewing->directory[0] = '\0';
        return false;
    }
    for (size_t i = 0; i < sizeof random; i++) {
        snprintf(viewing->token + 2 * i, 3, "%02x", random[i]);
    }
    return write_file(viewing, "token", viewing->token);
}

// In the child. What the receiver says goes to a file, which is shown if it ends.
static _Noreturn void run_receiver(const struct viewing *viewing) {
    char data[PATH_MAX], token[PATH_MAX], port[PATH_MAX], log[PATH_MAX];
    snprintf(data, sizeof data, "%s/data", viewing->directory);
    snprintf(token, sizeof token, "%s/token", viewing->directory);
    snprintf(port, sizeof port, "%s/port", viewing->directory);
    snprintf(log, sizeof log, "%s/log", viewing->directory);
    char *argv[16 + 4 * SOURCE_PATHS_MAX] = {"receiver", "--listen",    "127.0.0.1:0", "--data",       data, "--token-file",
                                             token,      "--port-file", port,          "--pack-after", "0"};
    int argc = 11;
    for (size_t i = 0; i < viewing->folder_count; i++) {
        argv[argc++] = (char *)viewing->folders[i];
    }
    int file = open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) {
        dup2(file, STDOUT_FILENO);
        dup2(file, STDERR_FILENO);
    }
    end_with_parent(viewing, SIGTERM);
    for (size_t i = 0; i < 3; i++) {
        signal((int[]){SIGINT, SIGQUIT, SIGHUP}[i], SIG_IGN); // Ctrl-C is for the command, which ends this process
    }
    sigprocmask(SIG_SETMASK, &viewing->before, NULL);
    optind = 0; // parsed anew
    _exit(receiver_command(argc, argv));
}

// The last thing that the receiver has said: what is behind "cmemprof receiver: ".
static int error_of_receiver(const struct viewing *viewing) {
    static const char name[] = "cmemprof receiver: ";
    char path[PATH_MAX], line[400] = "", last[400] = "no reason given";
    snprintf(path, sizeof path, "%s/log", viewing->directory);
    FILE *log = fopen(path, "re");
    while (log && fgets(line, sizeof line, log)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, name, sizeof name - 1) == 0) {
            snprintf(last, sizeof last, "%s", line + sizeof name - 1);
        }
    }
    if (log) {
        fclose(log);
    }
    return diagnostic_error("view", NULL, "the receiver does not run: %s", last);
}

static bool read_port(struct viewing *viewing) {
    char path[PATH_MAX];
    unsigned port = 0;
    snprintf(path, sizeof path, "%s/port", viewing->directory);
    FILE *file = fopen(path, "re");
    bool read = file && fscanf(file, "%u", &port) == 1;
    if (file) {
        fclose(file);
    }
    snprintf(viewing->address, sizeof viewing->address, "http://127.0.0.1:%u", port);
    return read;
}

static int start_receiver(struct viewing *viewing) {
    if (!make_directory(viewing)) {
        return diagnostic_error("view", NULL, "cannot create a directory in $TMPDIR or /tmp: %s", strerror(errno));
    }
    viewing->receiver = fork();
    if (viewing->receiver < 0) {
        return diagnostic_error("view", NULL, "%s", strerror(errno));
    }
    if (viewing->receiver == 0) {
        run_receiver(viewing);
    }
    for (unsigned waited_ms = 0; waited_ms < START_LIMIT_MS && viewing->receiver > 0 && !viewing->is_over; waited_ms += POLL_MS) {
        if (read_port(viewing)) {
            return STATUS_DONE;
        }
        attend(viewing, &(struct timespec){.tv_nsec = POLL_MS * 1000000L});
    }
    return viewing->is_over ? STATUS_DONE : error_of_receiver(viewing);
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk) {
    (void)about, (void)kind, (void)walk;
    return remove(path);
}

static void end_and_remove(struct viewing *viewing) {
    end_child(&viewing->importer, SIGKILL);
    end_child(&viewing->receiver, SIGTERM);
    if (viewing->directory[0] != '\0') {
        nftw(viewing->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
}

// ---- The files ----

static int read_and_send(const struct viewing *viewing, const struct options *options, const char *path) {
    char url[ADDRESS_BYTES], query[ADDRESS_BYTES - 128] = "", authorization[TOKEN_BYTES + 32];
    const char *name = strcmp(path, "-") == 0 ? "standard-input" : text_base_name(input_name(path)); // without secrets
    const char *const headers[] = {"Content-Type: application/octet-stream", authorization};
    struct input input;
    struct upload_result result = {0};
    char short_name[180];
    snprintf(short_name, sizeof short_name, "%s", *name ? name : "profile");
    int status = input_read_raw(options, path, &input);
    if (status != STATUS_DONE) {
        return status;
    }
    web_address_add(query, sizeof query, "service", short_name);
    web_address_add(query, sizeof query, "name", short_name);
    snprintf(url, sizeof url, "%s/api/import?%s", viewing->address, query);
    snprintf(authorization, sizeof authorization, "Authorization: Bearer %s", viewing->token);
    struct upload_client *client = upload_client_open();
    if (client) {
        struct upload_request request = {.url = url,
                                         .headers = headers,
                                         .header_count = 2,
                                         .total_timeout_ms = START_LIMIT_MS,
                                         .event = input.bytes,
                                         .event_size = input.size,
                                         .is_raw = true};
        upload_client_send(client, &request, NULL, &result);
    }
    if (!client || result.error != UPLOAD_OK) {
        status = diagnostic_error("view", input_name(path), "%s", !client ? "out of memory" : result.text);
    }
    upload_client_close(client);
    free(input.bytes);
    return status;
}

// Returns when the file is imported, with is_over after a signal, or after an error message.
static int import(struct viewing *viewing, const struct options *options, const char *path) {
    viewing->importer = fork();
    if (viewing->importer < 0) {
        return diagnostic_error("view", input_name(path), "%s", strerror(errno));
    }
    if (viewing->importer == 0) {
        end_with_parent(viewing, SIGKILL); // the signals that end the command stay blocked
        _exit(read_and_send(viewing, options, path));
    }
    while (viewing->importer > 0 && viewing->receiver > 0 && !viewing->is_over) {
        attend(viewing, NULL);
    }
    if (viewing->is_over) {
        return STATUS_DONE;
    }
    if (viewing->importer > 0) {
        return error_of_receiver(viewing);
    }
    return WIFEXITED(viewing->importer_status)
               ? WEXITSTATUS(viewing->importer_status)
               : diagnostic_error("view", input_name(path), "its import was ended by signal %d (%s)", WTERMSIG(viewing->importer_status),
                                  strsignal(WTERMSIG(viewing->importer_status)));
}

// ---- The page ----

// and: how & is written.
static void write_address(const struct viewing *viewing, const struct options *options, const char *and, char address[ADDRESS_BYTES]) {
    bool one = options->file_count == 1;
    snprintf(address, ADDRESS_BYTES, "%s/%s%stoken=%s", viewing->address, one ? "profile?ids=1" : "?", one ? and : "", viewing->token);
}

// A file that leads to the page. All users of a machine see the arguments of a browser, but not this file, which has the token.
static bool write_opener(const struct viewing *viewing, const struct options *options) {
    char address[ADDRESS_BYTES], html[2 * ADDRESS_BYTES + 400];
    write_address(viewing, options, "&amp;", address);
    snprintf(html, sizeof html,
             "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
             "<meta http-equiv=\"refresh\" content=\"0; url=%s\">\n<title>cmemprof view</title>\n<a href=\"%s\">To the page</a>\n",
             address, address);
    return write_file(viewing, "open.html", html);
}

// With the signals that this command was started with, and not in its session: Ctrl-C is not for the browser.
static void spawn_browser(const struct viewing *viewing, const char *url) {
    char *const words[] = {"xdg-open", (char *)url, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return;
    }
    if (posix_spawnattr_init(&attributes) == 0) {
        for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++) {
            posix_spawn_file_actions_addopen(&actions, i, "/dev/null", O_RDWR, 0);
        }
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
        posix_spawnattr_setsigmask(&attributes, &viewing->before);
        posix_spawnattr_setsigdefault(&attributes, &viewing->taken);
        posix_spawnp(&pid, words[0], &actions, &attributes, words, environ); // attend reaps it
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
}

static void open_browser(const struct viewing *viewing, const struct options *options) {
    char path[PATH_MAX], absolute[PATH_MAX], url[3 * PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/open.html", viewing->directory);
    if (write_opener(viewing, options) && realpath(path, absolute) && web_address_of_file(url, sizeof url, absolute)) {
        spawn_browser(viewing, url);
    }
}

// Waits for Ctrl-C or the receiver's end.
static int show(struct viewing *viewing, const struct options *options) {
    char page[ADDRESS_BYTES];
    write_address(viewing, options, "&", page);
    printf("%s\n", page);
    fflush(stdout);
    diagnostic_note("view", "%zu file%s; Ctrl-C ends", options->file_count, options->file_count == 1 ? "" : "s");
    const char *display = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");
    if (!viewing->no_browser && ((display && *display) || (wayland && *wayland))) {
        open_browser(viewing, options);
    }
    while (viewing->receiver > 0 && !viewing->is_over) {
        attend(viewing, NULL);
    }
    return viewing->is_over ? STATUS_DONE : error_of_receiver(viewing);
}

static int take(void *context, int option, const char *value) {
    struct viewing *viewing = context;
    if (option == 'b') {
        viewing->no_browser = true;
    } else if (viewing->folder_count == sizeof viewing->folders / sizeof *viewing->folders) {
        return diagnostic_usage("view", "more than %d --source-path and --binary-path", 2 * SOURCE_PATHS_MAX);
    } else {
        viewing->folders[viewing->folder_count++] = option == 'D' ? "--source-path" : "--binary-path";
        viewing->folders[viewing->folder_count++] = value;
    }
    return STATUS_DONE;
}

int view_command(int argc, char **argv) {
    static const struct option own[] = {{"no-browser", no_argument, NULL, 'b'},
                                        {"source-path", required_argument, NULL, 'D'},
                                        {"binary-path", required_argument, NULL, 'B'},
                                        {0}};
    struct viewing viewing = {.self = getpid()};
    struct options options;
    const struct options_spec spec = {
        .command = "view", .usage = usage, .own = own, .take = take, .context = &viewing, .min_files = 1, .max_files = 10000};
    int status = options_parse(&spec, argc, argv, &options);
    if (status >= 0) {
        return status;
    }
    take_signals(&viewing);
    status = start_receiver(&viewing);
    for (size_t i = 0; i < options.file_count && status == STATUS_DONE && !viewing.is_over; i++) {
        status = import(&viewing, &options, options.files[i]);
    }
    status = status == STATUS_DONE && !viewing.is_over ? show(&viewing, &options) : status;
    end_and_remove(&viewing);
    return status;
}
