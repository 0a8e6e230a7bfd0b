// python_task_test.c: the task that a thread runs is the one in whose context it is; asyncio is found by the names of modules.

#include "../../base/test/test.h"

#include "../../base/test/emulated.h"
#include "../python_task.h"
#include "like_python.h"

const char like_python_type;

enum { MAX_ENTRIES = 5 };
static struct like_dict {
    _Alignas(8) char head[48];
    _Alignas(8) char keys[200];
    struct like_str names[MAX_ENTRIES];
} modules, names, running;
static struct object { _Alignas(8) char bytes[1000]; } interpreter, thread, other_thread, module, contexts[4], tasks[3], types[2], number;
static struct like_str name;
static const char dict_type, module_type, context_type, number_type;
static uint64_t words[LIKE_PYTHON_OFFSETS];
static struct python python;
static struct python_reader reader;
static struct python_copies copies;

static void *nothing(void) {
    return NULL;
}
static int no(void) {
    return 0;
}
static void *main_interpreter(void) {
    return &interpreter;
}

static void put(void *object, size_t offset, const void *to) {
    like_python_put(object, offset, (uintptr_t)to);
}

static void make_dict(struct like_dict *dict) {
    memset(dict, 0, sizeof *dict);
    put(dict->head, 8, &dict_type);
    put(dict->head, python.layout->dict_keys, dict->keys);
    dict->keys[python.layout->keys_log2_index_bytes] = 3;
    dict->keys[python.layout->keys_kind] = 1; // texts
}

static void set(struct like_dict *dict, size_t at, const char *key, const void *value) {
    char *entry = dict->keys + python.layout->keys_indices + 8 + 16 * at;
    like_python_put(entry, 0, like_ascii(python.layout, &dict->names[at], key));
    put(entry, 8, value);
    like_python_put(dict->keys, python.layout->keys_count, at + 1);
    like_python_put(dict->head, python.layout->dict_used, at + 1);
}

static void make_task(size_t at, const void *type, const void *its_name, const void *context) {
    memset(&tasks[at], 0, sizeof tasks[at]);
    put(&tasks[at], 8, type);
    put(&tasks[at], python.layout->task_name, its_name);
    put(&tasks[at], python.layout->task_context, context);
}

static bool find(void) {
    python_reader_begin(&reader, &copies);
    return python_task_find(&python, &reader);
}

static bool task_of(const struct object *of, struct python_task *task) {
    python_reader_begin(&reader, NULL);
    return python_task_of(&python, &reader, (uintptr_t)of, task);
}

static void begin(unsigned long version) {
    like_python_offsets(words);
    words[11] = 104; // where sys.modules is
    const struct python_symbols symbols = {.this_thread = nothing,
                                           .running = nothing,
                                           .is_finalizing = no,
                                           .main_interpreter = main_interpreter,
                                           .code_type = (uintptr_t)&like_python_type,
                                           .dict_type = (uintptr_t)&dict_type,
                                           .module_type = (uintptr_t)&module_type,
                                           .context_type = (uintptr_t)&context_type,
                                           .text_type = (uintptr_t)&like_python_type,
                                           .number_type = (uintptr_t)&number_type,
                                           .version = version,
                                           .runtime = words};
    python_names_close(&python.names);
    memset(&python, 0, sizeof python);
    assert_true(python_start(&python, &symbols));
    memset(types, 0, sizeof types);
    memset(&number, 0, sizeof number);
    put(&types[1], python.layout->type_base, &types[0]); // a class of the program's
    make_dict(&modules);
    make_dict(&names);
    make_dict(&running);
    put(&module, 8, &module_type);
    put(&module, python.layout->module_dict, &names);
    set(&names, 0, "Task", &types[0]);
    set(&names, 1, "_current_tasks", &running);
    for (size_t i = 0; i < 4; i++) {
        put(&contexts[i], 8, &context_type);
        put(&contexts[i], python.layout->context_previous, NULL);
    }
    put(&thread, python.layout->thread_context, &contexts[0]);
    put(&other_thread, python.layout->thread_context, NULL);
    put(&name, 8, &like_python_type);
    like_ascii(python.layout, &name, "order 7");
}

static void find_asyncio(unsigned long version) {
    begin(version);
    put(&interpreter, python_layout_modules(python.layout, words), &modules);
    set(&modules, 0, "sys", &module);
    assert_false(find());
    set(&modules, 1, "_asyncio", &module);
    assert_true(find());
}

TEST(the_task_in_whose_context_a_thread_is) {
    SKIP_EMULATED(EMULATED_READV);
    static const unsigned long versions[] = {0x030b00f0, 0x030c00f0, 0x030d00f0};
    for (size_t i = 0; i < 3; i++) {
        struct python_task task;
        find_asyncio(versions[i]);
        assert_false(task_of(&thread, &task)); // none runs
        make_task(0, &types[0], &number, &contexts[1]);
        make_task(1, &types[1], &name, &contexts[2]);
        set(&running, 0, "loop", &tasks[0]);
        set(&running, 1, "gone", NULL);
        set(&running, 2, "other", &tasks[1]);
        assert_false(task_of(&thread, &task));                            // others' threads run these
        put(&contexts[0], python.layout->context_previous, &contexts[2]); // one within the task's
        assert_true(task_of(&thread, &task));
        assert_int_equal(task.size, 7);
        assert_memory_equal(task.name, "order 7", 7);
        assert_false(task_of(&other_thread, &task)); // without a context
    }
}

static uint64_t number_of(uint32_t low, uint32_t high) {
    struct python_task task;
    size_t digits = high != 0 ? 2 : 1;
    put(&number, 8, &number_type);
    like_python_put(&number, python.layout->number_size, digits << python.layout->number_size_shift);
    memcpy(number.bytes + python.layout->number_digits, &low, 4);
    memcpy(number.bytes + python.layout->number_digits + 4, &high, 4);
    make_task(0, &types[0], &number, &contexts[0]);
    set(&running, 0, "loop", &tasks[0]);
    assert_true(task_of(&thread, &task));
    assert_int_equal(task.size, 0);
    return task.number;
}

static uint64_t number_of_text(const char *text) {
    struct python_task task;
    like_ascii(python.layout, &name, text);
    make_task(0, &types[0], &name, &contexts[0]);
    set(&running, 0, "loop", &tasks[0]);
    assert_true(task_of(&thread, &task));
    assert_int_equal(task.size, task.number != 0 ? 0 : strlen(text));
    return task.number;
}

TEST(tasks_without_a_name_have_a_number) {
    SKIP_EMULATED(EMULATED_READV);
    find_asyncio(0x030d00f0);
    assert_int_equal(number_of(12, 0), 12);
    assert_int_equal(number_of(5, 3), 5 + (3ull << 30));
    assert_int_equal(number_of_text("Task-12"), 12);
    assert_int_equal(number_of_text("Task-12a"), 0);
    assert_int_equal(number_of_text("Task-"), 0);
    assert_int_equal(number_of_text("Task-012"), 0); // the program's
    assert_int_equal(number_of_text("Task-99999999999999999999"), 0);
}

TEST(what_is_no_task) {
    SKIP_EMULATED(EMULATED_READV);
    struct python_task task;
    find_asyncio(0x030d00f0);
    make_task(0, &number, &name, &contexts[0]); // of another class
    set(&running, 0, "loop", &tasks[0]);
    assert_false(task_of(&thread, &task));
    make_task(0, &types[0], &name, &contexts[0]);
    assert_true(task_of(&thread, &task));
    put(&thread, python.layout->thread_context, &tasks[0]); // no context
    assert_false(task_of(&thread, &task));
    put(&thread, python.layout->thread_context, &contexts[0]);
    set(&running, 0, "loop", (void *)8); // freed
    assert_false(task_of(&thread, &task));
    set(&running, 0, "loop", &tasks[0]);
    running.keys[python.layout->keys_log2_index_bytes] = 5; // may be a block of malloc's
    assert_false(task_of(&thread, &task));
    running.keys[python.layout->keys_log2_index_bytes] = 3;
    assert_true(task_of(&thread, &task));
    like_python_put(running.keys, python.layout->keys_count, 9); // more than there is room for
    assert_false(task_of(&thread, &task));
    like_python_put(running.keys, python.layout->keys_count, 1);
    put(running.head, 8, &module_type); // no dict any more
    assert_false(task_of(&thread, &task));
}

TEST(asyncio_is_looked_for_when_modules_come) {
    SKIP_EMULATED(EMULATED_READV);
    begin(0x030d00f0);
    put(&interpreter, 104, &module);
    assert_false(find()); // no dict
    put(&interpreter, 104, &modules);
    assert_false(find()); // none yet
    set(&modules, 0, "_asyncio", &number);
    put(&number, 8, &number_type);
    assert_false(find()); // no module
    set(&modules, 1, "more", &number);
    set(&modules, 0, "_asyncio", &module);
    like_python_put(modules.head, python.layout->dict_used, 3);
    like_python_put(names.keys, python.layout->keys_count, 1); // it is being imported
    assert_false(find());
    like_python_put(names.keys, python.layout->keys_count, 2);
    assert_true(find());
    assert_true(find());
}

int main(void) {
    return tests_run();
}
