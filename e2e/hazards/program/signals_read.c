// signals_read.c: a timer at 4 kHz for each thread with an async-signal-safe handler: it scans the interrupted stack like a CPU profiler,
// writes, reads the clock and changes signal masks, while the threads call every function of the family and open and close libraries, and
// profiles are taken. Signals arrive at every instruction of the hooks. errno and the threads' results must not change. usage: signals_read
// PLUGIN...

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "hazard.h"

enum { THREADS = 4, EVENTS = 400, NS = 250000, PAGE = 4096 };

static __thread volatile uintptr_t seen;
static int ends[2]; // of a pipe that is always full or read by nobody
static char **plugins;
static unsigned plugin_count;

static void on_timer(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)info;
    const mcontext_t *at = &((const ucontext_t *)context)->uc_mcontext;
#ifdef __aarch64__
    const uintptr_t *frame = (const uintptr_t *)at->sp;
    seen ^= at->pc;
#else
    const uintptr_t *frame = (const uintptr_t *)at->gregs[REG_RSP];
    seen ^= (uintptr_t)at->gregs[REG_RIP];
#endif
    for (int i = 0; i < 16; i++) { // main's and a thread's stack have more above than this
        seen ^= frame[i];
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    seen ^= (uintptr_t)write(ends[1], &now, 1);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = EXFULL; // a handler that does not keep errno: bad, but no business of the profiler's
    hazard_did(HAZARD_SIGNALS);
}

// ---- Every function of the family once ----

// Writes to the whole block, checks it, and frees it.
static void use(void *block, size_t size, size_t alignment) {
    CHECK(block && (uintptr_t)block % alignment == 0, "%p for %zu bytes, aligned to %zu", block, size, alignment);
    size_t usable = malloc_usable_size(block);
    CHECK(usable >= size, "usable %zu of %zu", usable, size);
    memset(block, 0x5a, usable);
    CHECK(((unsigned char *)block)[usable - 1] == 0x5a, "contents");
    free(block);
}

static void moves(size_t size) {
    unsigned char *block = malloc(size);
    CHECK(block, "no memory");
    block[0] = block[size - 1] = 7;
    block = realloc(block, size * 3);
    CHECK(block && block[0] == 7 && block[size - 1] == 7, "realloc");
    block = reallocarray(block, size, 2);
    CHECK(block && block[0] == 7 && block[size - 1] == 7, "reallocarray");
    free(block);
    block = calloc(3, size);
    CHECK(block, "no memory");
    for (size_t i = 0; i < 3 * size; i++) {
        CHECK(block[i] == 0, "calloc of %zu: byte %zu is %d", 3 * size, i, block[i]);
    }
    free(block);
}

static void every_function(size_t size) {
    void *block = NULL;
    use(malloc(size), size, 16);
    moves(size);
    CHECK(posix_memalign(&block, 128, size) == 0, "posix_memalign");
    use(block, size, 128);
    use(aligned_alloc(64, (size + 63) & ~(size_t)63), size, 64);
    use(memalign(512, size), size, 512);
    use(valloc(size), size, PAGE);
    use(pvalloc(size), (size + PAGE - 1) & ~(size_t)(PAGE - 1), PAGE);
}

// Only every hundredth call really loads and unloads the library; the others change its reference count.
static void open_and_close(uint64_t round) {
    void *handle = dlopen(round % 100 == 0 ? plugins[round / 100 % plugin_count] : "libc.so.6", RTLD_NOW);
    CHECK(handle, "%s", dlerror());
    CHECK(dlclose(handle) == 0, "%s", dlerror());
}

static void *run(void *context) {
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF};
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    struct itimerspec period = {{0, NS}, {0, NS}};
    timer_t timer;
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &period, NULL) == 0, "timer");
    for (uint64_t i = (uintptr_t)context;
         hazard_done(HAZARD_SIGNALS) < hazard_counted(EVENTS) || hazard_done(HAZARD_HOOKS) < hazard_counted(EVENTS); i++) {
        every_function(1 + i * 7919 % (i % 64 == 0 ? 200000 : 700));
        open_and_close(i);
        hazard_did(HAZARD_HOOKS);
    }
    CHECK(timer_delete(timer) == 0, "timer_delete");
    return NULL;
}

int main(int argc, char **argv) {
    CHECK(argc > 1, "usage: signals_read PLUGIN...");
    plugins = argv + 1;
    plugin_count = (unsigned)argc - 1;
    CHECK(pipe2(ends, O_NONBLOCK) == 0, "pipe");
    struct sigaction action = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_RESTART};
    CHECK(sigaction(SIGPROF, &action, NULL) == 0, "sigaction");
    hazard_start();
    hazard_profiles_begin(1);
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, run, (void *)(i * 1000)) == 0, "thread");
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    hazard_profiles_end();
    return hazard_finish();
}
