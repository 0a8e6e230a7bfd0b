// directory_owner_test.c: who may own a directory, and write into it.

#include "test.h"
#include "folder.h"

#include <fcntl.h>

#include "../directory_owner.h"

// expected NULL: no fault.
static void expect_fault(uid_t owner, gid_t group, mode_t mode, const char *expected) {
    assert_int_equal(chown(folder, owner, group), 0);
    assert_int_equal(chmod(folder, mode), 0);
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(directory >= 0);
    const char *fault = directory_owner_fault(directory);
    close(directory);
    assert_int_equal(!fault, !expected);
    if (fault) {
        assert_string_equal(fault, expected);
    }
}

TEST_IN(folder, owner_and_mode) {
    static const char everybody[] = "every user can write to the directory (use a subdirectory)";
    expect_fault(geteuid(), getegid(), 0700, NULL);
    expect_fault(geteuid(), getegid(), 0755, NULL);
    expect_fault(geteuid(), getegid(), 0775, NULL); // mkdir with umask 002
    expect_fault(geteuid(), getegid(), 0777, everybody);
    expect_fault(geteuid(), getegid(), 01777, everybody);
    if (chown(folder, 12345, 12345) == 0) { // root can, but for one of a user namespace that lacks the user
        expect_fault(0, 12345, 0770, "another group can write to the directory (use a subdirectory)");
        expect_fault(0, 12345, 0750, NULL);
        expect_fault(12345, 0, 0700, "the directory belongs to another user");
    }
    assert_int_equal(chown(folder, geteuid(), getegid()), 0);
    assert_int_equal(chmod(folder, 0700), 0);
}

TEST(what_cannot_be_learned_is_no_fault) {
    assert_null(directory_owner_fault(-1));
}

int main(void) {
    return tests_run();
}
