// v8_frame_test.c: frames of V8: names, scripts and lines, which count from 0.

#include "../../base/test/test.h"

#include "expect.h"

#define NODE(frame) "{\"nodes\":[{\"id\":1,\"hitCount\":1,\"callFrame\":" frame "}]}"

TEST(frames_have_a_script_and_a_line) {
    expect_read(FOREIGN_V8_CPU, NODE("{\"functionName\":\"f\",\"url\":\"file:///a/b.js\",\"lineNumber\":4,\"columnNumber\":9}"),
                "samples/count\nf@/a/b.js:5 1\n");
    expect_read(FOREIGN_V8_CPU, NODE("{\"functionName\":\"g\",\"url\":\"node:fs\",\"lineNumber\":0}"), "samples/count\ng@node:fs:1 1\n");
    expect_read(FOREIGN_V8_CPU, NODE("{\"functionName\":\"(idle)\",\"url\":\"\",\"lineNumber\":-1}"), "samples/count\n(idle) 1\n");
}

TEST(functions_without_a_name_have_one) {
    expect_read(FOREIGN_V8_CPU, NODE("{\"functionName\":\"\",\"url\":null}"), "samples/count\n(anonymous) 1\n");
    expect_read(FOREIGN_V8_CPU, NODE("{}"), "samples/count\n(anonymous) 1\n");
}

TEST(the_root_is_no_function) {
    expect_read(FOREIGN_V8_CPU, NODE("{\"functionName\":\"(root)\"}"), "samples/count\n 1\n");
}

int main(void) {
    return tests_run();
}
