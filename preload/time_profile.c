// time_profile.c: see time_profile.h.
#include "time_profile.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../cmemprof/interposition.h"
#include "../cmemprof/loaded_code.h"
#include "../cmemprof/process_status.h"
#include "../cmemprof/profiler.h"
#include "../cmemprof/unwind_interrupted.h"
#include "own_thread.h"
#include "python_threads.h"
#include "time_context.h"
#include "time_encode.h"
#include "time_entry.h"
#include "time_state.h"

enum { QUIET_MS = 1000, LIST_TICKS = 5, TOO_LONG_TICKS = 100, LITTLE_NS = 100000, NEEDED_STACK_BYTES = 8 << 10 };

#define THREAD_STATUS "/proc/thread-self/status" // filters of system calls are a thread's

static struct time_state *_Atomic current; // NULL: off. Its memory stays, as a signal may be on its way

// ---- The period that samples are added to ----

struct time_state *time_profile_current(void) {
    return atomic_load(&current);
}

struct time_period *time_profile_enter(struct time_state *it) {
    for (;;) {
        unsigned active = atomic_load(&it->active);
        struct time_period *period = &it->periods[active];
        atomic_fetch_add(&period->in_flight, 1);
        if (atomic_load(&it->active) == active) {
            return period;
        }
        atomic_fetch_sub(&period->in_flight, 1);
    }
}

void time_profile_leave(struct time_period *period) {
    atomic_fetch_sub(&period->in_flight, 1);
}

static void clear(struct time_period *period) {
    for (size_t i = 0; i < TIME_TABLES; i++) {
        cpu_samples_clear(&period->tables[i]);
    }
    time_context_clear(period);
    period->began_ns = period->process_ns = period->own_ns = period->missed_ns = 0;
}

static bool is_quiet(struct time_period *period) {
    for (int waited = 0; atomic_load(&period->in_flight) != 0; waited++) {
        if (waited == QUIET_MS) {
            return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return true;
}

// ---- CPU ----

struct time_scratch *time_profile_take_scratch(struct time_state *it) {
    for (unsigned i = 0; i < TIME_SCRATCHES; i++) {
        if (!atomic_exchange_explicit(&it->scratches[i].busy, true, memory_order_acquire)) {
            return &it->scratches[i];
        }
    }
    return NULL;
}

// Fills words with the interrupted stack, and returns its depth.
static uint32_t walk(struct time_state *it, const void *context, struct time_scratch *scratch) {
    struct profiler *of = it->of;
    enum unwind_end end;
    uintptr_t *pcs;
    scratch->python.depth_frames = 0;
    uint32_t depth = unwind_interrupted_whole(&of->unwinder, &thread_state, context, &scratch->trail, &pcs, &end);
    atomic_fetch_add_explicit(&it->ends[end], 1, memory_order_relaxed);
    const struct python_walk own = {&scratch->trail, pcs, depth, end};
    if (depth > 0 && atomic_load(&of->python.is_there)) {
        python_stack(&of->python, &own, &scratch->python);
        if (scratch->python.depth_frames != 0) {
            pcs = scratch->python.pcs;
            depth = scratch->python.depth_frames;
        }
    }
    memcpy(scratch->words, pcs, depth * sizeof *pcs);
    return depth;
}

// The thread's own; of two threads in one place the later one has it.
static void note_root(struct time_state *it, int32_t id, const struct python_memo *memo) {
    struct time_root *root = &it->roots[(uint32_t)id % TIME_ROOTS];
    uint32_t first = memo->depth_frames;
    while (first > 0 && !python_names_is(memo->pcs[first - 1])) {
        first--;
    }
    uint32_t count = memo->depth_frames - first, version = atomic_load(&root->version);
    uintptr_t activation = memo->activations > 0 ? memo->activation[memo->activations - 1].at : 0;
    bool is_same = atomic_load(&root->id) == id && root->activation == activation && root->depth == count &&
                   memcmp(root->pcs, memo->pcs + first, count * sizeof *root->pcs) == 0;
    if (first == 0 || count > TIME_ROOT_FRAMES || is_same || version % 2 != 0 ||
        !atomic_compare_exchange_strong(&root->version, &version, version + 1)) {
        return;
    }
    atomic_store(&root->id, id);
    root->activation = activation;
    root->function = python_names_function(memo->pcs[first - 1]);
    root->depth = count;
    memcpy(root->pcs, memo->pcs + first, count * sizeof *root->pcs);
    atomic_store(&root->version, version + 2);
}

// Appends it to `depth` words of Python's whose outermost activation is this one. Returns how many frames it has; 0: it is not known.
static uint32_t add_root(struct time_state *it, int32_t id, uintptr_t activation, uintptr_t *words, uint32_t depth) {
    struct time_root *root = &it->roots[(uint32_t)id % TIME_ROOTS];
    uint32_t version = atomic_load(&root->version), count = root->depth;
    if (version % 2 != 0 || depth == 0 || count > TIME_ROOT_FRAMES || count > TIME_MAX_FRAMES - depth || atomic_load(&root->id) != id ||
        root->activation != activation || root->function != python_names_function(words[depth - 1])) {
        return 0;
    }
    memcpy(words + depth, root->pcs, count * sizeof *words);
    atomic_thread_fence(memory_order_acquire);
    return atomic_load(&root->version) == version ? count : 0;
}

// What a thread's first sample stands for. One that ends before its timer expires has none, so it is a period at least.
static uint64_t first_ns(struct time_state *it, int32_t id) {
    struct time_met *met = &it->met[(uint32_t)id % TIME_THREADS];
    if (atomic_load(&met->id) != id) {
        return it->period_ns;
    }
    uint64_t met_ns = atomic_load(&met->ns), before_ns = atomic_load(&met->before_ns), now = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    if (atomic_load(&met->id) != id) { // another thread has got the place meanwhile
        return it->period_ns;
    }
    return (now - met_ns > it->period_ns ? now - met_ns : it->period_ns) + before_ns;
}

static void on_met(void *value, int32_t id, uint64_t cpu_ns, bool is_new) {
    struct time_state *it = value;
    struct time_met *met = &it->met[(uint32_t)id % TIME_THREADS];
    cpu_threads_forget(&it->clocks, id); // of a thread that had its ID before, or of the time without a timer
    atomic_store(&met->id, 0);
    atomic_store(&met->ns, cpu_ns);
    atomic_store(&met->before_ns, is_new ? cpu_ns : 0);
    atomic_store(&met->id, id);
}

// What it uses from here on is no sample's. One whose signal is pending stands for a period.
static void on_lost(void *value, int32_t id) {
    struct time_state *it = value;
    struct time_met *met = &it->met[(uint32_t)id % TIME_THREADS];
    if (atomic_load(&met->id) == id) {
        atomic_store(&met->id, 0);
    }
    cpu_threads_forget(&it->clocks, id);
}

// NULL: no room.
static struct cpu_thread *own_clock(struct time_state *it, int32_t id) {
    if (thread_state.cpu_epoch != it->clocks_epoch) {
        thread_state.cpu_thread = cpu_threads_find(&it->clocks, id);
        thread_state.cpu_epoch = it->clocks_epoch;
    }
    return thread_state.cpu_thread;
}

static void take(struct time_state *it, struct time_period *period, int32_t id, const void *context, struct time_scratch *scratch) {
    struct cpu_thread *thread = own_clock(it, id);
    bool is_python = it->has_wall && it->of->python.symbols.this_thread();
    uint64_t ns = thread ? cpu_threads_note(thread, thread->is_known ? it->period_ns : first_ns(it, id)) : it->period_ns;
    uint32_t depth = walk(it, context, scratch);
    if (is_python && scratch->python.depth_frames != 0) {
        note_root(it, id, &scratch->python);
    }
    struct time_labels labels = {.thread = id, .is_python = is_python};
    if (is_python) {
        python_reader_begin(&scratch->python.reader, NULL);
        time_context_read(it, period, TIME_CPU, &scratch->python.reader, (uintptr_t)it->of->python.symbols.this_thread(), &labels);
    }
    uint32_t count = time_labels_put(&labels, scratch->words, depth);
    struct cpu_sample *sample = cpu_samples_add(&period->tables[TIME_CPU], scratch->words, count, ns, 1);
    if (thread) {
        atomic_store(&thread->sample, sample);
    }
}

static uint32_t cookie_of(const struct time_state *it) {
    return (uint32_t)((uintptr_t)it >> 12) ^ atomic_load(&it->starts);
}

// Stacks of threads are mapped whole, so that a page that is not there is beyond the end; the main thread's grows.
static bool has_room(int32_t id) {
    char here;
    bool has = true;
    for (uintptr_t below = STACK_MEMORY_PAGE_BYTES; has && below <= NEEDED_STACK_BYTES;
         below += STACK_MEMORY_PAGE_BYTES) { // a guard is a page
        has = id == getpid() || stack_memory_is_mapped(stack_memory_page((uintptr_t)&here - below));
    }
    return has;
}

bool time_profile_has_sent(const siginfo_t *info) {
    const struct time_state *it = atomic_load(&current);
    return it && info->si_signo == TIME_SIGNAL && time_threads_sent_to(cookie_of(it), info) != 0;
}

static void take_in(struct time_state *it, struct time_period *period, const siginfo_t *info, const void *context) {
    int32_t id = time_threads_sent_to(cookie_of(it), info);
    if (id == 0 || atomic_load(&it->ended)) {
        return;
    }
    struct time_scratch *scratch = has_room(id) ? time_profile_take_scratch(it) : NULL;
    if (scratch) {
        take(it, period, id, context, scratch);
        atomic_store_explicit(&scratch->busy, false, memory_order_release);
    } else {
        atomic_fetch_add_explicit(&it->busy, 1, memory_order_relaxed); // the thread's next sample has its time
    }
}

// No system call but those of a sample of memory (docs/run.md): the clock's and the probe of a page. It enters first: a start, which
// changes the cookie and then waits, has either waited for this one, or it is not of that start.
static void on_signal(int number, siginfo_t *info, void *context) {
    struct time_state *it = atomic_load(&current);
    int saved = errno;
    (void)number;
    if (it) {
        struct time_period *period = time_profile_enter(it);
        take_in(it, period, info, context);
        time_profile_leave(period);
    }
    errno = saved;
}

static bool is_ours(const struct sigaction *action) {
    return (action->sa_flags & SA_SIGINFO) != 0 && action->sa_sigaction == on_signal;
}

// Returns NULL, or why not.
static const char *take_signal(void) {
    struct sigaction before, ours = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    if (sigaction(TIME_SIGNAL, NULL, &before) != 0) {
        return "the signal handler cannot be installed";
    }
    if (is_ours(&before)) {
        return NULL;
    }
    if ((before.sa_flags & SA_SIGINFO) != 0 || (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)) {
        return "the program handles SIGURG itself";
    }
    memset(&ours.sa_mask, -1, sizeof ours.sa_mask); // libc's own signals, too: a thread must not be cancelled while it has a scratch
    return sigaction(TIME_SIGNAL, &ours, NULL) == 0 ? NULL : "the signal handler cannot be installed";
}

// ---- Off CPU ----

// Adds the time to what the thread waits in, and returns that; NULL if it runs, or nothing fits.
static struct cpu_sample *add_waiting(struct time_state *it, struct time_period *period, const struct python_thread *thread,
                                      const struct time_thread *known) {
    struct python_reader *reader = &it->reader;
    uintptr_t outermost;
    if (clock_ns(clock_of_thread(thread->id)) != known->ns) {
        return NULL; // it runs, as one of two that take turns with the GIL does: nothing need be read to see that
    }
    python_reader_begin(reader, &it->copies);
    if (!python_threads_is(&it->of->python, reader, thread)) {
        return NULL; // it was listed some ticks ago
    }
    uint32_t depth = python_frames(&it->of->python, reader, &it->known, thread->state, it->words, TIME_MAX_FRAMES, &outermost);
    bool failed = reader->failed;
    struct time_labels labels = {.thread = thread->id, .is_python = true};
    time_context_read(it, period, TIME_WAITING, reader, thread->state, &labels);
    if (clock_ns(clock_of_thread(thread->id)) != known->ns) {
        return NULL; // it has run since: what was read is of no one moment
    }
    it->unread += failed;
    depth += add_root(it, thread->id, outermost, it->words, depth);
    return cpu_samples_add(&period->tables[TIME_WAITING], it->words, time_labels_put(&labels, it->words, depth), known->owed_ns, 1);
}

// What the thread has not used of the time since the last look, it has waited: for what it waits for now, or, if it runs now, for what it
// will be seen to wait for next. So waiting and CPU time add up to the time that has passed, also where a thread stands still because the
// look itself has taken its processor.
static void look_at(struct time_state *it, struct time_period *period, const struct python_thread *thread, uint64_t ns) {
    struct time_thread *known = time_threads_find(&it->threads, thread->id);
    uint64_t cpu_ns = known ? clock_ns(clock_of_thread(thread->id)) : 0;
    if (cpu_ns == 0) {
        return;
    }
    uint64_t used_ns = cpu_ns - known->ns;
    bool stands = used_ns == 0;
    known->owed_ns += known->is_looked_at && used_ns < ns ? ns - used_ns : 0;
    known->is_looked_at = true;
    known->ns = cpu_ns;
    if (known->owed_ns == 0) {
        return;
    }
    if (stands && known->waits_in && known->waits_epoch == it->epoch) {
        atomic_fetch_add_explicit(&known->waits_in->ns, known->owed_ns, memory_order_relaxed);
        atomic_fetch_add_explicit(&known->waits_in->ticks, 1, memory_order_relaxed);
    } else {
        known->waits_in = add_waiting(it, period, thread, known);
        known->waits_epoch = it->epoch;
    }
    known->owed_ns = known->waits_in ? 0 : known->owed_ns;
}

// It is another one when there are other threads (time_threads.h).
static uint64_t sign_of_threads(const struct time_state *it) {
    return it->sees_births ? atomic_load_explicit(&it->of->made_threads, memory_order_relaxed) : time_threads_links();
}

static void list(struct time_state *it) {
    bool is_new = false;
    python_reader_begin(&it->reader, &it->copies);
    it->listed_count = python_threads_list(&it->of->python, &it->reader, it->listed, TIME_THREADS);
    for (size_t i = 0; i < it->listed_count; i++) {
        is_new |= !time_threads_find(&it->threads, it->listed[i].id);
    }
    if (is_new) {
        time_threads_look(&it->threads, sign_of_threads(it), true);
    }
}

static void look_at_python(struct time_state *it, uint64_t ns, bool has_changed) {
    if (it->of->python.symbols.is_finalizing()) {
        return;
    }
    if (has_changed || it->ticks % LIST_TICKS == 0) {
        list(it);
    }
    struct time_period *period = time_profile_enter(it);
    for (size_t i = 0; i < it->listed_count; i++) {
        look_at(it, period, &it->listed[i], ns);
    }
    time_profile_leave(period);
}

// SECCOMP_MODE_DISABLED is 0; musl's headers do not have it.
static bool is_filtered(void) {
    return prctl(PR_GET_SECCOMP) != 0;
}

// Of the calling thread. While there was none at the begin one cheap call says so; how many there are only the file does.
static bool has_more_filters(const struct time_state *it) {
    return !it->is_unfiltered ? process_status_filters(THREAD_STATUS) > it->filters : is_filtered();
}

// Returns false if the program has taken the signal for itself, or may be killed for system calls that it made without harm before.
static bool goes_on(struct time_state *it) {
    struct sigaction now;
    const char *why = atomic_load(&it->ended);
    it->ticks++;
    if (!why && has_more_filters(it)) {
        why = "the program has restricted its system calls";
    } else if (!why && (sigaction(TIME_SIGNAL, NULL, &now) != 0 || !is_ours(&now))) {
        why = "the program has come to handle SIGURG itself";
        time_threads_close(&it->threads, false);
    }
    atomic_store(&it->ended, why);
    return !why;
}

static bool has_run(struct time_state *it) {
    uint64_t process_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID), own_ns = own_threads_cpu_ns(), before = it->program_ns;
    it->program_ns = process_ns - own_ns;
    return it->program_ns - before > LITTLE_NS && before < it->program_ns;
}

bool time_profile_tick(void) {
    struct time_state *it = atomic_load(&current);
    if (!it) {
        return false;
    }
    pthread_mutex_lock(&it->lock);
    uint64_t now = clock_ns(CLOCK_MONOTONIC), ns = now - it->ticked_ns;
    it->ticked_ns = now;
    if (goes_on(it)) {
        bool has_changed = time_threads_look(&it->threads, sign_of_threads(it), false);
        if (it->has_wall && ns > TOO_LONG_TICKS * it->period_ns) { // the process was stopped, or this thread did not get to run
            it->missed_ns += ns;
        } else if (it->has_wall) {
            time_context_find(it);
            look_at_python(it, ns, has_changed);
        }
    }
    bool runs = has_run(it);
    pthread_mutex_unlock(&it->lock);
    return runs;
}

// ---- Profiles ----

// Samples go to the other one from here on.
static struct time_period *end_period(struct time_state *it) {
    pthread_mutex_lock(&it->lock);
    struct time_period *period = &it->periods[atomic_load(&it->active)];
    it->epoch++;
    atomic_store(&it->active, 1 - atomic_load(&it->active));
    pthread_mutex_unlock(&it->lock);
    return period;
}

// A thread without a timer (time_threads.h) may be anywhere by now: what it has used since its last sample, which was pending when it lost
// the timer, is no longer that one's.
static void forget_the_timerless(struct time_state *it) {
    for (size_t i = 0; i < CPU_THREADS; i++) {
        struct cpu_thread *thread = &it->clocks.slots[i];
        const struct time_thread *known = time_threads_find(&it->threads, atomic_load(&thread->id));
        if (!known || known->timer == TIME_NO_TIMER) {
            atomic_store(&thread->sample, NULL);
        }
    }
}

// What threads have used since their last samples; the time of the process, read then, so that it is no less than its samples'.
static void add_figures(struct time_state *it, struct time_period *period, uint64_t now) {
    if (!atomic_load(&it->ended)) { // else all may be anywhere
        forget_the_timerless(it);
        cpu_threads_end(&it->clocks);
    }
    uint64_t process_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID), own_ns = own_threads_cpu_ns();
    period->began_ns = period->began_ns != 0 ? period->began_ns : it->began_ns;
    period->process_ns += process_ns - it->process_ns;
    period->own_ns += own_ns - it->own_ns;
    period->missed_ns += it->missed_ns;
    it->began_ns = now;
    it->process_ns = process_ns;
    it->own_ns = own_ns;
    it->missed_ns = 0;
}

// What the profile is of; also names of threads, which may be gone later.
static void take_figures(struct time_state *it, struct time_taken *taken) {
    pthread_mutex_lock(&it->lock);
    taken->end_ns = clock_ns(CLOCK_REALTIME);
    add_figures(it, taken->period, taken->end_ns);
    taken->unread = it->unread;
    taken->timerless = it->threads.timerless;
    taken->blocked = time_threads_blocked(&it->threads);
    taken->ended = atomic_load(&it->ended);
    for (size_t i = 0; i < it->threads.count; i++) {
        taken->names[i].id = it->threads.items[i].id;
        memcpy(taken->names[i].text, it->threads.items[i].name, TIME_NAME_BYTES);
    }
    taken->name_count = it->threads.count;
    pthread_mutex_unlock(&it->lock);
}

enum cmemprof_error time_profile_take(const uint8_t **bytes, size_t *size) {
    struct time_state *it = atomic_load(&current);
    *bytes = NULL;
    if (!it) {
        return CMEMPROF_NO_MEMORY;
    }
    it->taken.period = end_period(it);
    bool quiet = is_quiet(it->taken.period);
    take_figures(it, &it->taken);
    if (!quiet) { // a thread has not got to run since its signal came: the period is filled again, and comes the next time but one
        return CMEMPROF_OK;
    }
    profiler_enter(&thread_state);
    enum cmemprof_error error = time_encode(it, &it->taken, &it->bytes, size);
    profiler_leave(&thread_state);
    *bytes = it->bytes.base;
    clear(it->taken.period);
    return error;
}

// ---- Start and stop ----

static bool open_tables(struct time_state *it) {
    bool ok = true;
    for (size_t i = 0; i < 2 * TIME_LOCKS; i++) { // that of locks when it is needed
        ok = ok && cpu_samples_open(&it->periods[i / TIME_LOCKS].tables[i % TIME_LOCKS]);
    }
    return ok;
}

// Returns false if samples of an earlier start do not end.
static bool begin(struct time_state *it) {
    pthread_mutex_lock(&it->lock); // the thread of an earlier start may tick still
    if (!is_quiet(&it->periods[0]) || !is_quiet(&it->periods[1])) {
        pthread_mutex_unlock(&it->lock);
        return false;
    }
    clear(&it->periods[0]);
    clear(&it->periods[1]);
    memset(&it->clocks, 0, sizeof it->clocks); // a thread's first sample is one of those that are met
    time_threads_open(&it->threads, TIME_SIGNAL, cookie_of(it), it->period_ns, it, on_met, on_lost);
    it->clocks_epoch++;
    it->filters = process_status_filters(THREAD_STATUS);
    it->is_unfiltered = !is_filtered();
    it->process_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    it->own_ns = own_threads_cpu_ns();
    it->began_ns = clock_ns(CLOCK_REALTIME);
    it->ticked_ns = clock_ns(CLOCK_MONOTONIC);
    it->missed_ns = 0;
    pthread_mutex_unlock(&it->lock);
    return true;
}

// The caller's time is sampled from here on.
static void meet_all(struct time_state *it) {
    pthread_mutex_lock(&it->lock);
    time_threads_look(&it->threads, sign_of_threads(it), true);
    pthread_mutex_unlock(&it->lock);
}

static struct time_state *kept; // of an earlier start

static bool open_memory(void) {
    if (!kept) {
        void *memory = mmap(NULL, sizeof *kept, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        kept = memory != MAP_FAILED ? memory : NULL;
        if (kept) {
            pthread_mutex_init(&kept->lock, NULL);
        }
    }
    return kept && open_tables(kept);
}

// Returns NULL, or why not.
static const char *start(struct profiler *of, unsigned hz) {
    if (!open_memory()) {
        return "memory ran out";
    }
    loaded_code_refresh(of);
    kept->of = of;
    atomic_fetch_add(&kept->starts, 1);
    kept->period_ns = 1000000000 / hz;
    atomic_store(&kept->ended, NULL);
    atomic_store(&kept->span, 0);                  // who watches spans says so again
    kept->sees_births = interposition_is_active(); // of pthread_create, which is hooked where malloc is
    kept->has_wall = python_threads_are_seen(&of->python);
    const char *why = begin(kept) ? take_signal() : "a thread is held up in a sample of the time profile before";
    if (!why) {
        atomic_store(&current, kept);
        meet_all(kept);
    }
    return why;
}

const char *time_profile_start(struct profiler *of, unsigned hz) {
    profiler_enter(&thread_state);
    const char *why = start(of, hz);
    profiler_leave(&thread_state);
    return why;
}

unsigned time_profile_is_on(void) {
    const struct time_state *it = atomic_load(&current);
    return it ? atomic_load(&it->starts) : 0;
}

void time_profile_stop(void) {
    struct time_state *it = atomic_exchange(&current, NULL);
    if (it) {
        pthread_mutex_lock(&it->lock);
        time_threads_close(&it->threads, false);
        pthread_mutex_unlock(&it->lock);
    }
}

// Timers are not inherited, and no other thread is there; what they held is as they left it.
void time_profile_after_fork_in_child(bool goes_on) {
    struct time_state *it = kept;
    if (!it) {
        return;
    }
    pthread_mutex_init(&it->lock, NULL);
    for (size_t i = 0; i < TIME_SCRATCHES; i++) {
        atomic_store(&it->scratches[i].busy, false);
    }
    for (size_t i = 0; i < 2; i++) {
        atomic_store(&it->periods[i].in_flight, 0);
    }
    time_threads_close(&it->threads, true);
    if (!goes_on) {
        atomic_store(&current, NULL);
    } else if (time_profile_is_on()) {
        if (begin(it) && !atomic_load(&it->ended)) {
            meet_all(it);
        }
    }
}
