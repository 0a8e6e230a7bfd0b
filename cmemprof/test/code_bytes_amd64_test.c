// code_bytes_amd64_test.c: all forms of call, other instructions, and unmapped code.

#include "../../base/test/test.h"

#include <sys/mman.h>

#include "../code_bytes.h"

static bool follows(const char *code, size_t size) {
    uint8_t bytes[32];
    memset(bytes, 0x90, sizeof bytes); // nop
    memcpy(bytes + 16 - size, code, size);
    return code_bytes_follow_call((uintptr_t)bytes + 16);
}
#define FOLLOWS(code) follows(code, sizeof code - 1)

TEST(recognises_calls) {
    assert_true(FOLLOWS("\xe8\x01\x02\x03\x04"));
    assert_true(FOLLOWS("\xff\xd0"));                     // call *%rax
    assert_true(FOLLOWS("\x41\xff\xd4"));                 // call *%r12
    assert_true(FOLLOWS("\xff\x15\x01\x02\x03\x04"));     // call *x(%rip)
    assert_true(FOLLOWS("\xff\x53\x18"));                 // call *24(%rbx)
    assert_true(FOLLOWS("\xff\x93\x00\x01\x00\x00"));     // call *256(%rbx)
    assert_true(FOLLOWS("\xff\x14\xc8"));                 // call *(%rax,%rcx,8)
    assert_true(FOLLOWS("\xff\x14\xc5\x00\x00\x00\x00")); // call *0(,%rax,8)
    assert_true(FOLLOWS("\xff\x54\xc8\x10"));             // call *16(%rax,%rcx,8)
    assert_true(FOLLOWS("\xff\x94\xc8\x00\x01\x00\x00")); // call *256(%rax,%rcx,8)
}

TEST(rejects_other_code) {
    assert_false(FOLLOWS(""));
    assert_false(FOLLOWS("\xff\xe0"));             // jmp *%rax
    assert_false(FOLLOWS("\xe9\x01\x02\x03\x04")); // jmp
    assert_false(FOLLOWS("\xff\x53"));             // truncated
    assert_false(FOLLOWS("\x48\x89\xd8\xc3"));
    assert_false(code_bytes_follow_call(0));
    assert_false(code_bytes_follow_call(3));
    assert_false(code_bytes_follow_call(UINTPTR_MAX));
    assert_false(code_bytes_follow_call(0xdeadbeefdeadbee8u));
}

TEST(code_at_page_edge) {
    uint8_t *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(pages, 4096);
    munmap(pages + 2 * 4096, 4096);
    uint8_t *page = pages + 4096;
    memcpy(page, "\xe8\x01\x02\x03\x04", 5);
    assert_true(code_bytes_follow_call((uintptr_t)page + 5)); // and there is nothing before it
    for (unsigned at = 0; at < 5; at++) {
        assert_false(code_bytes_follow_call((uintptr_t)page + at));
    }
    memcpy(page, "\xff\xd6", 2);
    assert_true(code_bytes_follow_call((uintptr_t)page + 2));
    memcpy(page + 4096 - 5, "\xe8\x01\x02\x03\x04", 5);
    assert_true(code_bytes_follow_call((uintptr_t)page + 4096));
    assert_false(code_bytes_are_sigreturn((uintptr_t)page + 4096 - 5));
    munmap(page, 4096);
}

TEST(recognises_sigreturn) {
    static const char libc[16] = "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05", other[16] = "\xb8\x0f\x00\x00\x00\x0f\x05",
                      exit_call[16] = "\x48\xc7\xc0\x3c\x00\x00\x00\x0f\x05";
    assert_true(code_bytes_are_sigreturn((uintptr_t)libc));
    assert_true(code_bytes_are_sigreturn((uintptr_t)other));
    assert_false(code_bytes_are_sigreturn((uintptr_t)exit_call));
    assert_false(code_bytes_are_sigreturn(8));
}

int main(void) {
    return tests_run();
}
