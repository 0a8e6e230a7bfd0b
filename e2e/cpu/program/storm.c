// storm.c: sends SIGPROF and SIGURG to all other threads of the process, as fast as they take them: as a timer of the thread, as the
// process's, and as nobody's.
#define _GNU_SOURCE
#include "burn.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_THREADS = 4096, ROUNDS_A_LIST = 20 };

static atomic_bool storming;
static atomic_ulong sent;
static pthread_t storm;

static int list_threads(int *threads) {
    int count = 0, own = (int)syscall(SYS_gettid);
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *entry;
    while (tasks && count < MAX_THREADS && (entry = readdir(tasks))) {
        int thread = atoi(entry->d_name);
        if (thread > 0 && thread != own) {
            threads[count++] = thread;
        }
    }
    if (tasks) {
        closedir(tasks);
    }
    return count;
}

static long send_signal(int process, int thread, int round) {
    siginfo_t info = {.si_signo = SIGPROF, .si_code = round % 4 == 1 ? SI_TIMER : SI_KERNEL};
    switch (round % 4) {
    case 0:
        return syscall(SYS_tgkill, process, thread, SIGPROF);
    case 3:
        return syscall(SYS_tgkill, process, thread, SIGURG);
    default:
        return syscall(SYS_rt_tgsigqueueinfo, process, thread, SIGPROF, &info);
    }
}

static void *run_storm(void *unused) {
    static int threads[MAX_THREADS];
    int process = getpid();
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    while (atomic_load(&storming)) {
        int count = list_threads(threads);
        for (int round = 0; round < ROUNDS_A_LIST; round++) {
            for (int i = 0; i < count; i++) {
                // A thread that has ended meanwhile is an error, and no harm.
                if (send_signal(process, threads[i], round) == 0) {
                    atomic_fetch_add(&sent, 1);
                }
            }
            usleep(200);
        }
    }
    return unused;
}

int burn_storm_start(void) {
    atomic_store(&storming, true);
    return pthread_create(&storm, NULL, run_storm, NULL);
}

unsigned long burn_storm_stop(void) {
    atomic_store(&storming, false);
    pthread_join(storm, NULL);
    return atomic_load(&sent);
}
