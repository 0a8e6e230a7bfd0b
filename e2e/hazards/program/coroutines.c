// coroutines.c: makecontext and swapcontext on stacks of the program's own, which move from thread to thread and are unmapped at the end. A
// profiler that assumes the thread's stack reads unmapped memory (golang/go#62130, frankenphp#46).

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "hazard.h"

enum { THREADS = 3, ROUNDS = 40, COROUTINES = 8, STEPS = 6, STACK_BYTES = 32 * 1024, PAGE = 4096 };

struct coroutine {
    ucontext_t here, back;
    char *stack;
    unsigned steps;
};

// One slot per thread, passed around: the thread that holds a slot's lock runs its coroutine for one step.
static struct coroutine slots[COROUTINES];
static pthread_mutex_t locks[COROUTINES];
static _Atomic unsigned finished;

static __attribute__((noinline)) void deeper(struct coroutine *self, unsigned levels) {
    char *block = malloc(50 + levels);
    CHECK(block, "no memory");
    memset(block, (int)levels, 50);
    if (levels > 0) {
        deeper(self, levels - 1);
    } else {
        CHECK(swapcontext(&self->here, &self->back) == 0, "swapcontext"); // goes on, perhaps on another thread
    }
    CHECK(block[49] == (char)levels, "contents");
    free(block);
}

static void work(unsigned at) {
    for (unsigned step = 0; step < STEPS; step++) {
        deeper(&slots[at], step * 3);
        hazard_churn(at + step, 10);
    }
    slots[at].steps = STEPS;
}

static void begin(unsigned at) {
    struct coroutine *self = &slots[at];
    self->stack = mmap(NULL, STACK_BYTES + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(self->stack != MAP_FAILED && mprotect(self->stack + PAGE, STACK_BYTES, PROT_READ | PROT_WRITE) == 0, "mmap");
    self->steps = 0;
    CHECK(getcontext(&self->here) == 0, "getcontext");
    self->here.uc_stack.ss_sp = self->stack + PAGE;
    self->here.uc_stack.ss_size = STACK_BYTES;
    self->here.uc_link = &self->back;
    makecontext(&self->here, (void (*)(void))work, 1, at);
}

static void step(unsigned at) {
    pthread_mutex_lock(&locks[at]);
    struct coroutine *self = &slots[at];
    if (!self->stack) {
        begin(at);
    }
    CHECK(swapcontext(&self->back, &self->here) == 0, "swapcontext");
    if (self->steps == STEPS) {
        munmap(self->stack, STACK_BYTES + 2 * PAGE);
        self->stack = NULL;
        finished++;
    }
    pthread_mutex_unlock(&locks[at]);
}

static void *run(void *context) {
    for (unsigned i = 0; i < hazard_scaled(ROUNDS) * (STEPS + 1) * COROUTINES; i++) {
        step((i + (unsigned)(uintptr_t)context) % COROUTINES);
        if (i % 16 == 0) {
            hazard_churn(i, 5); // on the thread's own stack again
        }
    }
    return NULL;
}

int main(void) {
    hazard_start();
    pthread_t threads[THREADS];
    for (int i = 0; i < COROUTINES; i++) {
        pthread_mutex_init(&locks[i], NULL);
    }
    for (uintptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, run, (void *)(i * 3)) == 0, "thread");
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK(finished == THREADS * hazard_scaled(ROUNDS) * COROUTINES, "%u coroutines ended", finished);
    return hazard_finish();
}
