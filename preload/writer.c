// writer.c: see writer.h.

#include "writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "../cmemprof/cmemprof.h"
#include "own_thread.h"
#include "signals.h"

// Between two calls of cmemprof_make_room: a second, and in a young program a sixteenth of its age, so that the peak of one that ends soon
// is seen.
enum { MIN_PAUSE_MS = 10, MAX_PAUSE_MS = 1000, PAUSES = 16 };

static struct timespec after_ms(struct timespec time, uint64_t ms) {
    time.tv_sec += (time_t)(ms / 1000);
    time.tv_nsec += (long)(ms % 1000) * 1000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    return time;
}

static struct timespec now(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time); // sem_timedwait uses this clock
    return time;
}

static bool is_before(struct timespec a, struct timespec b) {
    return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

static bool is_past(struct timespec time) {
    return !is_before(now(), time);
}

// Ends by the signal held back until now, so that whoever waits for the program sees it. Sent to this thread: others may block it, as the
// waiting one does.
static void end_program(int number) {
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    signals_reset(number);
    kill(getpid(), number);
    pthread_sigmask(SIG_UNBLOCK, &only, NULL);
}

// Returns true to continue.
static bool serve(struct writer *writer) {
    if (atomic_load(&writer->finishing)) {
        if (!atomic_load(&writer->cancelled)) {
            profile_file_write(&writer->file, writer->last_reason);
        }
        int late = atomic_exchange(&writer->termination, 0);
        if (late != 0) { // requested during the wait
            end_program(late);
        }
        sem_post(&writer->done);
        atomic_store(&writer->is_busy, false); // it may be opened again from here on
        return false;
    }
    if (atomic_exchange(&writer->dumps, 0) > 0) {
        profile_file_write(&writer->file, "signal");
    }
    int number = atomic_exchange(&writer->termination, 0);
    if (number != 0) {
        profile_file_write(&writer->file, "termination");
        end_program(number);
    }
    return true;
}

static uint64_t pause_ms(struct timespec start) {
    struct timespec time = now();
    int64_t age_ms = (int64_t)(time.tv_sec - start.tv_sec) * 1000 + (time.tv_nsec - start.tv_nsec) / 1000000, pause = age_ms / PAUSES;
    return pause < MIN_PAUSE_MS ? MIN_PAUSE_MS : pause > MAX_PAUSE_MS ? MAX_PAUSE_MS : (uint64_t)pause;
}

static void *run(void *context) {
    struct writer *writer = context;
    prctl(PR_SET_NAME, "cmemprof");
    struct timespec start = now(), next = after_ms(start, writer->period_ms);
    for (;;) {
        struct timespec soon = after_ms(now(), pause_ms(start));
        bool is_sooner = writer->period_ms == 0 || is_before(soon, next);
        if (sem_timedwait(&writer->wake, is_sooner ? &soon : &next) == 0 && !serve(writer)) {
            return NULL;
        }
        cmemprof_make_room();
        if (writer->period_ms != 0 && is_past(next)) {
            profile_file_write(&writer->file, "period");
            next = after_ms(now(), writer->period_ms);
        }
    }
}

// Whether the thread has been made.
static bool make_thread(struct writer *writer) {
    atomic_store(&writer->is_busy, true);
    bool made = own_thread_start(run, writer);
    if (!made) {
        atomic_store(&writer->is_busy, false);
    }
    return made;
}

bool writer_open(struct writer *writer, uint64_t period_ms, bool thread) {
    writer->period_ms = period_ms;
    writer->last_reason = "exit";
    sem_init(&writer->wake, 0, 0);
    sem_init(&writer->done, 0, 0);
    atomic_store(&writer->dumps, 0);
    atomic_store(&writer->termination, 0);
    atomic_store(&writer->finishing, false);
    atomic_store(&writer->cancelled, false);
    writer->has_thread = thread && make_thread(writer);
    return writer->has_thread == thread;
}

void writer_dump(struct writer *writer) {
    int saved = errno;
    atomic_fetch_add(&writer->dumps, 1);
    sem_post(&writer->wake);
    errno = saved;
}

void writer_terminate(struct writer *writer, int number, unsigned limit_s) {
    atomic_store(&writer->termination, number);
    sem_post(&writer->wake);
    for (unsigned i = 0; i < limit_s * 100; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}

// Without the thread: on the caller's, with signals blocked.
static void write_here(struct writer *writer) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    profile_file_write(&writer->file, writer->last_reason);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

bool writer_finish(struct writer *writer, unsigned limit_s) {
    if (!atomic_exchange(&writer->finishing, true)) {
        if (!writer->has_thread && !make_thread(writer)) {
            write_here(writer);
            sem_post(&writer->done);
        }
        sem_post(&writer->wake);
    }
    struct timespec limit = after_ms(now(), (uint64_t)limit_s * 1000);
    while (sem_timedwait(&writer->done, &limit) != 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    sem_post(&writer->done); // another thread may be waiting
    return true;
}

void writer_cancel(struct writer *writer) {
    atomic_store(&writer->cancelled, true);
    atomic_store(&writer->finishing, true);
    sem_post(&writer->wake);
}
