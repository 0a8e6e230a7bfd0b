// cpu_unsampled.c (cpu): see cpu_unsampled.h.

#include "cpu_unsampled.h"

#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../base/clock.h"
#include "cpu_gap.h"
#include "thread_pointer.h"
#include "unwind_interrupted.h"

enum {
    G_BYTES = 256,      // of struct g, where g.m may be
    CALLER_BYTES = 512, // of struct m, where m.curg may be
    MACHINE_BYTES = 4 * CPU_MACHINE_WORDS,
    WAIT_MS = 100,
    LEAF_FRAMES = 96,
};

// ---- Where Go keeps it ----

// Go's structs are looked at, and what only may be one of them.
#define UNPOISONED __attribute__((no_sanitize("address")))
static bool read_pointer(uintptr_t address, uintptr_t *value) {
    return (address & 7) == 0 && stack_memory_copy(value, address, sizeof *value);
}

// Whether an address is on the stack of a g, whose bounds are the first members.
static bool is_on_stack(uintptr_t g, uintptr_t address) {
    uintptr_t low, high;
    return read_pointer(g, &low) && read_pointer(g + 8, &high) && address >= low && address < high;
}

// Returns what may be the m of a g, at an offset of that: g is its g0, the first member. 0: it is not. (A stack pointer kept in g may lead
// to words, left there by earlier calls, that are an m by chance.)
static uintptr_t machine_of(uintptr_t g, size_t offset) {
    uintptr_t machine, g0;
    return read_pointer(g + offset, &machine) && read_pointer(machine, &g0) && g0 == g && !is_on_stack(g, machine) ? machine : 0;
}

// The goroutine that has called C has the same m, which knows it.
static bool has_caller(uintptr_t machine, uintptr_t g0, size_t offset) {
    for (size_t at = 8; at < CALLER_BYTES; at += 8) {
        uintptr_t g, of;
        if (read_pointer(machine + at, &g) && g != g0 && g > 4096 && read_pointer(g + offset, &of) && of == machine) {
            return true;
        }
    }
    return false;
}

// The calling thread's data of the program. (A library's is elsewhere; Go in a library is not found.)
static size_t find_thread_local(uintptr_t *begin) {
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    for (size_t i = 0; headers && i < getauxval(AT_PHNUM); i++) {
        if (headers[i].p_type == PT_TLS && headers[i].p_align != 0) {
            *begin = thread_pointer_to_data(headers[i].p_memsz, headers[i].p_align);
            return headers[i].p_memsz;
        }
    }
    return 0;
}

// While C runs in a call from Go, the thread-local g is that of the system stack. Every place in which it and its m might be is tried.
static void find_go(struct cpu_unsampled *it) {
    unsigned found = 0;
    uintptr_t begin;
    size_t bytes = find_thread_local(&begin);
    for (size_t at = 0; at + sizeof begin <= bytes; at += sizeof begin) {
        uintptr_t g;
        // Our own data has pointers that the stack may have pointers to.
        if (begin + at - (uintptr_t)&thread_state < sizeof thread_state || !read_pointer(begin + at, &g) || g < 4096) {
            continue;
        }
        for (size_t offset = 8; offset < G_BYTES; offset += 8) {
            uintptr_t machine = machine_of(g, offset);
            if (machine != 0 && has_caller(machine, g, offset)) {
                it->g_from_thread = begin + at - thread_pointer_get();
                it->machine_offset = offset;
                found++;
            }
        }
    }
    it->is_found = found == 1;
}

UNPOISONED static uintptr_t own_g(const struct cpu_unsampled *it) {
    return *(const uintptr_t *)(thread_pointer_get() + it->g_from_thread);
}

// The calling thread's m, or 0 unless it runs C on a stack that is the system's, not a goroutine's. Fast: g and m are Go's for as long as
// the thread runs.
UNPOISONED static uintptr_t own_machine(const struct cpu_unsampled *it) {
    uintptr_t g = own_g(it);
    uintptr_t machine = g != 0 ? *(const uintptr_t *)(g + it->machine_offset) : 0;
    return machine != 0 && *(const uintptr_t *)machine == g ? machine : 0;
}

UNPOISONED static int32_t word_of(uintptr_t machine, size_t index) {
    return ((const volatile int32_t *)machine)[index];
}

// ---- Begin and end ----

// A signal handler may still be writing a sample of the last profile.
static bool is_quiet(struct cpu_unsampled *it) {
    const struct timespec pause = {0, 1000 * 1000};
    for (int waited = 0; atomic_load(&it->in_flight) != 0; waited++) {
        if (waited == WAIT_MS) {
            return false;
        }
        nanosleep(&pause, NULL);
    }
    return true;
}

void cpu_unsampled_begin(struct profiler *self) {
    struct cpu_unsampled *it = &self->unsampled;
    atomic_store(&it->is_recording, false);
    it->is_ready = atomic_load(&self->cpu.on) && cpu_samples_open(&it->samples) && is_quiet(it);
    if (!it->is_ready) {
        return;
    }
    cpu_samples_clear(&it->samples);
    cpu_threads_begin(&it->threads);
    atomic_store(&it->timer_signals, 0);
    atomic_store(&it->timer_overruns, 0);
    atomic_fetch_add(&it->epoch, 1);
    if (!it->is_found) {
        find_go(it);
    }
    uintptr_t machine = it->is_found ? own_machine(it) : 0;
    it->is_ready = machine != 0 && stack_memory_is_mapped(stack_memory_page(machine + MACHINE_BYTES - 1));
    for (size_t i = 0; it->is_ready && i < CPU_MACHINE_WORDS; i++) {
        it->was_zero[i] = word_of(machine, i) == 0;
    }
}

// Sets hz_index to the only word that was 0 and is hz.
static void find_hz(struct cpu_unsampled *it, uintptr_t machine, int32_t hz) {
    unsigned found = 0;
    for (size_t i = 0; i < CPU_MACHINE_WORDS; i++) {
        if (it->was_zero[i] && word_of(machine, i) == hz) {
            it->hz_index = i;
            found++;
        }
    }
    it->is_hz_known = found == 1;
}

void cpu_unsampled_began(struct profiler *self, int hz) {
    struct cpu_unsampled *it = &self->unsampled;
    uintptr_t machine = it->is_ready ? own_machine(it) : 0;
    if (machine == 0) {
        return;
    }
    if (it->is_hz_known && word_of(machine, it->hz_index) != hz) {
        it->is_hz_known = it->is_confirmed = false;
    }
    if (!it->is_hz_known) {
        find_hz(it, machine, hz);
    }
    it->period_ns = 1000000000 / (uint64_t)hz;
    atomic_store(&it->is_recording, it->is_hz_known);
}

void cpu_unsampled_ending(struct profiler *self, int hz) {
    struct cpu_unsampled *it = &self->unsampled;
    atomic_store(&it->is_recording, false);
    it->is_ready = it->is_ready && is_quiet(it);
    if (it->is_ready) {
        cpu_threads_end(&it->threads);
    }
    uintptr_t machine = it->is_hz_known && it->is_found ? own_machine(it) : 0;
    it->was_hz = machine != 0 && word_of(machine, it->hz_index) == hz;
}

// What was found at the first start is confirmed by the stop, or its samples do not count.
void cpu_unsampled_end(struct profiler *self) {
    struct cpu_unsampled *it = &self->unsampled;
    uintptr_t machine = it->was_hz ? own_machine(it) : 0;
    if (machine != 0) {
        it->is_confirmed = word_of(machine, it->hz_index) == 0;
        it->is_hz_known = it->is_confirmed;
    }
    it->was_hz = false;
}

void cpu_unsampled_close(struct profiler *self) {
    struct cpu_unsampled *it = &self->unsampled;
    cpu_samples_close(&it->samples);
    mapped_buffer_free(&it->go_pcs);
}

void cpu_unsampled_after_fork_in_child(struct profiler *self) {
    atomic_store(&self->unsampled.is_recording, false); // Go's profile does not go on in a child
    atomic_store(&self->unsampled.in_flight, 0);
}

// ---- Ticks ----

// Who gives a thread its samples. Whether Go does is read of its m, which is its own as long as it runs.
enum thread_kind { OF_C, WITHOUT_TIMER, WITH_TIMER, IN_GO };

static enum thread_kind kind_of(const struct cpu_unsampled *it) {
    uintptr_t machine = own_machine(it);
    if (machine == 0) {
        return own_g(it) == 0 ? OF_C : IN_GO; // a goroutine reads the clock in the kernel's page
    }
    return word_of(machine, it->hz_index) == 0 ? WITHOUT_TIMER : WITH_TIMER;
}

static struct cpu_thread *own_thread(struct cpu_unsampled *it, struct thread_state *thread) {
    uint32_t epoch = atomic_load_explicit(&it->epoch, memory_order_relaxed);
    if (thread->cpu_epoch != epoch) {
        thread->cpu_thread = cpu_threads_find(&it->threads, (int32_t)syscall(SYS_gettid));
        thread->cpu_epoch = epoch;
    }
    return thread->cpu_thread;
}

static bool has_go(const struct profiler *self, const uintptr_t *pcs, uint32_t depth) {
    for (uint32_t i = 0; i < depth; i++) {
        if (unwind_is_go(&self->unwinder, pcs[i] - 1)) {
            return true;
        }
    }
    return false;
}

// What counts as cut is C's part. Go's scheduler, on the thread's first stack, ends somewhere in Go.
static enum unwind_end end_of_c(const struct profiler *self, const uintptr_t *pcs, uint32_t depth, enum unwind_end end) {
    return depth > 0 && unwind_is_go(&self->unwinder, pcs[depth - 1] - 1) ? UNWIND_COMPLETE : end;
}

static struct cpu_sample *add(struct profiler *self, uintptr_t *pcs, uint32_t depth, enum unwind_end end, uint64_t ns, uint64_t ticks) {
    end = end_of_c(self, pcs, depth, end);
    if (depth > CPU_SAMPLE_FRAMES) {
        uint32_t root = CPU_SAMPLE_FRAMES - LEAF_FRAMES - 1;
        pcs[LEAF_FRAMES] = cpu_gap_address(depth - (CPU_SAMPLE_FRAMES - 1)) + 1;
        memmove(&pcs[LEAF_FRAMES + 1], &pcs[depth - root], root * sizeof *pcs);
        depth = CPU_SAMPLE_FRAMES;
        atomic_fetch_add_explicit(&self->cpu.left_out, 1, memory_order_relaxed);
    }
    atomic_fetch_add_explicit(&self->cpu.stacks, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&self->cpu.ends[end], 1, memory_order_relaxed);
    return cpu_samples_add(&self->unsampled.samples, pcs, depth, ns, ticks);
}

static bool is_begun_by_go(const struct profiler *self, const uintptr_t *pcs, uint32_t depth, enum unwind_end end) {
    return end == UNWIND_COMPLETE && unwind_is_go(&self->unwinder, pcs[depth - 1] - 1);
}

// Returns false for a call from Go. Any other code is that of a thread of C's, to which Go has given a timer when the thread called Go. Go
// takes that timer's signals in Go code, but the process's in C.
static bool take_of_timer(struct profiler *self, const siginfo_t *info, uintptr_t *pcs, uint32_t depth, enum unwind_end end) {
    if (end != UNWIND_COMPLETE || has_go(self, pcs, depth)) {
        return false;
    }
    if (info->si_code == SI_TIMER) {
        uint64_t ticks = 1 + (uint64_t)(info->si_overrun > 0 ? info->si_overrun : 0);
        add(self, pcs, depth, end, ticks * self->unsampled.period_ns, ticks);
    }
    return true;
}

// The kernel looks at timers at its ticks.
static uint64_t longest_ns(const struct cpu_unsampled *it) {
    return 2 * it->period_ns;
}

static bool take(struct profiler *self, struct thread_state *thread, const siginfo_t *info, const void *context,
                 struct unwind_trail *scratch) {
    struct cpu_unsampled *it = &self->unsampled;
    enum thread_kind kind = kind_of(it);
    enum unwind_end end;
    uintptr_t *pcs;
    uint32_t depth = unwind_interrupted_whole(&self->unwinder, thread, context, scratch, &pcs, &end);
    struct cpu_thread *own = own_thread(it, thread);
    bool is_left = info->si_code == SI_KERNEL && own && own->is_left;
    if (kind == WITH_TIMER || kind == IN_GO) {
        thread->is_gos |= is_begun_by_go(self, pcs, depth, end);
        if (thread->is_gos || !is_left) {
            return take_of_timer(self, info, pcs, depth, end);
        }
    }
    uint64_t unknown_ns = it->period_ns + (is_left ? clock_ns(CLOCK_THREAD_CPUTIME_ID) - own->waits_since_ns : 0);
    uint64_t ns = own ? cpu_threads_note(own, unknown_ns) : unknown_ns;
    struct cpu_sample *sample = add(self, pcs, depth, end, ns, 1);
    if (own) {
        atomic_store(&own->sample, sample);
    }
    return true;
}

double cpu_unsampled_weight(const struct profiler *self) {
    const struct cpu_unsampled *it = &self->unsampled;
    uint64_t signals = atomic_load(&it->timer_signals), overruns = atomic_load(&it->timer_overruns);
    return it->is_ready && it->is_confirmed && signals != 0 ? (double)(signals + overruns) / (double)signals : 1;
}

bool cpu_unsampled_is_recording(const struct profiler *self) {
    return atomic_load(&self->unsampled.is_recording);
}

static bool wants(struct profiler *self, struct thread_state *thread, const siginfo_t *info, const void *context) {
    struct cpu_unsampled *it = &self->unsampled;
    bool is_go = unwind_is_go(&self->unwinder, unwind_interrupted_pc(context));
    enum thread_kind kind = kind_of(it);
    if (kind == WITHOUT_TIMER || (kind == OF_C && !is_go)) {
        return info->si_code == SI_KERNEL;
    }
    struct cpu_thread *own = own_thread(it, thread);
    if (info->si_code == SI_TIMER) {
        if (own) {
            cpu_threads_timed(own);
        }
        atomic_fetch_add_explicit(&it->timer_signals, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&it->timer_overruns, (uint64_t)(info->si_overrun > 0 ? info->si_overrun : 0), memory_order_relaxed);
    } else if (kind != OF_C && !thread->is_gos && own && cpu_threads_is_left(own, clock_ns(CLOCK_THREAD_CPUTIME_ID), longest_ns(it))) {
        return true;
    }
    return kind == WITH_TIMER && !is_go && !thread->is_gos;
}

bool cpu_unsampled_wants(struct profiler *self, struct thread_state *thread, const siginfo_t *info, const void *context) {
    struct cpu_unsampled *it = &self->unsampled;
    if (!atomic_load(&it->is_recording) || (info->si_code != SI_KERNEL && info->si_code != SI_TIMER)) {
        return false;
    }
    atomic_fetch_add(&it->in_flight, 1);
    bool wanted = atomic_load(&it->is_recording) && wants(self, thread, info, context);
    atomic_fetch_sub(&it->in_flight, 1);
    return wanted;
}

bool cpu_unsampled_tick(struct profiler *self, struct thread_state *thread, const siginfo_t *info, const void *context,
                        struct unwind_trail *scratch) {
    struct cpu_unsampled *it = &self->unsampled;
    bool taken = false;
    atomic_fetch_add(&it->in_flight, 1);
    if (atomic_load(&it->is_recording)) {
        taken = take(self, thread, info, context, scratch);
    }
    atomic_fetch_sub(&it->in_flight, 1);
    return taken;
}

// ---- Samples ----

const struct cpu_sample *cpu_unsampled_next(const struct profiler *self, size_t *slot) {
    const struct cpu_unsampled *it = &self->unsampled;
    return it->is_ready && it->is_confirmed && !atomic_load(&it->is_recording) ? cpu_samples_next(&it->samples, slot) : NULL;
}

const uintptr_t *cpu_unsampled_pcs(const struct profiler *self, const struct cpu_sample *sample) {
    return cpu_samples_pcs(&self->unsampled.samples, sample);
}

const uintptr_t *cpu_unsampled_go_pcs(struct profiler *self, size_t *count) {
    const struct cpu_sample *sample;
    size_t capacity = 0, slot = 0;
    *count = 0;
    while ((sample = cpu_unsampled_next(self, &slot))) {
        capacity += atomic_load(&sample->depth_frames);
    }
    if (capacity == 0 || !mapped_buffer_reserve(&self->unsampled.go_pcs, capacity * sizeof(uintptr_t))) {
        return NULL;
    }
    uintptr_t *pcs = self->unsampled.go_pcs.base;
    for (slot = 0; (sample = cpu_unsampled_next(self, &slot));) {
        const uintptr_t *of = cpu_unsampled_pcs(self, sample);
        for (uint32_t i = 0; i < atomic_load(&sample->depth_frames); i++) {
            if (unwind_is_go(&self->unwinder, of[i] - 1)) {
                pcs[(*count)++] = of[i];
            }
        }
    }
    return pcs;
}
