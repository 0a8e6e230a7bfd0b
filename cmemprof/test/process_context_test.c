// process_context_test.c: the mapping that says what service this is: its layout, one at a time, and none in a child.

#include "../../base/test/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../base/test/emulated.h"
#include "../process_context.h"

// The mappings of that name; the address of the first.
static size_t mappings(uintptr_t *address) {
    char line[4096];
    size_t count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        if (strstr(line, PROCESS_CONTEXT_NAME)) {
            *address = count++ == 0 ? strtoul(line, NULL, 16) : *address;
        }
    }
    fclose(maps);
    return count;
}

static const struct process_context_pair pairs[] = {{"service.name", "shop"}, {"note", "caf\xc3\xa9\xff"}};

// Offsets and the payload as OTEP 4719 and opentelemetry.proto.processcontext.v1development have them.
TEST(layout) {
    uintptr_t address = 0;
    assert_int_equal(process_context_publish(pairs, 2), PROCESS_CONTEXT_OK);
    assert_int_equal(mappings(&address), 1);
    const unsigned char *header = (const unsigned char *)address;
    uint64_t published, payload;
    uint32_t version, size;
    assert_memory_equal(header, "OTEL_CTX", 8);
    memcpy(&version, header + 8, 4);
    memcpy(&size, header + 12, 4);
    memcpy(&published, header + 16, 8);
    memcpy(&payload, header + 24, 8);
    assert_int_equal(version, 2);
    assert_true(published > 0);
    static const char expected[] = "\x0a\x2c\x0a\x16\x0a\x0cservice.name\x12\x06\x0a\x04shop\x0a\x12\x0a\x04note\x12\x0a\x0a\x08"
                                   "caf\xc3\xa9\xef\xbf\xbd";
    assert_int_equal(size, sizeof expected - 1);
    assert_memory_equal((const void *)(uintptr_t)payload, expected, size);
    process_context_withdraw();
    assert_int_equal(mappings(&address), 0);
    process_context_withdraw(); // again
}

TEST(one_at_a_time) {
    uintptr_t first = 0, second = 0;
    assert_int_equal(process_context_publish(pairs, 2), PROCESS_CONTEXT_OK);
    assert_int_equal(process_context_publish(pairs, 1), PROCESS_CONTEXT_OK);
    assert_int_equal(mappings(&first), 1);
    process_context_withdraw();
    // Another library's.
    int file = memfd_create(PROCESS_CONTEXT_NAME, 0);
    void *other = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
    if (file >= 0) {
        close(file);
        assert_int_equal(process_context_publish(pairs, 2), PROCESS_CONTEXT_TAKEN);
        assert_int_equal(mappings(&second), 1);
        assert_int_equal(second, (uintptr_t)other);
        munmap(other, 4096);
    }
}

// The address may be something else's in the child.
TEST(a_child_has_none) {
    SKIP_EMULATED(EMULATED_FORK);
    uintptr_t address = 0;
    assert_int_equal(process_context_publish(pairs, 2), PROCESS_CONTEXT_OK);
    pid_t child = fork();
    if (child == 0) {
        size_t before = mappings(&address);
        process_context_withdraw();
        bool again = process_context_publish(pairs, 1) == PROCESS_CONTEXT_OK;
        _exit(before == 0 && again && mappings(&address) == 1 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(mappings(&address), 1);
    process_context_withdraw();
}

// A limit for files (ulimit -f) is one for the mapping's file as well, and its signal ends the program.
TEST(a_limit_of_file_sizes) {
    SKIP_EMULATED(EMULATED_FILES);
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, RLIM_INFINITY});
        int status = process_context_publish(pairs, 2);
        process_context_withdraw();
        _exit(status == PROCESS_CONTEXT_OK || status == PROCESS_CONTEXT_FAILED ? 7 : 8); // a kernel may have no names of mappings
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

TEST(limits) {
    static char large[70000];
    uintptr_t address = 0;
    memset(large, 'x', sizeof large - 1);
    const struct process_context_pair pair = {"k", large};
    assert_int_equal(process_context_publish(&pair, 1), PROCESS_CONTEXT_FAILED);
    assert_int_equal(process_context_publish(NULL, 0), PROCESS_CONTEXT_FAILED);
    large[9000] = '\0';
    assert_int_equal(process_context_publish(&pair, 1), PROCESS_CONTEXT_OK);
    assert_int_equal(mappings(&address), 1);
    process_context_withdraw();
}

int main(void) {
    return tests_run();
}
