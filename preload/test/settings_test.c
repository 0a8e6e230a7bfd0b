// settings_test.c: variables as users write them, also invalid ones.

#include "../../base/test/test.h"

#include <sys/auxv.h>

#include "../settings.h"

static const char *const *variables; // pairs, NULL at the end

static char *get(const char *name) {
    for (const char *const *at = variables; *at; at += 2) {
        if (strcmp(*at, name) == 0) {
            return (char *)(uintptr_t)at[1];
        }
    }
    return NULL;
}

static const char *read_all(struct settings *settings, const char *const *pairs) {
    variables = pairs;
    return settings_read(settings, get);
}

TEST(off_without_a_directory) {
    struct settings settings;
    assert_null(read_all(&settings, (const char *[]){"CMEMPROF_RATE", "bad", NULL}));
    assert_string_equal(settings.directory, "");
}

TEST(reads_all_variables) {
    struct settings settings;
    assert_null(read_all(&settings, (const char *[]){"CMEMPROF_DIRECTORY", "/d", NULL}));
    assert_int_equal(settings.interval_bytes, 524288);
    assert_true(settings.period_ms == 0 && settings.signal == 0 && !settings.on_termination && !settings.follow_children &&
                !settings.marks);
    assert_null(read_all(&settings, (const char *[]){"CMEMPROF_DIRECTORY",
                                                     "/d",
                                                     "CMEMPROF_RATE",
                                                     "1",
                                                     "CMEMPROF_PERIOD_MS",
                                                     "250",
                                                     "CMEMPROF_SIGNAL",
                                                     "12",
                                                     "CMEMPROF_ON_TERMINATION",
                                                     "1",
                                                     "CMEMPROF_FOLLOW_CHILDREN",
                                                     "1",
                                                     "CMEMPROF_KEEP",
                                                     "3",
                                                     "CMEMPROF_CONTEXT",
                                                     "s,a=b",
                                                     "CMEMPROF_MARK",
                                                     "1",
                                                     "CMEMPROF_TIME_HZ",
                                                     "100",
                                                     NULL}));
    assert_string_equal(settings.context, "s,a=b");
    assert_string_equal(settings.directory, "/d");
    assert_true(settings.interval_bytes == 1 && settings.period_ms == 250 && settings.signal == 12 && settings.on_termination &&
                settings.follow_children && settings.keep == 3 && settings.marks && settings.time_hz == 100);
}

TEST(reports_invalid_variables) {
    static const char *const wrong[][2] = {
        {"CMEMPROF_RATE", "-1"},   {"CMEMPROF_RATE", "1k"},          {"CMEMPROF_RATE", " 1"}, {"CMEMPROF_RATE", "99999999999999999999"},
        {"CMEMPROF_SIGNAL", "65"}, {"CMEMPROF_ON_TERMINATION", "2"}, {"CMEMPROF_KEEP", "16"}, {"CMEMPROF_TIME_HZ", "1001"}};
    struct settings settings;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *bad = read_all(&settings, (const char *[]){"CMEMPROF_DIRECTORY", "/d", wrong[i][0], wrong[i][1], NULL});
        assert_non_null(bad);
        assert_string_equal(bad, wrong[i][0]);
    }
    assert_string_equal(read_all(&settings, (const char *[]){"CMEMPROF_DIRECTORY", "relative", NULL}), "CMEMPROF_DIRECTORY");
    assert_string_equal(settings.directory, "");
}

TEST(removes_only_our_library) {
    static const struct {
        const char *before, *after; // NULL: the variable is gone
    } lists[] = {{"LD_PRELOAD=/l/us.so", NULL},
                 {"LD_PRELOAD=/l/us.so:/a.so", "LD_PRELOAD=/a.so"},
                 {"LD_PRELOAD=/a.so /l/us.so", "LD_PRELOAD=/a.so "},
                 {"LD_PRELOAD=/a.so:/l/us.so:/b.so", "LD_PRELOAD=/a.so:/b.so"},
                 {"LD_PRELOAD=/l/us.so.1:/x/l/us.so", "LD_PRELOAD=/l/us.so.1:/x/l/us.so"}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        char list[64], rate[] = "CMEMPROF_RATE=1", other[] = "CMEMPROF_RATES=1", path[] = "PATH=/bin";
        strcpy(list, lists[i].before);
        static char *environment[5]; // on the stack, what lies behind it would be looked at as the kernel's vector
        memcpy(environment, (char *[]){rate, list, other, path, NULL}, sizeof environment);
        settings_remove(environment, "/l/us.so");
        char **at = environment;
        if (lists[i].after) {
            assert_string_equal(*at++, lists[i].after);
        }
        assert_ptr_equal(*at++, other);
        assert_ptr_equal(*at++, path);
        assert_null(*at);
    }
}

// The kernel's auxiliary vector follows the environment: a scan past the first NULL must still read it, in pairs.
TEST(auxiliary_vector_stays_reachable) {
    for (int removed = 0; removed < 4; removed++) {
        char own[4][32], path[] = "PATH=/bin", home[] = "HOME=/";
        uintptr_t random = getauxval(AT_RANDOM);
        struct {
            char *environment[7];
            uintptr_t vector[8];
        } stack = {.vector = {AT_PAGESZ, 4096, AT_RANDOM, random, AT_SECURE, 0, AT_NULL, 0}};
        int count = 0;
        stack.environment[count++] = path;
        for (int i = 0; i < removed; i++) {
            stack.environment[count++] = strcpy(own[i], "CMEMPROF_RATE=1");
        }
        while (count < 6) {
            stack.environment[count++] = home;
        }
        settings_remove(stack.environment, "/l/us.so");
        char **at = stack.environment;
        for (; *at; at++) {
            assert_true(*at == path || *at == home);
        }
        assert_true(stack.environment + 6 - at == removed - removed % 2);
        const uintptr_t *pair = (const uintptr_t *)(at + 1);
        for (; pair[0] == AT_IGNORE; pair += 2) {
        }
        assert_ptr_equal(pair, stack.vector);
    }
}

int main(void) {
    return tests_run();
}
