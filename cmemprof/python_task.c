// python_task.c (sample): see python_task.h.

#include "python_task.h"

#include <string.h>

#include "python_code.h"
#include "python_dict.h"

enum { MAX_LOOPS = 256, SMALL_INDEX_BYTES = 16, MAX_CONTEXTS = 16, MAX_BASES = 8, MAX_DIGITS = 18 };

static uintptr_t type_of(struct python_reader *reader, uintptr_t object) {
    return python_word(reader, object, sizeof(uintptr_t));
}

// ---- Where tasks are ----

bool python_task_find(struct python *python, struct python_reader *reader) {
    const struct python_layout *layout = python->layout;
    const struct python_symbols *symbols = &python->symbols;
    if (atomic_load(&python->tasks.running) != 0) {
        return true;
    }
    uintptr_t modules = python_word(reader, (uintptr_t)symbols->main_interpreter(), python_layout_modules(layout, symbols->runtime));
    size_t used = modules != 0 && type_of(reader, modules) == symbols->dict_type ? python_word(reader, modules, layout->dict_used) : 0;
    if (used == 0 || used == python->tasks.modules) {
        return false;
    }
    python->tasks.modules = used;
    uintptr_t module = python_dict_get(reader, layout, modules, "_asyncio");
    if (module == 0 || type_of(reader, module) != symbols->module_type) {
        python->tasks.modules = reader->failed ? 0 : used; // it has changed meanwhile
        return false;
    }
    uintptr_t names = python_word(reader, module, layout->module_dict), type = python_dict_get(reader, layout, names, "Task"),
              running = python_dict_get(reader, layout, names, "_current_tasks");
    if (type == 0 || running == 0 || type_of(reader, running) != symbols->dict_type) {
        python->tasks.modules = 0; // it is being imported
        return false;
    }
    python->tasks.type = type;
    atomic_store(&python->tasks.running, running);
    return true;
}

// ---- The one of a thread ----

struct contexts {
    uintptr_t items[MAX_CONTEXTS];
    size_t count;
};

static void read_contexts(const struct python *python, struct python_reader *reader, uintptr_t thread, struct contexts *contexts) {
    uintptr_t context = python_word(reader, thread, python->layout->thread_context);
    contexts->count = 0;
    while (context != 0 && contexts->count < MAX_CONTEXTS && type_of(reader, context) == python->symbols.context_type) {
        contexts->items[contexts->count++] = context;
        context = python_word(reader, context, python->layout->context_previous);
    }
}

static bool is_task(const struct python *python, struct python_reader *reader, uintptr_t object) {
    uintptr_t type = type_of(reader, object);
    for (int i = 0; i < MAX_BASES && type != 0 && type != python->tasks.type; i++) {
        type = python_word(reader, type, python->layout->type_base);
    }
    return type != 0 && type == python->tasks.type;
}

static bool is_among(const struct contexts *contexts, uintptr_t context) {
    size_t i = 0;
    while (i < contexts->count && contexts->items[i] != context) {
        i++;
    }
    return i < contexts->count;
}

// Returns 0 if none of them runs in these contexts.
static uintptr_t find_task(const struct python *python, struct python_reader *reader, const struct contexts *contexts) {
    struct python_dict running;
    uintptr_t dict = atomic_load(&python->tasks.running);
    if (type_of(reader, dict) != python->symbols.dict_type || // the interpreter has ended
        !python_dict_open(reader, python->layout, dict, &running) || (!reader->copies && running.index_bytes > SMALL_INDEX_BYTES)) {
        return 0;
    }
    for (size_t i = 0; i < running.count && i < MAX_LOOPS && !reader->failed; i++) {
        uintptr_t task = python_dict_value(reader, &running, i);
        if (task != 0 && is_task(python, reader, task) && is_among(contexts, python_word(reader, task, python->layout->task_context))) {
            return task;
        }
    }
    return 0;
}

static uint64_t number_of(const struct python *python, struct python_reader *reader, uintptr_t number) {
    const struct python_layout *layout = python->layout;
    size_t digits = python_word(reader, number, layout->number_size) >> layout->number_size_shift;
    uint64_t low = python_number(reader, number, layout->number_digits);
    return digits == 1 ? low : digits == 2 ? low | (uint64_t)python_number(reader, number, layout->number_digits + 4u) << 30 : 0;
}

// 3.11 writes the number out. Returns 0 if it is another name.
static uint64_t number_in(const char *name, size_t size) {
    static const char begin[] = "Task-";
    uint64_t number = 0;
    size_t at = sizeof begin - 1;
    if (size <= at || size > at + MAX_DIGITS || memcmp(name, begin, at) != 0 || name[at] == '0') {
        return 0;
    }
    for (; at < size && name[at] >= '0' && name[at] <= '9'; at++) {
        number = number * 10 + (uint64_t)(name[at] - '0');
    }
    return at == size ? number : 0;
}

bool python_task_of(const struct python *python, struct python_reader *reader, uintptr_t thread, struct python_task *task) {
    const struct python_symbols *symbols = &python->symbols;
    struct contexts contexts;
    if (thread == 0 || atomic_load(&python->tasks.running) == 0) {
        return false;
    }
    read_contexts(python, reader, thread, &contexts);
    uintptr_t found = contexts.count != 0 ? find_task(python, reader, &contexts) : 0;
    uintptr_t name = found != 0 ? python_word(reader, found, python->layout->task_name) : 0;
    uintptr_t type = name != 0 ? type_of(reader, name) : 0;
    task->size = 0;
    task->number = type == symbols->number_type ? number_of(python, reader, name) : 0;
    if (type == symbols->text_type) {
        size_t size = python_code_text(reader, python->layout, name, task->name, sizeof task->name);
        task->number = number_in(task->name, size);
        task->size = task->number != 0 ? 0 : size;
    }
    return type != 0 && !reader->failed && (task->size != 0 || task->number != 0);
}
