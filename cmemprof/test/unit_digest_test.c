// unit_digest_test.c: a digest gives the frames that the debug data does (e2e/names compares both with libdw's), in little memory.

#include "../../base/test/test.h"

#include "../function_index.h"
#include "../unit_digest.h"
#include "own_file.h"

static struct own_file own;

static inline __attribute__((always_inline)) int innermost(volatile int *at) {
    return *at * 3;
}

static inline __attribute__((always_inline)) int inner(volatile int *at) {
    int sum = 0;
    for (int i = 0; i < 3; i++) {
        int twice = innermost(at) * 2; // in a block
        sum += twice + innermost(at);
    }
    return sum;
}

static __attribute__((noinline)) int outer(volatile int *at) {
    return inner(at) + innermost(at);
}

static __attribute__((noinline)) void behind(volatile int *at) {
    *at = outer(at);
}

// Every address of a unit, some of which are in several inlined functions, and beyond.
TEST(frames_are_those_of_the_debug_data) {
    volatile int value = 1;
    behind(&value);
    own_file_open(&own, outer);
    struct symbol_frame wanted[SYMBOL_MAX_INLINED], frames[SYMBOL_MAX_INLINED];
    size_t count, most = 0;
    assert_true(object_file_frames(own.file, own_file_address(&own, outer), wanted) >= 1);
    struct dwarf_unit *unit = own_file_unit(&own, outer);
    struct unit_digest *digest = unit_digest_new(unit, unit, SIZE_MAX);
    assert_non_null(digest);
    uint64_t low, high;
    struct dwarf_die function;
    for (size_t i = 0; function_index_at(unit->functions, i, &low, &high, &function); i++) {
        for (uint64_t address = low; address < high; address++) {
            size_t wanted_count = object_file_frames(own.file, address, wanted);
            assert_true(unit_digest_frames(digest, address, frames, &count));
            assert_same_frames(frames, count, wanted, wanted_count);
            most = count > most ? count : most;
        }
    }
    assert_in_range(most, 3, SYMBOL_MAX_INLINED);
    assert_false(unit_digest_frames(digest, 1, frames, &count)); // the search for functions within functions was not needed
    assert_int_equal(count, 0);
    unit_digest_free(digest);
    own_file_close(&own);
}

TEST(search_within_functions_is_remembered) {
    own_file_open(&own, outer);
    struct symbol_frame frames[SYMBOL_MAX_INLINED];
    struct dwarf_die scopes[8];
    size_t count;
    struct dwarf_unit *unit = own_file_unit(&own, outer);
    assert_int_equal(function_index_scopes(function_index_of(unit), 1, scopes, 8), 0);
    struct unit_digest *digest = unit_digest_new(unit, unit, SIZE_MAX);
    assert_true(unit_digest_frames(digest, 1, frames, &count));
    assert_int_equal(count, 0);
    unit_digest_free(digest);
    own_file_close(&own);
}

TEST(needs_an_index_and_fits_or_is_not_made) {
    own_file_open(&own, outer);
    struct dwarf_unit *unit = own_file_unit(&own, outer);
    assert_null(unit_digest_new(unit, unit, SIZE_MAX)); // nothing was looked up
    assert_non_null(function_index_of(unit));
    struct unit_digest *digest = unit_digest_new(unit, unit, SIZE_MAX), *again = unit_digest_new(unit, unit, unit_digest_bytes(digest));
    assert_non_null(again);
    assert_int_equal(unit_digest_bytes(again), unit_digest_bytes(digest));
    assert_null(unit_digest_new(unit, unit, unit_digest_bytes(digest) - 1));
    unit->file->steps_left = 100; // as after damaged data
    assert_null(unit_digest_new(unit, unit, SIZE_MAX));
    unit_digest_free(digest);
    unit_digest_free(again);
    own_file_close(&own);
}

int main(void) {
    return tests_run();
}
