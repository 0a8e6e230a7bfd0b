// export_json_test.c: call trees as JSON.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../export.h"

static struct json written(enum export_format format) {
    struct profile *profile = new_heap_profile();
    struct json file = {0};
    add_stack(profile, FRAMES("g /b.c", "f /a.c"), VALUES(0, 0, 1, 100), false);
    add_stack(profile, FRAMES("h /b.c", "f /a.c"), VALUES(0, 0, 1, 30), false);
    add_stack(profile, FRAMES("f /a.c"), VALUES(0, 0, 1, -2), false);
    add_stack(profile, FRAMES("f /a.c", "k /a.c"), VALUES(0, 0, 1, 7), false);
    assert_int_equal(export_write(profile, NULL, format, "heap \"x\"", &file), RECEIVER_OK);
    profile_free(profile);
    return file;
}

TEST(nodes_have_children) {
    struct json file = written(EXPORT_JSON);
    expect_at(&file, "$.name", "heap \"x\"");
    expect_at(&file, "$.value", "135");
    expect_at(&file, "$.type", "inuse_space");
    expect_at(&file, "$.unit", "bytes");
    expect_at(&file, "$.children[0]",
              "{\"name\":\"f\",\"value\":128,\"file\":\"/a.c\",\"children\":[{\"name\":\"g\",\"value\":100,\"file\":\"/b.c\"},"
              "{\"name\":\"h\",\"value\":30,\"file\":\"/b.c\"}]}");
    expect_at(&file, "$.children[1].children[0].name", "f");
    expect_at(&file, "$.children[2]", "(none)");
    json_free(&file);
}

TEST(speedscope_shares_frames) {
    struct json file = written(EXPORT_SPEEDSCOPE);
    expect_at(&file, "$.shared.frames[0]", "{\"name\":\"f\",\"file\":\"/a.c\"}");
    expect_at(&file, "$.shared.frames[4]", "(none)");
    expect_at(&file, "$.profiles[0].unit", "bytes");
    expect_at(&file, "$.profiles[0].weights", "[100,30,7]");
    expect_at(&file, "$.profiles[0].endValue", "137");
    expect_at(&file, "$.profiles[0].samples[2]", "[3,0]");
    json_free(&file);
}

int main(void) {
    return tests_run();
}
