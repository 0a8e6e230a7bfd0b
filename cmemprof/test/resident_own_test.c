// resident_own_test.c: this process's own pages, counted one by one, against what it has touched and against the kernel's sums.

#include "../../base/test/test.h"
#include "../../base/test/emulated.h"
#include "../../base/test/forbidden_call.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../resident.h"
#include "../resident_pieces.h"

enum { PAGE = 4096, MIB = 1 << 20 };
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool reserves_terabytes = true;
#else
static const bool reserves_terabytes = false;
#endif

static struct resident resident;
static const struct resident_own nothing;

static void *map(size_t size, int flags, int file) {
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, file, 0);
    assert_ptr_not_equal(at, MAP_FAILED);
    madvise(at, size, MADV_NOHUGEPAGE);
    return at;
}

static uint64_t rollup(void) {
    struct resident all;
    assert_int_equal(resident_read_areas(&all, getpid(), "smaps_rollup"), SMAPS_OK);
    uint64_t rss = all.rss;
    resident_close(&all);
    return rss;
}

static void assert_near(uint64_t got, uint64_t want, uint64_t slack) {
    if (got > want + slack || want > got + slack) {
        fail_msg("%llu, want %llu", (unsigned long long)got, (unsigned long long)want);
    }
}

static void read_own(void) {
    assert_int_equal(resident_read_own(&resident, &nothing), SMAPS_OK);
    uint64_t parts = 0;
    for (int i = 0; i < RESIDENT_PART_COUNT; i++) {
        parts += resident.parts[i];
    }
    assert_int_equal(parts, resident.rss);
    assert_near(resident.rss, rollup(), 4 * MIB);
}

TEST(pages_of_memory_without_a_file) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    char *at = map(64 * MIB, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    memset(at + MIB, 1, 20 * MIB + 3 * PAGE);
    read_own();
    assert_int_equal(resident_present_bytes(&resident, (uintptr_t)at, (uintptr_t)at + 64 * MIB), 20 * MIB + 3 * PAGE);
    assert_int_equal(resident_present_bytes(&resident, (uintptr_t)at + 21 * MIB + PAGE, (uintptr_t)at + 21 * MIB + 5 * PAGE), 2 * PAGE);
    assert_true(resident.is_quick != reserves_terabytes);
    assert_true(resident.parts[RESIDENT_UNEXPLAINED] >= 20 * MIB);
    munmap(at, 64 * MIB);
    assert_true(resident_present_bytes(&resident, (uintptr_t)at, (uintptr_t)at + 64 * MIB) <= 0);
    resident_close(&resident);
}

// A service under systemd's SystemCallFilter=@system-service is killed by the call of mincore. Older kernels do not know how to scan.
static bool counts_without(bool scans) {
    char *at = map(64 * MIB, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    memset(at + MIB, 1, 20 * MIB + 3 * PAGE);
    at[40 * MIB] = 1;
    if (!forbid_call(SYS_mincore, SECCOMP_RET_KILL_PROCESS) || (!scans && !forbid_call(SYS_ioctl, SECCOMP_RET_ERRNO | ENOTTY))) {
        return false;
    }
    unsigned char pages[5];
    if (resident_read_own(&resident, &nothing) != SMAPS_OK || !resident.is_filtered || resident.is_quick == reserves_terabytes) {
        return false;
    }
    uint64_t low = (uintptr_t)at, sum = rollup();
    bool is_right = resident_present_bytes(&resident, low, low + 64 * MIB) == 20 * MIB + 4 * PAGE &&
                    resident_present_bytes(&resident, low + 21 * MIB + PAGE, low + 21 * MIB + 5 * PAGE) == 2 * PAGE &&
                    resident_pages(&resident, low + 40 * MIB - 2 * PAGE, 5, pages) && memcmp(pages, (char[]){0, 0, 1, 0, 0}, 5) == 0 &&
                    resident.rss <= sum + 4 * MIB && sum <= resident.rss + 4 * MIB;
    size_t left = 1000;
    return is_right && resident_next_present(&resident, low, low + 64 * MIB, &left) == low + MIB && left < 1000;
}

TEST(no_call_that_a_filter_may_forbid) {
    SKIP_EMULATED(EMULATED_FILTERS);
    for (int scans = 0; scans < 2; scans++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            _exit(counts_without(scans) ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

// A file's pages are in memory once they were written, mapped or not.
TEST(pages_of_files_are_those_that_are_mapped) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    char path[] = "/tmp/resident_own_test.XXXXXX";
    int file = mkstemp(path), memory = memfd_create("test", MFD_CLOEXEC);
    static char block[MIB];
    memset(block, 1, sizeof block);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(write(file, block, sizeof block), sizeof block);
        assert_int_equal(write(memory, block, sizeof block), sizeof block);
    }
    char *shared = map(16 * MIB, MAP_SHARED, memory), *mapped = map(16 * MIB, MAP_PRIVATE, file);
    madvise(mapped, 16 * MIB, MADV_RANDOM); // no page but the one that is touched
    for (int i = 0; i < 8 * MIB; i += PAGE) {
        shared[i] = 2;
        mapped[i] = 2; // a copy of its own
    }
    read_own();
    assert_near(resident.parts[RESIDENT_SHARED], 8 * MIB, 64 << 10);
    assert_near(resident.parts[RESIDENT_FILES], 8 * MIB, 64 << 10);
    resident_close(&resident);
    munmap(shared, 16 * MIB);
    munmap(mapped, 16 * MIB);
    close(memory);
    close(file);
    unlink(path);
}

// Memory that was only read is the kernel's one page of zeroes: no memory, but mincore calls it present.
TEST(pages_of_zeroes_are_no_memory) {
    volatile char *at = map(64 * MIB, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    int sum = 0;
    for (int i = 0; i < 64 * MIB; i += PAGE) {
        sum += at[i];
    }
    assert_int_equal(sum, 0);
    read_own();
    assert_false(resident.is_quick);
    assert_int_equal(resident_present_bytes(&resident, (uintptr_t)at, (uintptr_t)at + 64 * MIB), 64 * MIB);
    assert_true(resident.parts[RESIDENT_UNEXPLAINED] < 60 * MIB);
    resident_close(&resident);
    munmap((void *)at, 64 * MIB);
}

// Reserved memory whose access was taken away may have pages: a few, and more ranges of them than are listed at once.
TEST(pages_of_memory_without_access) {
    SKIP_EMULATED(EMULATED_NO_ACCESS);
    for (int ranges = 0; ranges <= 200; ranges += 100) {
        char *at = map(256 * MIB, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
        struct resident_piece piece = {.low = (uintptr_t)at, .high = (uintptr_t)at + 256 * MIB, .is_private = true};
        for (int i = 0; i < ranges; i++) {
            memset(at + 3 * (size_t)i * PAGE, 1, 2 * PAGE);
        }
        assert_int_equal(mprotect(at, 256 * MIB, PROT_NONE), 0);
        read_own();
        assert_true(resident_count_piece(&resident, &piece));
        resident_close(&resident);
        munmap(at, 256 * MIB);
        assert_int_equal(piece.rss, 2 * ranges * PAGE);
    }
}

// What is reserved and not there costs no time.
TEST(terabytes_of_reserved_memory) {
    SKIP_EMULATED(EMULATED_ROOM);
    size_t size = (size_t)1 << 40;
    char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        skip(); // the address space is limited
    }
    at[size / 2] = 1;
    read_own();
    assert_false(resident.is_quick);
    resident_close(&resident);
    munmap(at, size);
}

struct claiming {
    uintptr_t at;
    size_t before; // claims there were before blocks were
};

static void claim_first(struct resident *of, void *context) {
    struct claiming *claiming = context;
    resident_claim(of, claiming->at, claiming->at + 4 * MIB, RESIDENT_MAPPED, resident_name(of, "claimed"));
    claiming->before = of->claim_count;
}

static void claim_after_blocks(struct resident *of, void *context) {
    struct claiming *claiming = context;
    assert_true(of->claim_count > claiming->before);
    resident_claim(of, claiming->at + 6 * MIB, claiming->at + 7 * MIB, RESIDENT_SHARED, resident_name(of, "claimed"));
}

// As the profiler's own tables, which move when they grow, leave a hole in an area.
TEST(pages_that_are_unmapped_meanwhile_are_passed_over) {
    char *at = map(8 * MIB, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    at[4 * MIB] = 1;
    read_own();
    munmap(at + MIB, 130 * PAGE);
    size_t left = 100000;
    uint64_t low = (uintptr_t)at;
    assert_int_equal(resident_next_present(&resident, low, low + 8 * MIB, &left), low + 4 * MIB);
    assert_int_equal(resident_next_present(&resident, low + MIB, low + 8 * MIB, &left), low + 4 * MIB);
    munmap(at, 8 * MIB);
    assert_int_equal(resident_next_present(&resident, low, low + 8 * MIB, &left), low + 8 * MIB);
    resident_close(&resident);
}

// Pages that are looked at are few, but a mapping that lies before blocks in their area may be longer than an area's share of them.
TEST(large_blocks_behind_other_memory) {
    if (reserves_terabytes) {
        skip(); // a sanitizer's own areas have thousands of pages that are looked at before
    }
    char *space = mmap(NULL, 32 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *at = space + PAGE;
    assert_ptr_not_equal(space, MAP_FAILED);
    assert_int_equal(mprotect(at, 20 * MIB, PROT_READ | PROT_WRITE), 0);
    madvise(at, 20 * MIB, MADV_NOHUGEPAGE);
    memset(at, 1, 18 * MIB);
    const uint64_t head[2] = {0, 10 * MIB + 2}; // as glibc's
    memcpy(at + MIB, head, sizeof head);
    read_own();
    uint64_t claimed = 0;
    for (size_t i = 0; i < resident.piece_count; i++) {
        const struct resident_piece *piece = &resident.pieces[i];
        claimed += piece->part == RESIDENT_MALLOC && piece->low == (uintptr_t)at + MIB ? piece->high - piece->low : 0;
    }
    resident_close(&resident);
    munmap(space, 32 * MIB);
    assert_int_equal(claimed, 10 * MIB);
}

// What looks like a block in memory that is claimed is none; in memory of nobody's it is one.
TEST(what_the_process_knows_is_claimed) {
    char *space = mmap(NULL, 9 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *at = space + PAGE;
    assert_int_equal(mprotect(at, 8 * MIB, PROT_READ | PROT_WRITE), 0);
    memset(at, 1, 8 * MIB);
    memcpy(at + MIB, (const uint64_t[]){0, MIB + 2}, 16);
    memcpy(at + 5 * MIB, (const uint64_t[]){0, MIB + 2}, 16);
    struct claiming claiming = {(uintptr_t)at, 0};
    struct resident_go go = {0};
    const struct resident_own own = {&go, claim_first, claim_after_blocks, &claiming};
    assert_int_equal(resident_read_own(&resident, &own), SMAPS_OK);
    assert_int_equal(resident.parts[RESIDENT_MAPPED], 4 * MIB);
    uint64_t blocks = 0, later = 0;
    for (size_t i = 0; i < resident.piece_count; i++) {
        const struct resident_piece *piece = &resident.pieces[i];
        bool is_here = piece->low >= (uintptr_t)at && piece->high <= (uintptr_t)at + 8 * MIB;
        blocks += is_here && piece->part == RESIDENT_MALLOC ? piece->rss : 0;
        later += is_here && piece->part == RESIDENT_SHARED ? piece->rss : 0;
    }
    assert_int_equal(blocks, MIB);
    assert_int_equal(later, MIB);
    assert_true(go.is_known && !go.is_go);
    resident_close(&resident);
    munmap(space, 9 * MIB);
}

int main(void) {
    return tests_run();
}
