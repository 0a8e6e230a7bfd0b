// run_target_test.c: damaged program files are refused. e2e/ways has valid ones.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include <elf.h>
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

// argv: of the program, its name first.
static enum run_target_status find_argv(const char *const *argv, struct run_target *target) {
    enum run_target_status status = run_target_find((char *const *)(uintptr_t)argv, target);
    target->argv = NULL;
    return status;
}
#define FIND(target, ...) find_argv((const char *const[]){__VA_ARGS__, NULL}, target)

static enum run_target_status find(const char *name, struct run_target *target) {
    return FIND(target, name);
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
    assert_int_equal(find("sh", &target), RUN_TARGET_OK); // by the PATH
    assert_true(target.path[0] == '/' && strcmp(strrchr(target.path, '/'), "/sh") == 0);
    assert_string_equal(run_target_name(&target), target.path);
}

TEST(a_name_that_is_too_long) {
    static char name[PATH_MAX + 1];
    struct run_target target;
    memset(name, '/', PATH_MAX);
    assert_int_equal(find(name, &target), RUN_TARGET_NOT_FOUND);
    assert_non_null(strstr(target.text, "too long"));
}

// This program's own loader: PT_INTERP.
static const char *loader(void) {
    static uint8_t bytes[1 << 16];
    size_t size = read_self(bytes, sizeof bytes);
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)bytes;
    const Elf64_Phdr *segments = (const Elf64_Phdr *)(bytes + header->e_phoff);
    for (int i = 0; i < header->e_phnum; i++) {
        if (segments[i].p_type == PT_INTERP && segments[i].p_offset < size) {
            return (const char *)bytes + segments[i].p_offset;
        }
    }
    return "";
}

TEST(of_the_loader_the_program_that_it_loads) {
    struct run_target target;
    assert_int_equal(FIND(&target, loader(), "/bin/sh", "-c", "exit"), RUN_TARGET_OK);
    assert_string_equal(run_target_name(&target), "/bin/sh");
    assert_string_equal(target.path, loader());
    assert_int_equal(FIND(&target, loader(), "--library-path", "/lib", "--inhibit-cache", "--argv0=shell", "/bin/sh"), RUN_TARGET_OK);
    assert_string_equal(run_target_name(&target), "/bin/sh");
    assert_int_equal(FIND(&target, loader(), "--argv0", "shell", "--", "/bin/sh"), RUN_TARGET_OK);
    assert_string_equal(run_target_name(&target), "/bin/sh");

    assert_int_equal(FIND(&target, loader()), RUN_TARGET_REFUSED);
    assert_non_null(strstr(target.text, "its arguments name no program"));
    assert_int_equal(FIND(&target, loader(), "--list", "/bin/sh"), RUN_TARGET_REFUSED);
    assert_int_equal(FIND(&target, loader(), "--library-path"), RUN_TARGET_REFUSED);
    assert_int_equal(FIND(&target, loader(), "/nonexistent/program"), RUN_TARGET_NOT_FOUND);
    assert_int_equal(FIND(&target, loader(), "/etc/passwd"), RUN_TARGET_REFUSED);
    assert_non_null(strstr(target.text, "/etc/passwd is not a program"));
    assert_int_equal(FIND(&target, loader(), loader()), RUN_TARGET_REFUSED); // once
}

// Preloading would not work: it is said before the start.
TEST(other_rights_and_other_allocators_are_refused) {
    static uint8_t bytes[1 << 26]; // sanitized, this program has 17 MB
    struct run_target target;
    size_t size = read_self(bytes, sizeof bytes);
    assert_true(size < sizeof bytes);
    char path[] = "/tmp/cmemprof-test-XXXXXX";
    int file = mkstemp(path);
    assert_int_equal(write(file, bytes, size), size);
    assert_int_equal(fchmod(file, 0755), 0);
    enum run_target_status alone = find(path, &target);
    // One's own set-user-ID bit gives no rights; another's does.
    assert_int_equal(fchmod(file, 04755), 0);
    assert_int_equal(find(path, &target), alone);
    if (geteuid() == 0 && fchown(file, 1, 1) == 0) {
        static const struct {
            mode_t mode;
            const char *text;
        } rights[] = {{04755, "another user's rights (setuid)"}, {02755, "another group's rights (setgid)"}};
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(fchmod(file, rights[i].mode), 0);
            assert_int_equal(find(path, &target), RUN_TARGET_REFUSED);
            assert_non_null(strstr(target.text, rights[i].text));
        }
    }
    // A name in the strings of the dynamic linker, in the place of one as long.
    static const char ours[] = "libcmocka.so", sanitizer[] = "libasan.so";
    uint8_t *at = memmem(bytes, size, ours, sizeof ours - 1);
    assert_non_null(at);
    memcpy(at, sanitizer, sizeof sanitizer);
    assert_int_equal(pwrite(file, bytes, size, 0), size);
    assert_int_equal(fchmod(file, 0755), 0);
    close(file);
    enum run_target_status status = find(path, &target);
    unlink(path);
    assert_int_equal(status, RUN_TARGET_REFUSED);
    assert_non_null(strstr(target.text, "is built with AddressSanitizer"));
}

TEST_IN(folder, a_script_of_a_script_is_refused) {
    struct run_target target;
    char inner[FOLDER_BYTES + 16], text[FOLDER_BYTES + 32];
    snprintf(inner, sizeof inner, "%s/inner", folder);
    snprintf(text, sizeof text, "#!%s\n", inner);
    int file = open(inner, O_WRONLY | O_CREAT, 0755);
    assert_int_equal(write(file, "#!/bin/sh\n", 10), 10);
    close(file);
    assert_int_equal(check((const uint8_t *)text, strlen(text), &target), RUN_TARGET_REFUSED);
    assert_non_null(strstr(target.text, "is interpreted by another script"));
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
