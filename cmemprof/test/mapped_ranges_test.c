// mapped_ranges_test.c: what each call leaves in the map, calls that fail and calls of several threads among them. This program is hooked.

#include "../../base/test/test.h"

#include "../../base/test/emulated.h"
#include "own_profile.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../mapped_ranges.h"
#include "../mappings.h"
#include "sampling.h"

#define PAGE ((uintptr_t)4096)
#ifndef MREMAP_DONTUNMAP // glibc before 2.32
#define MREMAP_DONTUNMAP 4
#endif

static uint64_t lost(void) {
    struct mapping_stats stats;
    mapped_ranges_read_stats(&profiler, &stats);
    return stats.lost;
}

static int file_of_pages = -1;

static void *map(uintptr_t at, size_t pages, uint8_t kind) {
    static const int flags[] = {
        [MAPPING_ANONYMOUS] = MAP_PRIVATE | MAP_ANONYMOUS, [MAPPING_SHARED] = MAP_SHARED | MAP_ANONYMOUS, [MAPPING_FILE] = MAP_PRIVATE};
    return mmap((void *)at, pages * PAGE, PROT_READ | PROT_WRITE, flags[kind] | (at != 0 ? MAP_FIXED : 0),
                kind == MAPPING_FILE ? file_of_pages : -1, 0);
}

struct look {
    uintptr_t low, high; // where
    char text[300];
};

static void describe(const struct mapped_range *range, void *context) {
    struct look *look = context;
    size_t length = strlen(look->text);
    if (range->low < look->high && range->high > look->low) {
        snprintf(look->text + length, sizeof look->text - length, " %d-%d:%d%s", (int)((range->low - look->low) / PAGE),
                 (int)((range->high - look->low) / PAGE), range->kind, range->stack ? "" : "?");
    }
}

// The ranges in so many pages from low on: pages, kind.
static const char *ranges_at(uintptr_t low, size_t pages) {
    static struct look look;
    look = (struct look){low, low + pages * PAGE, ""};
    assert_true(mapped_ranges_each(&profiler, describe, &look));
    return look.text;
}

// Pages that nobody else is given. Past the hooks, so that they are unknown.
static uintptr_t reserve(size_t pages) {
    long base = syscall(SYS_mmap, NULL, pages * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(base != -1);
    return (uintptr_t)base;
}

struct owner_at {
    uintptr_t address;
    int owner;
};

static void note_owner(const struct mapped_range *range, void *context) {
    struct owner_at *at = context;
    if (range->low <= at->address && at->address < range->high) {
        at->owner = range->owner;
    }
}

static int owner_at(const void *address) {
    struct owner_at at = {(uintptr_t)address, -1};
    assert_true(mapped_ranges_each(&profiler, note_owner, &at));
    return at.owner;
}

// The profiler's tables are made before the map is: those of the start, and what they grew by.
TEST_IN(sampling, the_profilers_tables_are_its_own) {
    void *program = map(0, 1, MAPPING_ANONYMOUS);
    assert_int_equal(owner_at(program), MAPPING_OF_PROGRAM);
    assert_int_equal(owner_at(profiler.shards.items), MAPPING_OF_PROFILER);
    assert_int_equal(owner_at(&profiler.shards.items[SHARDS - 1]), MAPPING_OF_PROFILER);
    assert_int_equal(owner_at(block_filter_present(&profiler.live.filter)), MAPPING_OF_PROFILER);
    assert_int_equal(owner_at(atomic_load(&profiler.stacks.arena.areas[0])), MAPPING_OF_PROFILER);
    assert_int_equal(owner_at(profiler.mappings.map.base), MAPPING_OF_PROFILER);
    munmap(program, PAGE);
    assert_int_equal(owner_at(program), -1);
}

TEST_IN(sampling, a_failed_call_changes_nothing) {
    uintptr_t at = reserve(20);
    map(at, 4, MAPPING_SHARED);
    map(at + 4 * PAGE, 2, MAPPING_ANONYMOUS);
    assert_string_equal(ranges_at(at, 20), " 0-4:1 4-6:0");
    assert_true(mremap((void *)at, 4 * PAGE, 8 * PAGE, 0) == MAP_FAILED);                    // no room
    assert_true(mremap((void *)at, 6 * PAGE, 8 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);       // two areas
    assert_true(mremap((void *)(at + 1), 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED); // not a page
    assert_int_equal(munmap((void *)(at + 1), PAGE), -1);
    assert_int_equal(munmap((void *)at, 0), -1);
    assert_true(mmap((void *)at, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED);
    assert_true(mmap((void *)at, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, -1, 0) == MAP_FAILED);
    assert_string_equal(ranges_at(at, 20), " 0-4:1 4-6:0");
    munmap((void *)at, 20 * PAGE);
    assert_string_equal(ranges_at(at, 20), "");
}

TEST_IN(sampling, mremap_moves_lengthens_and_shortens) {
    SKIP_EMULATED(EMULATED_MREMAP);
    uintptr_t at = reserve(20);
    map(at, 6, MAPPING_FILE);
    assert_ptr_equal(mremap((void *)at, 6 * PAGE, 2 * PAGE, 0), (void *)at);
    assert_string_equal(ranges_at(at, 20), " 0-2:2");
    assert_ptr_equal(mremap((void *)at, 2 * PAGE, 3 * PAGE, 0), (void *)at);
    assert_string_equal(ranges_at(at, 20), " 0-3:2");
    assert_ptr_equal(mremap((void *)at, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)(at + 10 * PAGE)), (void *)(at + 10 * PAGE));
    assert_string_equal(ranges_at(at, 20), " 1-3:2 10-12:2");
    map(at + 15 * PAGE, 1, MAPPING_SHARED);
    assert_ptr_equal(mremap((void *)(at + 15 * PAGE), 0, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)(at + 11 * PAGE)), // once more
                     (void *)(at + 11 * PAGE));
    assert_string_equal(ranges_at(at, 20), " 1-3:2 10-11:2 11-12:1 15-16:1");
    munmap((void *)at, 20 * PAGE);
}

// Linux 6.17 and later move several areas at once; before, the call fails. Between them nothing moves.
TEST_IN(sampling, mremap_moves_several_areas) {
    uintptr_t at = reserve(30);
    map(at, 2, MAPPING_SHARED);
    map(at + 2 * PAGE, 1, MAPPING_FILE);
    map(at + 5 * PAGE, 1, MAPPING_ANONYMOUS);
    munmap((void *)(at + 3 * PAGE), 2 * PAGE);
    map(at + 10 * PAGE, 6, MAPPING_FILE);
    assert_string_equal(ranges_at(at, 30), " 0-2:1 2-3:2 5-6:0 10-16:2");
    void *target = (void *)(at + 10 * PAGE);
    bool moved = mremap((void *)at, 6 * PAGE, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target;
    assert_string_equal(ranges_at(at, 30), moved ? " 10-12:1 12-13:2 13-15:2 15-16:0" : " 0-2:1 2-3:2 5-6:0 10-16:2");
    munmap((void *)at, 30 * PAGE);
}

// The old mapping stays, and the new one is of its kind.
TEST_IN(sampling, mremap_maps_a_second_time) {
    SKIP_EMULATED(EMULATED_MREMAP);
    uintptr_t at = reserve(30);
    map(at, 2, MAPPING_ANONYMOUS);
    void *file = mmap((void *)(at + 4 * PAGE), 2 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, file_of_pages, 0);
    assert_ptr_equal(file, (void *)(at + 4 * PAGE));
    void *target = (void *)(at + 10 * PAGE);
    assert_ptr_equal(mremap((void *)at, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, target), target);
    assert_ptr_equal(mremap(file, 0, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)(at + 14 * PAGE)), (void *)(at + 14 * PAGE));
    assert_string_equal(ranges_at(at, 30), " 0-2:0 4-6:2 10-12:0 14-16:2");
    munmap((void *)at, 30 * PAGE);
}

TEST_IN(sampling, a_moved_segment_is_detached_alone) {
    uintptr_t at = reserve(30);
    int id = shmget(IPC_PRIVATE, 2 * PAGE, 0600);
    void *segment = shmat(id, (void *)at, SHM_REMAP);
    assert_ptr_equal(segment, (void *)at);
    assert_int_equal(shmctl(id, IPC_RMID, NULL), 0);
    map(at + 20 * PAGE, 2, MAPPING_ANONYMOUS);
    void *target = (void *)(at + 10 * PAGE);
    assert_ptr_equal(mremap(segment, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target), target);
    assert_string_equal(ranges_at(at, 30), " 10-12:3 20-22:0");
    assert_int_equal(shmdt(target), 0);
    assert_string_equal(ranges_at(at, 30), " 20-22:0");
    munmap((void *)at, 30 * PAGE);
}

// Two threads' calls, in an order that only chance brings about: what is at the old address is somebody else's by the time the mapping
// arrives.
TEST_IN(sampling, an_address_is_reused_before_a_mapping_arrives) {
    uintptr_t at = reserve(20);
    struct mapping_call call = {(uintptr_t)__builtin_return_address(0), MACHINE_FRAME};
    mappings_added(&profiler, at, 4 * PAGE, MAPPING_SHARED, &call);
    uint32_t mover = mappings_leaving(&profiler, at, 4 * PAGE, false);
    mappings_added(&profiler, at + PAGE, PAGE, MAPPING_FILE, &call);
    mappings_arrived(&profiler, mover, at, 4 * PAGE, at + 10 * PAGE, 5 * PAGE, &call);
    assert_string_equal(ranges_at(at, 20), " 1-2:2 10-15:1");
    mover = mappings_leaving(&profiler, at + 10 * PAGE, 5 * PAGE, false);
    mappings_arrived(&profiler, mover, at + 10 * PAGE, 5 * PAGE, 0, 0, &call); // it has failed
    assert_string_equal(ranges_at(at, 20), " 1-2:2 10-15:1");
    mover = mappings_leaving(&profiler, at + 10 * PAGE, 5 * PAGE, false); // shortened, and what it gave up is another's
    mappings_added(&profiler, at + 14 * PAGE, PAGE, MAPPING_ANONYMOUS, &call);
    mappings_arrived(&profiler, mover, at + 10 * PAGE, 5 * PAGE, at + 10 * PAGE, 2 * PAGE, &call);
    assert_string_equal(ranges_at(at, 20), " 1-2:2 10-12:1 14-15:0");
    mappings_removed(&profiler, at, 20 * PAGE);
    assert_string_equal(ranges_at(at, 20), "");
}

// What is not mapped any more leaves the map when it is in doubt, and nothing else does.
TEST_IN(sampling, the_map_is_compared_after_a_loss) {
    uintptr_t at = reserve(20);
    map(at, 10, MAPPING_ANONYMOUS);
    syscall(SYS_munmap, at + 2 * PAGE, 3 * PAGE); // past the hooks
    assert_string_equal(ranges_at(at, 20), " 0-10:0");
    mappings_doubted(&profiler, false);
    assert_string_equal(ranges_at(at, 20), " 0-2:0 5-10:0");
    munmap((void *)at, 20 * PAGE);
}

// While the profiler is stopped, what is mapped is unknown; what was there before is known to be gone.
TEST_IN(sampling, a_stopped_profiler_forgets) {
    uintptr_t at = reserve(20);
    map(at, 10, MAPPING_ANONYMOUS);
    cmemprof_stop();
    map(at + PAGE, 2, MAPPING_SHARED);
    munmap((void *)(at + 5 * PAGE), PAGE);
    assert_string_equal(ranges_at(at, 20), " 0-1:0 3-5:0 6-10:0");
    void *target = (void *)(at + 12 * PAGE);
    assert_ptr_equal(mremap((void *)(at + 8 * PAGE), 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target), target);
    assert_string_equal(ranges_at(at, 20), " 0-1:0 3-5:0 6-8:0");
    assert_int_equal(cmemprof_start(1), CMEMPROF_OK);
    munmap((void *)at, 20 * PAGE);
}

// Has the map while it looks at one range.
static _Atomic bool has_map, lets_go;

static void wait_with_map(const struct mapped_range *range, void *context) {
    (void)range, (void)context;
    atomic_store(&has_map, true);
    while (!atomic_load(&lets_go)) {
        usleep(100);
    }
}

static void *hold_map(void *context) {
    mapped_ranges_each(&profiler, wait_with_map, context);
    return NULL;
}

// All notes are taken, and another thread has the map: calls are made, and what was not noted is counted.
TEST_IN(sampling, what_cannot_be_noted_is_counted) {
    uintptr_t at = reserve(20);
    pthread_t holder;
    map(at, 4, MAPPING_ANONYMOUS);
    uint64_t lost_before = lost();
    assert_int_equal(pthread_create(&holder, NULL, hold_map, NULL), 0);
    while (!atomic_load(&has_map)) {
        usleep(100);
    }
    for (int i = 0; i < MAPPING_LOG_NOTES; i++) {
        map(at + 4 * PAGE, 1, MAPPING_ANONYMOUS);
    }
    assert_int_equal(munmap((void *)at, PAGE), 0);
    atomic_store(&lets_go, true);
    pthread_join(holder, NULL);
    assert_string_equal(ranges_at(at, 20), " 1-4:0 4-5:0"); // the comparison has seen to it
    assert_int_equal(lost(), lost_before + 1);
    munmap((void *)at, 20 * PAGE);
}

int main(void) {
    file_of_pages = memfd_create("pages", MFD_CLOEXEC);
    return tests_run();
}
