// stack_overflow.c: a stack overflow ends as without a profiler: by SIGSEGV, or in the program's handler on its alternate stack; on the
// main thread, on a thread with a small stack, in a frame that allocates, and within malloc itself.

#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hazard.h"

static unsigned frame_bytes;

static volatile unsigned deepest = UINT32_MAX;

static __attribute__((noinline)) unsigned recurse(unsigned depth) {
    volatile char *frame = alloca(frame_bytes + 1); // the size decides whose frame hits the end
    frame[0] = (char)depth;
    char *block = malloc(16);
    block[0] = frame[0];
    unsigned result = (depth < deepest ? recurse(depth + 1) : 0) + (unsigned)block[0];
    free(block);
    return result + (unsigned)frame[0];
}

static void *on_thread(void *context) {
    (void)context;
    recurse(0);
    return NULL;
}

static void on_fault(int number, siginfo_t *info, void *context) {
    (void)context;
    _exit(number == SIGSEGV && info->si_addr ? 42 : 43);
}

static void catch_it(void) {
    stack_t stack = {.ss_size = 64 * 1024};
    stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_ONSTACK | SA_SIGINFO};
    CHECK(sigaltstack(&stack, NULL) == 0 && sigaction(SIGSEGV, &action, NULL) == 0, "sigaltstack");
}

static void overflow(bool caught, bool thread) {
    alarm(30);
    if (caught) {
        catch_it();
    }
    if (!thread) {
        struct rlimit limit = {1 << 20, RLIM_INFINITY};
        setrlimit(RLIMIT_STACK, &limit);
        recurse(0);
    }
    pthread_attr_t attributes;
    pthread_t id;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(SIGSEGV, &action, NULL); // the alternate stack is the first thread's
    CHECK(pthread_create(&id, &attributes, on_thread, NULL) == 0, "thread");
    pthread_join(id, NULL);
    _exit(1);
}

int main(void) {
    hazard_start();
    hazard_churn(1, 100);
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    for (frame_bytes = 0; frame_bytes < 4096; frame_bytes += 307 / hazard_scaled(1) + 1) {
        for (int kind = 0; kind < 3; kind++) {
            pid_t pid = fork();
            if (pid == 0) {
                overflow(kind == 1, kind == 2);
            }
            int status;
            CHECK(pid > 0 && waitpid(pid, &status, 0) == pid, "wait");
            bool as_before =
                kind == 1 ? WIFEXITED(status) && WEXITSTATUS(status) == 42 : WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
            CHECK(as_before, "frames of %u bytes, kind %d: ended with %#x", frame_bytes, kind, (unsigned)status);
        }
    }
    return hazard_finish();
}
