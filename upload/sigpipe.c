// sigpipe.c: see sigpipe.h.
#include "sigpipe.h"

#include <errno.h>
#include <time.h>

static bool is_pending(void) {
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

void upload_sigpipe_begin(struct upload_sigpipe *guard) {
    sigset_t only_sigpipe;
    sigemptyset(&only_sigpipe);
    sigaddset(&only_sigpipe, SIGPIPE);
    guard->was_pending = is_pending();
    guard->blocked = pthread_sigmask(SIG_BLOCK, &only_sigpipe, &guard->previous_mask) == 0;
}

void upload_sigpipe_end(struct upload_sigpipe *guard) {
    if (!guard->blocked) {
        return;
    }
    if (!guard->was_pending && is_pending()) {
        sigset_t only_sigpipe;
        sigemptyset(&only_sigpipe);
        sigaddset(&only_sigpipe, SIGPIPE);
        const struct timespec at_once = {0};
        while (sigtimedwait(&only_sigpipe, NULL, &at_once) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &guard->previous_mask, NULL);
}
