// cfi_program_test.c: each instruction of a call-frame program does what DWARF says.

#include "../../base/test/test.h"

#include "../cfi_program.h"

static const struct cfi_alignment ALIGNMENT = {.code = 1, .data = -8};
// CFA = SP + 8, return address at CFA - 8: the start of every CIE on amd64.
static const uint8_t INITIAL[] = {0x0c, MACHINE_SP, 8, 0x80 | MACHINE_RETURN, 1};

#define RUN(address, ...) run_at(address, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), &row)

static bool run_at(uintptr_t address, const uint8_t *program, size_t size, struct cfi_row *row) {
    return cfi_run(cfi_bytes_of(INITIAL, INITIAL + sizeof INITIAL), cfi_bytes_of(program, program + size), &ALIGNMENT, 100, 100 + address,
                   false, row);
}

TEST(advances_select_the_row) {
    struct cfi_row row;
    for (uintptr_t at = 0; at < 10; at++) {
        assert_true(RUN(at, 0x02, 4, 0x0e, 16, 0x03, 2, 0, 0x0e, 24, 0x04, 2, 0, 0, 0, 0x0e, 32));
        assert_int_equal((int64_t)cfi_row_cfa_offset(&row), at < 4 ? 8 : at < 6 ? 16 : at < 8 ? 24 : 32);
    }
}

TEST(remembered_rows_come_back) {
    struct cfi_row row;
    // push FP; an epilogue in the middle; then the body continues
    assert_true(RUN(9, 0x0e, 16, 0x80 | MACHINE_FP, 2, 0x41, 0x0a, 0x0e, 8, 0xc0 | MACHINE_FP, 0x41, 0x0b));
    assert_int_equal((int64_t)cfi_row_cfa_offset(&row), 16);
    assert_int_equal(row.fp, CFI_AT_CFA);
    assert_true(RUN(1, 0x0e, 16, 0x80 | MACHINE_FP, 2, 0x41, 0x0a, 0x0e, 8, 0xc0 | MACHINE_FP, 0x41, 0x0b));
    assert_int_equal((int64_t)cfi_row_cfa_offset(&row), 8);
    assert_int_equal(row.fp, CFI_SAME); // restored to the CIE's rule
    assert_false(RUN(0, 0x0b));         // nothing was remembered
    assert_false(RUN(0, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a));
}

TEST(rules_of_fp_and_aux) {
    struct cfi_row row;
    assert_true(RUN(0, 0x80 | MACHINE_AUX, 5, 0x05, MACHINE_FP, 3));
    assert_int_equal(row.aux, CFI_AT_CFA);
    assert_int_equal((int64_t)cfi_row_aux_offset(&row), -40);
    assert_int_equal(row.fp, CFI_AT_CFA);
    assert_int_equal((int64_t)cfi_row_fp_offset(&row), -24);
    assert_true(RUN(0, 0x11, MACHINE_FP, 0x7e)); // offset_extended_sf -2, factored by -8: above the CFA
    assert_int_equal((int64_t)cfi_row_fp_offset(&row), 16);
    assert_true(RUN(0, 0x10, MACHINE_FP, 2, 0x70 + MACHINE_FP, 0)); // saved at the address in FP
    assert_int_equal(row.fp, CFI_AT_FP);
    assert_int_equal((int64_t)cfi_row_fp_offset(&row), 0);
    assert_true(RUN(0, 0x07, MACHINE_FP, 0x08, MACHINE_AUX));
    assert_int_equal(row.fp, CFI_UNKNOWN);
    assert_int_equal(row.aux, CFI_SAME);
    assert_true(RUN(0, 0x09, MACHINE_FP, 0)); // in another register: cannot be represented
    assert_int_equal(row.fp, CFI_UNKNOWN);
    assert_int_equal(RUN(0, 0x14, MACHINE_AUX, 1), !MACHINE_RETURN_IN_AUX); // nor can val_offset: on arm64, of the return address
    assert_true(MACHINE_RETURN_IN_AUX || row.aux == CFI_UNKNOWN);
}

TEST(forms_of_the_cfa) {
    struct cfi_row row;
    assert_int_equal(RUN(0, 0x0d, MACHINE_AUX), !MACHINE_RETURN_IN_AUX); // def_cfa_register rbx: the loader's trampolines on amd64
    assert_int_equal(row.base, CFI_AUX);
    assert_true(RUN(0, 0x00));
    assert_int_equal((int64_t)cfi_row_cfa_offset(&row), 8);
    assert_true(RUN(0, 0x0f, 3, 0x70 + MACHINE_FP, 0x78, 0x06)); // *(FP - 8): a function that realigned its stack
    assert_int_equal(row.base, CFI_FP);
    assert_int_equal((int64_t)cfi_row_cfa_offset(&row), -8);
    assert_true(row.cfa_indirect);
    assert_true(RUN(0, 0x12, MACHINE_SP, 0x7e)); // def_cfa_sf
    assert_int_equal((int64_t)cfi_row_cfa_offset(&row), 16);
    assert_false(RUN(0, 0x0c, 10, 8));                  // r10: no call happens while it holds the CFA
    assert_false(RUN(0, 0x0f, 2, 0x30, 0x31));          // another expression
    assert_false(RUN(0, 0x0e, 0x80, 0x80, 0x80, 0x40)); // 128 MiB frame: does not fit a row
}

// Compilers save both registers at the lower end of a frame on arm64, however large it is.
TEST(a_large_frame_with_its_record_at_the_lower_end) {
    struct cfi_row row;
    // def_cfa_offset 100,016; FP at CFA - 100,016, the next register at CFA - 100,008
    bool fits = RUN(0, 0x0e, 0xb0, 0x8d, 0x06, 0x80 | MACHINE_FP, 0xd6, 0x61, 0x80 | MACHINE_AUX, 0xd5, 0x61);
    assert_int_equal(fits, MACHINE_RETURN_IN_AUX);
    if (fits) {
        assert_int_equal(cfi_row_cfa_offset(&row), 100016);
        assert_int_equal((int64_t)cfi_row_fp_offset(&row), -100016);
        assert_int_equal((int64_t)cfi_row_aux_offset(&row), -100008);
        assert_true(row.plain);
    }
}

// A function that is interrupted before it saves X30, and what says that X30 is signed.
TEST(return_addresses_in_a_register_or_signed) {
    struct cfi_row row;
    assert_int_equal(RUN(0, 0x08, MACHINE_RETURN), MACHINE_RETURN_IN_AUX);
    assert_true(!MACHINE_RETURN_IN_AUX || (row.aux == CFI_SAME && !row.plain));
    assert_int_equal(RUN(0, 0x2d, 0x0e, 16), MACHINE_RETURN_IN_AUX);
    assert_int_equal(RUN(0, 0x2c, 0x0e, 16), MACHINE_RETURN_IN_AUX);
    assert_int_equal(RUN(0, 0x2b, 1, 0x7c, 0x0e, 16), MACHINE_RETURN_IN_AUX);
    assert_true(!MACHINE_RETURN_IN_AUX || cfi_row_cfa_offset(&row) == 16);
}

TEST(rejects_unknown_and_truncated_instructions) {
    struct cfi_row row;
    assert_false(RUN(0, 0x3f));
    assert_false(RUN(0, 0x0e));
    assert_false(RUN(0, 0x10, MACHINE_FP, 5, 0x70 + MACHINE_FP));
    assert_true(RUN(0, 0x00, 0x2e, 16)); // nop, GNU_args_size
}

int main(void) {
    return tests_run();
}
