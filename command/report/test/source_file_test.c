// source_file_test.c: where a source file is looked for.

#include "../../../base/test/test.h"

#include "../../test/fixture.h"
#include "../source_file.h"

static void expect(const char *search, const char *trim, const char *path, const char *text) {
    char line[40] = "";
    FILE *file = source_file_open(&(struct source_paths){search, trim}, path);
    if (!file != !text) {
        fail_msg("%s (%s, %s) is %sthere", path, search ? search : "", trim ? trim : "", file ? "" : "not ");
    }
    if (file) {
        assert_non_null(fgets(line, sizeof line, file));
        assert_string_equal(line, text);
        fclose(file);
    }
}

TEST_IN(directory, paths) {
    char shop[200], below[200], lists[500], main_c[200];
    assert_int_equal(mkdir("shop", 0700), 0);
    assert_int_equal(mkdir("shop/store", 0700), 0);
    assert_int_equal(mkfifo("shop/pipe.c", 0600), 0);
    fixture_write("shop/main.c", "main", 4);
    fixture_write("shop/store/q.c", "query", 5);
    snprintf(shop, sizeof shop, "%s/shop", folder);
    snprintf(below, sizeof below, "%s/shop/store/", folder);
    snprintf(lists, sizeof lists, "/nowhere::%s/shop/store", folder);
    snprintf(main_c, sizeof main_c, "%s/shop/main.c", folder);
    expect(NULL, NULL, main_c, "main");
    expect(NULL, NULL, "shop/main.c", "main"); // from here
    expect(NULL, NULL, "/build/shop/main.c", NULL);
    expect(shop, NULL, "/build/shop/main.c", "main"); // up to the directory's name
    expect(shop, NULL, "/build/other/main.c", NULL);
    expect(shop, "/build/other", "/build/other/main.c", "main");
    expect(shop, "/x:/build/other/", "/build/other/store/q.c", "query");
    expect(shop, "/build/oth", "/build/other/main.c", NULL); // whole parts
    expect(shop, "/build", "/build/shop/main.c", "main");    // in the one above
    // A path that is not below any of the directories is not read, however it is named.
    assert_int_equal(symlink("../main.c", "shop/store/link.c"), 0);
    expect(below, NULL, main_c, NULL);
    expect(lists, NULL, main_c, NULL);
    expect(below, NULL, "main.c", NULL);
    expect(below, NULL, "../main.c", NULL);
    expect(below, NULL, "link.c", NULL);
    expect(below, "/build", "/build/store/q.c", "query");
    expect(shop, NULL, main_c, "main");
    expect("/", NULL, main_c, "main");
    expect(lists, NULL, "q.c", "query");
    expect(shop, NULL, "/proc/self/cwd/./store/q.c", "query");
    expect(shop, NULL, "pipe.c", NULL);
    expect(shop, NULL, "store", NULL);
    expect(shop, NULL, "", NULL);
}

int main(void) {
    return tests_run();
}
