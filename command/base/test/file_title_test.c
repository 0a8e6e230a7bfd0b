// file_title_test.c: names of files tell them apart, and have no secrets of URLs.

#include "../../../base/test/test.h"

#include "../file_title.h"

static void expect(char *const *files, const char *const *titles) {
    char title[FILE_TITLE_BYTES];
    size_t count = 0;
    while (files[count]) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(file_title(files, count, i, title), titles[i]);
    }
}
#define FILES(...) ((char *const[]){__VA_ARGS__, NULL})
#define TITLES(...) ((const char *const[]){__VA_ARGS__})

TEST(the_last_part_that_differs) {
    expect(FILES("/tmp/a.pprof", "b/c.pprof", "-"), TITLES("a.pprof", "c.pprof", "standard input"));
    expect(FILES("r1/heap", "r2/heap", "x/other"), TITLES("r1/heap", "r2/heap", "other"));
    expect(FILES("/d/1/x/heap", "/d/2/x/heap", "heap"), TITLES("1/x/heap", "2/x/heap", "heap"));
    expect(FILES("/heap", "heap"), TITLES("/heap", "heap"));
    expect(FILES("a/heap", "a/heap", "b/heap", "a/heap"), TITLES("a/heap", "a/heap (2)", "b/heap", "a/heap (3)"));
    expect(FILES("d/", ""), TITLES("d/", ""));
}

TEST(addresses_without_secrets) {
    expect(FILES("http://user:word@h:1/debug/heap?sig=zz&a=/b#c"), TITLES("heap"));
    expect(FILES("http://h:1/heap", "http://h:2/heap?x=1"), TITLES("h:1/heap", "h:2/heap"));
    expect(FILES("http://h/served?service=a", "http://h/served?service=b"), TITLES("served", "served (2)"));
    expect(FILES("http://h:1/t/s3cret", "https://user@h:2/?token=s3cret"), TITLES("h:1", "h:2"));
}

TEST(long_ones_are_cut) {
    char path[1000], title[FILE_TITLE_BYTES], all[FILE_TITLE_BYTES];
    memset(path, 'x', sizeof path);
    snprintf(path + sizeof path - 7, 7, ".pprof");
    char *const files[] = {path, path, "b"};
    size_t length = strlen(file_title(files, 3, 1, title));
    assert_true(length < sizeof title);
    assert_string_equal(title + length - 10, ".pprof (2)");
    length = strlen(file_title_of_all(files, 3, all));
    assert_true(length < sizeof all);
    assert_string_equal(all + length - 11, " and 2 more");
    assert_string_equal(file_title_of_all((char *const[]){"a/b", "b"}, 2, all), "a/b and 1 more");
    assert_string_equal(file_title_of_all((char *const[]){"a/b"}, 1, all), "b");
}

int main(void) {
    return tests_run();
}
