// resident_test.c: the parts of this very process, against what it has mapped, and against the kernel's own sum.

#include "../../base/test/test.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../base/test/emulated.h"
#include "../resident.h"

enum { MIB = 1 << 20 };
static struct resident resident;

// What is resident of the part under names that contain the text.
static uint64_t named(enum resident_part part, const char *text) {
    uint64_t sum = 0;
    for (size_t i = 0; i < resident.entry_count; i++) {
        sum += resident.entries[i].part == part && strstr(resident.entries[i].name, text) ? resident.entries[i].rss : 0;
    }
    return sum;
}

static void *map(size_t size, int flags, int file) {
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, file, 0);
    assert_ptr_not_equal(at, MAP_FAILED);
    return at;
}

static void add_rss(void *context, const struct smaps_area *area) {
    *(uint64_t *)context += area->rss;
}

TEST(parts_add_up) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    assert_int_equal(resident_read(getpid(), &resident), SMAPS_OK);
    uint64_t parts = 0, entries = 0, rollup = 0;
    for (int i = 0; i < RESIDENT_PART_COUNT; i++) {
        parts += resident.parts[i];
    }
    for (size_t i = 0; i < resident.entry_count; i++) {
        entries += resident.entries[i].rss;
        assert_true(i == 0 || resident.entries[i].rss <= resident.entries[i - 1].rss);
    }
    assert_int_equal(parts, resident.rss);
    assert_int_equal(entries, resident.rss);
    static char buffer[SMAPS_BUFFER_BYTES];
    int file;
    assert_int_equal(smaps_open("/proc/self/smaps_rollup", &file), SMAPS_OK);
    assert_int_equal(smaps_read(file, buffer, add_rss, &rollup), SMAPS_OK);
    close(file);
    assert_true(rollup + 4 * MIB > resident.rss && rollup < resident.rss + 4 * MIB); // the tables of resident itself came meanwhile
    assert_true(resident.reads_bytes && !resident.go.is_go && !resident.ran_short);
    assert_int_equal(resident.threads, 1);
    resident_close(&resident);
}

TEST(what_is_mapped_is_found) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    char path[] = "/tmp/resident-test-XXXXXX";
    int file = mkstemp(path), shared = memfd_create("a memfd", 0);
    assert_true(file >= 0 && shared >= 0 && ftruncate(file, 8 * MIB) == 0 && ftruncate(shared, 8 * MIB) == 0);
    char *of_file = map(8 * MIB, MAP_SHARED, file), *of_memfd = map(8 * MIB, MAP_SHARED, shared);
    char *of_nobody = map(8 * MIB, MAP_PRIVATE | MAP_ANONYMOUS, -1), *between = map(8 * MIB, MAP_SHARED | MAP_ANONYMOUS, -1);
    char *private = map(8 * MIB, MAP_PRIVATE, file);
    memset(of_file, 1, 2 * MIB);
    memset(of_memfd, 1, 3 * MIB);
    memset(of_nobody, 1, 4 * MIB); // half of it is mapped only
    memset(between, 1, 5 * MIB);
    memset(private + 4 * MIB, 1, MIB);
    assert_int_equal(resident_read(getpid(), &resident), SMAPS_OK);
    assert_int_equal(named(RESIDENT_FILES, path), 3 * MIB);
    assert_int_equal(named(RESIDENT_SHARED, "a memfd"), 3 * MIB);
    assert_int_equal(named(RESIDENT_SHARED, "/dev/zero"), 5 * MIB);
    assert_true(resident.parts[RESIDENT_UNEXPLAINED] >= 4 * MIB);
    Dl_info libc; // libc.so.6, or before glibc 2.34 libc-2.31.so
    assert_int_not_equal(dladdr((void *)strtol, &libc), 0);
    char *of_libc = realpath(libc.dli_fname, NULL);
    assert_true(named(RESIDENT_LIBRARIES, strrchr(of_libc, '/') + 1) > 100 * 1024);
    free(of_libc);
    assert_true(named(RESIDENT_PROGRAM, "resident_test") > 4096);
    assert_true(named(RESIDENT_STACKS, "main thread") > 4096);
    resident_close(&resident);
    uint64_t before = named(RESIDENT_PROGRAM, "");
    assert_int_equal(before, 0); // closed is empty
    munmap(of_file, 8 * MIB), munmap(of_memfd, 8 * MIB), munmap(of_nobody, 8 * MIB), munmap(between, 8 * MIB), munmap(private, 8 * MIB);
    close(file), close(shared), unlink(path);
}

static char zeroes[6 * MIB]; // .bss: the file has no bytes of it

TEST(bss_is_the_programs) {
    memset(zeroes, 1, sizeof zeroes);
    __asm__ volatile("" : : "r"(zeroes) : "memory");
    assert_int_equal(resident_read(getpid(), &resident), SMAPS_OK);
    assert_true(named(RESIDENT_PROGRAM, "resident_test") >= sizeof zeroes);
    resident_close(&resident);
}

TEST(another_process_is_read) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        char *at = mmap(NULL, 9 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memset(at, 1, 9 * MIB);
        if (write(ends[1], "x", 1) == 1) {
            pause();
        }
        _exit(0);
    }
    char ready;
    assert_int_equal(read(ends[0], &ready, 1), 1);
    assert_int_equal(resident_read(child, &resident), SMAPS_OK);
    assert_true(resident.parts[RESIDENT_UNEXPLAINED] >= 9 * MIB);
    resident_close(&resident);
    kill(child, SIGKILL);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0); // a zombie has no memory
    assert_int_equal(resident_read(child, &resident), SMAPS_NO_PROCESS);
    resident_close(&resident);
    waitpid(child, NULL, 0);
    close(ends[0]), close(ends[1]);
    assert_int_equal(resident_read(child, &resident), SMAPS_NO_PROCESS);
    resident_close(&resident);
}

// An eighth of what is left is what may be used: from nothing at all to enough.
TEST(memory_that_does_not_suffice_is_no_danger) {
    SKIP_EMULATED(EMULATED_LIMITS);
    pid_t child = fork();
    if (child == 0) {
        unsigned short_of = 0, fine = 0;
        for (size_t left = 0; left < 16 * MIB; left += 256 << 10) {
            char text[64] = "";
            int file = open("/proc/self/statm", O_RDONLY);
            ssize_t size = read(file, text, sizeof text - 1);
            close(file);
            struct rlimit limit = {strtoul(text, NULL, 10) * 4096 + left, RLIM_INFINITY};
            if (size <= 0 || setrlimit(RLIMIT_AS, &limit) != 0) {
                _exit(2);
            }
            bool is_fine = resident_read(getpid(), &resident) == SMAPS_OK && !resident.ran_short;
            *(is_fine ? &fine : &short_of) += 1;
            resident_close(&resident);
        }
        _exit(short_of > 4 && fine > 0 ? 0 : 3);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

TEST(parts_have_keys) {
    for (int i = 0; i < RESIDENT_PART_COUNT; i++) {
        for (int other = 0; other < i; other++) {
            assert_string_not_equal(resident_part_key(i), resident_part_key(other));
        }
    }
    assert_string_equal(resident_part_key(RESIDENT_PART_COUNT), "unknown");
}

int main(void) {
    return tests_run();
}
