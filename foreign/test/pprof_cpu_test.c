// pprof_cpu_test.c: binary CPU profiles in words of both sizes and orders.

#include "../../base/test/test.h"

#include "expect.h"

static char bytes[4096];
static size_t size;

static void words(size_t word_bytes, bool big, const uint64_t *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        for (size_t byte = 0; byte < word_bytes; byte++) {
            bytes[size++] = (char)(values[i] >> 8 * (big ? word_bytes - 1 - byte : byte));
        }
    }
}

#define HEAD 0, 3, 0, 10000, 0
#define END 0, 1, 0

TEST(words_of_both_sizes_and_orders) {
    const uint64_t values[] = {HEAD, 2, 2, 0x10, 0x21, 1, 1, 0x30, 1, 2, 0x30, 0x41, END};
    for (int way = 0; way < 4; way++) {
        size = 0;
        words(way < 2 ? 4 : 8, way % 2, values, sizeof values / sizeof *values);
        const char map[] = "00000000-00001000 r-xp 00000000 fd:01 1 /bin/x\n";
        memcpy(bytes + size, map, sizeof map - 1);
        expect_bytes(FOREIGN_PPROF_CPU, bytes, size + sizeof map - 1,
                     "samples/count cpu/nanoseconds\n/bin/x+0x10</bin/x+0x20 2 20000000\n/bin/x+0x30 1 10000000\n/bin/x+0x30</bin/x+0x40 1 "
                     "10000000\n");
    }
}

TEST(frames_of_the_signal_are_dropped) {
    const uint64_t values[] = {HEAD, 1, 3, 0x10, 0x91, 0x21, 1, 3, 0x30, 0x91, 0x41, 1, 3, 0x50, 0x91, 0x50, END};
    size = 0;
    words(8, false, values, sizeof values / sizeof *values);
    expect_bytes(FOREIGN_PPROF_CPU, bytes, size,
                 "samples/count cpu/nanoseconds\n+0x10<+0x20 1 10000000\n+0x30<+0x40 1 10000000\n+0x50 1 10000000\n");
}

TEST(damage_is_named) {
    const uint64_t cut[] = {HEAD, 1, 3, 0x10}, java[] = {0, 3, 1, 10, 0, END};
    size = 0;
    words(8, false, cut, sizeof cut / sizeof *cut);
    expect_fault_of(FOREIGN_PPROF_CPU, bytes, size, MERGE_TRUNCATED, 56, "it ends within a sample");
    size = 0;
    words(8, false, java, sizeof java / sizeof *java);
    expect_fault_of(FOREIGN_PPROF_CPU, bytes, size, MERGE_MALFORMED, 0, "a CPU profile of Java, which is not read here");
}

int main(void) {
    return tests_run();
}
