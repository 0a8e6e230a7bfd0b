// analysis_site_test.c: which frames of a stack are named.
#include "profiles.h"

#include "../analysis_site.h"

static void expect(const char *const *frames, const char *site, const char *leaf) {
    struct profile *profile = new_heap_profile();
    struct profile_sample_view sample;
    add_stack(profile, frames, VALUES(1, 1, 1, 1), false);
    assert_int_equal(profile_sample_at(profile, 0, &sample), MERGE_OK);
    assert_string_equal(analysis_site(&sample)->function, site);
    assert_string_equal(analysis_leaf(&sample)->function, leaf);
    profile_free(profile);
}

static void test_frames(void **state) {
    (void)state;
    expect(FRAMES("malloc /m.c", "sqlite3MemMalloc /s.c", "x._Cfunc_prepare /x.go", "runtime.cgocall /cgocall.go", "sqlite.Prepare /p.go",
                  "main.report /r.go", "main.main /m.go"),
           "main.report", "sqlite3MemMalloc");
    expect(FRAMES("malloc /m.c", "shop._Cfunc__CMalloc /x.go", "shop/db.Open /db.go", "shop.Run /run.go"), "shop/db.Open", "shop/db.Open");
    expect(FRAMES("operator new(unsigned long) /n.cc", "Tree::add /t.cc", "run /r.cc"), "Tree::add", "Tree::add");
    expect(FRAMES("calloc /m.c"), "calloc", "calloc");
    expect(FRAMES("loads /usr/lib/python3.11/json/decoder.py", "get /v/lib/python3.11/site-packages/x/y.py", "Worker.run /app/w.py"),
           "Worker.run", "loads");
    expect(FRAMES("emit node:events", "wrap /app/node_modules/x/i.js", "handler /app/a.js"), "handler", "emit");
    expect(FRAMES("runtime.mallocgc /malloc.go", "main.(*T).m /t.go"), "main.(*T).m", "main.(*T).m");
}

static void test_no_frames(void **state) {
    (void)state;
    struct profile_sample_view sample = {0};
    assert_string_equal(analysis_site(&sample)->function, "");
    assert_string_equal(analysis_leaf(&sample)->function, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_frames), cmocka_unit_test(test_no_frames)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
