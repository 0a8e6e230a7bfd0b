// cfi_program_test.c: each instruction of a call-frame program does what DWARF says.

#include "../../base/test/test.h"

#include "../cfi_program.h"

static const struct cfi_alignment ALIGNMENT = {.code = 1, .data = -8};
// CFA = RSP + 8, return address at CFA - 8: the start of every CIE on amd64.
static const uint8_t INITIAL[] = {0x0c, 7, 8, 0x90, 1};

#define RUN(address, ...) run_at(address, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), &row)

static bool run_at(uintptr_t address, const uint8_t *program, size_t size, struct cfi_row *row) {
    return cfi_run(cfi_bytes_of(INITIAL, INITIAL + sizeof INITIAL), cfi_bytes_of(program, program + size), &ALIGNMENT, 100, 100 + address,
                   false, row);
}

TEST(advances_select_the_row) {
    struct cfi_row row;
    for (uintptr_t at = 0; at < 10; at++) {
        assert_true(RUN(at, 0x02, 4, 0x0e, 16, 0x03, 2, 0, 0x0e, 24, 0x04, 2, 0, 0, 0, 0x0e, 32));
        assert_int_equal(row.cfa_offset, at < 4 ? 8 : at < 6 ? 16 : at < 8 ? 24 : 32);
    }
}

TEST(remembered_rows_come_back) {
    struct cfi_row row;
    // push rbp; an epilogue in the middle; then the body continues
    assert_true(RUN(9, 0x0e, 16, 0x86, 2, 0x41, 0x0a, 0x0e, 8, 0xc6, 0x41, 0x0b));
    assert_int_equal(row.cfa_offset, 16);
    assert_int_equal(row.rbp, CFI_AT_CFA);
    assert_true(RUN(1, 0x0e, 16, 0x86, 2, 0x41, 0x0a, 0x0e, 8, 0xc6, 0x41, 0x0b));
    assert_int_equal(row.cfa_offset, 8);
    assert_int_equal(row.rbp, CFI_SAME); // restored to the CIE's rule
    assert_false(RUN(0, 0x0b));          // nothing was remembered
    assert_false(RUN(0, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a));
}

TEST(rules_of_rbp_and_rbx) {
    struct cfi_row row;
    assert_true(RUN(0, 0x83, 5, 0x05, 6, 3));
    assert_int_equal(row.rbx, CFI_AT_CFA);
    assert_int_equal(row.rbx_offset, -5);
    assert_int_equal(row.rbp, CFI_AT_CFA);
    assert_int_equal(row.rbp_offset, -3);
    assert_true(RUN(0, 0x11, 6, 0x7e)); // offset_extended_sf -2, factored by -8: above the CFA
    assert_int_equal(row.rbp_offset, 2);
    assert_true(RUN(0, 0x10, 6, 2, 0x76, 0)); // saved at the address in RBP
    assert_int_equal(row.rbp, CFI_AT_RBP);
    assert_int_equal(row.rbp_offset, 0);
    assert_true(RUN(0, 0x07, 6, 0x08, 3));
    assert_int_equal(row.rbp, CFI_UNKNOWN);
    assert_int_equal(row.rbx, CFI_SAME);
    assert_true(RUN(0, 0x09, 6, 0, 0x14, 3, 1)); // in another register; val_offset: neither can be represented
    assert_int_equal(row.rbp, CFI_UNKNOWN);
    assert_int_equal(row.rbx, CFI_UNKNOWN);
}

TEST(forms_of_the_cfa) {
    struct cfi_row row;
    assert_true(RUN(0, 0x0d, 3)); // def_cfa_register rbx: the loader's trampolines
    assert_int_equal(row.base, CFI_RBX);
    assert_int_equal(row.cfa_offset, 8);
    assert_true(RUN(0, 0x0f, 3, 0x76, 0x78, 0x06)); // *(rbp - 8): a function that realigned its stack
    assert_int_equal(row.base, CFI_RBP);
    assert_int_equal(row.cfa_offset, -8);
    assert_true(row.cfa_indirect);
    assert_true(RUN(0, 0x12, 7, 0x7e)); // def_cfa_sf
    assert_int_equal(row.cfa_offset, 16);
    assert_false(RUN(0, 0x0c, 10, 8));                  // r10: no call happens while it holds the CFA
    assert_false(RUN(0, 0x0f, 2, 0x30, 0x31));          // another expression
    assert_false(RUN(0, 0x0e, 0x80, 0x80, 0x80, 0x40)); // 128 MiB frame: does not fit a row
}

TEST(rejects_unknown_and_truncated_instructions) {
    struct cfi_row row;
    assert_false(RUN(0, 0x3f));
    assert_false(RUN(0, 0x0e));
    assert_false(RUN(0, 0x10, 6, 5, 0x76));
    assert_true(RUN(0, 0x00, 0x2e, 16)); // nop, GNU_args_size
}

int main(void) {
    return tests_run();
}
