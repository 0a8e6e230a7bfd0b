// source_paths_test.c: --source-path DIR and FROM=DIR.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../source_paths.h"

#include <sys/stat.h>

TEST_IN(folder, paths) {
    char text[2 * FOLDER_BYTES], real[PATH_MAX];
    struct source_paths paths = {0};
    assert_non_null(realpath(folder, real));
    assert_true(source_paths_add(&paths, "receiver", "source-path", folder));
    assert_null(paths.list[0].from);
    assert_string_equal(paths.list[0].directory, real);
    snprintf(text, sizeof text, "/build/shop=%s/.", folder);
    assert_true(source_paths_add(&paths, "receiver", "source-path", text));
    assert_string_equal(paths.list[1].from, "/build/shop");
    assert_string_equal(paths.list[1].directory, real);
    snprintf(text, sizeof text, "=%s", folder);
    assert_false(source_paths_add(&paths, "receiver", "source-path", text));
    snprintf(text, sizeof text, "/x=%s/none", folder);
    assert_false(source_paths_add(&paths, "receiver", "source-path", text));
    assert_false(source_paths_add(&paths, "receiver", "source-path", "/proc/self/status"));
    assert_false(source_paths_add(&paths, "receiver", "source-path", ""));
    assert_int_equal(paths.count, 2);
    while (paths.count < SOURCE_PATHS_MAX) {
        assert_true(source_paths_add(&paths, "receiver", "source-path", folder));
    }
    assert_false(source_paths_add(&paths, "receiver", "source-path", folder));
    source_paths_free(&paths);
    assert_int_equal(paths.count, 0);
}

int main(void) {
    return tests_run();
}
