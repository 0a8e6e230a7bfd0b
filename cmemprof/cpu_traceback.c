// cpu_traceback.c (cpu): see cpu_traceback.h.

#include "cpu_traceback.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "cmemprof.h"
#include "cpu_gap.h"
#include "cpu_signal.h"
#include "cpu_unsampled.h"
#include "loaded_code.h"

static void count(_Atomic uint64_t *counter) {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

bool cpu_traceback_start(struct profiler *self) {
    if (!atomic_load(&self->cpu.scratches)) {
        size_t size = CPU_SCRATCHES * sizeof(struct cpu_scratch);
        struct cpu_scratch *none = NULL,
                           *ours = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (ours == MAP_FAILED) {
            return false;
        }
        if (!atomic_compare_exchange_strong(&self->cpu.scratches, &none, ours)) {
            munmap(ours, size);
        }
    }
    profiler_enter(&thread_state);
    loaded_code_refresh(self);
    profiler_leave(&thread_state);
    atomic_store(&self->cpu.on, true);
    return true;
}

void cpu_traceback_stop(struct profiler *self) {
    atomic_store(&self->cpu.on, false);
}

void cpu_traceback_close(struct profiler *self) {
    struct cpu_scratch *scratches = atomic_exchange(&self->cpu.scratches, NULL);
    if (scratches) {
        munmap(scratches, CPU_SCRATCHES * sizeof *scratches);
    }
}

// In the child a thread that held a scratch does not exist, unless it is the one that forked, in a signal handler.
void cpu_traceback_after_fork_in_child(struct profiler *self) {
    struct cpu_scratch *scratches = atomic_load(&self->cpu.scratches);
    for (unsigned i = 0; scratches && i < CPU_SCRATCHES; i++) {
        if (atomic_load_explicit(&scratches[i].busy, memory_order_relaxed)) {
            atomic_store(&scratches[i].busy, false);
        }
    }
}

// ---- Traceback ----

// Threads begin at different places, so that they rarely meet.
static struct cpu_scratch *take_scratch(struct cpu_scratch *scratches, const struct thread_state *thread) {
    size_t at = (uintptr_t)thread / 4096;
    for (unsigned i = 0; scratches && i < CPU_SCRATCHES; i++) {
        struct cpu_scratch *scratch = &scratches[(at + i) % CPU_SCRATCHES];
        if (!atomic_exchange_explicit(&scratch->busy, true, memory_order_acquire)) {
            return scratch;
        }
    }
    return NULL;
}

void cpu_traceback_walk(struct profiler *self, struct thread_state *thread, const void *context, uintptr_t *pcs, uint32_t capacity) {
    struct cpu_scratch *scratch = take_scratch(atomic_load_explicit(&self->cpu.scratches, memory_order_acquire), thread);
    pcs[0] = 0;
    if (!scratch) {
        count(&self->cpu.busy);
        return;
    }
    struct unwind_interrupted stack;
    unwind_interrupted(&self->unwinder, thread, context, &scratch->trail, pcs, capacity, &stack);
    atomic_store_explicit(&scratch->busy, false, memory_order_release);
    if (stack.depth_frames < capacity) {
        if (stack.left_out != 0) {
            memmove(&pcs[stack.leaf_frames + 1], &pcs[stack.leaf_frames], (stack.depth_frames - stack.leaf_frames) * sizeof *pcs);
            pcs[stack.leaf_frames] = cpu_gap_address(stack.left_out);
            stack.depth_frames++;
            count(&self->cpu.left_out);
        }
        if (stack.depth_frames < capacity) {
            pcs[stack.depth_frames] = 0;
        }
    }
    if (stack.depth_frames != 0) {
        count(&self->cpu.stacks);
        count(&self->cpu.ends[stack.end]);
    }
}

// The argument of runtime.SetCgoTraceback's traceback function.
struct traceback_argument {
    uintptr_t context, signal_context;
    uintptr_t *pcs;
    uintptr_t capacity;
};

void cmemprof_cgo_traceback(void *argument) {
    const struct traceback_argument *asked = argument;
    if (asked->capacity == 0) {
        return;
    }
    asked->pcs[0] = 0;
    if (asked->signal_context == 0 || asked->capacity < 3 || !atomic_load_explicit(&profiler.cpu.on, memory_order_relaxed)) {
        return;
    }
    int saved = errno;
    cpu_traceback_walk(&profiler, &thread_state, (const void *)asked->signal_context, asked->pcs,
                       asked->capacity < UINT32_MAX ? (uint32_t)asked->capacity : UINT32_MAX);
    errno = saved;
}

// ---- Signals that Go does not see ----

static bool take_signal(const siginfo_t *info, const void *context) {
    if (!cpu_unsampled_wants(&profiler, &thread_state, info, context)) {
        return false;
    }
    struct cpu_scratch *scratch = take_scratch(atomic_load_explicit(&profiler.cpu.scratches, memory_order_acquire), &thread_state);
    if (!scratch) {
        count(&profiler.cpu.busy);
        return false;
    }
    bool taken = cpu_unsampled_tick(&profiler, &thread_state, info, context, &scratch->trail);
    atomic_store_explicit(&scratch->busy, false, memory_order_release);
    return taken;
}

void cmemprof_cpu_begin(void) {
    profiler_enter(&thread_state);
    cpu_unsampled_begin(&profiler);
    profiler_leave(&thread_state);
}

void cmemprof_cpu_began(int hz) {
    cpu_unsampled_began(&profiler, hz);
    if (cpu_unsampled_is_recording(&profiler)) {
        cpu_signal_start(take_signal);
    }
}

void cmemprof_cpu_ending(int hz) {
    cpu_signal_stop();
    cpu_unsampled_ending(&profiler, hz);
}

void cmemprof_cpu_end(void) {
    cpu_unsampled_end(&profiler);
}

// ---- Symbolizer ----

// As modules_find, without its lock: a record never moves, and its file's name stays when the record is used again. At worst the name of
// what is just being loaded or unloaded is wrong.
static const struct module *module_at(const struct modules *modules, uintptr_t pc) {
    size_t known = atomic_load(&modules->count);
    for (size_t i = 0; i < known; i++) {
        const struct module *module = modules->items[i];
        if (pc >= module->start && pc < module->limit && atomic_load(&module->unloaded_at) == 0) {
            return module;
        }
    }
    return NULL;
}

void cpu_traceback_print(struct profiler *self, uintptr_t pc, char *text, size_t size) {
    const struct module *module = module_at(&self->code.modules, pc);
    const char *file = module ? module->file : "unknown", *slash = strrchr(file, '/');
    struct cpu_text out = {text, text + size - 1};
    cpu_text_put(&out, slash ? slash + 1 : file);
    cpu_text_put(&out, "+0x");
    cpu_text_put_number(&out, module ? pc - module->bias : pc, 16);
}

// The argument of runtime.SetCgoTraceback's symbolizer function.
struct symbolizer_argument {
    uintptr_t pc;
    const char *file;
    uintptr_t line;
    const char *function;
    uintptr_t entry, more, data;
};

void cmemprof_cgo_symbolizer(void *argument) {
    struct symbolizer_argument *asked = argument;
    unsigned frames;
    if (asked->pc == 0) { // Go has no more questions
        return;
    }
    char *name = profiler.cpu.names[atomic_fetch_add(&profiler.cpu.next_name, 1) % CPU_NAMES];
    if (cpu_gap_is(asked->pc, &frames)) {
        cpu_gap_print(frames, name, CPU_NAME_BYTES);
    } else {
        cpu_traceback_print(&profiler, asked->pc, name, CPU_NAME_BYTES);
    }
    asked->file = NULL;
    asked->line = asked->entry = asked->more = 0;
    asked->function = name;
}

// ---- Control ----

bool cmemprof_cgo_traceback_start(void) {
    return cpu_traceback_start(&profiler);
}

void cmemprof_cgo_traceback_stop(void) {
    cpu_traceback_stop(&profiler);
}

static uint64_t read_count(const _Atomic uint64_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void cmemprof_get_cpu_stats(struct cmemprof_cpu_stats *stats) {
    const struct cpu_traceback *cpu = &profiler.cpu;
    *stats = (struct cmemprof_cpu_stats){
        .stacks = read_count(&cpu->stacks),
        .left_out = read_count(&cpu->left_out),
        .busy = read_count(&cpu->busy),
        .cut_no_rule = read_count(&cpu->ends[UNWIND_NO_RULE]),
        .cut_unsupported = read_count(&cpu->ends[UNWIND_UNSUPPORTED]),
        .cut_unreadable = read_count(&cpu->ends[UNWIND_UNREADABLE]),
        .cut_depth = read_count(&cpu->ends[UNWIND_TOO_DEEP]),
    };
}
