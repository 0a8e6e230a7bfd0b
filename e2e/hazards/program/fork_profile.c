// fork_profile.c: forks while another thread takes profiles, which hold the profiler's own locks and the loader's. The child takes profiles
// as well, and none waits for a lock that the parent's thread held.

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hazard.h"

enum { CHILDREN = 8 };

static volatile int stop;

static void *take_profiles(void *context) {
    while (!stop) {
        struct hazard_totals totals;
        CHECK(hazard_profile(&totals), "no profile");
        hazard_churn(1, 20);
    }
    return context;
}

int main(void) {
    hazard_start();
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, take_profiles, NULL) == 0, "thread");
    for (unsigned i = 0; i < hazard_scaled(CHILDREN); i++) {
        pid_t child = fork();
        CHECK(child >= 0, "fork");
        if (child == 0) {
            alarm(60);
            hazard_churn(i, 100);
            hazard_balance();
            _exit(0);
        }
        int status;
        CHECK(waitpid(child, &status, 0) == child, "wait");
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child ended with %#x", (unsigned)status);
    }
    stop = 1;
    pthread_join(thread, NULL);
    return hazard_finish();
}
