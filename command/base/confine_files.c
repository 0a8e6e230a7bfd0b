// confine_files.c: Landlock (confine.h, landlock(7)). The interface is written down here, since headers are older than kernels.
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum { RULE_PATH_BENEATH = 1, GET_VERSION = 1 };
enum {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    REMOVE_DIR = 1 << 4,
    REMOVE_FILE = 1 << 5,
    MAKE_DIR = 1 << 7,
    MAKE_REG = 1 << 8,
    MAKE_SOCK = 1 << 9,
    REFER = 1 << 13,    // since version 2: rename between folders; without it Landlock refuses that
    TRUNCATE = 1 << 14, // since version 3
    IOCTL_DEV = 1 << 15 // since version 5
};
enum { FIRST_RIGHTS = (1 << 13) - 1 };
enum { SCOPE_ABSTRACT_SOCKET = 1, SCOPE_SIGNAL = 2 }; // since version 6: of processes outside

struct ruleset {
    uint64_t files, net, scoped;
};

struct rule {
    uint64_t rights;
    int32_t folder;
} __attribute__((packed));

static const uint64_t rights[] = {
    [CONFINE_READ] = READ_FILE | READ_DIR,
    [CONFINE_WRITE] = READ_FILE | READ_DIR | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE,
    [CONFINE_SOCKET] = MAKE_SOCK | REMOVE_FILE,
    [CONFINE_APPEND] = MAKE_REG | WRITE_FILE,
};

static bool allow(int ruleset, const struct confine_folder *folder, uint64_t handled) {
    struct rule rule = {rights[folder->right] & handled, folder->path ? open(folder->path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1};
    bool ok = rule.folder < 0 || syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
    int error = errno;
    if (rule.folder >= 0) {
        close(rule.folder);
    }
    errno = error;
    return ok;
}

int confine_files(const struct confine_folder *folders, size_t count) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, GET_VERSION);
    if (version < 0) {
        return errno;
    }
    struct ruleset all = {
        .files = FIRST_RIGHTS | (version >= 2 ? REFER : 0) | (version >= 3 ? TRUNCATE : 0) | (version >= 5 ? IOCTL_DEV : 0),
        .scoped = version >= 6 ? SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL : 0,
    };
    // An older kernel knows a shorter struct; network rights are left to confine_calls.
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, version >= 6 ? sizeof all : sizeof all.files, 0);
    if (ruleset < 0) {
        return errno;
    }
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++) {
        ok = allow(ruleset, &folders[i], all.files);
    }
    ok = ok && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    int error = ok ? 0 : errno;
    close(ruleset);
    return error;
}
