// time_threads.c: see time_threads.h.
#include "time_threads.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../base/clock.h"
#include "own_thread.h"

enum {
    FEW = 64,
    YOUNG_ROUNDS = 8,
    FEW_EVERY_NS = 50000000, // that their list is read, if nothing says that there are others
    MANY_EVERY_NS = 100000000,
    MASKS_EVERY_NS = 100000000,
};
#define TASKS "/proc/self/task"

static size_t most_timers(void) {
    struct rlimit limit;
    bool is_known = getrlimit(RLIMIT_SIGPENDING, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    return is_known && limit.rlim_cur / 4 < TIME_THREADS ? (size_t)limit.rlim_cur / 4 : TIME_THREADS;
}

void time_threads_open(struct time_threads *threads, int signal, uint32_t cookie, uint64_t period_ns, void *value, time_thread_met *met,
                       time_thread_lost *lost) {
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    memset(threads, 0, sizeof *threads);
    threads->signal = signal;
    threads->cookie = cookie;
    threads->period_ns = period_ns;
    threads->value = value;
    threads->met = met;
    threads->lost = lost;
    memcpy(threads->random, &now, sizeof threads->random);
    threads->most_timers = most_timers();
}

size_t time_threads_blocked(const struct time_threads *threads) {
    size_t blocked = 0;
    for (size_t i = 0; i < threads->count; i++) {
        blocked += threads->items[i].is_blocked && !own_thread_is(threads->items[i].id);
    }
    return blocked;
}

// ---- One thread ----

static struct timespec timespec_of(uint64_t ns) {
    return (struct timespec){.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
}

// libc's timer_create has a handle of its own for these; the system call is the same everywhere.
static int make_timer(struct time_threads *threads, int32_t id) {
    int timer;
    if (threads->timers >= threads->most_timers) {
        return TIME_NO_TIMER;
    }
    struct {
        uint64_t value; // si_value
        int signal, notify;
        int32_t thread;
        char rest[64];
    } event = {.value = (uint64_t)threads->cookie << 32 | (uint32_t)id, .signal = threads->signal, .notify = SIGEV_THREAD_ID, .thread = id};
    if (syscall(SYS_timer_create, clock_of_thread(id), &event, &timer) != 0) {
        return TIME_NO_TIMER;
    }
    const struct itimerspec times = {timespec_of(threads->period_ns),
                                     timespec_of(1 + (uint64_t)(erand48(threads->random) * (double)threads->period_ns))};
    if (syscall(SYS_timer_settime, timer, 0, &times, NULL) != 0) {
        syscall(SYS_timer_delete, timer);
        return TIME_NO_TIMER;
    }
    threads->timers++;
    return timer;
}

static void drop_timer(struct time_threads *threads, struct time_thread *thread) {
    if (thread->timer != TIME_NO_TIMER) {
        syscall(SYS_timer_delete, thread->timer);
        threads->timers--;
        thread->timer = TIME_NO_TIMER;
    }
}

int32_t time_threads_sent_to(uint32_t cookie, const siginfo_t *info) {
    uint64_t value = (uintptr_t)info->si_value.sival_ptr;
    return info->si_code == SI_TIMER && value >> 32 == cookie ? (int32_t)(uint32_t)value : 0;
}

static size_t read_file(int32_t id, const char *name, char *text, size_t size) {
    char path[64];
    snprintf(path, sizeof path, TASKS "/%d/%s", (int)id, name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file >= 0 ? read(file, text, size - 1) : 0;
    if (file >= 0) {
        close(file);
    }
    text[got > 0 ? got : 0] = '\0';
    return got > 0 ? (size_t)got : 0;
}

static bool is_blocked(const struct time_threads *threads, int32_t id) {
    char text[4096];
    read_file(id, "status", text, sizeof text);
    const char *blocked = strstr(text, "\nSigBlk:");
    return blocked && (strtoull(blocked + 8, NULL, 16) >> (threads->signal - 1) & 1) != 0;
}

static void read_name(struct time_thread *thread) {
    read_file(thread->id, "comm", thread->name, sizeof thread->name);
    thread->name[strcspn(thread->name, "\n")] = '\0';
}

// ---- All threads ----

static size_t slot_of(int32_t id, size_t probe) {
    return ((uint32_t)id + probe) % TIME_THREAD_SLOTS;
}

struct time_thread *time_threads_find(struct time_threads *threads, int32_t id) {
    for (size_t probe = 0; probe < TIME_THREAD_SLOTS; probe++) {
        uint16_t place = threads->slots[slot_of(id, probe)];
        if (place == 0 || threads->items[place - 1].id == id) {
            return place == 0 ? NULL : &threads->items[place - 1];
        }
    }
    return NULL;
}

static void put_slot(struct time_threads *threads, size_t place) {
    size_t probe = 0;
    while (threads->slots[slot_of(threads->items[place].id, probe)] != 0) {
        probe++;
    }
    threads->slots[slot_of(threads->items[place].id, probe)] = (uint16_t)(place + 1);
}

// What blocks the signal now may not have when it was met, and the other way round.
static void check(struct time_threads *threads, struct time_thread *thread, bool is_new) {
    thread->is_blocked = is_blocked(threads, thread->id);
    thread->checked_ns = clock_ns(clock_of_thread(thread->id));
    if (thread->is_blocked) {
        if (thread->timer != TIME_NO_TIMER) {
            threads->lost(threads->value, thread->id);
        }
        drop_timer(threads, thread);
    } else if (thread->timer == TIME_NO_TIMER) {
        threads->met(threads->value, thread->id, thread->checked_ns, is_new && threads->round > 1);
        thread->timer = make_timer(threads, thread->id);
    }
    read_name(thread);
}

// Returns true if it was not known.
static bool meet(struct time_threads *threads, int32_t id, bool checks_all) {
    struct time_thread *thread = time_threads_find(threads, id);
    bool is_new = !thread;
    if (own_thread_is(id) || (is_new && threads->count == TIME_THREADS)) {
        threads->timerless += !own_thread_is(id);
        return false;
    }
    if (is_new) {
        thread = &threads->items[threads->count];
        *thread = (struct time_thread){.id = id, .timer = TIME_NO_TIMER};
        put_slot(threads, threads->count++);
    }
    bool is_again = thread->is_blocked && (thread->rounds & (thread->rounds - 1)) == 0; // at 1, 2, 4, ... rounds
    if (is_new || is_again || (checks_all && clock_ns(clock_of_thread(id)) != thread->checked_ns)) {
        check(threads, thread, is_new);
    }
    threads->timerless += !thread->is_blocked && thread->timer == TIME_NO_TIMER;
    threads->has_young |= thread->is_blocked && thread->rounds < YOUNG_ROUNDS;
    thread->seen = threads->round;
    thread->rounds++;
    return is_new;
}

// The kernel's list ends too soon, or leaves one out, if a thread ends while it is read.
static bool is_there(const struct time_threads *threads, const struct time_thread *thread) {
    return thread->seen == threads->round || clock_ns(clock_of_thread(thread->id)) != 0;
}

// Returns true if there are any.
static bool forget_the_gone(struct time_threads *threads) {
    size_t kept = 0;
    for (size_t i = 0; i < threads->count; i++) {
        if (is_there(threads, &threads->items[i])) {
            threads->items[kept++] = threads->items[i];
        } else {
            drop_timer(threads, &threads->items[i]);
        }
    }
    bool are_gone = kept != threads->count;
    if (are_gone) {
        threads->count = kept;
        memset(threads->slots, 0, sizeof threads->slots);
        for (size_t i = 0; i < kept; i++) {
            put_slot(threads, i);
        }
    }
    return are_gone;
}

// As the kernel writes it (getdents64(2)); opendir would allocate.
struct entry {
    uint64_t inode, next;
    uint16_t size;
    uint8_t type;
    char name[];
};

// Returns true if there are others than before.
static bool read_all(struct time_threads *threads, bool checks_all) {
    _Alignas(8) char bytes[8192];
    long got = -1;
    bool has_changed = false;
    int directory = open(TASKS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    threads->round++;
    threads->timerless = 0;
    threads->has_young = false;
    while (directory >= 0 && (got = syscall(SYS_getdents64, directory, bytes, sizeof bytes)) > 0) {
        for (long at = 0; at < got; at += ((const struct entry *)(const void *)&bytes[at])->size) {
            int32_t id = (int32_t)strtol(((const struct entry *)(const void *)&bytes[at])->name, NULL, 10);
            if (id > 0) {
                has_changed |= meet(threads, id, checks_all);
            }
        }
    }
    if (directory >= 0) {
        close(directory);
    }
    if (got == 0) { // else nothing is known: no descriptor was left, or there is no /proc
        has_changed |= forget_the_gone(threads);
    }
    return has_changed;
}

uint64_t time_threads_links(void) {
    struct stat status;
    return stat(TASKS, &status) == 0 ? (uint64_t)status.st_nlink : 0;
}

bool time_threads_look(struct time_threads *threads, uint64_t sign, bool anyway) {
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    int64_t passed = (int64_t)(now - threads->read_ns);
    bool has_changed = sign != threads->sign, is_time = passed >= (threads->count <= FEW ? FEW_EVERY_NS : MANY_EVERY_NS);
    if (threads->signal != 0 && (anyway || has_changed || is_time || threads->has_young)) {
        bool checks_all = now - threads->masks_ns >= MASKS_EVERY_NS;
        threads->sign = sign;
        threads->read_ns = now;
        threads->masks_ns = checks_all ? now : threads->masks_ns;
        has_changed |= read_all(threads, checks_all);
    }
    return has_changed;
}

void time_threads_close(struct time_threads *threads, bool is_child) {
    for (size_t i = 0; i < threads->count && !is_child; i++) {
        drop_timer(threads, &threads->items[i]);
    }
    memset(threads, 0, sizeof *threads);
}
