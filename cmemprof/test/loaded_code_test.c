// loaded_code_test.c: stacks through a library outlive its unloading with their names, and are not attributed to what is loaded there
// later. This program is hooked.

#include "../../base/test/test.h"

#include "own_profile.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <semaphore.h>

#include "../code_objects.h"
#include "../loaded_code.h"
#include "../real_allocator.h"
#include "../profiler.h"
#include "../reclaim.h"
#include "sampling.h"

typedef char *make_setting(const char *prefix, unsigned long count, const char *random, int random_size);

// A library that nothing here links, that Debian's login needs, and one of whose functions allocates.
static void *library;
static make_setting *allocate;

static void load(void) {
    library = dlopen("libcrypt.so.1", RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    *(void **)&allocate = dlsym(library, "crypt_gensalt_ra");
    assert_non_null(allocate);
}

static __attribute__((noinline)) char *call_library(void) {
    char *block = allocate("$6$", 0, NULL, 0);
    __asm__ volatile("" : "+r"(block));
    return block;
}

struct through {
    uintptr_t start, limit;
    uintptr_t address; // one of the library's
    int present, retired;
    uint64_t samples;
};

static void look_at(struct stack *stack, void *context) {
    struct through *through = context;
    bool inside = false;
    for (uint32_t i = 0; i < stack->depth_frames; i++) {
        if (stack->pcs[i] - 1 >= through->start && stack->pcs[i] - 1 < through->limit) {
            through->address = stack->pcs[i];
            inside = true;
        }
    }
    if (inside) {
        through->present += stack->retired == 0;
        through->retired += stack->retired != 0;
        through->samples += stack_samples(stack);
    }
}

static struct through stacks_through(uintptr_t start, uintptr_t limit) {
    struct through through = {.start = start, .limit = limit};
    shards_settle(&profiler.shards, SHARDS_ALL, shard_flush); // adds pending samples to their stacks
    stack_table_each(&profiler.stacks, look_at, &through);
    return through;
}

// The number of samples through the library, and whether each of them has all its frames.
static int samples_through(struct profile *profile, bool *whole) {
    int count = 0;
    *whole = true;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        if (has_function(&view, "call_library")) {
            *whole &= has_function(&view, "main") && strstr(view.frames[0].mapping_file, "libcrypt");
            count++;
        }
    }
    return count;
}

TEST_IN(sampling, stacks_of_an_unloaded_library_are_retired) {
    bool whole;
    load();
    void *alive = call_library();
    assert_non_null(alive);
    assert_true(loaded_code_refresh(&profiler));
    const struct module *module = modules_find(&profiler.code.modules, (uintptr_t)allocate, 0);
    assert_non_null(module);
    assert_non_null(strstr(module->file, "libcrypt"));
    uintptr_t start = module->start, limit = module->limit;
    struct through before = stacks_through(start, limit);
    assert_true(before.present >= 1);
    assert_int_equal(before.retired, 0);

    // Taken before and encoded after the unloading: its stacks are complete.
    struct cmemprof_snapshot *early = cmemprof_snapshot_take();
    assert_int_equal(dlclose(library), 0);
    assert_null(dlopen("libcrypt.so.1", RTLD_NOW | RTLD_NOLOAD)); // it is unloaded
    struct through closed = stacks_through(start, limit);
    assert_int_equal(closed.present, 0);
    assert_int_equal(closed.retired, before.present);
    assert_int_equal(closed.samples, before.samples);
    assert_true(module->unloaded_at != 0);
    struct profile *profile = profile_of(early, NULL);
    assert_true(samples_through(profile, &whole) >= 1);
    assert_true(whole);
    profile_free(profile);
    profile = take_profile(); // and one taken afterwards
    assert_true(samples_through(profile, &whole) >= 1);
    assert_true(whole);
    profile_free(profile);

    // Loaded again, most likely at the same address: the same addresses make another stack.
    load();
    void *again = call_library();
    assert_true(loaded_code_refresh(&profiler));
    module = modules_find(&profiler.code.modules, (uintptr_t)allocate, 0);
    if (module->start == start) {
        struct through reopened = stacks_through(start, limit);
        assert_true(reopened.retired >= 1 && reopened.retired <= closed.retired); // those with live samples
        assert_true(reopened.present >= 1);
    }
    profile = take_profile();
    assert_true(samples_through(profile, &whole) >= 2);
    assert_true(whole);
    profile_free(profile);
    free(alive);
    free(again);
    dlclose(library);
}

// libc unloads its own plugins, and others call libc's dlclose directly: the next profile detects that.
TEST_IN(sampling, libcs_own_dlclose_is_detected) {
    load();
    void *alive = call_library();
    assert_true(loaded_code_refresh(&profiler));
    const struct module *module = modules_find(&profiler.code.modules, (uintptr_t)allocate, 0);
    struct through before = stacks_through(module->start, module->limit);
    struct cfi_row row;
    assert_true(before.present >= 1);
    assert_true(cfi_cache_get(&profiler.unwinder.rows, before.address, &row));
    assert_int_equal(real_allocator.dlclose(library), 0);
    assert_true(loaded_code_refresh(&profiler));
    assert_true(module->unloaded_at != 0);
    assert_false(cfi_cache_get(&profiler.unwinder.rows, before.address, &row));
    free(alive);
}

static void load_in_turn(int turns) {
    for (int turn = 0; turn < turns; turn++) {
        load();
        void *block = call_library();
        assert_non_null(block);
        free(block);
        assert_int_equal(dlclose(library), 0);
    }
}

static int count_found(void) {
    struct through through = {.limit = UINTPTR_MAX};
    stack_table_each_found(&profiler.stacks, look_at, &through);
    assert_int_equal(through.retired, 0);
    return through.present;
}

// A library that is loaded and unloaded repeatedly makes the same stacks each time. Unloaded ones are not visited again, keep their names
// while memory lasts, and are the first to be evicted.
TEST_IN(sampling, reloading_a_library_leaves_nothing) {
    enum { TURNS = 300 };
    load_in_turn(10);
    cmemprof_snapshot_free(cmemprof_snapshot_take()); // shows what there was before
    uint64_t samples = stats_now().samples, stacks = stats_now().stacks;
    struct stack_level *level = profiler.stacks.index.newest;
    int found = count_found();
    load_in_turn(TURNS);
    assert_true(profiler.stacks.retired >= TURNS);
    assert_true(count_found() < found + TURNS / 10);
    assert_ptr_equal(profiler.stacks.index.newest, level);
    cmemprof_snapshot_free(cmemprof_snapshot_take()); // shows them
    assert_true(profiler.stacks.retired >= TURNS);
    cmemprof_set_memory_limit(1);
    cmemprof_snapshot_free(cmemprof_snapshot_take());
    assert_int_equal(profiler.stacks.retired, 0);
    cmemprof_set_memory_limit(0);
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    assert_true(snapshot->stats.samples >= samples + TURNS && adds_up(snapshot));
    assert_true(snapshot->stats.stacks < stacks + TURNS / 10);
    cmemprof_snapshot_free(snapshot);
}

TEST_IN(sampling, nothing_unloaded_nothing_retired) {
    assert_true(loaded_code_refresh(&profiler));
    uint32_t generation = profiler.code.modules.generation;
    loaded_code_before_unload(&profiler);
    loaded_code_after_unload(&profiler);
    assert_int_equal(profiler.code.modules.generation, generation);
    void *held = dlopen("libc.so.6", RTLD_NOW);
    assert_int_equal(dlclose(held), 0); // others still hold it
    assert_int_equal(profiler.code.modules.generation, generation);
}

// ---- Waiting and locks ----

// Wraps dl_iterate_phdr as called here; counts the calls, and the allocations under the loader's lock.
static int questions;
static uint64_t allocations_in_answers;

struct listener {
    int (*visit)(struct dl_phdr_info *, size_t, void *);
    void *context;
};

static uint64_t allocations(void) {
    return stats_now().samples + stats_now().unsampled_nested;
}

static int listen(struct dl_phdr_info *info, size_t size, void *context) {
    const struct listener *listener = context;
    uint64_t before = allocations();
    int result = listener->visit(info, size, listener->context);
    allocations_in_answers += allocations() - before;
    return result;
}

int dl_iterate_phdr(int (*visit)(struct dl_phdr_info *, size_t, void *), void *context) {
    static int (*real)(int (*)(struct dl_phdr_info *, size_t, void *), void *);
    questions++;
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "dl_iterate_phdr");
    }
    return real(listen, &(struct listener){visit, context});
}

struct holder {
    void (*lock)(struct profiler *), (*unlock)(struct profiler *);
    sem_t held, enough;
    pthread_t thread;
};

static void *hold(void *context) {
    struct holder *holder = context;
    holder->lock(&profiler);
    sem_post(&holder->held);
    while (sem_wait(&holder->enough) != 0) {
    }
    holder->unlock(&profiler);
    return NULL;
}

static void begin_holding(struct holder *holder) {
    sem_init(&holder->held, 0, 0);
    sem_init(&holder->enough, 0, 0);
    assert_int_equal(pthread_create(&holder->thread, NULL, hold, holder), 0);
    while (sem_wait(&holder->held) != 0) {
    }
}

static void end_holding(struct holder *holder) {
    sem_post(&holder->enough);
    pthread_join(holder->thread, NULL);
}

// While another thread walks the tables nothing can be retired: that happens once it is done.
TEST_IN(sampling, dlclose_does_not_wait_for_table_walks) {
    struct holder walker = {.lock = reclaim_lock, .unlock = reclaim_unlock};
    load();
    void *alive = call_library();
    assert_true(loaded_code_refresh(&profiler));
    const struct module *module = modules_find(&profiler.code.modules, (uintptr_t)allocate, 0);
    struct through before = stacks_through(module->start, module->limit);
    assert_true(before.present >= 1);
    begin_holding(&walker);
    assert_int_equal(dlclose(library), 0);
    assert_true(module->unloaded_at != 0);
    assert_int_equal(stacks_through(module->start, module->limit).present, before.present);
    end_holding(&walker);
    assert_true(loaded_code_refresh(&profiler));
    struct through after = stacks_through(module->start, module->limit);
    assert_int_equal(after.present, 0);
    assert_true(after.retired >= 1);
    free(alive);
}

// Otherwise a fork during it would leave the loader's lock held in the child.
TEST_IN(sampling, loader_is_listed_under_the_fork_lock) {
    struct holder forker = {.lock = loaded_code_before_fork, .unlock = loaded_code_after_fork_in_parent};
    code_objects_force();
    begin_holding(&forker);
    int before = questions;
    cmemprof_go_call();
    loaded_code_list_objects(&profiler);
    assert_true(loaded_code_refresh(&profiler));
    assert_int_equal(questions, before);
    end_holding(&forker);
    loaded_code_list_objects(&profiler);
    assert_true(questions > before);
}

// An allocation takes the allocator's locks, which another thread may hold while it calls the loader.
TEST_IN(sampling, nothing_is_allocated_under_the_loaders_lock) {
    load();
    free(call_library());
    allocations_in_answers = 0;
    uint64_t before = allocations();
    profiler.code.modules.count = 0; // so that all are new
    assert_true(loaded_code_refresh(&profiler));
    assert_true(profiler.code.modules.count > 3 && allocations() > before);
    assert_int_equal(allocations_in_answers, 0);
    assert_int_equal(dlclose(library), 0);
}

// With a table of our own, as before glibc 2.35: nothing has listed the library yet when its stacks are walked.
TEST_IN(sampling, stacks_through_code_loaded_late_are_whole) {
    code_objects_force();
    load();
    void *alive = call_library();
    assert_non_null(alive);
    struct profile *profile = profile_of(cmemprof_snapshot_take(), NULL);
    bool found = false;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        found |= has_function(&view, "test_stacks_through_code_loaded_late_are_whole") && has_function(&view, "call_library") &&
                 has_function(&view, "main") && strstr(view.frames[0].mapping_file, "libcrypt");
    }
    assert_true(found);
    profile_free(profile);
    assert_int_equal(dlclose(library), 0);
    free(alive);
}

// The fork handlers leave the lock free on both sides.
TEST_IN(sampling, works_after_fork_handlers) {
    loaded_code_before_fork(&profiler);
    loaded_code_after_fork_in_parent(&profiler);
    size_t count = profiler.code.modules.count;
    assert_true(loaded_code_refresh(&profiler));
    loaded_code_before_fork(&profiler);
    loaded_code_after_fork_in_child(&profiler);
    assert_true(loaded_code_refresh(&profiler));
    assert_int_equal(profiler.code.modules.count, count);
}

int main(void) {
    return tests_run();
}
