// Tests of memory_share.c: the smaller of machine and cgroup counts.

#include "../../../base/test/test.h"

#include "../memory_share.h"

#include "../../../base/test/folder.h"

#include <stdio.h>
#include <sys/stat.h>

enum { MIN = 16 << 20 };

static void write_limit(const char *limit) {
    static const char *const names[] = {"list", "a/memory.max", "a/memory.current"};
    const char *texts[] = {"0::/a\n", limit, "1\n"};
    char path[300];
    snprintf(path, sizeof path, "%s/a", folder);
    mkdir(path, 0700);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(texts[i], file);
        fclose(file);
    }
}

TEST_IN(folder, quarter) {
    static const struct {
        const char *limit;
        uint64_t machine;
        size_t share;
    } cases[] = {{"2147483648\n", UINT64_C(64) << 30, 512 << 20},
                 {"2147483648\n", UINT64_C(1) << 30, 256 << 20},
                 {"max\n", UINT64_C(8) << 30, UINT64_C(2) << 30},
                 {"1000000\n", UINT64_C(8) << 30, MIN}};
    char list[300];
    snprintf(list, sizeof list, "%s/list", folder);
    assert_int_equal(memory_quarter(list, folder, UINT64_C(8) << 30, MIN), UINT64_C(2) << 30); // no cgroup
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_limit(cases[i].limit);
        assert_int_equal(memory_quarter(list, folder, cases[i].machine, MIN), cases[i].share);
    }
}

int main(void) {
    return tests_run();
}
