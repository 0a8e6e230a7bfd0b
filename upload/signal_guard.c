// signal_guard.c: see signal_guard.h.
#include "signal_guard.h"

#include <errno.h>
#include <time.h>

static const int guarded[] = {SIGPIPE, SIGXFSZ};

void upload_signal_guard_begin(struct upload_signal_guard *guard) {
    sigset_t pending, all;
    sigemptyset(&guard->taken);
    sigemptyset(&all);
    bool known = sigpending(&pending) == 0;
    for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++) {
        sigaddset(&all, guarded[i]);
        if (known && sigismember(&pending, guarded[i]) == 0) {
            sigaddset(&guard->taken, guarded[i]);
        }
    }
    guard->blocked = pthread_sigmask(SIG_BLOCK, &all, &guard->previous_mask) == 0;
}

void upload_signal_guard_end(struct upload_signal_guard *guard) {
    if (!guard->blocked) {
        return;
    }
    const struct timespec at_once = {0};
    while (sigtimedwait(&guard->taken, NULL, &at_once) > 0 || errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &guard->previous_mask, NULL);
}
