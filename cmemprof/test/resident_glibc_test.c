// resident_glibc_test.c: heaps and large blocks of this process's own malloc, and memory that only looks a little like them.

#include "../../base/test/test.h"

#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../base/test/emulated.h"
#include "../resident.h"
#include "../resident_pieces.h"

enum { MIB = 1 << 20, BLOCKS = 3000 };
static struct resident resident;

static uint64_t named(const char *text) {
    uint64_t sum = 0;
    for (size_t i = 0; i < resident.entry_count; i++) {
        sum += resident.entries[i].part == RESIDENT_MALLOC && strstr(resident.entries[i].name, text) ? resident.entries[i].rss : 0;
    }
    return sum;
}

static void read_own(void) {
    assert_int_equal(resident_read(getpid(), &resident), SMAPS_OK);
}

static pthread_barrier_t barrier;

// 30 MB in blocks that do not get a mapping each.
static void *fill_an_arena(void *unused) {
    (void)unused;
    void **blocks = calloc(BLOCKS, sizeof *blocks);
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(10000);
        memset(blocks[i], 1, 10000);
    }
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < BLOCKS; i++) {
        free(blocks[i]);
    }
    free(blocks);
    return NULL;
}

TEST(arenas_are_found) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    pthread_t threads[3];
    pthread_barrier_init(&barrier, NULL, 4);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, fill_an_arena, NULL), 0);
    }
    pthread_barrier_wait(&barrier);
    read_own();
    uint64_t arenas = named("arena"), unexplained = resident.parts[RESIDENT_UNEXPLAINED];
    size_t count = 0;
    for (size_t i = 0; i < resident.entry_count; i++) {
        count += resident.entries[i].part == RESIDENT_MALLOC && strncmp(resident.entries[i].name, "arena", 5) == 0;
    }
    resident_close(&resident);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(count, 3);
    assert_in_range(arenas, 90000000, 94000000);
    assert_true(unexplained < 4 * MIB);
}

TEST(large_blocks_are_found) {
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
    read_own();
    uint64_t before = named("large blocks");
    resident_close(&resident);
    char *blocks[5];
    for (int i = 0; i < 5; i++) {
        blocks[i] = malloc(6 * MIB);
        memset(blocks[i], 1, 3 * MIB); // half of it is mapped only
    }
    read_own();
    uint64_t after = named("large blocks");
    resident_close(&resident);
    for (int i = 0; i < 5; i++) {
        free(blocks[i]);
    }
    assert_in_range(after - before, 5 * 3 * MIB, 5 * (3 * MIB + 8192));
}

// The kernel makes areas of their own of pages that it was advised on.
TEST(a_block_in_several_areas_is_one) {
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
    char *block = malloc(16 * MIB), *inside = block - (uintptr_t)block % 4096 + 4096;
    assert_int_equal(madvise(inside, 4 * MIB, MADV_DONTDUMP), 0);
    memset(block, 1, 15 * MIB);
    read_own();
    uint64_t bytes = named("large blocks");
    resident_close(&resident);
    free(block);
    assert_in_range(bytes, 15 * MIB, 17 * MIB);
}

TEST(other_memory_is_not_taken_for_it) {
    static const uint64_t heads[][2] = {
        {0, 0}, {0, 4096 * 4097 + 2}, {0, 64 * MIB}, {1, 8 * MIB + 2}, {0, (8 * MIB) + 7}, {0, 8 * MIB + 16 + 2},
        {0, 2}, {0, (1ul << 62) + 2},
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        // Apart from all else, so that no block lies before it in its area.
        char *space = mmap(NULL, 16 * MIB + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *at = space + 4096;
        assert_int_equal(mprotect(at, 16 * MIB, PROT_READ | PROT_WRITE), 0);
        read_own();
        uint64_t before = named("large blocks");
        resident_close(&resident);
        memset(at, 1, 8 * MIB);
        memcpy(at, heads[i], sizeof heads[i]);
        read_own();
        uint64_t after = named("large blocks");
        assert_true(resident.parts[RESIDENT_UNEXPLAINED] >= 8 * MIB);
        resident_close(&resident);
        munmap(space, 16 * MIB + 8192);
        assert_int_equal(after, before);
    }
}

// What looks like a block amid another's memory: a Go heap or a stack may hold such words. Two claims, with memory of nobody's before,
// between and behind them, in which there are blocks.
TEST(what_is_claimed_is_not_searched) {
    enum { SIZE = 1 * MIB, PLACES = 8 };
    const size_t claimed[PLACES] = {0, 1, 1, 0, 1, 0, 1, 0};
    char *space = mmap(NULL, PLACES * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(space, 1, PLACES * SIZE);
    for (size_t i = 0; i < PLACES; i++) {
        memcpy(space + i * SIZE, (const uint64_t[]){0, SIZE + 2}, 16);
    }
    assert_int_equal(resident_read_areas(&resident, getpid(), "smaps"), SMAPS_OK);
    for (size_t i = PLACES; i-- > 0;) {
        if (claimed[i]) {
            resident_claim(&resident, (uintptr_t)space + i * SIZE, (uintptr_t)space + (i + 1) * SIZE, RESIDENT_GO_HEAP, 0);
        }
    }
    resident_find_large_blocks(&resident);
    size_t blocks[PLACES] = {0};
    for (size_t i = 0; i < resident.claim_count; i++) {
        const struct resident_claimed *claim = &resident.claims[i];
        if (claim->low >= (uintptr_t)space && claim->low < (uintptr_t)space + PLACES * SIZE && claim->part == RESIDENT_MALLOC) {
            assert_int_equal(claim->high - claim->low, SIZE);
            blocks[(claim->low - (uintptr_t)space) / SIZE]++;
        }
    }
    resident_close(&resident);
    munmap(space, PLACES * SIZE);
    for (size_t i = 0; i < PLACES; i++) {
        assert_int_equal(blocks[i], !claimed[i]);
    }
}

int main(void) {
    return tests_run();
}
