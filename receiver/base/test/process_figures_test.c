// process_figures_test.c: figures of this process are those of the system.

#include "../../../base/test/test.h"

#include "../process_figures.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static double value_of(const char *text, const char *name) {
    char line[80];
    snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(text, line);
    assert_non_null(at);
    return strtod(at + strlen(line), NULL);
}

static char *write_all(void) {
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    process_figures_write(&(struct exposition){.out = out});
    assert_int_equal(fclose(out), 0);
    return text;
}

TEST(figures) {
    char *text = write_all();
    double started = value_of(text, "process_start_time_seconds"), files = value_of(text, "process_open_fds");
    assert_true(started > (double)time(NULL) - 3600 && started < (double)time(NULL) + 2);
    assert_true(value_of(text, "process_resident_memory_bytes") > 100000);
    assert_true(value_of(text, "process_virtual_memory_bytes") >= value_of(text, "process_resident_memory_bytes"));
    assert_true(value_of(text, "process_cpu_seconds_total") >= 0);
    assert_true(value_of(text, "process_max_fds") >= files);
    free(text);
    int one = open("/dev/null", O_RDONLY), two = dup(one);
    text = write_all();
    assert_true(value_of(text, "process_open_fds") == files + 2);
    free(text);
    close(one);
    close(two);
}

int main(void) {
    return tests_run();
}
