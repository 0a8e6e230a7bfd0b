// spawn_storm.c: vfork, clone(CLONE_VM | CLONE_VFORK) and posix_spawn, from several threads that allocate. A vfork child shares its
// parent's memory: what it allocates (it should not, but many do) belongs to the parent, whose figures must still balance.

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hazard.h"

extern char **environ;

enum { THREADS = 3, ROUNDS = 10, STACK_BYTES = 64 * 1024 };

static char *const arguments[] = {(char *)"true", NULL};

static void reap(pid_t child, int expected) {
    int status;
    CHECK(child > 0 && waitpid(child, &status, 0) == child, "no child");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == expected, "a child ended with %#x", (unsigned)status);
}

static int clone_child(void *context) {
    void *block = malloc(100);
    free(hazard_opaque(block));
    execve("/bin/true", arguments, environ);
    _exit(context ? 98 : 97);
}

static void *spawn(void *context) {
    char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(stack != MAP_FAILED, "mmap");
    for (uintptr_t i = 0; i * THREADS < hazard_counted(THREADS * ROUNDS); i++) {
        hazard_churn((uintptr_t)context + i, 100);
        pid_t child = vfork();
        if (child == 0) {
            char *kept = strdup("left by a vfork child");
            free(hazard_opaque(malloc(5000)));
            free(hazard_opaque(kept));
            execve("/bin/true", arguments, environ);
            _exit(98);
        }
        reap(child, 0);
        hazard_did(HAZARD_VFORKS);
        child = vfork();
        if (child == 0) {
            free(hazard_opaque(malloc(100)));
            _exit(7);
        }
        reap(child, 7);
        reap(clone(clone_child, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL), 0);
        hazard_did(HAZARD_CLONES);
        CHECK(posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environ) == 0, "posix_spawn");
        reap(child, 0);
        CHECK(posix_spawnp(&child, "true", NULL, NULL, arguments, environ) == 0, "posix_spawnp");
        reap(child, 0);
        hazard_did(HAZARD_SPAWNS);
    }
    munmap(stack, STACK_BYTES);
    return NULL;
}

int main(void) {
    hazard_start();
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, spawn, (void *)(i * 1000)) == 0, "thread");
    }
    hazard_profiles_begin(1);
    CHECK(system("exit 3") == 3 << 8, "system");
    FILE *pipe = popen("echo text", "r");
    char text[16] = "";
    CHECK(pipe && fgets(text, sizeof text, pipe) && strcmp(text, "text\n") == 0 && pclose(pipe) == 0, "popen: %s", text);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    hazard_profiles_end();
    return hazard_finish();
}
