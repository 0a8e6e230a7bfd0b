// published_context_test.c: what a process says of itself is read, and nothing of what is no such thing.

#include "../../../base/test/test.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../../cmemprof/process_context.h"
#include "../published_context.h"

TEST(reads_what_is_published) {
    static const struct process_context_pair pairs[] = {{"service.name", "shop"}, {"service.version", ""}};
    struct published_context context = {0};
    assert_int_equal(process_context_publish(pairs, 2), PROCESS_CONTEXT_OK);
    assert_true(published_context_read(getpid(), &context));
    assert_int_equal(context.count, 2);
    assert_string_equal(context.list[0].key, "service.name");
    assert_string_equal(context.list[0].value, "shop");
    assert_string_equal(context.list[1].value, "");
    published_context_free(&context);
    process_context_withdraw();
    assert_false(published_context_read(getpid(), &context));
}

// A mapping of another library's, with these bytes behind the header.
static bool reads(const struct process_context_header *header, const char *payload, size_t size, struct published_context *context) {
    int file = memfd_create(PROCESS_CONTEXT_NAME, 0);
    assert_true(file >= 0);
    assert_int_equal(ftruncate(file, 4096), 0);
    struct process_context_header *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    close(file);
    assert_true(mapped != MAP_FAILED);
    *mapped = *header;
    mapped->payload_address = (uintptr_t)(mapped + 1);
    mapped->payload_size = mapped->payload_size ? mapped->payload_size : (uint32_t)size + 2;
    memcpy(mapped + 1, (char[]){0x0a, (char)size}, 2); // ProcessContext.resource
    memcpy((char *)(mapped + 1) + 2, payload, size);
    bool read = published_context_read(getpid(), context);
    munmap(mapped, 4096);
    return read;
}

#define HEADER .signature = "OTEL_CTX", .version = 2

// Numbers, and attributes of other kinds, which are left out.
TEST(values) {
    static const char payload[] = "\x0a\x07\x0a\x01n\x12\x02\x18\x07" // n: int 7
                                  "\x0a\x07\x0a\x01t\x12\x02\x10\x01" // t: true
                                  "\x0a\x07\x0a\x01l\x12\x02\x2a\x00" // l: a list
                                  "\x0a\x03\x0a\x01v"                 // without a value
                                  "\x10\x03";                         // dropped_attributes_count
    const struct process_context_header header = {HEADER, .published_ns = 1};
    struct published_context context = {0};
    assert_true(reads(&header, payload, sizeof payload - 1, &context));
    assert_int_equal(context.count, 2);
    assert_string_equal(context.list[0].value, "7");
    assert_string_equal(context.list[1].value, "true");
    published_context_free(&context);
}

TEST(nothing_is_read_of_others) {
    static const char payload[] = "\x0a\x07\x0a\x01n\x12\x02\x18\x07";
    static const struct process_context_header headers[] = {
        {.signature = "OTEL_CTy", .version = 2, .published_ns = 1},
        {.signature = "OTEL_CTX", .version = 1, .published_ns = 1},
        {HEADER, .published_ns = 0},
        {HEADER, .published_ns = 1, .payload_size = 2 << 20},
        {HEADER, .published_ns = 1, .payload_size = 5000}, // beyond the mapping, where nothing may be
        {HEADER, .published_ns = 1, .payload_size = 3},    // cut
    };
    struct published_context context = {0};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        bool read = reads(&headers[i], payload, sizeof payload - 1, &context);
        assert_false(read && i != 4);
        published_context_free(&context);
    }
    assert_false(published_context_read(-1, &context));
}

int main(void) {
    return tests_run();
}
