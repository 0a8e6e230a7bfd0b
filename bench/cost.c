// cost.c: runs a program and prints its cost: "cpu MILLISECONDS" (user and system) and "rss KIB" (peak). The program's
// output is discarded.
//
// usage: cost PROGRAM ARGUMENTS...
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double milliseconds(struct timeval time) {
    return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fputs("usage: cost PROGRAM ARGUMENTS...\n", stderr);
        return 2;
    }
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        if (null >= 0 && dup2(null, STDOUT_FILENO) >= 0) {
            execvp(argv[1], argv + 1);
        }
        _exit(127);
    }
    int status;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "cost: %s failed\n", argv[1]);
        return 1;
    }
    printf("cpu %.3f\nrss %ld\n", milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime), usage.ru_maxrss);
    return 0;
}
