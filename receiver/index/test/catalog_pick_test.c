// catalog_pick_test.c: uploads of a selection from memory: order, limit, attachments, streams and marks; names that are in the database
// alone.

#include "../../../base/test/test.h"

#include "../../test/test_store.h"

#include "../catalog_pick.h"
#include "../catalog_row.h"

// An upload at that second whose attachments are in "a,b".
static int64_t upload(struct test_store *test, int second, const char *tags, const char *names) {
    struct pending_upload *pending;
    char event[400], text[200], name[100];
    int64_t id = 0;
    snprintf(event, sizeof event, "{\"start\":\"2026-01-02T03:04:%02dZ\",\"end\":\"2026-01-02T03:05:00Z\",\"tags_profiler\":\"%s\"}",
             second, tags);
    assert_int_equal(pending_upload_new(test->store, &pending), RECEIVER_OK);
    for (const char *at = names; *at;) {
        size_t length = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        assert_int_equal(pending_upload_attachment(pending, name, text, sizeof text), RECEIVER_OK);
        assert_int_equal(pending_upload_write(pending, "x", 1), RECEIVER_OK);
        at += length + (at[length] == ',');
    }
    assert_int_equal(keep(pending, event, NULL, &id, text), RECEIVER_OK);
    pending_upload_free(pending);
    return id;
}

static struct listed_upload *pick(struct test_store *test, const char *attachment, size_t most, size_t *count, size_t *left_out) {
    struct selection selection;
    struct listed_upload *rows;
    selection_init(&selection);
    assert_int_equal(catalog_pick(store_catalog(test->store), &selection, attachment, most, &rows, count, left_out), RECEIVER_OK);
    selection_free(&selection);
    return rows;
}

static void expect(struct test_store *test, const char *attachment, size_t most, const char *ids, size_t beyond) {
    size_t count, left_out;
    struct text found = {0};
    struct listed_upload *rows = pick(test, attachment, most, &count, &left_out);
    text_add(&found, "%s", "");
    for (size_t i = 0; i < count; i++) {
        text_add(&found, "%d ", (int)rows[i].id);
    }
    assert_string_equal(found.bytes, ids);
    assert_int_equal(left_out, beyond);
    free(found.bytes);
    free(rows);
}

// Whether names are in memory or not, at this start and the next.
static void expect_all(struct test_store *test) {
    expect(test, "a.pprof", 9, "2 1 4 ", 0);
    expect(test, "a.pprof", 2, "1 4 ", 1);
    expect(test, "b.pprof", 9, "3 1 ", 0);
    expect(test, "pprof", 9, "", 0);
    expect(test, "a.pprof\nb.pprof", 9, "", 0);
    expect(test, NULL, 9, "3 2 1 5 4 ", 0);
    expect(test, NULL, 1, "4 ", 4);
}

static void fill(struct test_store *test) {
    upload(test, 30, "service:shop,host:one", "a.pprof,b.pprof");
    upload(test, 20, "service:shop,host:two", "a.pprof");
    upload(test, 10, "service:shop,host:one,more:tags", "b.pprof");
    upload(test, 50, "service:shop,host:one,runtime-id:7", "aa.pprof,a.pprof");
    upload(test, 40, "service:shop,host:one", "");
}

TEST_IN(store, picks) {
    struct test_store *test = *state;
    fill(test);
    expect_all(test);
    reopen(test, 0);
    expect_all(test);
}

TEST_IN(store, names_in_the_database_alone) {
    struct test_store *test = *state;
    struct search *search = &store_catalog(test->store)->search;
    fill(test);
    for (size_t i = search->begin; i < search->end; i++) {
        struct tag_set *set = search->sets.list[search_at(search, SEARCH_SET, i)];
        if (search_at(search, SEARCH_ID, i) != 2) {
            string_pool_release(&search->strings, set->files);
            set->files = 0;
        }
    }
    expect_all(test);
}

// Names of which each upload has its own do not fill the memory.
TEST_IN(store, names_beyond_the_limit) {
    struct test_store *test = *state;
    struct search *search = &store_catalog(test->store)->search;
    search->strings.bytes += 1 << 30;
    upload(test, 1, "", "a.pprof");
    assert_int_equal(search_set_at(search, search->begin)->files, 0);
    search->strings.bytes -= 1 << 30;
    expect(test, "a.pprof", 9, "1 ", 0);
    expect(test, "b.pprof", 9, "", 0);
}

// A stream is what the six facets tell apart; a mark belongs to one upload.
TEST_IN(store, streams_and_marks) {
    struct test_store *test = *state;
    size_t count, left_out;
    fill(test);
    struct listed_upload *rows = pick(test, NULL, 9, &count, &left_out);
    assert_true(rows[0].stream == rows[2].stream && rows[0].stream == rows[4].stream && rows[0].stream != rows[1].stream);
    assert_true(rows[2].host == rows[0].host && rows[2].host != rows[1].host && rows[4].process != rows[0].process);
    for (size_t i = 1; i < count; i++) {
        assert_true(rows[i].mark != rows[i - 1].mark);
    }
    reopen(test, 0);
    struct listed_upload *again = pick(test, NULL, 9, &count, &left_out);
    for (size_t i = 0; i < count; i++) {
        assert_true(rows[i].mark == again[i].mark && rows[i].stream == again[i].stream);
    }
    free(rows);
    free(again);
}

static void note(void *context, const char *names, size_t uploads) {
    text_add(context, "%s:%d ", names, (int)uploads);
}

TEST_IN(store, names) {
    struct test_store *test = *state;
    struct selection selection;
    struct text found = {0};
    fill(test);
    upload(test, 55, "", "b.pprof");
    selection_init(&selection);
    assert_int_equal(catalog_names(store_catalog(test->store), &selection, 9, note, &found), RECEIVER_OK);
    assert_true(strstr(found.bytes, "a.pprof\nb.pprof:1 ") && strstr(found.bytes, "b.pprof:2 ") &&
                strstr(found.bytes, "aa.pprof\na.pprof:1 "));
    free(found.bytes);
    found = (struct text){0};
    assert_int_equal(catalog_names(store_catalog(test->store), &selection, 1, note, &found), RECEIVER_OK);
    assert_string_equal(found.bytes, "b.pprof:1 ");
    free(found.bytes);
    selection_free(&selection);
}

int main(void) {
    return tests_run();
}
