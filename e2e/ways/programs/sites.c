// sites.c: allocates 500 blocks of 10,000 bytes that stay (site_alive) and 300 of 1,000 bytes that are freed (site_freed), then ends or
// continues as the first argument says. Exit status 5, unless the way of ending determines another.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ALIVE = 500, ALIVE_BYTES = 10000, FREED = 300, FREED_BYTES = 1000 };
static void *volatile alive[ALIVE];
extern char **environ;

__attribute__((noinline)) static void site_alive(void) {
    for (int i = 0; i < ALIVE; i++) {
        alive[i] = malloc(ALIVE_BYTES);
    }
}

__attribute__((noinline)) static void site_freed(void) {
    for (int i = 0; i < FREED; i++) {
        void *volatile block = malloc(FREED_BYTES);
        free(block);
    }
}

__attribute__((noinline)) static void site_child(void) {
    alive[0] = malloc(77777); // what the parent had there stays allocated
}

static void on_exit_late(void) {
    site_freed(); // a program's own exit handlers still count
}

static int wait_for(pid_t child) {
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 5 : 1;
}

static int run_fork(int raw) {
    pid_t child = fork();
    if (child == 0) {
        site_child();
        raw ? _exit(0) : exit(0);
    }
    return wait_for(child);
}

static int run_vfork(void) {
    pid_t child = vfork();
    if (child == 0) {
        execl("/nonexistent", "nonexistent", (char *)NULL);
        _exit(0); // in the parent's memory
    }
    return wait_for(child);
}

// Prints the environment of a child process.
static int run_child(void) {
    pid_t child;
    char *argv[] = {"env", NULL};
    return posix_spawnp(&child, "env", NULL, NULL, argv, environ) == 0 ? wait_for(child) : 1;
}

static void wait_for_ever(void) {
    puts("ready");
    fflush(stdout);
    for (;;) {
        pause();
    }
}

// A process in the background ends with standard input.
static int live_on(void) {
    char byte;
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    return read(STDIN_FILENO, &byte, 1) < 0;
}

static void *exit_in_thread(void *unused) {
    (void)unused;
    exit(5);
}

static void handled(int number) {
    (void)number;
    exit(6);
}

// Handles a signal only if its disposition is the default.
static void handle_politely(void) {
    struct sigaction now;
    sigaction(SIGTERM, NULL, &now);
    if (now.sa_handler == SIG_DFL && signal(SIGINT, SIG_IGN) == SIG_DFL) {
        signal(SIGTERM, handled);
    }
}

static int end(const char *way, char **argv) {
    if (strcmp(way, "return") == 0) {
        atexit(on_exit_late);
        return 5;
    }
    if (strcmp(way, "exit") == 0) {
        exit(5);
    }
    if (strcmp(way, "_exit") == 0) {
        _exit(5);
    }
    if (strcmp(way, "_Exit") == 0) {
        _Exit(5);
    }
    if (strcmp(way, "quick_exit") == 0) {
        quick_exit(5);
    }
    if (strcmp(way, "thread") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, exit_in_thread, NULL);
        pthread_exit(NULL);
    }
    if (strcmp(way, "abort") == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        abort();
    }
    if (strcmp(way, "wait") == 0) {
        wait_for_ever();
    }
    if (strcmp(way, "handle") == 0) {
        signal(SIGTERM, handled);
        wait_for_ever();
    }
    if (strcmp(way, "handle-politely") == 0) {
        handle_politely();
        wait_for_ever();
    }
    if (strcmp(way, "interrupted") == 0) {
        puts("ready");
        fflush(stdout);
        pause();
        creat("went-on", 0600);
    }
    if (strcmp(way, "small-files") == 0) {
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){100, 100});
        return 5;
    }
    if (strcmp(way, "daemon") == 0) { // libc ends the parent by a bare system call
        return daemon(1, 1) == 0 ? live_on() : 1;
    }
    if (strcmp(way, "background") == 0) {
        return fork() == 0 ? live_on() : 5;
    }
    return strcmp(way, "fork") == 0     ? run_fork(0)
           : strcmp(way, "fork_") == 0  ? run_fork(1)
           : strcmp(way, "vfork") == 0  ? run_vfork()
           : strcmp(way, "child") == 0  ? run_child()
           : strcmp(way, "execl") == 0  ? execlp(argv[0], argv[0], argv[1], (char *)NULL)
           : strcmp(way, "execle") == 0 ? execle(argv[0], argv[0], argv[1], (char *)NULL, environ)
           : strcmp(way, "execvp") == 0 ? execvp(argv[0], argv)
           : strcmp(way, "execv") == 0  ? execv(argv[0], argv)
           : strcmp(way, "execve") == 0 ? execve(argv[0], argv, environ)
                                        : 99;
}

int main(int argc, char **argv) {
    if (argc > 2) { // the program that it becomes allocates, not this one
        return end(argv[1], argv + 2);
    }
    site_alive();
    site_freed();
    return end(argc > 1 ? argv[1] : "return", argv);
}
