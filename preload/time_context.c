// time_context.c: see time_context.h.
#include "time_context.h"

#include "../cmemprof/profiler.h"
#include "../cmemprof/python_task.h"
#include "python_arenas.h"

enum { FIND_TICKS = 16 };

static bool open_texts(struct time_state *state) {
    bool ok = true;
    for (int i = 0; i < 2; i++) {
        struct python_names *texts = &state->periods[i].texts;
        ok = ok && (texts->table || python_names_open(texts));
    }
    return ok;
}

void time_context_find(struct time_state *state) {
    if (state->ticks % FIND_TICKS != 1 || atomic_load(&state->has_tasks) || state->of->python.symbols.is_finalizing()) {
        return;
    }
    python_reader_begin(&state->reader, &state->copies);
    if (python_task_find(&state->of->python, &state->reader) && open_texts(state)) {
        atomic_store(&state->has_tasks, true);
    }
}

static uintptr_t word_of(struct time_period *period, enum time_table table, const struct python_task *task) {
    if (task->size == 0) {
        return cpu_samples_is_half_full(&period->tables[table]) ? TIME_ANY_TASK : task->number;
    }
    return python_names_word(&period->texts, &(struct python_name){.function = task->name, .function_size = task->size, .file = ""}, 0);
}

static bool has_gil(const struct time_state *state, uintptr_t thread) {
    return (uintptr_t)state->of->python.symbols.running() == thread;
}

// Without the GIL others may free what is read here: then only what is in arenas, which stay mapped. Those are hooked, and nobody has taken
// the hooks away.
static bool may_read(struct time_state *state, const struct python_reader *reader, uintptr_t thread, bool *holds) {
    *holds = !reader->copies && !has_gil(state, thread) && atomic_load(&state->of->python.objects) == PYTHON_OBJECTS_SAMPLED &&
             python_arenas_hold();
    return reader->copies || *holds || has_gil(state, thread);
}

void time_context_read(struct time_state *state, struct time_period *period, enum time_table table, struct python_reader *reader,
                       uintptr_t thread, struct time_labels *labels) {
    struct python_task task;
    bool holds;
    if (thread == 0 || !atomic_load(&state->has_tasks) || !may_read(state, reader, thread, &holds)) {
        return;
    }
    if (python_task_of(&state->of->python, reader, thread, &task)) {
        labels->task = word_of(period, table, &task);
    }
    if (holds) {
        python_arenas_release();
    }
}
