// run_child.c: fork, exec, signals and waitpid (run_child.h).
#include "run_child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

static void block(struct run_child *child) {
    sigemptyset(&child->taken);
    sigaddset(&child->taken, SIGCHLD);
    for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++) {
        sigaddset(&child->taken, forwarded[i]);
    }
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++) {
        sigaddset(&child->taken, number);
    }
    sigprocmask(SIG_BLOCK, &child->taken, &child->before);
}

// The child writes the errno of a failed exec into the pipe; a successful exec closes it.
bool run_child_start(struct run_child *child, const char *path, char **argv, char **environment, bool family) {
    int pipe_ends[2], error = 0;
    *child = (struct run_child){.family = family};
    block(child);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (pipe2(pipe_ends, O_CLOEXEC) != 0 || (child->pid = fork()) < 0) {
        return false;
    }
    if (child->pid == 0) {
        sigprocmask(SIG_SETMASK, &child->before, NULL);
        execve(path, argv, environment);
        error = errno;
        (void)!write(pipe_ends[1], &error, sizeof error);
        _exit(127);
    }
    close(pipe_ends[1]);
    if (read(pipe_ends[0], &error, sizeof error) == sizeof error) {
        waitpid(child->pid, NULL, 0);
    }
    close(pipe_ends[0]);
    errno = error;
    return error == 0;
}

static bool reap(struct run_child *child) {
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG); // reaps adopted orphans as well
        if (pid == 0) {
            return child->family || !child->ended;
        }
        if (pid < 0) {
            return false; // ECHILD: no children are left
        }
        if (pid == child->pid) {
            child->ended = true;
            child->status = status;
        }
    }
}

bool run_child_wait(struct run_child *child, uint64_t timeout_ms) {
    struct timespec limit = {.tv_sec = (time_t)(timeout_ms / 1000), .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    siginfo_t info;
    int number = timeout_ms != 0 ? sigtimedwait(&child->taken, &info, &limit) : sigwaitinfo(&child->taken, &info);
    if (number < 0) {
        return true; // timeout, or interrupted by a debugger
    }
    if (number == SIGCHLD) {
        return reap(child);
    }
    // SI_KERNEL: the terminal sent it to the whole process group already. Once the program has ended, a signal ends the wait for its
    // orphans.
    if (info.si_code != SI_KERNEL && !child->ended) {
        kill(child->pid, number);
    } else if (child->ended && number != SIGUSR1 && number != SIGUSR2) {
        return false;
    }
    return true;
}

static bool maps(pid_t pid, const char *file) {
    char path[40], *line = NULL;
    size_t capacity = 0, length = strlen(file);
    bool found = false;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "re");
    while (maps && !found && getline(&line, &capacity, maps) > 0) {
        const char *name = strchr(line, '/'); // the path is the rest of the line and may contain blanks
        found = name && strncmp(name, file, length) == 0 && name[length] == '\n';
    }
    free(line);
    if (maps) {
        fclose(maps);
    }
    return found;
}

pid_t run_child_survivor(const struct run_child *child, const char *mapped) {
    char path[64];
    long pid;
    pid_t found = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *children = child->ended ? fopen(path, "re") : NULL;
    while (children && found == 0 && fscanf(children, "%ld", &pid) == 1) {
        found = maps((pid_t)pid, mapped) ? (pid_t)pid : 0;
    }
    if (children) {
        fclose(children);
    }
    return found;
}

int run_child_status(const struct run_child *child) {
    return WIFSIGNALED(child->status) ? 128 + WTERMSIG(child->status) : WEXITSTATUS(child->status);
}
