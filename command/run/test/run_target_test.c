// run_target_test.c: damaged program files are refused. e2e/ways has valid ones.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../run_target.h"

static size_t read_self(uint8_t *bytes, size_t capacity) {
    FILE *file = fopen("/proc/self/exe", "rb");
    size_t size = fread(bytes, 1, capacity, file);
    fclose(file);
    return size;
}

static enum run_target_status find(char *name, struct run_target *target) {
    char *argv[] = {name, NULL};
    enum run_target_status status = run_target_find(argv, target);
    target->argv = NULL;
    return status;
}

static enum run_target_status check(const uint8_t *bytes, size_t size, struct run_target *target) {
    char path[] = "/tmp/cmemprof-test-XXXXXX";
    int file = mkstemp(path);
    assert_int_equal(write(file, bytes, size), size);
    assert_int_equal(fchmod(file, 0755), 0);
    close(file);
    enum run_target_status status = find(path, target);
    unlink(path);
    return status;
}

// Sets every byte of the headers to several values, and truncates at every length: each time there is a status, and a reason with each
// refusal.
TEST(damage_is_survived) {
    enum { HEADERS = 64 + 16 * 56 };
    static uint8_t whole[4096], changed[4096];
    struct run_target target;
    assert_int_equal(read_self(whole, sizeof whole), sizeof whole);
    for (size_t at = 0; at < HEADERS; at++) {
        static const uint8_t values[] = {0, 1, 0x7f, 0xff};
        for (size_t i = 0; i < sizeof values; i++) {
            memcpy(changed, whole, sizeof whole);
            changed[at] = values[i];
            assert_true(check(changed, sizeof changed, &target) == RUN_TARGET_OK || target.text[0] != '\0');
        }
    }
    for (size_t size = 0; size < HEADERS; size += 7) {
        assert_true(check(whole, size, &target) == RUN_TARGET_OK || target.text[0] != '\0');
    }
}

TEST(a_shell_is_fine) {
    struct run_target target;
    assert_int_equal(find("/bin/sh", &target), RUN_TARGET_OK);
    assert_false(target.is_go || target.is_musl);
    assert_int_equal(find("", &target), RUN_TARGET_NOT_FOUND);
    assert_int_equal(find("/", &target), RUN_TARGET_NOT_RUN);
}

TEST(scripts_lead_to_their_interpreter) {
    struct run_target target;
    static const char shell[] = "#! /bin/sh -e\n", missing[] = "#!/nonexistent\n", empty[] = "#!\n";
    assert_int_equal(check((const uint8_t *)shell, sizeof shell - 1, &target), RUN_TARGET_OK);
    assert_string_equal(target.interpreter, "/bin/sh");
    assert_int_not_equal(check((const uint8_t *)missing, sizeof missing - 1, &target), RUN_TARGET_OK);
    assert_int_not_equal(check((const uint8_t *)empty, sizeof empty - 1, &target), RUN_TARGET_OK);
}

// 126 for a file that is not executable, as in shells.
TEST_IN(folder, not_executable_is_126) {
    struct run_target target;
    char file[FOLDER_BYTES + 32], path[256];
    snprintf(file, sizeof file, "%s/plain-cmemprof-file", folder);
    close(open(file, O_WRONLY | O_CREAT, 0644));
    char *before = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", folder);
    setenv("PATH", path, 1);
    assert_int_equal(find("plain-cmemprof-file", &target), RUN_TARGET_NOT_RUN);
    assert_non_null(strstr(target.text, "the PATH has no other"));
    assert_int_equal(find("no-such-cmemprof-file", &target), RUN_TARGET_NOT_FOUND);
    setenv("PATH", before, 1);
    if (geteuid() != 0) { // root may search every directory
        assert_int_equal(chmod(folder, 0), 0);
        assert_int_equal(find(file, &target), RUN_TARGET_NOT_RUN);
        assert_int_equal(chmod(folder, 0700), 0);
    }
    free(before);
}

int main(void) {
    return tests_run();
}
