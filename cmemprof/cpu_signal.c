// cpu_signal.c (cpu): see cpu_signal.h.

#include "cpu_signal.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

static struct {
    struct sigaction behind; // set before the handler is there, and kept: a signal may be on its way here still
    cpu_signal_take *_Atomic take;
    bool is_there;
    bool is_behind_another; // for ever
} front;

static void on_signal(int number, siginfo_t *info, void *context) {
    cpu_signal_take *take = atomic_load_explicit(&front.take, memory_order_acquire);
    if (take) {
        int saved = errno;
        bool taken = take(info, context);
        errno = saved;
        if (taken) {
            return;
        }
    }
    front.behind.sa_sigaction(number, info, context);
}

static bool is_ours(const struct sigaction *action) {
    return (action->sa_flags & SA_SIGINFO) != 0 && action->sa_sigaction == on_signal;
}

bool cpu_signal_start(cpu_signal_take *take) {
    struct sigaction now, ours;
    if (front.is_behind_another || front.is_there || sigaction(SIGPROF, NULL, &now) != 0 || (now.sa_flags & SA_SIGINFO) == 0 ||
        now.sa_handler == SIG_DFL || now.sa_handler == SIG_IGN || is_ours(&now)) {
        return false;
    }
    front.behind = ours = now; // its mask and flags: it runs on the signal stack
    ours.sa_sigaction = on_signal;
    atomic_store_explicit(&front.take, take, memory_order_release);
    front.is_there = sigaction(SIGPROF, &ours, NULL) == 0;
    return front.is_there;
}

void cpu_signal_stop(void) {
    struct sigaction now;
    if (!front.is_there) {
        return;
    }
    front.is_there = false;
    atomic_store(&front.take, NULL);
    if (sigaction(SIGPROF, NULL, &now) != 0 || !is_ours(&now) || sigaction(SIGPROF, &front.behind, NULL) != 0) {
        front.is_behind_another = true;
    }
}
