// memory_command.c: `cmemprof memory PID`: a breakdown of the resident memory of a running process, read from outside.
#include "commands.h"
#include "report/memory_report.h"
#include "base/options.h"
#include "base/diagnostic.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: cmemprof memory [OPTIONS] PID\n"
    "\n"
    "Prints a breakdown of the resident memory of a process: C heap, Go heap, thread stacks, mapped files, libraries,\n"
    "shared memory, and the unexplained rest. The parts add up to its RSS. The process is not stopped, and need not use\n"
    "cmemprof. Requires the rights of a debugger: the same user, or root (see ptrace(2)).\n"
    "\n"
    "  --json               one line of JSON instead of the table\n"
    "  --watch TIME         repeat every TIME (2s, 500ms, 1m) until the process ends\n"
    "  --names N            entries shown for each part (default 5)\n"
    "  -h, --help           this text\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage.\n";

static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                        {"watch", required_argument, NULL, 'w'},
                                        {"names", required_argument, NULL, 'n'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};

struct arguments {
    bool json;
    double watch_seconds; // 0: once
    unsigned long names;
    pid_t pid;
};

// Parses "2s", "500ms", "1m", or seconds; from 10 ms to a day.
static bool parse_time(const char *text, double *seconds) {
    char *end;
    errno = 0;
    double number = strtod(text, &end), unit = strcmp(end, "ms") == 0 ? 0.001 : strcmp(end, "m") == 0 ? 60 : 1;
    if (end == text || (*end != '\0' && strcmp(end, "s") != 0 && strcmp(end, "ms") != 0 && strcmp(end, "m") != 0)) {
        return false;
    }
    *seconds = number * unit;
    return errno == 0 && isfinite(number) && *seconds >= 0.01 && *seconds <= 86400;
}

// Returns -1 to continue, or the exit status.
static int parse(int argc, char **argv, struct arguments *arguments) {
    *arguments = (struct arguments){.names = 5};
    optind = 1;
    opterr = 0;
    for (int option; (option = getopt_long_only(argc, argv, ":", options, NULL)) != -1;) {
        switch (option) {
        case 'j':
            arguments->json = true;
            break;
        case 'w':
            if (!parse_time(optarg, &arguments->watch_seconds)) {
                return diagnostic_usage("memory", "--watch %s: not a time like 2s, 500ms or 1m", optarg);
            }
            break;
        case 'n':
            if (!options_number(optarg, 100000, &arguments->names)) {
                return diagnostic_usage("memory", "--names %s: not a number from 1 to 100000", optarg);
            }
            break;
        case 'h':
            fputs(usage, stdout);
            return STATUS_DONE;
        default:
            return options_error("memory", option, argv);
        }
    }
    if (argc - optind != 1) {
        return diagnostic_usage("memory", argc == optind ? "which process? Give its PID" : "one PID at a time");
    }
    unsigned long pid;
    if (!options_number(argv[optind], INT32_MAX, &pid)) {
        return diagnostic_usage("memory", "%s is not a PID", argv[optind]);
    }
    arguments->pid = (pid_t)pid;
    return -1;
}

// name: of the process. *peak: its peak RSS in bytes (VmHWM).
static void read_status(pid_t pid, char name[64], uint64_t *peak) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    strcpy(name, "process");
    *peak = 0;
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "Name:\t", 6) == 0) {
            snprintf(name, 64, "%.*s", (int)strcspn(line + 6, "\n"), line + 6);
        } else if (strncmp(line, "VmHWM:", 6) == 0) {
            *peak = strtoull(line + 6, NULL, 10) * 1024;
        }
    }
    if (file) {
        fclose(file);
    }
}

static enum smaps_error report_once(const struct arguments *arguments) {
    struct resident *resident = malloc(sizeof *resident);
    if (!resident) {
        return SMAPS_UNREADABLE;
    }
    enum smaps_error error = resident_read(arguments->pid, resident);
    if (error == SMAPS_OK) {
        char name[64], list[64];
        struct cgroup_memory cgroup;
        struct memory_report report = {.resident = resident, .program = name, .names = arguments->names};
        read_status(arguments->pid, name, &report.peak);
        snprintf(list, sizeof list, "/proc/%d/cgroup", (int)arguments->pid);
        struct published_context context = {0};
        report.context = published_context_read(arguments->pid, &context) ? &context : NULL;
        report.cgroup = cgroup_memory_read(list, CGROUP_MEMORY_MOUNT, &cgroup) ? &cgroup : NULL;
        if (!arguments->json) {
            memory_report_table(&report, stdout);
        } else if (!memory_report_json(&report, stdout)) {
            error = SMAPS_UNREADABLE;
        }
        published_context_free(&context);
    }
    resident_close(resident);
    free(resident);
    return error;
}

int memory_command(int argc, char **argv) {
    struct arguments arguments;
    int status = parse(argc, argv, &arguments);
    if (status >= 0) {
        return status;
    }
    for (bool again = false;; again = true) {
        if (again && !arguments.json && isatty(STDOUT_FILENO)) {
            fputs("\033[H\033[2J", stdout);
        } else if (again && !arguments.json) {
            fputc('\n', stdout);
        }
        enum smaps_error error = report_once(&arguments);
        if (again && error == SMAPS_NO_PROCESS) {
            return STATUS_DONE; // the process has ended
        }
        if (error != SMAPS_OK) {
            char pid[16];
            snprintf(pid, sizeof pid, "%d", (int)arguments.pid);
            return diagnostic_error("memory", pid, "%s", smaps_error_text(error));
        }
        if (fflush(stdout) != 0) {
            return diagnostic_error("memory", "standard output", "%s", strerror(errno));
        }
        if (arguments.watch_seconds <= 0) {
            return STATUS_DONE;
        }
        double seconds = arguments.watch_seconds;
        nanosleep(&(struct timespec){(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)}, NULL);
    }
}
