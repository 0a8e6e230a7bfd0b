// signals.c: see signals.h.

#include "signals.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "../base/clock.h"
#include "time_profile.h"

#define EXPORTED __attribute__((visibility("default"), used))

typedef void signal_handler(int number);
typedef int sigaction_function(int number, const struct sigaction *action, struct sigaction *before);
typedef signal_handler *signal_function(int number, signal_handler *handler);
typedef int sigtimedwait_function(const sigset_t *set, siginfo_t *info, const struct timespec *timeout);

static signal_handler *ours[NSIG]; // by signal; NULL: none

// The next definitions after ours. Resolved when the library starts, since dlsym is unsafe in signal handlers and in a child of vfork.
static sigaction_function *next_sigaction;
static signal_function *next_signal;
static sigtimedwait_function *next_sigtimedwait;

static __attribute__((constructor)) void find_next(void) {
    *(void **)&next_sigaction = dlsym(RTLD_NEXT, "sigaction");
    *(void **)&next_signal = dlsym(RTLD_NEXT, "signal");
    *(void **)&next_sigtimedwait = dlsym(RTLD_NEXT, "sigtimedwait");
}

static bool has_ours(int number) {
    return number > 0 && number < NSIG && ours[number];
}

static bool is_simple(const struct sigaction *action, signal_handler *handler) {
    return (action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == handler;
}

// On the alternate stack if there is one: threads of Go and others otherwise have small stacks.
static struct sigaction action_of(signal_handler *handler) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    return action;
}

EXPORTED int sigaction(int number, const struct sigaction *restrict action, struct sigaction *restrict before) {
    struct sigaction own;
    if (!next_sigaction) { // another library's constructor ran first
        find_next();
    }
    if (has_ours(number) && action && is_simple(action, SIG_DFL)) {
        own = action_of(ours[number]);
        action = &own;
    }
    int result = next_sigaction(number, action, before);
    if (result == 0 && before && has_ours(number) && is_simple(before, ours[number])) {
        *before = (struct sigaction){.sa_handler = SIG_DFL};
    }
    return result;
}

EXPORTED signal_handler *signal(int number, signal_handler *handler) {
    if (!next_signal) {
        find_next();
    }
    if (has_ours(number) && handler == SIG_DFL) {
        struct sigaction before, action = {.sa_handler = SIG_DFL};
        return sigaction(number, &action, &before) == 0 ? before.sa_handler : SIG_ERR;
    }
    signal_handler *before = next_signal(number, handler);
    return has_ours(number) && before == ours[number] ? SIG_DFL : before;
}

// ---- Waiting for signals ----

// Without a limit if timeout is NULL. A thread that has just blocked all signals may still be sent one of the time profile's.
static int wait_for(const sigset_t *set, siginfo_t *info, const struct timespec *timeout) {
    siginfo_t own;
    struct timespec left = timeout ? *timeout : (struct timespec){0};
    uint64_t begin = timeout ? clock_ns(CLOCK_MONOTONIC) : 0, limit = (uint64_t)left.tv_sec * 1000000000 + (uint64_t)left.tv_nsec;
    info = info ? info : &own;
    if (!next_sigtimedwait) {
        find_next();
    }
    int number;
    while ((number = next_sigtimedwait(set, info, timeout ? &left : NULL)) == TIME_SIGNAL && time_profile_has_sent(info)) {
        uint64_t passed = timeout ? clock_ns(CLOCK_MONOTONIC) - begin : 0, rest = passed < limit ? limit - passed : 0;
        left = (struct timespec){.tv_sec = (time_t)(rest / 1000000000), .tv_nsec = (long)(rest % 1000000000)};
    }
    return number;
}

EXPORTED int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info, const struct timespec *restrict timeout) {
    return wait_for(set, info, timeout);
}

EXPORTED int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info) {
    return wait_for(set, info, NULL);
}

EXPORTED int sigwait(const sigset_t *restrict set, int *restrict number) {
    siginfo_t info;
    int saved = errno, got;
    while ((got = wait_for(set, &info, NULL)) < 0 && errno == EINTR) {
    }
    int error = got < 0 ? errno : 0;
    *number = got < 0 ? *number : got;
    errno = saved;
    return error;
}

void signals_handle(int number, void (*handler)(int number)) {
    struct sigaction before, action = action_of(handler);
    if (sigaction(number, NULL, &before) == 0 && is_simple(&before, SIG_DFL)) {
        ours[number] = handler;
        sigaction(number, &action, NULL);
    }
}

void signals_reset(int number) {
    next_sigaction(number, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
}
