// page_ahead_test.c: which pages ask for what first; that the page asks for the same is tested in a browser (e2e/page).

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../page_ahead.h"

static int64_t upload_of(const char *path, const char *query) {
    struct parameters parameters;
    assert_true(parameters_read(&parameters, query));
    int64_t id = page_ahead_upload(path, &parameters);
    parameters_free(&parameters);
    return id;
}

TEST(pages) {
    static const struct {
        const char *path, *query;
        int64_t id;
    } cases[] = {
        {"/profile", "ids=7", 7},
        {"/profile", "ids=7&type=alloc_space&attachment=heap.pprof&view=both&find=%2Fx%2F&focus=a&focus=b&zoom=12ab&colour=package", 7},
        {"/profile/7", "", 7},
        {"/profile/7", "tab=profiles&group=package", 7},
        {"/profile", "", 0},
        {"/", "ids=7", 0},
        {"/compare", "ids=7", 0},
        {"/profile", "ids=7&ids=8", 0},
        {"/profile/7", "ids=8", 0},
        {"/profile", "ids=0", 0},
        {"/profile", "ids=x", 0},
        {"/profile", "ids=99999999999999999999", 0},
        {"/profile/7/x", "", 0},
        // The tree depends on these, or is not asked for.
        {"/profile", "ids=7&memory=C", 0},
        {"/profile", "ids=7&label=a:b", 0},
        {"/profile", "ids=7&group_by=tenant", 0},
        {"/profile", "ids=7&view=source", 0},
        {"/profile", "ids=7&group=line", 0},
        {"/profile", "ids=7&colour=age", 0},
        {"/profile", "ids=7&tab=metrics", 0},
        {"/profile", "ids=7&service=shop", 0},
        {"/profile", "ids=7&type=(events)", 0},
        {"/profile", "ids=7&attachment=a%20b", 0},
        {"/profile", "ids=7&unknown", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t id = upload_of(cases[i].path, cases[i].query);
        if (id != cases[i].id) {
            fail_msg("%s?%s: %lld", cases[i].path, cases[i].query, (long long)id);
        }
    }
}

static void expect_link(struct test_store *test, int64_t id, const char *query, const char *wanted) {
    struct parameters parameters;
    char text[PAGE_AHEAD_BYTES];
    assert_true(parameters_read(&parameters, query));
    bool any = page_ahead_write(store_catalog(test->store), id, &parameters, "/base", text);
    assert_string_equal(any ? text : "", wanted);
    parameters_free(&parameters);
}

TEST_IN(store, links) {
#define AS "; rel=preload; as=fetch; crossorigin"
#define LINKS(id, name, of)                                                                                                                \
    "</base/api/uploads/" id ">" AS ", </base/api/uploads/" id "/attachments/" name "/tree?" of "objects=small&nodes=packed>" AS           \
    ", </base/api/uploads/" id "/attachments/" name "/types>" AS
    struct test_store *test = *state;
    const struct named_bytes files[] = {{"a.pprof", "", 0}, {"heap.pprof", "", 0}, {"main.jfr", "", 0}, {"odd name.pprof", "", 0}};
    assert_int_equal(upload_files(test, "a", 0, 60, files, 4), 1);
    assert_int_equal(upload_files(test, "a", 60, 60, &files[2], 2), 2);
    assert_int_equal(upload_files(test, "a", 120, 60, &(struct named_bytes){"metrics.json", "[]", 2}, 1), 3);
    expect_link(test, 1, "", LINKS("1", "heap.pprof", ""));
    expect_link(test, 1, "type=cpu", LINKS("1", "heap.pprof", "type=cpu&"));
    expect_link(test, 1, "attachment=a.pprof", LINKS("1", "a.pprof", ""));
    expect_link(test, 1, "attachment=other.pprof", LINKS("1", "heap.pprof", ""));
    expect_link(test, 1, "attachment=main.jfr", "");
    expect_link(test, 1, "attachment=odd%20name.pprof", "");
    expect_link(test, 2, "", ""); // a recording
    expect_link(test, 3, "", "");
    expect_link(test, 4, "", "");
}

int main(void) {
    return tests_run();
}
