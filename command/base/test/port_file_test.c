// Tests of port_file.c: the file is complete when it is there, also where the process itself cannot write any more.

#include "../../../base/test/test.h"

#include "../port_file.h"

#include "../../../base/test/folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TEST_IN(folder, written) {
    char path[300], link[300], text[20] = "";
    snprintf(path, sizeof path, "%s/port", folder);
    snprintf(link, sizeof link, "%s/port.new", folder);
    assert_int_equal(symlink("/no/such/target", link), 0); // is not followed
    struct port_file file;
    assert_true(port_file_begin(&file, path));
    assert_true(file.writer > 0);
    assert_true(port_file_write(&file, 8126));
    assert_int_equal(file.writer, 0);
    FILE *written = fopen(path, "r");
    assert_non_null(written);
    assert_non_null(fgets(text, sizeof text, written));
    fclose(written);
    assert_string_equal(text, "8126\n");
    assert_int_equal(access(link, F_OK), -1);
}

TEST_IN(folder, cannot_be_written) {
    char path[300];
    snprintf(path, sizeof path, "%s/none/port", folder);
    struct port_file file;
    assert_true(port_file_begin(&file, path));
    assert_false(port_file_write(&file, 1));
    assert_int_equal(errno, ENOENT);
    assert_int_equal(file.writer, 0);
}

TEST_IN(folder, never_written) {
    char path[300];
    snprintf(path, sizeof path, "%s/port", folder);
    struct port_file file;
    assert_true(port_file_begin(&file, path));
    port_file_end(&file); // returns
    assert_int_equal(access(path, F_OK), -1);
    assert_true(port_file_begin(&file, NULL));
    assert_true(port_file_write(&file, 1));
    port_file_end(&file);
}

int main(void) {
    return tests_run();
}
