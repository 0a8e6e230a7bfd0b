// export_text_test.c: folded stacks and CSV.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../export.h"

static void expect(struct profile *profile, enum export_format format, const char *expected) {
    struct json file = {0};
    assert_int_equal(export_write(profile, NULL, format, "heap", &file), RECEIVER_OK);
    if (file.size != strlen(expected) || memcmp(file.bytes, expected, file.size) != 0) {
        fail_msg("%.*s", (int)file.size, file.bytes);
    }
    json_free(&file);
    profile_free(profile);
}

TEST(folded_stacks_part_frames_by_semicolons) {
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("g(int, char) /a.c", "f;\n /a.c", "main /a.c"), VALUES(0, 0, 1, 100), false);
    add_stack(profile, FRAMES("main /a.c"), VALUES(0, 0, 1, 5), false);
    add_stack(profile, FRAMES("x /a.c"), VALUES(1, 1, 0, 0), false);
    expect(profile, EXPORT_FOLDED, "main 5\nmain;f: ;g(int, char) 100\n");
}

TEST(a_function_that_calls_itself_counts_once) {
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("f /a.c", "f /a.c", "main /a.c"), VALUES(0, 0, 1, 100), false);
    add_stack(profile, FRAMES("g /b\"x\".c", "f /a.c", "main /a.c"), VALUES(0, 0, 1, 30), false);
    add_stack(profile, FRAMES("op(a, b) /a.c"), VALUES(0, 0, 1, 2), false);
    expect(profile, EXPORT_CSV,
           "function,file,inuse_space (bytes),inuse_space with callees (bytes)\r\nf,/a.c,100,130\r\ng,\"/b\"\"x\"\".c\",30,30\r\n\"op(a, "
           "b)\",/a.c,2,2\r\n"
           "main,/a.c,0,130\r\n");
}

int main(void) {
    return tests_run();
}
