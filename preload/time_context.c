// time_context.c: see time_context.h.
#include "time_context.h"

#include <string.h>

#include "../cmemprof/profiler.h"
#include "../cmemprof/python_context.h"
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
    if (cpu_samples_is_half_full(&period->tables[table])) {
        return TIME_ANY_TASK;
    }
    return task->size == 0 ? task->number
                           : python_names_word(&period->texts,
                                               &(struct python_name){.function = task->name, .function_size = task->size, .file = ""}, 0);
}

// Without the GIL others may free what is read here: then only what is in arenas, which stay mapped. Those are hooked, and nobody has taken
// the hooks away.
static bool hold(const struct time_state *state) {
    return atomic_load(&state->of->python.objects) == PYTHON_OBJECTS_SAMPLED && python_arenas_hold();
}

static void read_task(struct time_state *state, struct time_period *period, enum time_table table, struct python_reader *reader,
                      uintptr_t thread, struct time_labels *labels) {
    struct python_task task;
    if (python_task_of(&state->of->python, reader, thread, &task)) {
        labels->task = word_of(period, table, &task);
    }
}

static void read_span(struct time_state *state, uintptr_t variable, struct python_reader *reader, uintptr_t thread,
                      struct time_labels *labels) {
    const struct python_layout *layout = state->of->python.layout;
    uint64_t ids[2];
    uintptr_t value = python_context_value(&state->of->python, reader, thread, variable);
    if (value != 0 && python_word(reader, value, layout->bytes_size) == sizeof ids) {
        const void *bytes = python_at(reader, value + layout->bytes_first, sizeof ids, 1);
        memcpy(ids, bytes ? bytes : (const void *)&(uint64_t[2]){0}, sizeof ids);
        labels->span = ids[0];
        labels->root = ids[1];
    }
}

void time_context_read(struct time_state *state, struct time_period *period, enum time_table table, struct python_reader *reader,
                       uintptr_t thread, struct time_labels *labels) {
    const struct python_symbols *symbols = &state->of->python.symbols;
    uintptr_t variable = atomic_load(&state->span);
    bool has_tasks = atomic_load(&state->has_tasks), is_safe = reader->copies || (uintptr_t)symbols->running() == thread;
    if (thread == 0 || (variable == 0 && !has_tasks) || (!is_safe && symbols->is_finalizing())) { // then even its own state is freed
        return;
    }
    bool holds = !is_safe && hold(state);
    if (variable != 0 && !cpu_samples_is_half_full(&period->tables[table])) {
        read_span(state, variable, reader, thread, labels);
    }
    if (has_tasks && (is_safe || holds)) {
        read_task(state, period, table, reader, thread, labels);
    }
    if (holds) {
        python_arenas_release();
    }
}

// ---- Spans ----

bool time_context_watch(struct time_state *state, uintptr_t variable) {
    bool ok = open_texts(state);
    atomic_store(&state->span, ok ? variable : 0);
    return ok;
}

static struct time_endpoint *place_of(const struct time_period *period, uint64_t root) {
    return (struct time_endpoint *)&period->endpoints[(root ^ root >> 32) * 0x9e3779b97f4a7c15u >> 52];
}

void time_context_endpoint(struct time_period *period, uint64_t root, const char *text) {
    const struct python_name name = {.function = text, .function_size = strnlen(text, PYTHON_NAME_BYTES), .file = ""};
    struct time_endpoint *place = place_of(period, root);
    atomic_store(&place->root, 0);
    atomic_store(&place->text, python_names_word(&period->texts, &name, 0));
    atomic_store(&place->root, root);
}

uintptr_t time_context_endpoint_of(const struct time_period *period, uint64_t root) {
    const struct time_endpoint *place = place_of(period, root);
    return root != 0 && atomic_load(&place->root) == root ? atomic_load(&place->text) : 0;
}

void time_context_clear(struct time_period *period) {
    if (period->texts.table) {
        memset(period->endpoints, 0, sizeof period->endpoints);
        python_names_clear(&period->texts);
    }
}
