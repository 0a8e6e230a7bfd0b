// search_snapshot_test.c: a search that was written is read again as it was, or not at all.

#include "../../../base/test/test.h"

#include "searching.h"

#include "../search_snapshot.h"

#include <math.h>
#include <unistd.h>

static void fill_many(struct search *search, int from, int to) {
    static const char *const names[] = {"a.pprof\nb.pprof", "a.pprof", "", NULL};
    char tags[100];
    for (int i = from; i < to; i++) {
        snprintf(tags, sizeof tags, "service:svc-%d,profile_seq:%d,region:%d", i % 5, i / 5, i % 3);
        add_with_files(search, i, i * 1000 + i % 7, i % 5 ? "shop" : NULL, "prod", tags, names[i % 5 % 4]);
        struct measures measures = {{NAN, i, i / 3.0, NAN, NAN, 7}};
        if (i % 4) {
            search_measured(search, i, &measures);
        }
    }
}

static void expect_text(const char *text, const char *other) {
    assert_true(!text == !other && (!text || strcmp(text, other) == 0));
}

static void expect_equal(const struct search *a, const struct search *b) {
    assert_true(a->end - a->begin == b->end - b->begin && a->size_bytes == b->size_bytes && a->rest_count == b->rest_count);
    for (size_t i = 0; i < a->end - a->begin; i++) {
        struct search_row x = search_row_at(a, a->begin + i), y = search_row_at(b, b->begin + i);
        assert_true(x.id == y.id && x.received_ms == y.received_ms && x.start_ms == y.start_ms && x.end_ms == y.end_ms);
        assert_true(x.size_bytes == y.size_bytes && x.measured == y.measured && x.set->process == y.set->process);
        expect_text(string_pool_text(&a->strings, x.set->files), string_pool_text(&b->strings, y.set->files));
        assert_memory_equal(&x.measures, &y.measures, sizeof x.measures);
        assert_int_equal(x.set->tag_count, y.set->tag_count);
        for (uint32_t t = 0; t < x.set->tag_count; t++) {
            assert_string_equal(string_pool_text(&a->strings, x.set->tags[t]), string_pool_text(&b->strings, y.set->tags[t]));
        }
        expect_text(string_pool_text(&a->strings, x.own_tag), string_pool_text(&b->strings, y.own_tag));
    }
}

TEST(there_and_back) {
    static const struct search_stamp stamp = {"this"}, another = {"that"};
    struct search search = {.keeps_rest = true}, back = {.keeps_rest = true}, empty = {0};
    FILE *file = tmpfile();
    fill_many(&search, 1, 5000);
    for (int i = 0; i < 2100; i++) {
        remove_oldest(&search);
    }
    assert_true(search_snapshot_write(&search, &stamp, file));
    long size = ftell(file);
    rewind(file);
    assert_false(search_snapshot_read(&back, &another, file));
    rewind(file);
    assert_true(search_snapshot_read(&back, &stamp, file));
    expect_equal(&search, &back);
    assert_int_equal(search_bytes(&search) == 0, search_bytes(&back) == 0);
    // Both go on alike.
    fill_many(&search, 5000, 7000);
    fill_many(&back, 5000, 7000);
    for (int i = 0; i < 1000; i++) {
        remove_oldest(&search);
        remove_oldest(&back);
    }
    expect_equal(&search, &back);
    while (back.begin < back.end) {
        remove_oldest(&back);
    }
    assert_int_equal(back.strings.bytes + back.sets.bytes, 0);
    // Too large for the limit.
    back.limit_bytes = 1000;
    rewind(file);
    assert_false(search_snapshot_read(&back, &stamp, file));
    assert_true(back.begin == back.end && back.limit_bytes == 1000);
    back.limit_bytes = 0;
    // A bit of it is another one, or it ends too early.
    for (long at = 0; at < size; at += 1 + size / 300) {
        int byte;
        fseek(file, at, SEEK_SET);
        byte = fgetc(file);
        fseek(file, at, SEEK_SET);
        fputc(byte ^ 1, file);
        rewind(file);
        assert_false(search_snapshot_read(&back, &stamp, file));
        fseek(file, at, SEEK_SET);
        fputc(byte, file);
    }
    rewind(file);
    assert_true(search_snapshot_read(&back, &stamp, file));
    assert_int_equal(ftruncate(fileno(file), size - 1), 0);
    rewind(file);
    assert_false(search_snapshot_read(&back, &stamp, file));
    // Nothing at all is a search too.
    rewind(file);
    assert_true(search_snapshot_write(&empty, &stamp, file));
    rewind(file);
    assert_true(search_snapshot_read(&back, &stamp, file));
    expect_equal(&empty, &back);
    fclose(file);
    search_free(&search);
    search_free(&back);
}

int main(void) {
    return tests_run();
}
