// cpu_unsampled_amd64.c (cpu): see cpu_unsampled.h.

#include "cpu_unsampled.h"

#include <link.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>

#include "../base/clock.h"
#include "cpu_gap.h"
#include "unwind_interrupted.h"

enum {
    G_BYTES = 256,      // of struct g, where g.m may be
    CALLER_BYTES = 512, // of struct m, where m.curg may be
    MACHINE_BYTES = 4 * CPU_MACHINE_WORDS,
    KERNEL_CONTEXT_BYTES = 304, // of a ucontext as the kernel writes it; siginfo follows (arch/x86/include/asm/sigframe.h)
    MAX_PROBES = 16,            // slots looked at for a stack
    WAIT_MS = 100,
    LEAF_FRAMES = 96,
};

// ---- Where Go keeps it ----

// Go's structs are looked at, and what only may be one of them.
#define UNPOISONED __attribute__((no_sanitize("address")))
static bool read_pointer(uintptr_t address, uintptr_t *value) {
    return (address & 7) == 0 && stack_memory_copy(value, address, sizeof *value);
}

// Returns what may be the m of a g, at an offset of that: g is its g0, the first member. 0: it is not.
static uintptr_t machine_of(uintptr_t g, size_t offset) {
    uintptr_t machine, g0;
    return read_pointer(g + offset, &machine) && read_pointer(machine, &g0) && g0 == g ? machine : 0;
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

// How much thread-local data the program has: it ends at the thread pointer. (A library's is further below; Go in a library is not found.)
static size_t thread_local_bytes(void) {
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    for (size_t i = 0; headers != NULL && i < getauxval(AT_PHNUM); i++) {
        if (headers[i].p_type == PT_TLS && headers[i].p_align != 0) {
            return (headers[i].p_memsz + headers[i].p_align - 1) / headers[i].p_align * headers[i].p_align;
        }
    }
    return 0;
}

// While C runs in a call from Go, the thread-local g is that of the system stack. Every place in which it and its m might be is tried.
static void find_go(struct cpu_unsampled *it) {
    unsigned found = 0;
    size_t bytes = thread_local_bytes();
    for (size_t at = 8; at <= bytes; at += 8) {
        uintptr_t g;
        if (!read_pointer(go_labels_thread_pointer() - at, &g) || g < 4096) {
            continue;
        }
        for (size_t offset = 8; offset < G_BYTES; offset += 8) {
            uintptr_t machine = machine_of(g, offset);
            if (machine != 0 && has_caller(machine, g, offset)) {
                it->g_below = at;
                it->machine_offset = offset;
                found++;
            }
        }
    }
    it->is_found = found == 1;
}

// The calling thread's m, or 0 for a thread that is not Go's. Fast: g and m are Go's for as long as the thread runs.
UNPOISONED static uintptr_t own_machine(const struct cpu_unsampled *it) {
    uintptr_t g = *(const uintptr_t *)(go_labels_thread_pointer() - it->g_below);
    uintptr_t machine = g != 0 ? *(const uintptr_t *)(g + it->machine_offset) : 0;
    return machine != 0 && *(const uintptr_t *)machine == g ? machine : 0;
}

UNPOISONED static int32_t word_of(uintptr_t machine, size_t index) {
    return ((const volatile int32_t *)machine)[index];
}

// ---- Begin and end ----

static bool has_slots(struct cpu_unsampled *it) {
    if (it->slots == NULL) {
        size_t size = CPU_SAMPLE_SLOTS * sizeof *it->slots;
        void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        it->slots = memory != MAP_FAILED ? memory : NULL;
    }
    return it->slots != NULL;
}

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

static void clear(struct cpu_unsampled *it) {
    for (size_t i = 0; i < CPU_SAMPLE_SLOTS; i++) {
        if (atomic_load(&it->slots[i].hash) != 0) {
            atomic_store(&it->slots[i].depth_frames, 0);
            atomic_store(&it->slots[i].ns, 0);
            atomic_store(&it->slots[i].ticks, 0);
            atomic_store(&it->slots[i].hash, 0);
        }
    }
}

void cpu_unsampled_begin(struct profiler *self) {
    struct cpu_unsampled *it = &self->unsampled;
    atomic_store(&it->is_recording, false);
    it->is_ready = atomic_load(&self->cpu.on) && has_slots(it) && is_quiet(it);
    if (!it->is_ready) {
        return;
    }
    clear(it);
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
    uintptr_t machine = it->is_hz_known && it->is_found ? own_machine(it) : 0;
    it->was_hz = machine != 0 && word_of(machine, it->hz_index) == hz;
}

// What was found at the first start is confirmed by the stop, or its samples do not count.
void cpu_unsampled_end(struct profiler *self) {
    struct cpu_unsampled *it = &self->unsampled;
    atomic_store(&it->is_recording, false);
    uintptr_t machine = it->was_hz ? own_machine(it) : 0;
    if (machine != 0) {
        it->is_confirmed = word_of(machine, it->hz_index) == 0;
        it->is_hz_known = it->is_confirmed;
    }
    it->was_hz = false;
    it->is_ready = it->is_ready && is_quiet(it);
}

void cpu_unsampled_close(struct profiler *self) {
    struct cpu_unsampled *it = &self->unsampled;
    if (it->slots != NULL) {
        munmap(it->slots, CPU_SAMPLE_SLOTS * sizeof *it->slots);
        it->slots = NULL;
    }
    mapped_buffer_free(&it->go_pcs);
}

void cpu_unsampled_after_fork_in_child(struct profiler *self) {
    atomic_store(&self->unsampled.is_recording, false); // Go's profile does not go on in a child
    atomic_store(&self->unsampled.in_flight, 0);
}

// ---- Ticks ----

// The signal's own data, which Go does not pass on, lies behind the context in the kernel's frame. If it does not, the number differs.
static bool is_of_process_timer(const void *context) {
    siginfo_t info;
    memcpy(&info, (const char *)context + KERNEL_CONTEXT_BYTES, offsetof(siginfo_t, si_code) + sizeof info.si_code);
    return info.si_signo == SIGPROF && info.si_code == SI_KERNEL;
}

static uint64_t hash_of(const uintptr_t *pcs, uint32_t depth) {
    uint64_t hash = depth;
    for (uint32_t i = 0; i < depth; i++) {
        hash = (hash ^ pcs[i]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    return hash | 1;
}

static void add(struct cpu_unsampled *it, const uintptr_t *pcs, uint32_t depth, uint64_t ns) {
    uint64_t hash = hash_of(pcs, depth);
    for (size_t probe = 0; probe < MAX_PROBES; probe++) {
        struct cpu_sample *sample = &it->slots[((hash >> 8) + probe) % CPU_SAMPLE_SLOTS];
        uint64_t none = 0;
        if (atomic_compare_exchange_strong(&sample->hash, &none, hash)) {
            memcpy(sample->pcs, pcs, depth * sizeof *pcs);
            atomic_store_explicit(&sample->depth_frames, depth, memory_order_release);
        } else if (none != hash) {
            continue;
        }
        atomic_fetch_add_explicit(&sample->ns, ns, memory_order_relaxed);
        atomic_fetch_add_explicit(&sample->ticks, 1, memory_order_relaxed);
        return;
    }
}

// The CPU time of the thread since its last sample.
static uint64_t time_of(const struct cpu_unsampled *it, struct thread_state *thread) {
    uint64_t now = clock_ns(CLOCK_THREAD_CPUTIME_ID), before = thread->cpu_ns;
    uint32_t epoch = atomic_load_explicit(&it->epoch, memory_order_relaxed);
    bool is_first = thread->cpu_epoch != epoch;
    thread->cpu_ns = now;
    thread->cpu_epoch = epoch;
    return is_first ? it->period_ns : now - before;
}

static void take(struct profiler *self, struct thread_state *thread, const void *context, struct unwind_trail *scratch) {
    uint64_t ns = time_of(&self->unsampled, thread);
    uintptr_t *pcs;
    uint32_t depth = unwind_interrupted_whole(&self->unwinder, thread, context, scratch, &pcs);
    if (depth > CPU_SAMPLE_FRAMES) {
        uint32_t root = CPU_SAMPLE_FRAMES - LEAF_FRAMES - 1;
        pcs[LEAF_FRAMES] = cpu_gap_address(depth - (CPU_SAMPLE_FRAMES - 1)) + 1;
        memmove(&pcs[LEAF_FRAMES + 1], &pcs[depth - root], root * sizeof *pcs);
        depth = CPU_SAMPLE_FRAMES;
    }
    add(&self->unsampled, pcs, depth, ns);
}

void cpu_unsampled_tick(struct profiler *self, struct thread_state *thread, const void *context, struct unwind_trail *scratch) {
    struct cpu_unsampled *it = &self->unsampled;
    if (!atomic_load(&it->is_recording) || !is_of_process_timer(context)) {
        return;
    }
    uintptr_t machine = own_machine(it);
    if (machine == 0 || word_of(machine, it->hz_index) != 0) {
        return;
    }
    atomic_fetch_add(&it->in_flight, 1);
    if (atomic_load(&it->is_recording)) {
        take(self, thread, context, scratch);
    }
    atomic_fetch_sub(&it->in_flight, 1);
}

// ---- Samples ----

const struct cpu_sample *cpu_unsampled_next(const struct profiler *self, size_t *slot) {
    const struct cpu_unsampled *it = &self->unsampled;
    while (it->is_ready && it->is_confirmed && !atomic_load(&it->is_recording) && *slot < CPU_SAMPLE_SLOTS) {
        const struct cpu_sample *sample = &it->slots[(*slot)++];
        if (atomic_load_explicit(&sample->depth_frames, memory_order_acquire) != 0) {
            return sample;
        }
    }
    return NULL;
}

const uintptr_t *cpu_unsampled_go_pcs(struct profiler *self, size_t *count) {
    const struct cpu_sample *sample;
    size_t capacity = 0, slot = 0;
    *count = 0;
    while ((sample = cpu_unsampled_next(self, &slot)) != NULL) {
        capacity += atomic_load(&sample->depth_frames);
    }
    if (capacity == 0 || !mapped_buffer_reserve(&self->unsampled.go_pcs, capacity * sizeof(uintptr_t))) {
        return NULL;
    }
    uintptr_t *pcs = self->unsampled.go_pcs.base;
    for (slot = 0; (sample = cpu_unsampled_next(self, &slot)) != NULL;) {
        for (uint32_t i = 0; i < atomic_load(&sample->depth_frames); i++) {
            if (unwind_is_go(&self->unwinder, sample->pcs[i] - 1)) {
                pcs[(*count)++] = sample->pcs[i];
            }
        }
    }
    return pcs;
}
