// digests_test.c: what is known of a file after it was closed, and how much of it is kept.

#include "../../base/test/test.h"

#include "../digests.h"
#include "own_file.h"

static struct own_file own;
static struct digests digests;

static __attribute__((noinline)) int first(volatile int *at) {
    return *at + 1;
}

static __attribute__((noinline)) int second(volatile int *at) {
    return *at + first(at);
}

static size_t known(const void *code, struct symbol_frame *frames) {
    size_t count;
    return digests_frames(&digests, &own.module, own_file_address(&own, code), frames, &count) ? count : SIZE_MAX;
}

static void look_up(const void *code) {
    struct symbol_frame frames[SYMBOL_MAX_INLINED];
    assert_true(object_file_frames(own.file, own_file_address(&own, code), frames) >= 1);
}

TEST(other_addresses_of_a_unit_are_known) {
    volatile int value = 1;
    assert_int_equal(second(&value), 3);
    struct symbol_frame frames[SYMBOL_MAX_INLINED];
    own_file_open(&own, first);
    look_up(first);
    assert_int_equal(known(second, frames), SIZE_MAX);
    digests_keep(&digests, &own.module, own.file, &own.memory);
    object_file_close(own.file);
    assert_int_equal(known(second, frames), 1);
    assert_string_equal(frames[0].function, "second");
    assert_int_equal(known(digests_keep, frames), SIZE_MAX); // another unit

    // The units by address need not be read again; the unit is looked up in as well, and both are known then.
    own.file = object_file_open(&own.module, &own.memory);
    digests_give(&digests, &own.module, own.file, &own.memory);
    assert_true(object_file_addresses(own.file)->read_table);
    look_up(digests_keep);
    digests_keep(&digests, &own.module, own.file, &own.memory);
    assert_int_equal(known(second, frames), 1);
    assert_in_range(known(digests_keep, frames), 1, SYMBOL_MAX_INLINED);

    own.module.serial++; // other code at its place
    assert_int_equal(known(second, frames), SIZE_MAX);
    digests_forget(&digests);
    assert_int_equal(digests.bytes, 0);
    own_file_close(&own);
}

TEST(addresses_in_no_unit_are_known_once_all_units_are_read) {
    struct symbol_frame frames[SYMBOL_MAX_INLINED];
    own_file_open(&own, first);
    look_up(first);
    digests_keep(&digests, &own.module, own.file, &own.memory);
    const void *nowhere = (const void *)(own.module.bias + 1);
    assert_int_equal(known(nowhere, frames), SIZE_MAX);
    object_file_frames(own.file, 1, frames);
    digests_keep(&digests, &own.module, own.file, &own.memory);
    assert_int_equal(known(nowhere, frames), 0);
    digests_forget(&digests);
    own_file_close(&own);
}

// Units of the library, looked up one after another: the first ones go.
TEST(bounded) {
    const void *const units[] = {first, digests_keep, object_file_open, modules_refresh, symbols_new, dwarf_addresses_find};
    enum { UNITS = sizeof units / sizeof *units };
    struct symbol_frame frames[SYMBOL_MAX_INLINED];
    own_file_open(&own, first);
    for (size_t i = 0; i < UNITS; i++) {
        look_up(units[i]);
    }
    digests_keep(&digests, &own.module, own.file, &own.memory);
    size_t all = digests.bytes;
    for (size_t i = 0; i < UNITS; i++) {
        assert_int_not_equal(known(units[i], frames), SIZE_MAX);
    }
    assert_in_range(all, 1, DIGESTS_BYTES);
    own.memory.limit_bytes = 32 * (all - 1); // the 32nd part of the arena
    known(units[0], frames);                 // just used
    digests_keep(&digests, &own.module, own.file, &own.memory);
    size_t left = 0;
    for (size_t i = 0; i < UNITS; i++) {
        left += known(units[i], frames) != SIZE_MAX;
    }
    assert_in_range(left, 1, UNITS - 1);
    assert_in_range(digests.bytes, 1, all - 1);
    digests_forget(&digests);
    own.memory.limit_bytes = 1 << 16;
    digests_keep(&digests, &own.module, own.file, &own.memory);
    assert_in_range(digests.bytes, 0, (1 << 16) / 32);
    own_file_close(&own);
}

// What is known of a file's units takes memory, too: if none of them is kept, it goes like a unit.
TEST(a_file_without_units_goes_too) {
    struct symbol_frame frames[SYMBOL_MAX_INLINED];
    size_t count;
    own_file_open(&own, first);
    struct module other = own.module;
    object_file_frames(own.file, 1, frames);
    digests_keep(&digests, &other, own.file, &own.memory);
    assert_true(digests_frames(&digests, &other, 1, frames, &count));
    look_up(first);
    digests_keep(&digests, &own.module, own.file, &own.memory);
    own.memory.limit_bytes = 32 * (digests.bytes - 1);
    digests_keep(&digests, &own.module, own.file, &own.memory);
    assert_int_equal(known(first, frames), 1);
    assert_false(digests_frames(&digests, &other, 1, frames, &count));
    // Also if nothing is kept this time.
    own.memory.limit_bytes = 0;
    digests_keep(&digests, &own.module, own.file, &own.memory);
    assert_int_equal(digests.bytes, 0);
    own_file_close(&own);
}

TEST(nothing_is_kept_of_what_was_cut) {
    own_file_open(&own, first);
    look_up(first);
    own.memory.ran_short = true;
    digests_keep(&digests, &own.module, own.file, &own.memory);
    own.memory.ran_short = false;
    object_file_addresses(own.file)->file->steps_left = 0;
    digests_keep(&digests, &own.module, own.file, &own.memory);
    assert_null(digests.files);
    own_file_close(&own);
}

int main(void) {
    return tests_run();
}
