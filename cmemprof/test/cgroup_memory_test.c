// cgroup_memory_test.c: memory left to a process, from files as the kernel writes them, and from the kernel itself where a cgroup can be
// made.

#include "../../base/test/test.h"
#include "../../base/test/folder.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cgroup_memory.h"

static void make(const char *path, const char *text) {
    char name[256];
    for (const char *slash = path; (slash = strchr(slash + 1, '/'));) {
        snprintf(name, sizeof name, "%s%.*s", folder, (int)(slash - path), path);
        assert_true(mkdir(name, 0755) == 0 || errno == EEXIST);
    }
    snprintf(name, sizeof name, "%s%s", folder, path);
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static size_t left_with(const char *cgroups) {
    char list[128];
    make("/list", cgroups);
    snprintf(list, sizeof list, "%s/list", folder);
    return cgroup_memory_left(list, folder);
}

TEST_IN(folder, no_limit) {
    assert_true(cgroup_memory_left("/nowhere/list", folder) == SIZE_MAX);
    assert_true(left_with("") == SIZE_MAX);
    assert_true(left_with("nonsense\n:\n0:\n") == SIZE_MAX);
    assert_true(left_with("0::/\n") == SIZE_MAX); // the root has no such files
    make("/a/memory.max", "max\n");
    make("/a/memory.current", "1000\n");
    assert_true(left_with("0::/a\n") == SIZE_MAX);
}

TEST_IN(folder, version_2_counts_all_levels) {
    make("/a/memory.max", "1000000\n");
    make("/a/memory.current", "700000\n");
    make("/a/b c/memory.max", "max\n");
    make("/a/b c/memory.current", "600000\n");
    assert_int_equal(left_with("0::/a/b c\n"), 300000);
    make("/a/b c/memory.max", "650000\n");
    assert_int_equal(left_with("0::/a/b c\n"), 50000);
    // inactive_file counts as free.
    make("/a/b c/memory.stat", "anon 400000\nfile 200000\ninactive_anon 1\ninactive_file 150000\nactive_file 50000\n");
    assert_int_equal(left_with("0::/a/b c\n"), 250000); // nor active_file
    make("/a/b c/memory.stat", "anon 400000\nfile_mapped 30000\ninactive_file 150000\nactive_file 50000\n");
    assert_int_equal(left_with("0::/a/b c\n"), 220000); // unless mapped
    make("/a/b c/memory.stat", "anon 400000\nfile_mapped 60000\ninactive_file 150000\nactive_file 50000\n");
    assert_int_equal(left_with("0::/a/b c\n"), 200000);
    make("/a/b c/memory.current", "100000\n"); // less than inactive_file, which was read at another moment
    assert_int_equal(left_with("0::/a/b c\n"), 300000);
    make("/a/memory.current", "1200000\n"); // the limit was lowered
    assert_int_equal(left_with("0::/a/b c\n"), 0);
}

// A cgroup namespace or a container's mount: the path does not exist, the files are the container's own.
TEST_IN(folder, container_mount) {
    make("/memory.max", "5000\n");
    make("/memory.current", "1000\n");
    assert_int_equal(left_with("0::/\n"), 4000);
    assert_int_equal(left_with("0::/../../elsewhere\n"), 4000);
    make("/memory/memory.limit_in_bytes", "9000\n");
    make("/memory/memory.usage_in_bytes", "6500\n");
    assert_int_equal(left_with("12:pids:/\n4:memory:/docker/0123456789\n0::/x\n"), 2500); // the lower of the two
}

TEST_IN(folder, version_1) {
    make("/memory/memory.limit_in_bytes", "9223372036854771712\n");
    make("/memory/memory.usage_in_bytes", "123456789\n");
    make("/memory/jobs/7/memory.limit_in_bytes", "1000000\n");
    make("/memory/jobs/7/memory.usage_in_bytes", "900000\n");
    make("/memory/jobs/7/memory.stat", "cache 5\ninactive_file 7\ntotal_cache 9\ntotal_inactive_file 100000\n");
    assert_int_equal(left_with("5:cpu,cpuacct:/jobs/8\n4:hugetlb,memory:/jobs/7\n1:name=systemd:/jobs/7\n"), 200000);
    assert_true(left_with("4:memory2:/jobs/7\n") == SIZE_MAX);
    assert_true(left_with("4:memory:/jobs\n") > (size_t)1 << 60);
}

// The level with the least left, its limit, and the highest pressure of all levels.
TEST_IN(folder, room_of_the_tightest_level) {
    char list[128];
    struct cgroup_room room;
    make("/a/memory.max", "1000000\n");
    make("/a/memory.current", "700000\n");
    make("/a/memory.pressure", "some avg10=99.00 avg60=0.00\nfull avg10=12.34 avg60=50.00 avg300=0.00 total=1\n");
    make("/a/b/memory.max", "650000\n");
    make("/a/b/memory.current", "600000\n");
    make("/a/b/memory.pressure", "some avg10=0.00\nfull avg10=3.00\n");
    make("/list", "0::/a/b\n");
    snprintf(list, sizeof list, "%s/list", folder);
    assert_true(cgroup_memory_room(list, folder, false, &room));
    assert_int_equal(room.limit, 650000);
    assert_int_equal(room.left, 50000);
    assert_int_equal(room.pressure_percent, 12);
    assert_true(room.high == UINT64_MAX && room.left_to_high == UINT64_MAX);
    make("/a/b/memory.high", "610000\n");
    assert_true(cgroup_memory_room(list, folder, false, &room));
    assert_int_equal(room.high, 610000);
    assert_int_equal(room.left_to_high, 10000);
    assert_int_equal(room.limit, 650000);
    assert_int_equal(room.left, 50000);
    // A service that lives above memory.high is not out of memory.
    make("/a/b/memory.high", "500000\n");
    assert_true(cgroup_memory_room(list, folder, false, &room));
    assert_int_equal(room.left_to_high, 0);
    assert_int_equal(room.left, 50000);
    assert_int_equal(cgroup_memory_left(list, folder), 50000);
    make("/a/b/memory.max", "max\n");
    make("/a/b/memory.high", "max\n");
    assert_true(cgroup_memory_room(list, folder, false, &room));
    assert_int_equal(room.limit, 1000000);
    // memory.high alone.
    make("/a/memory.high", "900000\n");
    make("/a/memory.max", "max\n");
    assert_true(cgroup_memory_room(list, folder, false, &room));
    assert_true(room.limit == UINT64_MAX && room.left == UINT64_MAX);
    assert_int_equal(room.left_to_high, 200000);
    make("/a/memory.high", "max\n");
    assert_false(cgroup_memory_room(list, folder, false, &room));
    assert_int_equal(room.pressure_percent, 12);
}

// Page cache that goes first is no use of the limit: also far from it, if that is asked for.
TEST_IN(folder, exactly) {
    char list[128];
    struct cgroup_room room;
    make("/e/memory.max", "1000000\n");
    make("/e/memory.current", "400000\n");
    make("/e/memory.stat", "anon 1\ninactive_file 100000\nactive_file 50000\nfile_mapped 20000\n");
    make("/list", "0::/e\n");
    snprintf(list, sizeof list, "%s/list", folder);
    assert_true(cgroup_memory_room(list, folder, false, &room));
    assert_int_equal(room.left, 600000);
    assert_true(cgroup_memory_room(list, folder, true, &room));
    assert_int_equal(room.left, 730000);
}

// What the kernel does not write is unknown, not 0; what it writes as 0 is 0.
TEST_IN(folder, account) {
    char list[128];
    struct cgroup_memory memory;
    snprintf(list, sizeof list, "%s/list", folder);
    make("/a/memory.max", "1000000\n");
    make("/a/b/memory.max", "max\n");
    make("/a/b/memory.current", "700000\n");
    make("/list", "0::/a/b\n");
    assert_true(cgroup_memory_read(list, folder, &memory)); // without statistics and events
    assert_int_equal(memory.version, 2);
    assert_true(memory.used == 700000 && memory.limit == 1000000);
    const uint64_t *first = &memory.anonymous;
    for (const uint64_t *figure = first; figure <= &memory.oom_kills; figure++) {
        assert_true(*figure == CGROUP_MEMORY_UNKNOWN);
    }
    // Before Linux 5.18 without the kernel's own.
    make("/a/b/memory.stat", "anon 400000\nfile 200000\nkernel_stack 5\nshmem 0\ninactive_file 150000\n");
    make("/a/b/memory.events", "low 0\nhigh 0\nmax 3\noom 2\noom_kill 1\n");
    assert_true(cgroup_memory_read(list, folder, &memory));
    assert_true(memory.anonymous == 400000 && memory.file == 200000 && memory.shared == 0 && memory.inactive_file == 150000);
    assert_true(memory.kernel == CGROUP_MEMORY_UNKNOWN);
    assert_true(memory.high_events == 0 && memory.max_events == 3 && memory.oom_kills == 1);
    make("/a/b/memory.stat", "anon 1\nfile 2\nkernel 3\nkernel_stack 5\n");
    assert_true(cgroup_memory_read(list, folder, &memory));
    assert_true(memory.anonymous == 1 && memory.kernel == 3 && memory.shared == CGROUP_MEMORY_UNKNOWN);
    // The same folder is the same cgroup, another is another.
    uint64_t id = memory.id;
    make("/c/memory.current", "5\n");
    make("/list", "0::/c\n");
    assert_true(cgroup_memory_read(list, folder, &memory));
    assert_true(memory.id != id && memory.limit == CGROUP_MEMORY_UNKNOWN);
    make("/list", "0::/a/b\n");
    assert_true(cgroup_memory_read(list, folder, &memory) && memory.id == id);
    // Version 1.
    make("/memory/x/memory.usage_in_bytes", "900000\n");
    make("/memory/x/memory.limit_in_bytes", "9223372036854771712\n");
    make("/memory/x/memory.stat", "cache 1\ntotal_cache 9\ntotal_rss 0\ntotal_inactive_file 7\n");
    make("/memory/x/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n");
    make("/list", "4:memory:/x\n");
    assert_true(cgroup_memory_read(list, folder, &memory));
    assert_true(memory.version == 1 && memory.limit == CGROUP_MEMORY_UNKNOWN && memory.file == 9 && memory.anonymous == 0);
    assert_true(memory.inactive_file == 7 && memory.shared == CGROUP_MEMORY_UNKNOWN && memory.kernel == CGROUP_MEMORY_UNKNOWN);
    assert_true(memory.oom_kills == CGROUP_MEMORY_UNKNOWN && memory.high_events == CGROUP_MEMORY_UNKNOWN);
    make("/memory/x/memory.kmem.usage_in_bytes", "0\n");
    make("/memory/x/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
    assert_true(cgroup_memory_read(list, folder, &memory));
    assert_true(memory.kernel == 0 && memory.oom_kills == 0 && memory.max_events == CGROUP_MEMORY_UNKNOWN);
}

static bool write_number(const char *directory, const char *file, long number) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, file);
    FILE *out = fopen(path, "r+"); // must exist, or this is another kind of file system
    bool written = out && fprintf(out, "%ld\n", number) > 0;
    return out && fclose(out) == 0 && written;
}

// Against the real kernel, only if cgroups can be made.
TEST(against_the_kernel) {
    enum { LIMIT = 32 << 20, TAKEN = 8 << 20 };
    char cgroups[2][128];
    if (cgroup_memory_left(CGROUP_MEMORY_LIST, CGROUP_MEMORY_MOUNT) < 4 * LIMIT) {
        skip(); // the test's own limit would be hit first
    }
    const char *const limits[2] = {"memory.max", "memory.limit_in_bytes"};
    snprintf(cgroups[0], sizeof cgroups[0], "%s/cmemprof-test-%d", CGROUP_MEMORY_MOUNT, (int)getpid());
    snprintf(cgroups[1], sizeof cgroups[1], "%s/memory/cmemprof-test-%d", CGROUP_MEMORY_MOUNT, (int)getpid());
    for (int version = 0; version < 2; version++) {
        if (mkdir(cgroups[version], 0755) != 0) {
            continue;
        }
        bool made = write_number(cgroups[version], limits[version], LIMIT);
        pid_t child = made ? fork() : -1;
        if (child == 0) {
            alarm(20);
            if (!write_number(cgroups[version], "cgroup.procs", getpid())) {
                _exit(0); // it could be made but not entered
            }
            size_t before = cgroup_memory_left(CGROUP_MEMORY_LIST, CGROUP_MEMORY_MOUNT);
            char *taken = malloc(TAKEN);
            memset(taken, 1, TAKEN);
            __asm__ volatile("" : : "r"(taken) : "memory"); // it is written to
            size_t after = cgroup_memory_left(CGROUP_MEMORY_LIST, CGROUP_MEMORY_MOUNT);
            // The kernel may have charged a few pages per processor without counting them yet.
            _exit(!(before <= LIMIT) + 2 * !(before > LIMIT / 4 * 3) + 4 * !(before > after && before - after > TAKEN / 2) +
                  (before - after < TAKEN * 2 ? 0 : 8));
        }
        int status = 0;
        assert_true(child < 0 || waitpid(child, &status, 0) == child);
        rmdir(cgroups[version]);
        assert_int_equal(status, 0);
    }
}

int main(void) {
    return tests_run();
}
