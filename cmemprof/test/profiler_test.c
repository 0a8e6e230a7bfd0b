// profiler_test.c: every sample is accounted for exactly once, also if a table is full or all shards are held, and in a forked child. This
// program is hooked.

#include "../../base/test/test.h"

#include "own_profile.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../profiler.h"
#include "sampling.h"

static volatile size_t opaque_zero; // so that the compiler cannot drop calls

static __attribute__((noinline)) void *here(size_t size) {
    void *block = malloc(size);
    __asm__ volatile("" : "+r"(block));
    return block;
}

static bool balance(void) {
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    bool right = snapshot && adds_up(snapshot);
    cmemprof_snapshot_free(snapshot);
    return right;
}

static size_t resident_shards(void) {
    size_t count = 0;
    unsigned char resident;
    for (size_t i = 0; i < SHARDS; i++) {
        void *page = (void *)((uintptr_t)&profiler.shards.items[i] & ~(uintptr_t)4095);
        count += mincore(page, 1, &resident) == 0 && (resident & 1) != 0;
    }
    return count;
}

// Each page touched is a fault in each child. Must run before there are threads that use more shards.
TEST_IN(sampling, unused_shards_stay_untouched) {
    free(here(100));
    size_t used = 0;
    for (struct shard *shard = NULL; (shard = shards_next(&profiler.shards, shard));) {
        used++;
    }
    assert_in_range(used, 1, SHARDS / 2);
    cmemprof_snapshot_free(cmemprof_snapshot_take());
    assert_true(resident_shards() <= used);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        bool counted = stats_now().samples != 0;
        _exit(!counted + 2 * (resident_shards() > used));
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

TEST_IN(sampling, sample_lifetime) {
    struct cmemprof_stats before = stats_now();
    void *block = here(100);
    struct moving moving, again;
    assert_true(profiler_may_know(block));
    assert_int_equal(stats_now().live, before.live + 1);
    assert_int_equal(stats_now().samples, before.samples + 1);
    profiler_move_begin(block, &moving);
    assert_non_null(moving.shard);
    assert_int_equal(moving.sample.size_bytes, 100);
    assert_true(moving.sample.weight == 1);
    assert_int_equal(stats_now().live, before.live);
    profiler_move_begin(block, &again); // it is already gone
    assert_null(again.shard);
    profiler_move_end(&again, block);
    assert_int_equal(stats_now().live, before.live);
    profiler_move_end(&moving, block);
    assert_int_equal(atomic_load(&moving.shard->held), 0);
    assert_int_equal(stats_now().live, before.live + 1);
    free(block);
    assert_int_equal(stats_now().live, before.live);
    assert_true(balance());
}

// All shards are held: the allocation is still served, and counted.
TEST_IN(sampling, no_free_shard_loses_the_sample) {
    struct cmemprof_stats before = stats_now();
    for (int i = 0; i < SHARDS; i++) {
        assert_int_equal(atomic_exchange(&profiler.shards.items[i].held, 1), 0);
    }
    unsigned char *block = here(100);
    memset(block, 1, 100);
    struct cmemprof_stats during = stats_now();
    free(block);
    for (int i = 0; i < SHARDS; i++) {
        shard_release(&profiler.shards.items[i]);
    }
    assert_int_equal(during.lost_shards, before.lost_shards + 1);
    assert_int_equal(during.samples, before.samples + 1);
    assert_int_equal(during.live, before.live);
    assert_true(balance());
}

TEST_IN(sampling, own_allocations_are_not_sampled) {
    struct cmemprof_stats before = stats_now();
    profiler_enter(&thread_state);
    profiler_enter(&thread_state);
    profiler_leave(&thread_state);
    free(here(100));
    profiler_leave(&thread_state);
    struct cmemprof_stats after = stats_now();
    assert_int_equal(after.unsampled_nested, before.unsampled_nested + 1);
    assert_int_equal(after.samples, before.samples);
    free(here(100));
    assert_int_equal(stats_now().samples, before.samples + 1);
}

// Threads that start and stop reach at the next allocation, however often they were silent before. Each allocates only when told to.
enum { FOLLOWERS = 4, PHASES = 600, PER_PHASE = 5 };
struct follower {
    pthread_t thread;
    pthread_barrier_t *begin, *end;
    unsigned number;
};
static bool is_silent(unsigned phase, unsigned number) {
    return phase % (2 + 7 * number) != 0;
}
static void *follow(void *context) {
    const struct follower *self = context;
    for (unsigned phase = 0; phase < PHASES; phase++) {
        pthread_barrier_wait(self->begin);
        for (int i = 0; i < PER_PHASE && !is_silent(phase, self->number); i++) {
            free(here(100));
        }
        pthread_barrier_wait(self->end);
    }
    return NULL;
}

TEST_IN(sampling, a_start_with_another_interval_reaches_each_thread_at_its_next_allocation) {
    struct follower followers[FOLLOWERS];
    pthread_barrier_t begin, end;
    pthread_barrier_init(&begin, NULL, FOLLOWERS + 1);
    pthread_barrier_init(&end, NULL, FOLLOWERS + 1);
    for (unsigned i = 0; i < FOLLOWERS; i++) {
        followers[i] = (struct follower){.begin = &begin, .end = &end, .number = i};
        assert_int_equal(pthread_create(&followers[i].thread, NULL, follow, &followers[i]), 0);
    }
    for (unsigned phase = 0; phase < PHASES; phase++) {
        unsigned kind = phase * 5 / 2 % 3, allocating = 0;
        if (kind == 0) {
            cmemprof_stop();
        } else {
            assert_int_equal(cmemprof_start(kind == 1 ? 1 : (UINT64_C(1) << 50) + phase), CMEMPROF_OK);
        }
        for (unsigned i = 0; i < FOLLOWERS; i++) {
            allocating += !is_silent(phase, i);
        }
        uint64_t before = stats_now().samples;
        pthread_barrier_wait(&begin);
        pthread_barrier_wait(&end);
        assert_int_equal(stats_now().samples - before, kind == 1 ? allocating * PER_PHASE : 0);
    }
    for (unsigned i = 0; i < FOLLOWERS; i++) {
        pthread_join(followers[i].thread, NULL);
    }
    pthread_barrier_destroy(&begin);
    pthread_barrier_destroy(&end);
    assert_int_equal(cmemprof_start(1), CMEMPROF_OK);
    assert_true(balance());
}

// One sample in 1,024 is timed, the first ones more often: each stands for those since the previous timed one.
TEST_IN(sampling, timed_samples_stand_for_earlier_ones) {
    free(here(100)); // the thread now has a shard
    const struct shard *own = &profiler.shards.items[thread_state.shard - 1];
    uint64_t ns = own->sampling_ns;
    for (int i = 0; i < 5000; i++) {
        assert_in_range(own->samples, own->timed_until, own->timed_next); // one that lost the processor is not counted yet
        assert_true(own->timed_next - own->samples <= 1024 && own->timed_next - own->samples <= own->samples);
        free(here(100));
    }
    assert_true(own->sampling_ns > ns);
}

// The live table may not grow: alloc_* continue, and the loss of in-use is reported.
TEST_IN(sampling, a_full_live_table_is_counted) {
    enum { BLOCKS = 4000 };
    static void *blocks[BLOCKS];
    struct cmemprof_stats before = stats_now();
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = here(32 + opaque_zero);
        if (i == 0) { // the stack is known by now
            cmemprof_set_memory_limit(1);
        }
    }
    struct cmemprof_stats during = stats_now();
    assert_int_equal(during.limit_bytes, 1);
    assert_int_equal(during.samples, before.samples + BLOCKS);
    assert_true(during.lost_live > before.lost_live + 1000);
    assert_int_equal(during.lost_stacks, before.lost_stacks);
    assert_int_equal(during.live - before.live, BLOCKS - (during.lost_live - before.lost_live));
    for (int i = 0; i < BLOCKS; i++) {
        free(blocks[i]);
    }
    assert_int_equal(stats_now().live, before.live);
    cmemprof_set_memory_limit(0);
    assert_true(stats_now().limit_bytes >= 8 << 20);
    assert_true(balance());
}

static _Atomic bool enough;

static __attribute__((noinline)) void *there(size_t size) {
    void *block = size % 3 == 0 ? here(size) : calloc(1, size);
    __asm__ volatile("" : "+r"(block));
    return block;
}

static void *churn(void *context) {
    void *volatile kept[16] = {0};
    for (unsigned i = (unsigned)(uintptr_t)context; !atomic_load(&enough); i++) {
        free(kept[i % 16]);
        kept[i % 16] = i % 2 == 0 ? here(i % 3000) : there(i % 7000);
    }
    for (int i = 0; i < 16; i++) {
        free(kept[i]);
    }
    return NULL;
}

// Other threads have samples in flight at the fork. The child's counts balance, and it continues.
TEST_IN(sampling, counts_balance_in_a_forked_child) {
    pthread_t threads[3];
    atomic_store(&enough, false);
    for (uintptr_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, churn, (void *)i), 0);
    }
    for (int i = 0; i < 40; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20); // a hung child ends by a signal
            bool before = balance();
            uint64_t samples = stats_now().samples;
            for (size_t size = 0; size < 200; size++) {
                free(here(size * 100));
            }
            _exit(!before + 2 * (stats_now().samples != samples + 200) + 4 * !balance());
        }
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    atomic_store(&enough, true);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_true(balance());
}

int main(void) {
    return tests_run();
}
