// memory_profile_test.c: the parts of this process, and what is said when some cannot be looked at.

#include "../../base/test/test.h"

#include "../../base/test/emulated.h"
#include "memory_profile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sampling.h"

// By the system call itself, which nobody follows.
static void *map_unseen(size_t size) {
    void *at = (void *)syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(at, MAP_FAILED);
    madvise(at, size, MADV_NOHUGEPAGE);
    return at;
}

TEST_IN(sampling, parts_have_keys) {
    for (int i = 0; i < CMEMPROF_MEMORY_PARTS; i++) {
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(cmemprof_memory_part_key((enum cmemprof_memory_part)i),
                                    cmemprof_memory_part_key((enum cmemprof_memory_part)k));
        }
    }
    assert_string_equal(cmemprof_memory_part_key(CMEMPROF_MEMORY_GO_LIVE), "go_live");
    assert_string_equal(cmemprof_memory_part_key(CMEMPROF_MEMORY_PARTS), "unknown");
}

TEST_IN(sampling, figures_of_this_process) {
    struct cmemprof_memory_figures figures;
    char *unknown = map_unseen(32 * MIB);
    memset(unknown, 1, 24 * MIB);
    int memory = memfd_create("test", MFD_CLOEXEC);
    assert_int_equal(ftruncate(memory, 8 * MIB), 0);
    char *shared = mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    memset(shared, 1, 8 * MIB);
    struct cmemprof_memory_profile *profile = taken(NULL, NULL);
    cmemprof_memory_profile_figures(profile, &figures);
    assert_true(figures.is_complete);
    assert_string_equal(figures.missing, "");
    assert_near(figures.parts[CMEMPROF_MEMORY_NOT_SEEN], 24 * MIB, 3 * MIB);
    assert_true(figures.parts[CMEMPROF_MEMORY_UNEXPLAINED] < MIB);
    assert_near(figures.parts[CMEMPROF_MEMORY_SHARED_MEMORY], 8 * MIB, 64 * KIB);
    assert_true(figures.parts[CMEMPROF_MEMORY_PROGRAM] > 0 && figures.parts[CMEMPROF_MEMORY_PROFILER] > 0);
    assert_int_equal(figures.parts[CMEMPROF_MEMORY_GO_LIVE] + figures.parts[CMEMPROF_MEMORY_GO_FREE], 0);
    assert_true(figures.peak_rss_bytes + 4 * MIB > figures.rss_bytes && figures.threads >= 1);
    cmemprof_memory_profile_free(profile);
    munmap(unknown, 32 * MIB);
    munmap(shared, 8 * MIB);
    close(memory);
}

// What the profiler itself maps is known by range, whatever its own count of its tables says.
TEST_IN(sampling, what_the_profiler_maps_is_its_own) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    struct cmemprof_memory_figures before, after;
    struct cmemprof_memory_profile *profile = taken(NULL, NULL);
    cmemprof_memory_profile_figures(profile, &before);
    cmemprof_memory_profile_free(profile);
    profiler_enter(&thread_state);
    char *own = mmap(NULL, 16 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    profiler_leave(&thread_state);
    memset(own, 1, 12 * MIB);
    profile = taken(NULL, NULL);
    cmemprof_memory_profile_figures(profile, &after);
    cmemprof_memory_profile_free(profile);
    munmap(own, 16 * MIB);
    assert_near(after.parts[CMEMPROF_MEMORY_PROFILER], before.parts[CMEMPROF_MEMORY_PROFILER] + 12 * MIB, 3 * MIB);
    assert_near(after.parts[CMEMPROF_MEMORY_MAPPED], before.parts[CMEMPROF_MEMORY_MAPPED], MIB);
    assert_true(after.parts[CMEMPROF_MEMORY_NOT_SEEN] < MIB);
}

// What Go keeps beside its heap has no address: it is taken from memory of an unknown owner, and never more than there is.
TEST_IN(sampling, go_says_what_it_keeps) {
    struct cmemprof_memory_figures figures;
    char *unknown = map_unseen(16 * MIB);
    memset(unknown, 1, 16 * MIB);
    struct cmemprof_memory_profile *profile = taken(&(struct cmemprof_go_memory){.metadata = 5 * MIB}, NULL);
    cmemprof_memory_profile_figures(profile, &figures);
    assert_int_equal(figures.parts[CMEMPROF_MEMORY_GO_METADATA], 5 * MIB);
    cmemprof_memory_profile_free(profile);
    profile = taken(&(struct cmemprof_go_memory){.metadata = 500 * (uint64_t)MIB}, NULL);
    cmemprof_memory_profile_figures(profile, &figures);
    assert_near(figures.parts[CMEMPROF_MEMORY_GO_METADATA], 16 * MIB, 4 * MIB);
    assert_int_equal(figures.parts[CMEMPROF_MEMORY_UNEXPLAINED] + figures.parts[CMEMPROF_MEMORY_NOT_SEEN], 0);
    cmemprof_memory_profile_free(profile);
    munmap(unknown, 16 * MIB);
}

// Runs the test in a child, whose failures are exit codes.
static void in_child(int (*test)(void)) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(test());
    }
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

// No file can be opened, as where there is no /proc.
static int take_without_proc(void) {
    struct cmemprof_memory_figures figures;
    if (setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, 0}) != 0) {
        return 1;
    }
    struct cmemprof_memory_profile *profile = cmemprof_memory_profile_take(NULL, NULL);
    if (!profile) {
        return 2;
    }
    cmemprof_memory_profile_figures(profile, &figures);
    int failed = figures.has_parts || figures.is_complete                                                          ? 3
                 : !strstr(figures.missing, "memory map cannot be read")                                           ? 4
                 : figures.threads != CMEMPROF_MEMORY_UNKNOWN || figures.peak_rss_bytes != CMEMPROF_MEMORY_UNKNOWN ? 5
                 : figures.rss_bytes != 0 || figures.cgroup_version != 0                                           ? 6
                                                                                                                   : 0;
    cmemprof_memory_profile_free(profile);
    return failed;
}

TEST_IN(sampling, without_proc_there_are_no_parts) {
    in_child(take_without_proc);
}

// A process that may not be traced cannot read its own /proc/self/mem and pagemap, unless it is root. Its smaps it can.
static int take_without_memory(void) {
    struct cmemprof_memory_figures figures;
    struct cmemprof_memory_rollup rollup;
    if (getuid() == 0 && setuid(65534) != 0) {
        return 77;
    }
    prctl(PR_SET_DUMPABLE, 0);
    if (open("/proc/self/mem", O_RDONLY | O_CLOEXEC) >= 0) {
        return 77; // with capabilities
    }
    struct cmemprof_memory_profile *profile = cmemprof_memory_profile_take(NULL, NULL);
    if (!profile || !cmemprof_memory_get_rollup(&rollup)) {
        return 1;
    }
    cmemprof_memory_profile_figures(profile, &figures);
    uint64_t sum = 0;
    for (int i = 0; i < CMEMPROF_MEMORY_PARTS; i++) {
        sum += figures.parts[i];
    }
    int failed = !figures.has_parts || figures.is_complete                              ? 2
                 : !strstr(figures.missing, "/proc/self/mem cannot be read")            ? 3
                 : sum != figures.rss_bytes                                             ? 4
                 : sum > rollup.rss_bytes + 4 * MIB || sum + 4 * MIB < rollup.rss_bytes ? 5
                                                                                        : 0;
    cmemprof_memory_profile_free(profile);
    return failed;
}

static int take_without_memory_or_not_at_all(void) {
    int failed = take_without_memory();
    return failed == 77 ? 0 : failed;
}

TEST_IN(sampling, what_may_not_be_read_is_said) {
    in_child(take_without_memory_or_not_at_all);
}

// In the child of a fork nobody holds the lock.
static int take_in_child(void) {
    struct cmemprof_memory_profile *profile = cmemprof_memory_profile_take(NULL, NULL);
    cmemprof_memory_profile_free(profile);
    return !profile;
}

TEST_IN(sampling, a_child_takes_its_own) {
    pthread_mutex_lock(&profiler.memory.lock); // by a thread that the child does not have
    in_child(take_in_child);
    pthread_mutex_unlock(&profiler.memory.lock);
}

int main(void) {
    return tests_run();
}
