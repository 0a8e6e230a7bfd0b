// signals.c: see signals.h.

#include "signals.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#define EXPORTED __attribute__((visibility("default"), used))

typedef void signal_handler(int number);
typedef int sigaction_function(int number, const struct sigaction *action, struct sigaction *before);
typedef signal_handler *signal_function(int number, signal_handler *handler);

static signal_handler *ours[NSIG]; // by signal; NULL: none

// The next definitions after ours. Resolved when the library starts, since dlsym is unsafe in signal handlers and in a child of vfork.
static sigaction_function *next_sigaction;
static signal_function *next_signal;

static __attribute__((constructor)) void find_next(void) {
    *(void **)&next_sigaction = dlsym(RTLD_NEXT, "sigaction");
    *(void **)&next_signal = dlsym(RTLD_NEXT, "signal");
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
