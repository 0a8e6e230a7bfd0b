// file_kind_test.c: recognizes files that are not profiles.

#include "../../../base/test/test.h"

#include "../file_kind.h"
#include "../../test/fixture.h"

static void expect(const char *content, size_t size, const char *kind) {
    const char *found = file_kind(content, size);
    if (!found || strncmp(found, kind, strlen(kind)) != 0) {
        fail_msg("%.40s is %s, expected %s", content, found ? found : "nothing", kind);
    }
}
#define EXPECT(content, kind) expect(content, sizeof(content) - 1, kind)

TEST_IN(directory, kinds) {
    char tar[512] = "name";
    memcpy(tar + 257, "ustar", 5);
    expect(tar, sizeof tar, "a tar archive");
    EXPECT("FLR\0\0\2\0\1", "a JFR recording");
    EXPECT("\177ELF\2\1", "a program or library (ELF)");
    EXPECT("\n <!DOCTYPE html>\n<title>404", "an HTML page");
    EXPECT("<html>", "an HTML page");
    EXPECT("<svg xmlns", "an XML or SVG file");
    EXPECT("main;f;g 12\nmain;f 3\n", "folded stacks");
    EXPECT("one frame 7", "text");
    EXPECT("{\"a\": 1}", "JSON");
    EXPECT("go 1.26 trace\0\0\0", "a Go execution trace");
    EXPECT("heap profile: 1: 2 [3: 4] @ heap/1048576\n", "a heap profile as text");
    EXPECT("goroutine 1 [running]:\n", "a dump of goroutines");
    EXPECT("PERFILE2\1", "a perf.data file");
    EXPECT("heap_v2/524288\n", "a heap profile of jemalloc");
    EXPECT("404 page not found\n", "text");
    EXPECT("line one 1\nline two\n", "text");
}

TEST_IN(directory, nothing) {
    assert_null(file_kind("", 0));
    assert_null(file_kind("\x0a\x04\x08\x01\x10\x02", 6)); // the first bytes of a profile
    assert_null(file_kind("\x1f\x8b\x08", 3));
}

// Compressed content is recognized.
TEST_IN(directory, compressed) {
    assert_int_equal(system("printf 'main;f 12\\n' | gzip >folded.gz"), 0);
    char bytes[200];
    int file = open("folded.gz", O_RDONLY);
    ssize_t size = read(file, bytes, sizeof bytes);
    close(file);
    assert_true(size > 20);
    expect(bytes, (size_t)size, "folded stacks");
}

int main(void) {
    return tests_run();
}
