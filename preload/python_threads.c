// python_threads.c: see python_threads.h.
#include "python_threads.h"

#include "../cmemprof/stack_memory.h"

bool python_threads_are_seen(const struct python *python) {
    static const char tried = 1;
    char copy = 0;
    return atomic_load(&python->is_there) && python->symbols.main_interpreter && python->symbols.first_thread &&
           stack_memory_copy_others(&copy, (uintptr_t)&tried, 1) && copy == tried;
}

bool python_threads_is(const struct python *python, struct python_reader *reader, const struct python_thread *thread) {
    return (int32_t)python_word(reader, thread->state, python->layout->thread_native_id) == thread->id &&
           python_word(reader, thread->state, python->layout->thread_interpreter) == (uintptr_t)python->symbols.main_interpreter();
}

size_t python_threads_list(const struct python *python, struct python_reader *reader, struct python_thread *threads, size_t capacity) {
    const struct python_layout *layout = python->layout;
    void *interpreter = python->symbols.is_finalizing() ? NULL : python->symbols.main_interpreter();
    uintptr_t state = interpreter ? (uintptr_t)python->symbols.first_thread(interpreter) : 0;
    size_t count = 0;
    while (state != 0 && count < capacity && python_word(reader, state, layout->thread_interpreter) == (uintptr_t)interpreter) {
        int32_t id = (int32_t)python_word(reader, state, layout->thread_native_id);
        if (id > 0) { // a state that no thread has taken yet has none
            threads[count++] = (struct python_thread){state, id};
        }
        uintptr_t next = python_word(reader, state, layout->thread_next);
        state = next != state ? next : 0;
    }
    return count;
}
