// folder_file_test.c: what is below a folder, by path and by descriptor.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../folder_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

TEST(paths) {
    assert_string_equal(folder_file_below("/src/shop/a.c", "/src/shop"), "a.c");
    assert_string_equal(folder_file_below("/src/shop/db/a.c", "/src/shop//"), "db/a.c");
    assert_string_equal(folder_file_below("/a.c", "/"), "a.c");
    assert_null(folder_file_below("/src/shopping/a.c", "/src/shop"));
    assert_null(folder_file_below("/src/shop", "/src/shop"));
    assert_null(folder_file_below("a.c", "/src"));
}

static int open_in(const char *directory, const char *name, char path[PATH_MAX]) {
    snprintf(path, PATH_MAX, "%s/%s", directory, name);
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static void expect(const char *directory, const char *name, const char *within, const char *rest) {
    char path[PATH_MAX], real[PATH_MAX];
    int file = open_in(directory, name, path);
    assert_true(file >= 0);
    const char *found = folder_file_inside(file, within, real);
    if (rest) {
        assert_non_null(found);
        assert_string_equal(found, rest);
    } else {
        assert_null(found);
    }
    close(file);
}

TEST_IN(folder, open_files) {
    char *real = realpath(folder, NULL), path[PATH_MAX], link_path[PATH_MAX], in[PATH_MAX];
    assert_non_null(real);
    snprintf(in, sizeof in, "%.80s/in", real);
    assert_int_equal(mkdir(in, 0700), 0);
    snprintf(path, sizeof path, "%.80s/out.c", real);
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    close(file);
    snprintf(link_path, sizeof link_path, "%.80s/in/link.c", real);
    assert_int_equal(symlink(path, link_path), 0);
    expect(real, "out.c", real, "out.c");
    expect(in, "link.c", real, "out.c");
    expect(in, "link.c", in, NULL); // a link that leads out
    expect(in, "../out.c", in, NULL);
    expect(real, "in", real, NULL); // no regular file
    expect("/dev", "zero", "/dev", NULL);
    free(real);
}

int main(void) {
    return tests_run();
}
