// threads.c: callbacks into Go, threads that C starts, signal handlers and coroutines.

#include "cases.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "_cgo_export.h"

static void must(int ok) {
    if (!ok) {
        abort();
    }
}

// ---- Callbacks: C -> Go -> C -> Go -> C ----

SHOWN void nested_outer(void) {
    long number = 1;
    goMiddle();
    OBSERVE(number);
}
SHOW(nested_outer)

SHOWN void nested_middle(void) {
    long number = 2;
    goInner();
    OBSERVE(number);
}
SHOW(nested_middle)

SHOWN void nested_leaf(void) {
    void *block = malloc(1001);
    OBSERVE(block);
}
SHOW(nested_leaf)

// ---- Threads ----

SHOWN static void thread_allocate(void) {
    void *block = malloc(1002);
    OBSERVE(block);
}
SHOW(thread_allocate)

SHOWN static void *thread_main(void *context) {
    thread_allocate();
    OBSERVE(context);
    return context;
}
SHOW(thread_main)

SHOWN static void *thread_main_go(void *context) {
    goFromThread();
    OBSERVE(context);
    return context;
}
SHOW(thread_main_go)

SHOWN void thread_leaf(void) {
    void *block = malloc(1003);
    OBSERVE(block);
}
SHOW(thread_leaf)

static void run_thread(void *(*start)(void *context)) {
    pthread_t thread;
    must(pthread_create(&thread, NULL, start, NULL) == 0);
    must(pthread_join(thread, NULL) == 0);
}

SHOWN void thread_in_c(void) {
    run_thread(thread_main);
}
SHOW(thread_in_c)

SHOWN void thread_into_go(void) {
    run_thread(thread_main_go);
}
SHOW(thread_into_go)

// ---- Signals ----

SHOWN static void handler(int number) {
    void *block = malloc(1004);
    OBSERVE(block);
    OBSERVE(number);
}
SHOW(handler)

// raise() delivers before it returns, so malloc was not interrupted and may be called. Go needs SA_ONSTACK, and its handler restored.
SHOWN static void raise_usr2(void) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART}, before;
    must(sigaction(SIGUSR2, &action, &before) == 0);
    raise(SIGUSR2);
    must(sigaction(SIGUSR2, &before, NULL) == 0);
}
SHOW(raise_usr2)

SHOWN void on_gos_signal_stack(void) {
    long number = 3;
    raise_usr2();
    OBSERVE(number);
}
SHOW(on_gos_signal_stack)

SHOWN static void own_handler(int number) {
    void *block = malloc(1005);
    OBSERVE(block);
    OBSERVE(number);
}
SHOW(own_handler)

enum { OWN_STACK_BYTES = 64 * 1024 };

static void *map_stack(void) {
    void *stack = mmap(NULL, OWN_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(stack != MAP_FAILED);
    return stack;
}

SHOWN static void *thread_with_signal_stack(void *context) {
    stack_t own = {.ss_sp = map_stack(), .ss_size = OWN_STACK_BYTES}, none = {.ss_flags = SS_DISABLE};
    struct sigaction action = {.sa_handler = own_handler, .sa_flags = SA_ONSTACK | SA_RESTART}, before;
    must(sigaltstack(&own, NULL) == 0 && sigaction(SIGUSR2, &action, &before) == 0);
    raise(SIGUSR2);
    must(sigaction(SIGUSR2, &before, NULL) == 0 && sigaltstack(&none, NULL) == 0);
    munmap(own.ss_sp, OWN_STACK_BYTES); // the next stack that is looked at must not be taken for this one
    return context;
}
SHOW(thread_with_signal_stack)

SHOWN void on_own_signal_stack(void) {
    run_thread(thread_with_signal_stack);
}
SHOW(on_own_signal_stack)

// ---- Coroutine ----

static ucontext_t here, there;

SHOWN static void coroutine_leaf(void) {
    void *block = malloc(1006);
    OBSERVE(block);
}
SHOW(coroutine_leaf)

SHOWN static void coroutine_main(void) {
    long number = 4;
    coroutine_leaf();
    must(swapcontext(&there, &here) == 0);
    coroutine_leaf();
    OBSERVE(number);
}
SHOW(coroutine_main)

SHOWN static void coroutine_back(void) {
    void *block = malloc(1007);
    OBSERVE(block);
}
SHOW(coroutine_back)

SHOWN void on_coroutine(void) {
    void *stack = map_stack();
    must(getcontext(&there) == 0);
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = OWN_STACK_BYTES;
    there.uc_link = &here;
    makecontext(&there, coroutine_main, 0);
    must(swapcontext(&here, &there) == 0);
    coroutine_back(); // between two visits: the thread's own stack again
    must(swapcontext(&here, &there) == 0);
    munmap(stack, OWN_STACK_BYTES);
    coroutine_back();
}
SHOW(on_coroutine)
