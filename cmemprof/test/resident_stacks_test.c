// resident_stacks_test.c: stacks of this process's threads, by name, also of threads that have ended.

#include "../../base/test/test.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../base/test/emulated.h"
#include "../resident.h"

enum { KIB = 1024, MIB = 1 << 20, THREADS = 20 };
static struct resident resident;
static pthread_barrier_t barrier;

static const struct resident_entry *entry(const char *name) {
    for (size_t i = 0; i < resident.entry_count; i++) {
        if (resident.entries[i].part == RESIDENT_STACKS && strcmp(resident.entries[i].name, name) == 0) {
            return &resident.entries[i];
        }
    }
    return NULL;
}

static void use_stack(size_t bytes) {
    volatile char *room = __builtin_alloca(bytes);
    for (size_t i = 0; i < bytes; i += 4096) {
        room[i] = 1;
    }
}

static void *wait_on_a_stack(void *name) {
    pthread_setname_np(pthread_self(), name);
    use_stack(strcmp(name, "deep") == 0 ? 3 * MIB : 256 * KIB);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return NULL;
}

TEST(threads_are_found_by_name) {
    pthread_t threads[THREADS + 2];
    pthread_barrier_init(&barrier, NULL, THREADS + 3);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, wait_on_a_stack, "worker"), 0);
    }
    assert_int_equal(pthread_create(&threads[THREADS], NULL, wait_on_a_stack, "deep"), 0);
    // A stack of the program's own size, and one of its own memory, without a guard of libc's.
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    char *own = mmap(NULL, 2 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(own + 64 * KIB, 2 * MIB - 64 * KIB, PROT_READ | PROT_WRITE);
    pthread_attr_setstack(&attributes, own + 64 * KIB, 2 * MIB - 64 * KIB);
    assert_int_equal(pthread_create(&threads[THREADS + 1], &attributes, wait_on_a_stack, "own"), 0);
    pthread_barrier_wait(&barrier);
    assert_int_equal(resident_read(getpid(), &resident), SMAPS_OK);
    unsigned of_emulator = emulator() ? 1 : 0;
    assert_int_equal(resident.threads, THREADS + 3 + of_emulator);
    assert_int_equal(resident.lost_threads, 0);
    const struct resident_entry *workers = entry("worker"), *deep = entry("deep"), *in_own = entry("own");
    assert_non_null(workers);
    assert_non_null(deep);
    assert_non_null(in_own);
    assert_int_equal(workers->pieces, THREADS);
    assert_in_range(workers->rss, THREADS * 256 * KIB, THREADS * 400 * KIB);
    assert_in_range(deep->rss, 3 * MIB, 3 * MIB + 200 * KIB);
    if (!emulator()) { // has a stack of its own for each thread
        assert_in_range(in_own->rss, 256 * KIB, 500 * KIB);
    }
    resident_close(&resident);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < THREADS + 2; i++) {
        pthread_join(threads[i], NULL);
    }
    // libc keeps stacks of threads that have ended for later ones.
    assert_int_equal(resident_read(getpid(), &resident), SMAPS_OK);
    assert_int_equal(resident.threads, 1 + of_emulator);
    assert_null(entry("worker"));
    assert_non_null(entry("ended threads"));
    resident_close(&resident);
    munmap(own, 2 * MIB);
}

// As those of glibc 2.42 are on Linux 6.13: without areas between them.
TEST(stacks_in_one_area_are_told_apart) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    enum { BESIDE = 5 };
    pthread_t threads[BESIDE];
    pthread_barrier_init(&barrier, NULL, BESIDE + 1);
    char *area = mmap(NULL, (BESIDE + 2) * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(area, MAP_FAILED);
    memset(area, 1, MIB);
    memset(area + (BESIDE + 1) * MIB, 1, MIB);
    for (int i = 0; i < BESIDE; i++) {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        pthread_attr_setstack(&attributes, area + (i + 1) * MIB, MIB);
        assert_int_equal(pthread_create(&threads[i], &attributes, wait_on_a_stack, "beside"), 0);
    }
    pthread_barrier_wait(&barrier);
    assert_int_equal(resident_read(getpid(), &resident), SMAPS_OK);
    assert_int_equal(resident.lost_threads, 0);
    const struct resident_entry *beside = entry("beside");
    assert_non_null(beside);
    assert_int_equal(beside->pieces, BESIDE);
    assert_in_range(beside->rss, BESIDE * 256 * KIB, BESIDE * 400 * KIB);
    size_t found = 0;
    for (size_t i = 0; i < resident.stack_count; i++) {
        const struct resident_stack *stack = &resident.stacks[i];
        assert_true(i == 0 || stack[-1].low < stack->low);
        found += stack->low >= (uintptr_t)area + MIB && stack->high <= (uintptr_t)area + (BESIDE + 1) * MIB && !stack->is_kept;
    }
    assert_int_equal(found, BESIDE);
    resident_close(&resident);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < BESIDE; i++) {
        pthread_join(threads[i], NULL);
    }
    munmap(area, (BESIDE + 2) * MIB);
}

int main(void) {
    return tests_run();
}
