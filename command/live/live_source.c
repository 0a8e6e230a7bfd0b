// live_source.c: see live_source.h.
#include "live_source.h"
#include "../base/diagnostic.h"
#include "../base/web_address.h"
#include "../run/run_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MS = 10000, LOOK_MS = 20, ENVIRONMENT_BYTES = 4 << 20 };

// ---- Processes ----

static char *read_proc(pid_t pid, const char *what, size_t *size) {
    char path[64], *bytes = malloc(ENVIRONMENT_BYTES + 1);
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, what);
    int file = bytes ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t count;
    *size = 0;
    while (file >= 0 && *size < ENVIRONMENT_BYTES && (count = read(file, bytes + *size, ENVIRONMENT_BYTES - *size)) > 0) {
        *size += (size_t)count;
    }
    if (file < 0) {
        free(bytes);
        return NULL;
    }
    close(file);
    bytes[*size] = '\0';
    return bytes;
}

// "" if it is not set.
static void find_variable(const char *environment, size_t size, const char *name, char *value, size_t value_size) {
    size_t length = strlen(name);
    *value = '\0';
    for (size_t at = 0; at < size; at += strlen(environment + at) + 1) {
        if (strncmp(environment + at, name, length) == 0 && environment[at + length] == '=') {
            snprintf(value, value_size, "%s", environment + at + length + 1);
        }
    }
}

// A signal that the process does not catch would end it.
static bool catches(pid_t pid, int number) {
    size_t size;
    char *status = read_proc(pid, "status", &size), *line = status ? strstr(status, "\nSigCgt:") : NULL;
    unsigned long long caught = line ? strtoull(line + strlen("\nSigCgt:"), NULL, 16) : 0;
    free(status);
    return number > 0 && number <= 64 && caught >> (number - 1) & 1;
}

static bool has_library(pid_t pid) {
    size_t size;
    char *maps = read_proc(pid, "maps", &size);
    bool found = maps && strstr(maps, "/libcmemprof");
    free(maps);
    return found;
}

// `cmemprof run` itself: the program that it runs.
static pid_t child_of(pid_t pid) {
    char path[64];
    size_t size;
    snprintf(path, sizeof path, "task/%ld/children", (long)pid);
    char *children = read_proc(pid, path, &size), *rest = children;
    pid_t found = 0;
    for (long child; rest && (child = strtol(rest, &rest, 10)) > 0 && found == 0;) {
        found = has_library((pid_t)child) ? (pid_t)child : 0;
    }
    free(children);
    return found;
}

static int open_process(const char *command, struct live_source *source) {
    static const char how[] = "it is not profiled by cmemprof run, or has not begun; a Go service is asked by its URL (goshim/debug)";
    char signal_text[32], period[32];
    size_t size;
    struct stat folder;
    if (kill(source->pid, 0) != 0) {
        return diagnostic_error(command, source->name, errno == ESRCH ? "neither a file nor a process" : "%s", strerror(errno));
    }
    if (!has_library(source->pid)) {
        pid_t child = child_of(source->pid);
        source->pid = child > 0 ? child : source->pid;
    }
    char *environment = read_proc(source->pid, "environ", &size);
    if (!environment) {
        return diagnostic_error(command, source->name, "%s", strerror(errno));
    }
    find_variable(environment, size, "CMEMPROF_DIRECTORY", source->directory, sizeof source->directory);
    find_variable(environment, size, "CMEMPROF_SIGNAL", signal_text, sizeof signal_text);
    find_variable(environment, size, "CMEMPROF_PERIOD_MS", period, sizeof period);
    free(environment);
    if (!*source->directory || !has_library(source->pid)) {
        return diagnostic_error(command, source->name, "%s", how);
    }
    if (stat(source->directory, &folder) != 0 || folder.st_uid != geteuid()) {
        return diagnostic_error(command, source->name, "its profiles in %s are not this user's", source->directory);
    }
    source->signal = atoi(signal_text);
    if (source->signal == 0 && atoi(period) == 0) {
        return diagnostic_error(command, source->name,
                                "it cannot be asked: start it with cmemprof run --signal USR2 (or --period 10s) -- PROGRAM");
    }
    return STATUS_DONE;
}

int live_source_open(const char *command, const char *name, struct live_source *source) {
    char *end;
    long pid = strtol(name, &end, 10);
    *source = (struct live_source){.name = name};
    if (web_address_is(name) || access(name, F_OK) == 0 || pid <= 0 || *end || pid > INT32_MAX) {
        return STATUS_DONE;
    }
    source->pid = (pid_t)pid;
    return open_process(command, source);
}

// The newest profile of the process with a number above `after`. Returns false if there is none.
static bool read_newest(const struct live_source *source, uint32_t after, struct input *input, struct run_file *read) {
    struct run_directory directory = {.path = ""};
    bool found = false;
    snprintf(directory.path, sizeof directory.path, "%s", source->directory);
    if (run_directory_list(&directory)) {
        for (size_t i = directory.count; i-- > 0 && !found;) {
            const struct run_file *file = &directory.files[i];
            if (file->pid == source->pid && file->number > after) {
                input->bytes = run_directory_read(&directory, file, &input->size); // NULL: it was renamed just now
                *read = *file;
                found = input->bytes;
            }
        }
    }
    free(directory.files);
    free(directory.begun);
    return found;
}

// Of those that it has written, and that were read.
static uint32_t newest_number(const struct live_source *source) {
    struct run_directory directory = {.path = ""};
    uint32_t newest = source->last;
    snprintf(directory.path, sizeof directory.path, "%s", source->directory);
    if (run_directory_list(&directory)) {
        for (size_t i = 0; i < directory.count; i++) {
            const struct run_file *file = &directory.files[i];
            newest = file->pid == source->pid && file->number > newest ? file->number : newest;
        }
    }
    free(directory.files);
    free(directory.begun);
    return newest;
}

static void pause_for(long ms) {
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

// Whether `cmemprof run` looks into the directory, which would make a file of the user's of each profile that a signal asked for.
static bool is_of_run(const struct live_source *source) {
    return strstr(source->directory, "/cmemprof-run-");
}

static void path_of_note(const struct live_source *source, char *path, size_t size) {
    snprintf(path, size, "%s/%ld.asked", source->directory, (long)source->pid);
}

// Tells it that the next one is not the user's, should it look before this does (run_directory_is_asked).
static void tell_run(const struct live_source *source) {
    char path[sizeof source->directory + 40];
    path_of_note(source, path, sizeof path);
    int file = is_of_run(source) ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
    if (file >= 0) {
        close(file);
    }
}

// It has not looked: the profile gets the name of one that it has seen.
static void mark_read(const struct live_source *source, struct run_file *file) {
    char path[sizeof source->directory + 40];
    struct run_directory directory = {.path = ""};
    path_of_note(source, path, sizeof path);
    if (is_of_run(source) && strcmp(file->reason, "signal") == 0) {
        snprintf(directory.path, sizeof directory.path, "%s", source->directory);
        run_directory_mark_seen(&directory, file);
        unlink(path);
    }
}

static enum live_answer ask_process(struct live_source *source, struct input *input, char *text, size_t size) {
    uint32_t before = source->signal ? newest_number(source) : 0;
    if (kill(source->pid, 0) != 0 || !has_library(source->pid)) {
        snprintf(text, size, "process %ld has ended", (long)source->pid);
        return LIVE_ENDED;
    }
    if (source->signal) {
        if (!catches(source->pid, source->signal)) {
            snprintf(text, size, "process %ld does not catch the signal that asks it: it is left alone", (long)source->pid);
            return LIVE_ENDED;
        }
        tell_run(source);
        kill(source->pid, source->signal);
    }
    for (long waited = 0; waited < ANSWER_MS; waited += LOOK_MS) {
        struct run_file file;
        if (read_newest(source, before, input, &file)) {
            source->last = file.number;
            mark_read(source, &file);
            return LIVE_READ;
        }
        if (kill(source->pid, 0) != 0) {
            snprintf(text, size, "process %ld has ended", (long)source->pid);
            return LIVE_ENDED;
        }
        pause_for(LOOK_MS);
    }
    snprintf(text, size, source->signal ? "process %ld has not answered in 10 s" : "process %ld has not written a profile yet",
             (long)source->pid);
    return LIVE_FAILED;
}

// ---- All ----

enum live_answer live_source_read(struct live_source *source, const struct options *options, struct input *input, char *text, size_t size) {
    *input = (struct input){0};
    if (source->pid > 0) {
        return ask_process(source, input, text, size);
    }
    char *message = NULL;
    size_t length;
    FILE *out = open_memstream(&message, &length);
    diagnostic_into(out);
    int status = input_read(options, source->name, input);
    diagnostic_into(NULL);
    if (out) {
        fclose(out);
    }
    if (status != STATUS_DONE) {
        const char *why = message ? message : "no memory", *colon = strstr(why, ": "); // "cmemprof top: FILE: ..."
        snprintf(text, size, "%s", colon ? colon + 2 : why);
        text[strcspn(text, "\n")] = '\0';
    }
    free(message);
    return status == STATUS_DONE ? LIVE_READ : LIVE_FAILED;
}
