// Tests of frame_role.c: whose code a frame is.

#include "../../base/test/test.h"

#include "../merge.h"

struct row {
    const char *function, *file, *mapping;
};

static void expect(enum frame_role role, const struct row *rows) {
    for (; rows->function; rows++) {
        struct profile_frame frame = {.function = rows->function, .file = rows->file, .mapping_file = rows->mapping};
        if (profile_frame_role(&frame) != role) {
            fail_msg("%s in %s of %s has the role %d, not %d", rows->function, rows->file, rows->mapping, profile_frame_role(&frame), role);
        }
    }
}

TEST(plumbing) {
    expect(FRAME_PLUMBING, (const struct row[]){{"malloc", "./malloc/malloc.c", "/lib/x86_64-linux-gnu/libc.so.6"},
                                                {"operator new(unsigned long)", "", "/usr/lib/libstdc++.so.6"},
                                                {"operator new[](unsigned long, std::nothrow_t const&)", "", "/app/program"},
                                                {"_ZnwmSt11align_val_t", "hook_cxx.c", "/app/program"},
                                                {"_cgo_0f3b_Cfunc_open", "", "/app/program"},
                                                {"shop/db._Cfunc_open", "_cgo_gotypes.go", "/app/program"},
                                                {"shop/db._cgo_cmalloc", "_cgo_gotypes.go", "/app/program"},
                                                {"runtime.cgocall", "/go/src/runtime/cgocall.go", "/app/program"},
                                                {"asmcgocall", "/go/src/runtime/asm_amd64.s", "/app/program"},
                                                {"_cgoexp_1_goCallback", "_cgo_gotypes.go", "/app/program"},
                                                {0}});
}

TEST(standard) {
    expect(
        FRAME_STANDARD,
        (const struct row[]){
            {"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_construct<char*>(char*)", "", "/app/p"},
            {"void std::vector<engine::Item, std::allocator<engine::Item> >::_M_realloc_insert<engine::Item>(int)", "", "/app/p"},
            {"__gnu_cxx::new_allocator<char>::allocate(unsigned long, void const*)", "", "/app/p"},
            {"allocate", "/usr/include/c++/12/bits/new_allocator.h", "/app/p"},
            {"allocate", "/opt/conda/x86_64-conda-linux-gnu/include/c++/13.2.0/bits/new_allocator.h", "/app/p"},
            {"std::enable_if<true, void>::type std::swap<engine::Cache>(engine::Cache&, engine::Cache&)", "", "/app/p"},
            {"alloc::raw_vec::RawVec<T,A>::allocate_in", "", "/app/p"},
            {"java.util.ArrayList.grow", "ArrayList.java", ""},
            {"jdk.internal.misc.Unsafe.park", "Unsafe.java", ""},
            {"kotlin.collections.CollectionsKt.listOf", "Collections.kt", ""},
            {"core::ops::function::FnOnce::call_once", "/rustc/9fc6b431/library/core/src/ops/function.rs", "/app/p"},
            {"exchange_malloc", "/rustc/9fc6b431/library/alloc/src/alloc.rs", "/app/p"},
            {"<alloc::vec::Vec<u8> as core::clone::Clone>::clone", "", "/app/p"},
            {"<T as alloc::slice::hack::ConvertVec>::to_vec", "", "/app/p"},
            {"<&mut std::fs::File as std::io::Write>::write", "", "/app/p"},
            {"<[u8]>::to_vec", "", "/app/p"},
            {"fopen", "", "/lib/x86_64-linux-gnu/libc.so.6"},
            {"_IO_file_doallocate", "./libio/filedoalloc.c", "/lib/x86_64-linux-gnu/libc-2.31.so"},
            {"", "", "/lib64/ld-linux-x86-64.so.2"},
            {"net/http.(*conn).serve", "/go/src/net/http/server.go", "/app/p"},
            {"net.(*conn).Read", "net/net.go", "/app/p"},
            {"vendor/golang.org/x/net/http2.x", "v.go", "/app/p"},
            {"loads", "/usr/lib/python3.11/json/__init__.py", ""},
            {"emit", "node:events", ""},
            {0}});
}

TEST(library) {
    expect(FRAME_LIBRARY, (const struct row[]){{"sqlite3MemMalloc", "", "/usr/lib/x86_64-linux-gnu/libsqlite3.so.0"},
                                               {"g_malloc", "", "/lib64/libglib-2.0.so.0"},
                                               {"boost::pool<>::malloc()", "/usr/include/boost/pool/pool.hpp", "/app/p"},
                                               {"github.com/mattn/go-sqlite3.(*SQLiteStmt).exec", "/go/pkg/mod/x/s.go", "/app/p"},
                                               {"gopkg.in/yaml%2ev3.parse", "gopkg.in/yaml.v3@v3.0.1/y.go", "/app/p"},
                                               {"stop", "/v/lib/python3.11/site-packages/ddtrace/internal/service.py", ""},
                                               {"wrap", "/app/node_modules/x/i.js", ""},
                                               {"hash", "/home/a/.cargo/registry/src/index/ahash-0.8/src/lib.rs", "/app/p"},
                                               {0}});
}

TEST(program) {
    expect(FRAME_PROGRAM, (const struct row[]){{"engine::Cache::put(std::string const&, std::vector<int>)", "", "/app/p"},
                                               {"std::vector<int, std::allocator<int> > engine::Cache::list<int>(int)", "", "/app/p"},
                                               {"bool engine::operator< <int>(std::vector<int> const&)", "", "/app/p"},
                                               {"engine::Cache::operator()(std::string) const", "", "/app/p"},
                                               {"engine::Pool::operator new(unsigned long)", "", "/app/p"},
                                               {"(anonymous namespace)::make(std::string)", "", "/app/p"},
                                               {"std::string (anonymous namespace)::name<int>(int)", "", "/app/p"},
                                               {"stdlike::put()", "", "/app/p"},
                                               {"core::Engine::put(int)", "", "/app/p"},
                                               {"core::Engine::put", "/src/engine.cc", "/app/p"},
                                               {"leak::site", "/src/main.rs", "/app/p"},
                                               {"<leak::Cache as core::ops::drop::Drop>::drop", "", "/app/p"},
                                               {"<alloc::vec::Vec<u8> as leak::Store>::put", "", "/app/p"},
                                               {"<leak::Cache>::put", "", "/app/p"},
                                               {"main.leak", "/src/main.go", "/app/p"},
                                               {"shop/db.Open", "/src/shop/db/db.go", "/app/p"},
                                               {"time.example.com/clock.Now", "/src/clock.go", "/app/p"},
                                               {"acme.com/shop.(*T[go.shape.struct { a/b.c }]).m", "/src/t.go", "/app/p"},
                                               {"work", "work.c", "/app/lib/libwork.so"},
                                               {"work", "", "/usr/lib/shop/libwork.so"},
                                               {"", "", "/usr/bin/program"},
                                               {"", "", ""},
                                               {"<", "", ""},
                                               {"<script>", "", "/app/p"},
                                               {"<T>::f", "a.c", "/app/p"},
                                               {"handler", "/app/a.js", ""},
                                               {0}});
}

TEST(operators_new) {
    static const char *const are[] = {"_Znwm", "_Znam", "_ZnwmRKSt9nothrow_t", "_ZnamSt11align_val_t",
                                      "_ZnwmSt11align_val_tRKSt9nothrow_t"};
    static const char *const are_not[] = {"",      "_Zn", "_Znw", "_Znwi", "_ZnwmPv", "_ZnwmR5Arena", "_ZdlPv", "_ZN6engine5CachenwEm",
                                          "malloc"};
    for (size_t i = 0; i < sizeof are / sizeof *are; i++) {
        assert_true(profile_is_operator_new(are[i]));
    }
    for (size_t i = 0; i < sizeof are_not / sizeof *are_not; i++) {
        assert_false(profile_is_operator_new(are_not[i]));
    }
}

int main(void) {
    return tests_run();
}
