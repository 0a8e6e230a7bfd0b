// code_bytes_arm64_test.c: all forms of call and of the linker's stubs, other instructions, and unmapped code.

#include "../../base/test/test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "../code_bytes.h"

enum { NOP = (int)0xd503201f, RET = (int)0xd65f03c0 };

static bool follows(uint32_t call) {
    const uint32_t code[] = {(uint32_t)NOP, call, (uint32_t)NOP};
    return code_bytes_follow_call((uintptr_t)&code[2]);
}

TEST(recognises_calls) {
    assert_true(follows(0x94000001)); // bl .+4
    assert_true(follows(0x97ffffff)); // bl .-4
    assert_true(follows(0xd63f0000)); // blr x0
    assert_true(follows(0xd63f03c0)); // blr x30
    assert_true(follows(0xd63f08df)); // blraaz x6
    assert_true(follows(0xd63f0cdf)); // blrabz x6
    assert_true(follows(0xd73f08c7)); // blraa x6, x7
    assert_true(follows(0xd73f0cc7)); // blrab x6, x7
}

TEST(rejects_other_code) {
    assert_false(follows((uint32_t)NOP));
    assert_false(follows((uint32_t)RET));
    assert_false(follows(0x14000001)); // b
    assert_false(follows(0xd61f0220)); // br x17
    const uint32_t code[] = {0x94000001, 0x94000001, 0x94000001};
    assert_true(code_bytes_follow_call((uintptr_t)&code[1]));
    assert_false(code_bytes_follow_call((uintptr_t)&code[1] + 2));
    assert_false(code_bytes_follow_call(0));
    assert_false(code_bytes_follow_call(UINTPTR_MAX));
    assert_false(code_bytes_follow_call(0xdeadbeefdeadbee8u));
}

TEST(code_at_page_edge) {
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *pages = mmap(NULL, 3 * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *page = pages + page_bytes;
    munmap(pages, page_bytes);
    munmap(page + page_bytes, page_bytes);
    const uint32_t call = 0x94000001;
    memcpy(page, &call, sizeof call);
    memcpy(page + page_bytes - sizeof call, &call, sizeof call);
    assert_true(code_bytes_follow_call((uintptr_t)page + sizeof call));
    assert_false(code_bytes_follow_call((uintptr_t)page));
    assert_true(code_bytes_follow_call((uintptr_t)page + page_bytes));
    assert_false(code_bytes_are_sigreturn((uintptr_t)page + page_bytes - sizeof call));
    munmap(page, page_bytes);
}

TEST(recognises_sigreturn) {
    const uint32_t sigreturn[] = {0xd2801168, 0xd4000001}, other[] = {0xd2800bc8, 0xd4000001};
    assert_true(code_bytes_are_sigreturn((uintptr_t)sigreturn));
    assert_false(code_bytes_are_sigreturn((uintptr_t)other));
}

TEST(recognises_stubs_at_each_instruction) {
    // The first entry of the PLT, an entry, an entry with BTI, and a bridge.
    static const uint32_t code[] = {
        (uint32_t)RET, 0xa9bf7bf0, 0x90000010,    0xf947fe11,    0x913fe210,
        0xd61f0220,                                                          // stp x16, x30, [sp, #-16]!; adrp; ldr; add; br x17
        (uint32_t)RET, 0x90000010, 0xf9400211,    0x91000210,    0xd61f0220, // adrp; ldr; add; br x17
        (uint32_t)RET, 0xd503245f, 0x90000010,    0xf9400211,    0x91000210,
        0xd61f0220,                                                             // bti c; ...
        (uint32_t)RET, 0x90000010, 0x91000210,    0xd61f0200,                   // adrp; add; br x16
        (uint32_t)RET, 0xd61f0220, (uint32_t)RET, (uint32_t)NOP, (uint32_t)RET, // br x17 alone, nop alone
    };
    for (size_t i = 0; i < sizeof code / sizeof *code; i++) {
        unsigned pushed_bytes = 0;
        bool is_stub = i < 21 && code[i] != (uint32_t)RET;
        assert_int_equal(code_bytes_are_stub((uintptr_t)&code[i], &pushed_bytes), is_stub);
        assert_int_equal(is_stub ? pushed_bytes : 0, i >= 2 && i <= 5 ? 16 : 0);
    }
}

TEST(recognises_crosscall2) {
    uint32_t code[10] = {0xa94253f3, 0xa9435bf5, 0xa94463f7, 0xa9456bf9, 0xa94673fb,
                         0x6d4727e8, 0x6d482fea, 0x6d4937ec, 0x6d4a3fee, 0xa94b7bfd};
    assert_true(code_bytes_are_crosscall2((uintptr_t)code));
    assert_false(code_bytes_are_crosscall2((uintptr_t)&code[1]));
    code[9] = 0xa94c7bfd; // from elsewhere
    assert_false(code_bytes_are_crosscall2((uintptr_t)code));
}

int main(void) {
    return tests_run();
}
