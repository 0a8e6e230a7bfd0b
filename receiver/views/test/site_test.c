// site_test.c: the frames picked from a stack.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../site.h"

static void expect(const char *const *frames, const char *site, const char *leaf) {
    struct profile *profile = new_heap_profile();
    struct profile_sample_view sample;
    struct site_memo memo = {0};
    add_stack(profile, frames, VALUES(1, 1, 1, 1), false);
    assert_int_equal(profile_sample_at(profile, 0, &sample), MERGE_OK);
    assert_string_equal(site_of_stack(&sample, NULL)->function, site);
    for (int again = 0; again < 2; again++) {
        assert_string_equal(site_of_stack(&sample, &memo)->function, site);
    }
    assert_string_equal(site_leaf(&sample)->function, leaf);
    profile_free(profile);
}

TEST(frames) {
    expect(FRAMES("malloc /m.c", "sqlite3MemMalloc /s.c", "x._Cfunc_prepare /x.go", "runtime.cgocall /cgocall.go", "sqlite.Prepare /p.go",
                  "main.report /r.go", "main.main /m.go"),
           "sqlite.Prepare", "sqlite3MemMalloc");
    expect(FRAMES("malloc /m.c", "sqlite3MemMalloc /s.c", "x._Cfunc_prepare /pkg/mod/x@v1.2.0/x.go", "runtime.cgocall /cgocall.go",
                  "x.(*C).Prepare /pkg/mod/x@v1.2.0/x.go", "shop/store.query /q.go", "shop/web.report /r.go", "main.main /m.go"),
           "shop/store.query", "sqlite3MemMalloc");
    expect(FRAMES("malloc /m.c", "shop._Cfunc__CMalloc /x.go", "shop/db.Open /db.go", "shop.Run /run.go"), "shop/db.Open", "shop/db.Open");
    expect(FRAMES("operator new(unsigned long) /n.cc", "Tree::add /t.cc", "run /r.cc"), "Tree::add", "Tree::add");
    expect(FRAMES("calloc /m.c"), "calloc", "calloc");
    expect(FRAMES("operator new(unsigned long) /n.cc", "std::basic_string<char>::_M_construct(char*) /s.h",
                  "allocate /usr/include/c++/12/a.h", "engine::Cache::put(std::string) /c.cc", "main /m.cc"),
           "engine::Cache::put(std::string)", "engine::Cache::put(std::string)");
    expect(FRAMES("alloc::alloc::alloc /rustc/1/library/alloc/src/alloc.rs", "<leak::Cache as core::clone::Clone>::clone /l.rs"),
           "<leak::Cache as core::clone::Clone>::clone", "<leak::Cache as core::clone::Clone>::clone");
    // C without a frame of the program still belongs to Go's call of it.
    expect(
        FRAMES("std::f /f.h", "std::g /f.h", "x._Cfunc_open /x.go", "net/http.serve /s.go", "acme.com/shop.open /o.go", "main.x@v /m.go"),
        "acme.com/shop.open", "std::f");
    expect(FRAMES("a.b.c/log.Print /go/pkg/mod/l.go", "acme.com/shop.open /o.go", "net/http.serve /s.go"), "acme.com/shop.open",
           "acme.com/shop.open");
    expect(FRAMES("internal/poll.wait /f.go", "net.(*conn).Read /n.go"), "internal/poll.wait", "internal/poll.wait");
    expect(FRAMES("loads /usr/lib/python3.11/json/decoder.py", "get /v/lib/python3.11/site-packages/x/y.py", "Worker.run /app/w.py"),
           "Worker.run", "Worker.run");
    expect(FRAMES("emit node:events", "wrap /app/node_modules/x/i.js", "handler /app/a.js"), "handler", "handler");
    expect(FRAMES("runtime.mallocgc /malloc.go", "main.(*T).m /t.go"), "main.(*T).m", "main.(*T).m");
}

TEST(no_frames) {
    struct profile_sample_view sample = {0};
    assert_string_equal(site_of_stack(&sample, NULL)->function, "");
    assert_string_equal(site_leaf(&sample)->function, "");
}

int main(void) {
    return tests_run();
}
