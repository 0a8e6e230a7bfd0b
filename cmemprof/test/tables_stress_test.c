// tables_stress_test.c: the lock-free tables under threads that act like malloc and free, with a reader that takes snapshots. For the
// thread sanitizer (make test-tsan); also correct without it.

#include "../../base/test/test.h"

#include <pthread.h>
#include <sched.h>

#include "../live_table.h"
#include "../shard.h"
#include "../stack_table.h"

enum { THREADS = 4, ROUNDS = 300, BLOCKS = 40 };

static struct memory_budget budget;
static _Atomic int running;

static const void *page(uintptr_t number) {
    return (const void *)(number << 12);
}

static void run_all(void *(*run)(void *), void (*meanwhile)(void)) {
    pthread_t threads[THREADS];
    running = THREADS;
    for (uintptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run, (void *)i), 0);
    }
    do {
        meanwhile();
    } while (running > 0);
    for (int i = 0; i < THREADS; i++) {
        void *error;
        pthread_join(threads[i], &error);
        assert_null(error);
    }
}

// ---- Live samples: each block is allocated by one thread and freed by the next ----

static struct live_table live;
static _Atomic uintptr_t handed[THREADS][BLOCKS]; // block number; 0: none
static _Atomic uint64_t torn;

static void check_whole(uintptr_t block, const struct live_sample *sample, void *context) {
    (void)block;
    (void)context;
    uintptr_t number = (uintptr_t)sample->stack;
    torn += sample->size_bytes != number * 3 || sample->weight != (double)number / 2 || sample->birth_s != (uint32_t)number;
}

static struct live_sample sample_of(uintptr_t number) {
    return (struct live_sample){(struct stack *)number, number * 3, (double)number / 2, (uint32_t)number};
}

static bool free_block(uintptr_t number) {
    struct live_sample sample;
    uint32_t now_s = (uint32_t)(number + number % 2); // half of them are young
    return live_table_may_hold(&live, page(number)) &&
           (live_table_remove_young(&live, page(number), now_s) ||
            (live_table_remove(&live, page(number), &sample) && sample.size_bytes == number * 3));
}

// Threads hold a shard while they add, as samples do.
static struct shard adding_items[SHARDS];
static struct shards adding = {.items = adding_items};

static void nothing(struct shard *shard) {
    (void)shard;
}

static bool settle(void *context) {
    (void)context;
    return shards_settle(&adding, SHARDS_ALL, nothing) == 0;
}

// The filter is replaced continuously, until old ones have used up half of the memory.
enum { COUNTERS = 4096 };
static void read_live(void) {
    live_table_each(&live, check_whole, NULL);
    if (atomic_load(&budget.used_bytes) < budget.limit_bytes / 2) {
        block_filter_begin(&live.filter, COUNTERS, &budget);
    }
    live_table_tidy(&live, settle, NULL);
}

// Like a sample, see profiler.c: first the filter, whose atomic operation is the barrier that the thread's own shard needs.
static bool add_block(struct thread_state *thread, uintptr_t number) {
    const struct live_sample sample = sample_of(number);
    struct block_counts *counts = block_filter_present(&live.filter);
    bool added;
    for (int i = 0; number % 1024 == 0 && i < 100 && block_filter_present(&live.filter) == counts; i++) {
        sched_yield(); // the filter is replaced before the shard is held
    }
    struct shard *shard = shards_take_own(&adding, thread);
    if (shard) {
        block_filter_count_up(block_filter_count(counts, page(number)), live_table_tag((unsigned)(shard - adding.items)));
    }
    if (shard && !shard_is_wanted(shard) && block_filter_is_still(&live.filter, counts)) {
        added = live_table_put(&live, (unsigned)(shard - adding.items), page(number), &sample, counts);
    } else {
        if (shard) {
            block_filter_remove(counts, page(number));
            shard_release(shard);
        }
        shard = shards_take(&adding, thread);
        added = shard && live_table_add(&live, (unsigned)(shard - adding.items), page(number), &sample);
    }
    if (shard) {
        shard_release(shard);
    }
    return added;
}

static void *hand_on(void *context) {
    uintptr_t self = (uintptr_t)context, errors = 0, added[BLOCKS] = {0};
    struct thread_state thread = {0};
    for (uintptr_t round = 0; round < ROUNDS; round++) {
        for (uintptr_t i = 0; i < BLOCKS; i++) {
            uintptr_t other = atomic_exchange(&handed[(self + 1) % THREADS][i], 0), none = 0;
            errors += other != 0 && !free_block(other);
            for (int tries = 0; tries < 10 && running == THREADS && atomic_load(&handed[self][i]) != 0; tries++) {
                sched_yield();
            }
            if (atomic_load(&handed[self][i]) != 0) {
                continue; // the previous one was not taken yet
            }
            // Addresses recur: 64 times as many as are live.
            uintptr_t number = 1 + self + THREADS * (i + BLOCKS * (added[i]++ % 64));
            errors += !add_block(&thread, number);
            errors += !atomic_compare_exchange_strong(&handed[self][i], &none, number);
        }
    }
    running--;
    return (void *)errors;
}

TEST(blocks_pass_between_threads) {
    budget = (struct memory_budget){.limit_bytes = 16 << 20};
    live = (struct live_table){.budget = NULL};
    assert_true(live_table_open(&live, &budget, NULL));
    run_all(hand_on, read_live);
    assert_int_equal(torn, 0);
    uint64_t left = 0;
    for (int i = 0; i < THREADS * BLOCKS; i++) {
        left += handed[i / BLOCKS][i % BLOCKS] != 0;
    }
    assert_int_equal(live_table_count(&live), left);
    live_table_close(&live);
}

// ---- Stacks: all threads meet the same new stacks at once, so entries are returned and taken again ----

static struct stack_table stacks;
static _Atomic uint64_t seen_samples;

static void add_samples(struct stack *stack, void *context) {
    (void)context;
    assert_true(stack->depth_frames > 0 && stack->pcs[0] != 0);
    seen_samples += stack_samples(stack);
}

static void read_stacks(void) {
    seen_samples = 0;
    stack_table_each(&stacks, add_samples, NULL);
}

static void *intern(void *context) {
    uintptr_t errors = 0;
    for (uintptr_t round = 0; round < ROUNDS * 100; round++) {
        uintptr_t pcs[] = {1 + round, 2, 3 + round % 5, 4, 5, 6, 7, 8, 9};
        struct stack *stack = stack_table_intern(&stacks, pcs, 3 + (uint32_t)(round % 7));
        errors += !stack || stack->pcs[0] != pcs[0];
        if (stack) {
            stack_add_allocations(stack, 1, 2, 1);
        }
    }
    running--;
    (void)context;
    return (void *)errors;
}

TEST(threads_intern_the_same_stacks) {
    budget = (struct memory_budget){.limit_bytes = 16 << 20};
    assert_true(stack_table_open(&stacks, &budget, NULL));
    run_all(intern, read_stacks);
    read_stacks();
    assert_int_equal(seen_samples, THREADS * ROUNDS * 100);
    assert_int_equal(stacks.count, ROUNDS * 100);
    stack_table_close(&stacks);
}

// ---- Evictions: each sample is counted once, at its stack or with the evicted ones ----

static struct shard keepers_items[SHARDS];
static struct shards keepers = {.items = keepers_items}; // held while a stack is used
static _Atomic uint64_t refused;
static _Atomic int generation;

static void *intern_in_shards(void *context) {
    struct thread_state thread = {0};
    uint32_t random = (uint32_t)(uintptr_t)context;
    for (uintptr_t round = 0; round < ROUNDS * 100; round++) {
        struct shard *shard = shards_take(&keepers, &thread);
        random = random * 1664525 + 1013904223;
        uintptr_t pcs[40] = {1 + (random >> 16) % 3000 + round / 1000, 2, 3};
        // The memo of a shard: its last stack is reused without a search.
        if (!shard->stack || atomic_load(&shard->stack->retired) != 0 || round % 3 != 0) {
            shard_flush(shard);
            shard->stack = stack_table_intern(&stacks, pcs, 3 + (uint32_t)(random >> 20) % 30);
        }
        if (shard->stack) {
            shard->objects += 1;
            shard->bytes += 2;
            shard->unflushed_samples++;
        } else {
            refused++;
        }
        shard_release(shard);
    }
    running--;
    return NULL;
}

static bool all_shards_settled(void) {
    return shards_settle(&keepers, SHARDS_ALL, shard_forget) == 0;
}

static struct stack *chosen;

// Evicts two of three; some of the others are retired.
static void choose(struct stack *stack, void *context) {
    (void)context;
    if (stack->pcs[0] % 16 == 0 && atomic_load(&stack->retired) == 0) {
        stack_table_retire(&stacks, stack, (uint32_t)++generation);
    } else if (stack->pcs[0] % 3 != 0) {
        stack_table_unlink(&stacks, stack);
        atomic_store(&stack->next, chosen);
        chosen = stack;
    }
}

static void take_away_and_read(void) {
    chosen = NULL;
    stack_table_each(&stacks, choose, NULL);
    struct stack_level *fresh = stack_table_renew_begin(&stacks), *old = NULL;
    bool alone = all_shards_settled();
    for (struct stack *stack = chosen, *next; alone && stack; stack = next) {
        next = atomic_load(&stack->next);
        stack_table_evict(&stacks, stack);
    }
    if (alone && fresh) {
        old = stack_table_renew_finish(fresh);
    }
    stack_table_gather_free(&stacks);
    assert_true(all_shards_settled());
    stack_index_free_levels(&stacks.index, old);
    stack_table_release_blocks(&stacks);
    read_stacks();
}

TEST(evictions_while_sampling) {
    budget = (struct memory_budget){.limit_bytes = 1 << 20}; // too little for all of them
    assert_true(stack_table_open(&stacks, &budget, NULL));
    run_all(intern_in_shards, take_away_and_read);
    assert_true(all_shards_settled());
    take_away_and_read(); // in case the threads were too fast for it to find anything before
    assert_int_equal(seen_samples + stacks.evicted[STACK_OF_BLOCKS].samples + refused, THREADS * ROUNDS * 100);
    assert_true(stacks.evicted[STACK_OF_BLOCKS].samples > 0);
    assert_int_equal(stacks.evicted[STACK_OF_BLOCKS].bytes, 2 * stacks.evicted[STACK_OF_BLOCKS].samples);
    stack_table_close(&stacks);
    assert_int_equal(budget.used_bytes, 0);
}

// ---- Shards: one holder at a time ----

static struct shard shards_items[SHARDS];
static struct shards shards = {.items = shards_items};
static uint64_t guarded[SHARDS]; // plain: the sanitizer detects unguarded writes

static _Atomic uint64_t barrier;

// Like a sample: the thread's own shard by a plain store, or another one.
static struct shard *take(const struct thread_state *thread) {
    struct shard *own = shards_take_own(&shards, thread);
    if (own) {
        atomic_fetch_add(&barrier, 1);
        if (!shard_is_wanted(own)) {
            return own;
        }
        shard_release(own);
    }
    return NULL;
}

static void *hold(void *context) {
    // Two of the threads own none, and compete for the shared ones.
    struct thread_state thread = {.shard = (uintptr_t)context < 2 ? SHARDS_OWNED + 1 : 0};
    uintptr_t errors = 0;
    for (int i = 0; i < ROUNDS * 50; i++) {
        struct shard *shard = take(&thread);
        shard = shard ? shard : shards_take(&shards, &thread);
        if (shard) {
            guarded[shard - shards.items]++;
            shard_count(&shard->samples, 1);
            shard_release(shard);
        } else {
            errors++; // there are more shards than threads
        }
    }
    running--;
    return (void *)errors;
}

static void add_one(struct shard *shard) {
    guarded[shard - shards.items]++;
    shard_count(&shard->samples, 1);
}

static void wait_for_all(void) {
    shards_settle(&shards, SHARDS_ALL, add_one);
}

TEST(a_shard_has_one_holder) {
    run_all(hold, wait_for_all);
    for (int i = 0; i < SHARDS; i++) {
        assert_int_equal(shards.items[i].samples, guarded[i]);
    }
}

int main(void) {
    return tests_run();
}
