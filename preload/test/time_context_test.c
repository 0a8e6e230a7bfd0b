// time_context_test.c: the label of a task is read where nobody can take away what is read, and does not fill the room of time.

#include "../../base/test/test.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../cmemprof/profiler.h"
#include "../../cmemprof/test/like_python.h"
#include "../python_arenas.h"
#include "../time_context.h"

const char like_python_type;

static struct object { _Alignas(8) char bytes[512]; } thread, context, task, type, running, keys;
static struct like_str name;
static const char dict_type, context_type;
static void *has_gil;
static int is_finalizing, frees;
static struct time_state *time_state;

static void *this_thread(void) {
    return &thread;
}
static void *who_runs(void) {
    return has_gil;
}
static int ends(void) {
    return is_finalizing;
}
static void count(void *of, void *base, size_t size) {
    (void)of, (void)base, (void)size;
    frees++;
}

static void put(struct object *object, size_t offset, const void *to) {
    like_python_put(object->bytes, offset, (uintptr_t)to);
}

// The thread has the GIL and runs the task "order 7".
static int context_setup(void **of) {
    const struct python_symbols symbols = {.this_thread = this_thread,
                                           .running = who_runs,
                                           .is_finalizing = ends,
                                           .code_type = (uintptr_t)&like_python_type,
                                           .dict_type = (uintptr_t)&dict_type,
                                           .context_type = (uintptr_t)&context_type,
                                           .text_type = (uintptr_t)&like_python_type,
                                           .version = 0x030c00f0};
    (void)of;
    if (!atomic_load(&profiler.python.is_there) && !python_start(&profiler.python, &symbols)) {
        return 1;
    }
    const struct python_layout *layout = profiler.python.layout;
    put((struct object *)&name, 8, &like_python_type);
    like_ascii(layout, &name, "order 7");
    put(&context, 8, &context_type);
    put(&thread, layout->thread_context, &context);
    put(&task, 8, &type);
    put(&task, layout->task_name, &name);
    put(&task, layout->task_context, &context);
    put(&running, 8, &dict_type);
    put(&running, layout->dict_keys, &keys);
    keys.bytes[layout->keys_log2_index_bytes] = 3;
    like_python_put(keys.bytes, layout->keys_count, 1);
    put(&keys, layout->keys_indices + 8u + 16u, &task); // behind the index, the hash and the key
    profiler.python.tasks.type = (uintptr_t)&type;
    atomic_store(&profiler.python.tasks.running, (uintptr_t)&running);
    atomic_store(&profiler.python.objects, PYTHON_OBJECTS_HOOKED);
    has_gil = &thread;
    is_finalizing = 0;
    time_state = calloc(1, sizeof *time_state);
    time_state->of = &profiler;
    atomic_store(&time_state->has_tasks, true);
    return time_context_watch(time_state, 0) ? 0 : 1; // texts are there, and no spans
}
static int context_teardown(void **of) {
    (void)of;
    for (int i = 0; i < 2; i++) {
        python_names_close(&time_state->periods[i].texts);
    }
    free(time_state);
    return 0;
}

// The name; "": none.
static const char *label(void) {
    static char text[PYTHON_NAME_BYTES + 1];
    struct python_reader reader;
    struct time_labels labels = {.thread = 1};
    struct python_name found = {.function = ""};
    python_reader_begin(&reader, NULL);
    time_context_read(time_state, &time_state->periods[0], TIME_CPU, &reader, (uintptr_t)&thread, &labels);
    if (labels.task == TIME_ANY_TASK) {
        return "any";
    }
    if (labels.task != 0) {
        python_names_get(&time_state->periods[0].texts, labels.task, &found);
    }
    snprintf(text, sizeof text, "%.*s", (int)found.function_size, found.function);
    return text;
}

TEST_IN(context, what_others_may_free_is_not_read) {
    static const struct python_arenas real = {.free = count};
    assert_string_equal(label(), "order 7");
    has_gil = NULL;
    assert_string_equal(label(), ""); // blocks are another allocator's
    atomic_store(&profiler.python.objects, PYTHON_OBJECTS_SAMPLED);
    assert_string_equal(label(), ""); // which has no arenas
    python_arenas_are_ours();
    assert_string_equal(label(), "order 7");
    python_arenas_free(&real, &keys, sizeof keys);
    assert_int_equal(frees, 1); // it has let go of them
    is_finalizing = 1;
    assert_string_equal(label(), "");
    has_gil = &thread; // the one that ends it
    assert_string_equal(label(), "order 7");
}

TEST_IN(context, names_leave_half_of_the_room) {
    atomic_store(&time_state->periods[0].tables[TIME_CPU].used_words, CPU_SAMPLE_WORDS / 2 + 1);
    assert_string_equal(label(), "any");
}

int main(void) {
    return tests_run();
}
