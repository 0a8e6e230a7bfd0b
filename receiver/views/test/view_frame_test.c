// view_frame_test.c: kinds, libraries and names of frames.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../view.h"

TEST(kinds_and_libraries) {
    static const struct {
        const char *function, *file, *mapping, *kind, *library;
    } frames[] = {
        {"main.work", "/src/main.go", "/bin/shop", "go", "main"},
        {"main.(*Cache[go.shape.struct { a/b.c }]).Get", "/src/cache.go", "", "go", "main"},
        {"github.com/acme/shop/v2.(*T).m", "/src/t.go", "", "go", "github.com/acme/shop/v2"},
        {"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer.Start", "/t.go", "", "go", "gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"},
        {"crosscall.x", "/src/asm_amd64.s", "", "go", "crosscall"},
        {"gcWriteBarrier", "/usr/local/go/src/runtime/asm_amd64.s", "", "runtime", "runtime"},
        {"crosscall1", "asm.s", "", "go", ""},
        {"runtime.mallocgc", "/go/malloc.go", "", "runtime", "runtime"},
        {"internal/runtime/maps.Get", "/go/m.go", "", "runtime", "internal/runtime/maps"},
        {"runtimes.x", "/src/x.go", "", "go", "runtimes"},
        {"malloc", "/src/malloc.c", "/lib/x86_64/libc.so.6", "c_runtime", "libc.so.6"},
        {"std::f()", "", "/bin/shop", "c_runtime", "shop"},
        {"memcpy", "/src/memcpy.S", "", "c", ""},
        {"nofile", "", "/bin/shop", "c", "shop"},
        {"runtime.x", "/src/x.c", "", "c", ""},
        {"Worker.alloc", "/app/work.py", "", "python", "work.py"},
        {"loads", "/usr/lib/python3.11/json/__init__.py", "", "python_runtime", "python"},
        {"stop", "/v/lib/python3.11/site-packages/ddtrace/internal/service.py", "", "python", "ddtrace"},
        {"six", "/v/lib/python3.11/site-packages/six.py", "", "python", "six"},
        {"find", "<frozen importlib._bootstrap>", "", "python_runtime", "python"},
        {"<3 frames omitted>", "", "", "python_runtime", "python"},
        {"<alloc::vec::Vec<u8> as Drop>::drop", "", "/bin/shop", "c_runtime", "shop"},
        {"(anonymous namespace)::work()", "", "/bin/shop", "c", "shop"},
        {"yaml", "/usr/lib/python3/dist-packages/yaml/__init__.py", "", "python", "yaml"},
        {"(garbage collector)", "", "", "node_runtime", "node"},
        {"(garbage collector", "", "/bin/shop", "c", "shop"},
        {"Garbage Collection", "", "", "node_runtime", "node"},
        {"Promise", "", "", "node_runtime", "node"},
        {"emit", "node:events", "", "node_runtime", "node"},
        {"run", "/app/work.js", "", "node", "work.js"},
        {"wrap", "/app/node_modules/dd-trace/node_modules/@x/y/src/a.mjs", "", "node", "@x/y"},
        {"go", "/app/a.ts", "", "node", "a.ts"},
        {"com.shop.db.Orders$Row.<init>", "Orders.java", "", "java", "com.shop.db"},
        {"com.shop.Web.serve(int, java.lang.String)", "Web.kt", "", "java", "com.shop"},
        {"Load.run", "Load.java", "", "java", ""},
        {"java.util.concurrent.ThreadPoolExecutor.runWorker", "ThreadPoolExecutor.java", "", "java_runtime", "java.util.concurrent"},
    };
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        struct profile_frame frame = {.function = frames[i].function, .file = frames[i].file, .mapping_file = frames[i].mapping};
        char library[VIEW_LIBRARY_BYTES];
        view_frame_library(&frame, library);
        assert_string_equal(view_frame_kind(&frame), frames[i].kind);
        assert_true(view_is_kind(view_frame_kind(&frame)));
        assert_string_equal(library, frames[i].library);
    }
    assert_false(view_is_kind("cobol"));
    struct profile_frame label = {.function = "acme.com", .file = "tenant.go", .mapping_file = "", .label = true};
    char library[VIEW_LIBRARY_BYTES];
    view_frame_library(&label, library);
    assert_string_equal(view_frame_kind(&label), "label");
    assert_string_equal(library, "");
    assert_false(view_is_kind("label"));
}

TEST(long_texts_are_cut) {
    char text[2000], library[VIEW_LIBRARY_BYTES], name[VIEW_NAME_BYTES];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memcpy(text + sizeof text - 4, ".go", 4);
    struct profile_frame frame = {.function = text, .file = text, .mapping_file = text};
    view_frame_library(&frame, library);
    assert_int_equal(strlen(library), VIEW_LIBRARY_BYTES - 1);
    frame.function = "";
    frame.file_offset = 0x1234;
    assert_true(strlen(view_frame_name(&frame, name)) < VIEW_NAME_BYTES);
    assert_non_null(strstr(name, "+0x1234"));
}

TEST(names) {
    char name[VIEW_NAME_BYTES];
    struct profile_frame frame = {.function = "f", .file = "", .mapping_file = "/lib/libx.so", .file_offset = 0xAB};
    assert_string_equal(view_frame_name(&frame, name), "f");
    frame.function = "";
    assert_string_equal(view_frame_name(&frame, name), "libx.so+0xab");
    frame.mapping_file = "";
    assert_string_equal(view_frame_name(&frame, name), "unknown+0xab");
}

int main(void) {
    return tests_run();
}
