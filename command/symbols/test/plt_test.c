// plt_test.c: which slot a stub jumps by. Names are tested with compiled libraries of both machines in e2e/page.

#include "../../../base/test/test.h"

#include "../plt.h"

#include <elf.h>

TEST(amd64) {
    static const uint8_t plain[PLT_STUB_BYTES] = {0xff, 0x25, 0xca, 0x2f, 0, 0, 0x68, 0, 0, 0, 0},
                         ibt[PLT_STUB_BYTES] = {0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25, 0xc6, 0x2f, 0, 0},
                         bnd[PLT_STUB_BYTES] = {0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25, 0xc5, 0x2f, 0, 0},
                         back[PLT_STUB_BYTES] = {0xff, 0x25, 0xfa, 0xff, 0xff, 0xff}, none[PLT_STUB_BYTES] = {0x55, 0x48};
    assert_int_equal(plt_slot_of(EM_X86_64, plain, 0x1030), 0x4000);
    assert_int_equal(plt_slot_of(EM_X86_64, ibt, 0x1030), 0x4000);
    assert_int_equal(plt_slot_of(EM_X86_64, bnd, 0x1030), 0x4000);
    assert_int_equal(plt_slot_of(EM_X86_64, back, 0x1030), 0x1030);
    assert_int_equal(plt_slot_of(EM_X86_64, none, 0x1030), 0);
}

// adrp x16, 0x1f000; ldr x17, [x16, #0xfa8], as GNU's linker writes it.
TEST(arm64) {
    static const uint8_t plain[PLT_STUB_BYTES] = {0xf0, 0x00, 0x00, 0xf0, 0x11, 0xd6, 0x47, 0xf9},
                         bti[PLT_STUB_BYTES] = {0x5f, 0x24, 0x03, 0xd5, 0xf0, 0x00, 0x00, 0xf0, 0x11, 0xd6, 0x47, 0xf9},
                         back[PLT_STUB_BYTES] = {0xf0, 0xff, 0xff, 0xf0, 0x11, 0x02, 0x40, 0xf9}, none[PLT_STUB_BYTES] = {0};
    assert_int_equal(plt_slot_of(EM_AARCH64, plain, 0x530), 0x1ffa8);
    assert_int_equal(plt_slot_of(EM_AARCH64, bti, 0x530), 0x1ffa8);
    assert_int_equal(plt_slot_of(EM_AARCH64, back, 0x2530), 0x1000);
    assert_int_equal(plt_slot_of(EM_AARCH64, none, 0x530), 0);
    assert_int_equal(plt_slot_of(EM_RISCV, plain, 0x530), 0);
}

int main(void) {
    return tests_run();
}
