// column_test.c: whatever is put into a column is read again, exactly, and takes no more than it must.

#include "../../../base/test/test.h"

#include "../column.h"

#include <stdlib.h>

enum { ROWS = 3 * COLUMN_ROWS + 100 };

static uint64_t next(uint64_t *seed) {
    return *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
}

// Numbers of a random size around a random level, changed in random places, beside a plain array.
TEST(whole_numbers) {
    int64_t *plain = malloc(ROWS * sizeof *plain);
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct column column = {0};
        uint64_t random = seed;
        int64_t level = (int64_t)next(&random);
        for (int i = 0; i < 2 * ROWS; i++) {
            size_t row = i < ROWS ? (size_t)i : next(&random) % ROWS;
            uint64_t bits = next(&random) >> 8, width = next(&random) % (i % COLUMN_ROWS < 900 ? seed : 40);
            plain[row] = bits % 50 == 0 ? COLUMN_NONE : (int64_t)((uint64_t)level + (bits & ((UINT64_C(1) << width) - 1)));
            assert_true(column_put(&column, row, plain[row]));
        }
        for (size_t i = 0; i < ROWS; i++) {
            assert_true(column_get(&column, i) == plain[i]);
        }
        column_drop_chunks(&column, 2);
        for (size_t i = 2 * COLUMN_ROWS; i < ROWS; i++) {
            assert_true(column_get(&column, i - 2 * COLUMN_ROWS) == plain[i]);
        }
        column_free(&column);
    }
    free(plain);
}

TEST(ends_of_the_range) {
    static const int64_t numbers[] = {0, INT64_MAX, INT64_MIN + 1, COLUMN_NONE, -1, INT64_MAX - 1, 1};
    struct column column = {0};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_true(column_put(&column, i, numbers[i]));
        for (size_t j = 0; j <= i; j++) {
            assert_true(column_get(&column, j) == numbers[j]);
        }
    }
    column_free(&column);
}

static bool same(double a, double b) {
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

TEST(real_numbers) {
    static const double numbers[] = {NAN, 5, NAN, 1e15, -0.0, 0.1, 1e300, INFINITY, 0x1p53, -0x1p53, 7};
    struct column column = {0};
    size_t count = sizeof numbers / sizeof *numbers;
    for (size_t i = 0; i < count; i++) {
        assert_true(column_put_real(&column, i, numbers[i]));
        assert_true(column.chunks[0].real == (i >= 4));
        for (size_t j = 0; j <= i; j++) {
            assert_true(same(column_get_real(&column, j), numbers[j]));
        }
    }
    assert_true(column_put_real(&column, 1, 0.5) && column_get_real(&column, 1) == 0.5);
    column_free(&column);
}

// A byte for flags, none for what is equal, 4 for times of an upload a second.
TEST(packed) {
    struct column flags = {0}, equal = {0}, times = {0};
    for (size_t i = 0; i < COLUMN_ROWS; i++) {
        column_put(&flags, i, 0);
        column_put(&equal, i, 60000);
        column_put(&times, i, INT64_C(1767322800000) + (int64_t)i * 1000);
    }
    assert_int_equal(flags.chunks[0].width, 0);
    column_put(&flags, 5, 1);
    assert_int_equal(flags.chunks[0].width, 1);
    assert_int_equal(flags.bytes, COLUMN_ROWS + sizeof *flags.chunks);
    column_settle(&flags, 5);
    assert_int_equal(column_get(&flags, 5), 1);
    column_put(&flags, 5, 0);
    column_settle(&flags, 5);
    assert_int_equal(flags.chunks[0].width, 0);
    assert_int_equal(flags.bytes, sizeof *flags.chunks);
    assert_int_equal(equal.chunks[0].width, 0);
    assert_int_equal(times.chunks[0].width, 4);
    column_free(&flags);
    column_free(&equal);
    column_free(&times);
}

TEST(last_row_taken_back) {
    struct column column = {0};
    for (size_t i = 0; i < COLUMN_ROWS + 1; i++) {
        column_put(&column, i, (int64_t)i);
    }
    column_drop_last(&column, COLUMN_ROWS);
    column_drop_last(&column, COLUMN_ROWS); // is not there
    column_put(&column, COLUMN_ROWS, 77);
    assert_int_equal(column_get(&column, COLUMN_ROWS), 77);
    assert_int_equal(column.chunks[1].width, 0);
    column_free(&column);
}

int main(void) {
    return tests_run();
}
