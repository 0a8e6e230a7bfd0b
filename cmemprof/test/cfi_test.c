// cfi_test.c: finds entries in a handmade table and in this program's own, and survives any damage to it.

#include "../../base/test/test.h"

#include "../cfi.h"
#include "../code_loader.h"
#include "../code_objects.h"

// .eh_frame_hdr with two functions, followed by its CIE and FDEs, as one block. The "code" is after that: addresses need not contain any.
struct made {
    uint8_t bytes[512];
    size_t used;
};

static void put(struct made *made, uint64_t value, size_t size) {
    memcpy(made->bytes + made->used, &value, size);
    made->used += size;
}

static void put_entry(struct made *made, const uint8_t *body, size_t size) {
    put(made, size, 4);
    memcpy(made->bytes + made->used, body, size);
    made->used += size;
}

enum { CODE = 1000, HEADER_BYTES = 12 + 2 * 8, CIE_BYTES = 4 + 20 };

// Function 0 at CODE, 16 bytes: CFA = SP + 8, from byte 1 on SP + 16 with FP saved at CFA - 16, from byte 4 on FP + 16.
// Function 1 at CODE + 100, 50 bytes: its return address is undefined.
static struct made make_table(void) {
    struct made made = {.used = 0};
    const size_t fde0 = HEADER_BYTES + CIE_BYTES, fde1 = fde0 + 4 + 4 + 8 + 1 + 11;
    put(&made, 0x3b031b01, 4); // version 1; frame pointer: pcrel sdata4; count: udata4; table: datarel sdata4
    put(&made, HEADER_BYTES - 4, 4);
    put(&made, 2, 4);
    put(&made, CODE, 4);
    put(&made, fde0, 4);
    put(&made, CODE + 100, 4);
    put(&made, fde1, 4);
    static const uint8_t cie[CIE_BYTES - 4] = {
        0, 0, 0, 0, 1, 'z', 'R', 0, 1, 0x78, MACHINE_RETURN, 1, 0x1b, 0x0c, MACHINE_SP, 8, 0x80 | MACHINE_RETURN, 1, 0, 0};
    put_entry(&made, cie, sizeof cie);
    uint8_t body[4 + 8 + 1 + 11] = {0};
    uint32_t distance = (uint32_t)(fde0 + 4 - HEADER_BYTES), start = (uint32_t)(CODE - (fde0 + 8)), size = 16;
    memcpy(body, &distance, 4);
    memcpy(body + 4, &start, 4);
    memcpy(body + 8, &size, 4);
    static const uint8_t program0[] = {0x41, 0x0e, 16, 0x80 | MACHINE_FP, 2, 0x43, 0x0d, MACHINE_FP};
    memcpy(body + 13, program0, sizeof program0);
    put_entry(&made, body, sizeof body);
    distance = (uint32_t)(fde1 + 4 - HEADER_BYTES), start = (uint32_t)(CODE + 100 - (fde1 + 8)), size = 50;
    memset(body, 0, sizeof body);
    memcpy(body, &distance, 4);
    memcpy(body + 4, &start, 4);
    memcpy(body + 8, &size, 4);
    static const uint8_t program1[] = {0x07, MACHINE_RETURN};
    memcpy(body + 13, program1, sizeof program1);
    put_entry(&made, body, sizeof body);
    return made;
}

static struct cfi_object object_of(const struct made *made) {
    return (struct cfi_object){made->bytes, made->bytes + made->used, made->bytes};
}

static enum cfi_result find_at(const struct made *made, size_t offset, struct cfi_row *row) {
    struct cfi_object object = object_of(made);
    return cfi_find(&object, (uintptr_t)made->bytes + offset, row);
}

TEST(rows_of_a_function) {
    struct made made = make_table();
    struct cfi_row row;
    assert_int_equal(find_at(&made, CODE, &row), CFI_FOUND);
    assert_int_equal(row.base, CFI_SP);
    assert_int_equal((int64_t)cfi_row_cfa_offset(&row), 8);
    assert_int_equal(row.fp, CFI_SAME);
    assert_int_equal(find_at(&made, CODE + 1, &row), CFI_FOUND);
    assert_int_equal((int64_t)cfi_row_cfa_offset(&row), 16);
    assert_int_equal(row.fp, CFI_AT_CFA);
    assert_int_equal((int64_t)cfi_row_fp_offset(&row), -16);
    assert_int_equal(find_at(&made, CODE + 15, &row), CFI_FOUND);
    assert_int_equal(row.base, CFI_FP);
    assert_int_equal((int64_t)cfi_row_cfa_offset(&row), 16);
    assert_false(row.outermost);
}

TEST(undefined_return_address_is_outermost) {
    struct made made = make_table();
    struct cfi_row row;
    assert_int_equal(find_at(&made, CODE + 149, &row), CFI_FOUND);
    assert_true(row.outermost);
}

TEST(gaps_have_no_row) {
    struct made made = make_table();
    struct cfi_row row;
    assert_int_equal(find_at(&made, CODE - 1, &row), CFI_NONE);
    assert_int_equal(find_at(&made, CODE + 16, &row), CFI_NONE);
    assert_int_equal(find_at(&made, CODE + 150, &row), CFI_NONE);
}

// Every byte of the table set to every value, and the table truncated at every length. Under a sanitizer this finds reads past the end;
// here the table ends at an inaccessible page.
TEST(damage_never_faults) {
    struct made made = make_table();
    struct cfi_row row;
    for (size_t at = 0; at < made.used; at++) {
        for (int value = 0; value < 256; value++) {
            struct made damaged = made;
            damaged.bytes[at] = (uint8_t)value;
            for (size_t offset = CODE; offset < CODE + 150; offset += 7) {
                find_at(&damaged, offset, &row);
            }
        }
    }
    for (size_t size = 0; size < made.used; size++) {
        uint8_t *exact = malloc(size + 1); // ends at the end of the block
        memcpy(exact, made.bytes, size);
        struct cfi_object object = {exact, exact + size, exact};
        enum cfi_result result = cfi_find(&object, (uintptr_t)exact + CODE + 149, &row);
        assert_int_not_equal(result, CFI_FOUND);
        free(exact);
    }
}

TEST(finds_this_programs_entries) {
    struct cfi_object object;
    struct cfi_row row;
    uintptr_t here = (uintptr_t)test_finds_this_programs_entries + 8;
    assert_true(cfi_object_at(here, &object));
    assert_int_equal(cfi_find(&object, here, &row), CFI_FOUND);
    assert_false(cfi_object_at((uintptr_t)&object, &object)); // the stack is not code
    uintptr_t libc = (uintptr_t)strtol;
    assert_true(cfi_object_at(libc, &object));
    assert_int_equal(cfi_find(&object, libc, &row), CFI_FOUND);
#ifdef __x86_64__ // On arm64 linkers put code and tables into one segment.
    // Only the segment with the tables is ever read: neither the code nor gaps.
    assert_true(libc < (uintptr_t)object.low || libc >= (uintptr_t)object.high);
#endif
    assert_true(object.low <= object.eh_frame_hdr && object.eh_frame_hdr < object.high);
}

int main(void) {
    code_loader_look();
    code_objects_refresh();
    return tests_run();
}
