// figures_block_test.c: what is encoded is decoded exactly; a block that is not whole is refused.

#include "../../../base/test/test.h"

#include "../figures_block.h"

#include <math.h>
#include <stdlib.h>

static uint64_t next(uint64_t *seed) {
    return *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
}

static double value_of(uint64_t *seed, size_t name) {
    static const double odd[] = {0, -0.0, 1e300, 0x1p53, -0x1p53, 0.1, 5e-324, 1795905600000};
    uint64_t random = next(seed) >> 20;
    switch (name % 4) {
    case 0:
        return 2147483648;
    case 1:
        return (double)(300000000 + random % 1000000) - 1e8;
    case 2:
        return (double)random / 7;
    default:
        return odd[random % (sizeof odd / sizeof *odd)];
    }
}

// Figures that some uploads lack, and failures.
static void make(struct figures *figures, uint64_t *seed) {
    *figures = (struct figures){.states = {FIGURES_READ, FIGURES_NONE}};
    for (size_t name = 0; name < 60; name++) {
        if (name < 30 || next(seed) >> 20 & 1) {
            snprintf(figures->figures[figures->count].name, FIGURES_NAME_BYTES, "figure_%zu", name);
            figures->figures[figures->count++].value = value_of(seed, name);
        }
    }
    if ((next(seed) >> 20) % 16 == 0) {
        figures->states[FIGURES_RECORDING] = FIGURES_FAILED;
        snprintf(figures->texts[FIGURES_RECORDING], FIGURES_TEXT_BYTES, "fault %d", (int)(next(seed) >> 60));
    }
}

static bool equal(const struct figures_block *a, const struct figures_block *b) {
    bool same = a->count == b->count && a->name_count == b->name_count;
    for (size_t i = 0; same && i < a->count; i++) {
        const struct figures_block_upload *x = &a->uploads[i], *y = &b->uploads[i];
        same = x->id == y->id && x->fingerprint == y->fingerprint && memcmp(x->states, y->states, sizeof x->states) == 0;
        for (int source = 0; same && source < FIGURES_SOURCES; source++) {
            same = !x->texts[source] == !y->texts[source] && (!x->texts[source] || strcmp(x->texts[source], y->texts[source]) == 0);
        }
    }
    for (size_t n = 0; same && n < a->name_count; n++) {
        same = strcmp(a->names[n].name, b->names[n].name) == 0;
        for (size_t i = 0; same && i < a->count; i++) {
            const double *x = &a->names[n].values[i], *y = &b->names[n].values[i];
            same = (isnan(*x) && isnan(*y)) || memcmp(x, y, sizeof *x) == 0;
        }
    }
    return same;
}

static void fill(struct figures_block *block, uint64_t seed, size_t count) {
    struct figures *figures = malloc(sizeof *figures);
    *block = (struct figures_block){0};
    for (size_t i = 0; i < count; i++) {
        make(figures, &seed);
        assert_int_equal(figures_block_add(block, (int64_t)(1000 + i * i), (uint32_t)next(&seed), figures), RECEIVER_OK);
    }
    free(figures);
}

TEST(there_and_back) {
    static const size_t counts[] = {0, 1, 2, 7, 8, 9, 100, FIGURES_BLOCK_UPLOADS};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct figures_block block, back;
        uint8_t *bytes;
        size_t size;
        fill(&block, i + 1, counts[i]);
        assert_int_equal(figures_block_encode(&block, &bytes, &size), RECEIVER_OK);
        assert_int_equal(figures_block_decode(bytes, size, &back), RECEIVER_OK);
        assert_true(equal(&block, &back));
        figures_block_free(&block);
        figures_block_free(&back);
        free(bytes);
    }
}

TEST(appended) {
    struct figures_block one, other, both = {0}, back;
    uint8_t *bytes;
    size_t size;
    fill(&one, 1, 20);
    fill(&other, 2, 20);
    for (size_t i = 0; i < other.count; i++) {
        other.uploads[i].id += 5000;
    }
    assert_int_equal(figures_block_append(&both, &one), RECEIVER_OK);
    assert_true(equal(&both, &one));
    assert_int_equal(figures_block_append(&both, &other), RECEIVER_OK);
    assert_int_equal(both.count, 40);
    assert_true(both.uploads[20].id == other.uploads[0].id);
    for (size_t n = 0; n < other.name_count; n++) {
        size_t at = 0;
        while (strcmp(both.names[at].name, other.names[n].name) != 0) {
            at++;
        }
        const double *x = &both.names[at].values[25], *y = &other.names[n].values[5];
        assert_true((isnan(*x) && isnan(*y)) || *x == *y);
    }
    assert_int_equal(figures_block_encode(&both, &bytes, &size), RECEIVER_OK);
    assert_int_equal(figures_block_decode(bytes, size, &back), RECEIVER_OK);
    assert_true(equal(&both, &back));
    free(bytes);
    figures_block_free(&one);
    figures_block_free(&other);
    figures_block_free(&both);
    figures_block_free(&back);
}

TEST(full) {
    struct figures_block block;
    struct figures *figures = calloc(1, sizeof *figures);
    fill(&block, 1, FIGURES_BLOCK_UPLOADS);
    assert_int_equal(figures_block_add(&block, 1 << 20, 0, figures), RECEIVER_TOO_LARGE);
    assert_int_equal(figures_block_append(&block, &block), RECEIVER_TOO_LARGE);
    figures_block_free(&block);
    free(figures);
}

// Any byte that is another one, and any cut.
TEST(damaged) {
    struct figures_block block, back;
    uint8_t *bytes;
    size_t size;
    fill(&block, 5, 3);
    assert_int_equal(figures_block_encode(&block, &bytes, &size), RECEIVER_OK);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 64;
        assert_int_equal(figures_block_decode(bytes, size, &back), RECEIVER_DAMAGED);
        bytes[i] ^= 64;
        assert_int_equal(figures_block_decode(bytes, i, &back), RECEIVER_DAMAGED);
    }
    free(bytes);
    figures_block_free(&block);
}

TEST(fingerprints) {
    uint32_t one = figures_fingerprint(1, 2, 3);
    assert_true(one == figures_fingerprint(1, 2, 3) && one != figures_fingerprint(2, 2, 3) && one != figures_fingerprint(1, 3, 3) &&
                one != figures_fingerprint(1, 2, 4));
}

int main(void) {
    return tests_run();
}
