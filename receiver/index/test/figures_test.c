// figures_test.c: pairs of metrics.json, what is malformed, and what cannot be read now.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../../test/open_in.h"

#include "../catalog.h"
#include "../figures.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct given {
    char folder[FOLDER_BYTES];
    int directory;
    struct figures_reader *reader;
    struct catalog_attachment attachment;
    struct figures figures;
};

static int given_setup(void **state) {
    struct given *given = calloc(1, sizeof *given);
    assert_int_equal(folder_make(given->folder), 0);
    given->directory = open(given->folder, O_RDONLY | O_DIRECTORY);
    given->reader = figures_reader_new();
    assert_non_null(given->reader);
    *state = given;
    return 0;
}

static int given_teardown(void **state) {
    struct given *given = *state;
    figures_reader_free(given->reader);
    figures_reader_free(NULL);
    close(given->directory);
    int status = folder_remove(given->folder);
    free(given);
    return status;
}

static enum receiver_error read_again(struct given *given) {
    const struct measured_upload upload = {.id = 1, .open = open_in, .files = &given->directory, .seconds = 60};
    return figures_of_upload(given->reader, &upload, &given->attachment, 1, &given->figures);
}

static enum receiver_error read_file(struct given *given, const char *name, const char *content) {
    int file = openat(given->directory, "0-file", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(file, content, strlen(content)), strlen(content));
    close(file);
    given->attachment = (struct catalog_attachment){.file = "0-file", .size_bytes = strlen(content)};
    snprintf(given->attachment.name, sizeof given->attachment.name, "%s", name);
    return read_again(given);
}

static double value_of(const struct figures *figures, const char *name) {
    for (size_t i = 0; i < figures->count; i++) {
        if (strcmp(figures->figures[i].name, name) == 0) {
            return figures->figures[i].value;
        }
    }
    return -1;
}

TEST_IN(given, pairs) {
    struct given *given = *state;
    static const char json[] = "[[\"a\",4],[\"b\",1.5e3],[\"text\",\"no\"],[7,7],\"odd\",[],[\"cpu_cores\",9],[\"a\",5],[\"huge\",1e999]]";
    assert_int_equal(read_file(given, "metrics.json", json), RECEIVER_OK);
    assert_int_equal(given->figures.count, 2);
    assert_true(value_of(&given->figures, "a") == 5 && value_of(&given->figures, "b") == 1500);
    assert_int_equal(given->figures.states[FIGURES_METRICS], FIGURES_READ);
    assert_int_equal(given->figures.states[FIGURES_RECORDING], FIGURES_NONE);
    assert_int_equal(read_file(given, "other.json", json), RECEIVER_OK);
    assert_int_equal(given->figures.count, 0);
    assert_int_equal(given->figures.states[FIGURES_METRICS], FIGURES_NONE);
    assert_false(figures_has_recording(&given->attachment, 1));
}

// What is malformed will always be; what is not there may come back.
TEST_IN(given, faults) {
    struct given *given = *state;
    assert_int_equal(read_file(given, "metrics.json", "[[\"a\",1]"), RECEIVER_OK);
    assert_int_equal(given->figures.states[FIGURES_METRICS], FIGURES_FAILED);
    assert_string_equal(given->figures.texts[FIGURES_METRICS], "not an array of names and numbers");
    assert_int_equal(read_file(given, "app.jfr", "no recording"), RECEIVER_OK);
    assert_true(figures_has_recording(&given->attachment, 1));
    assert_int_equal(given->figures.states[FIGURES_RECORDING], FIGURES_FAILED);
    assert_true(*given->figures.texts[FIGURES_RECORDING]);
    given->attachment.size_bytes++;
    assert_int_equal(read_again(given), RECEIVER_DAMAGED);
    assert_int_equal(given->figures.states[FIGURES_RECORDING], FIGURES_FAILED);
    assert_int_equal(unlinkat(given->directory, "0-file", 0), 0);
    assert_int_equal(read_again(given), RECEIVER_DAMAGED);
    assert_int_equal(mkfifoat(given->directory, "0-file", 0600), 0);
    assert_int_equal(read_again(given), RECEIVER_DAMAGED);
}

TEST_IN(given, many) {
    struct given *given = *state;
    char json[20000] = "[", name[40];
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "%s[\"name%d\",%d]", i ? "," : "", i, i);
        strcat(json, name);
    }
    strcat(json, "]");
    assert_int_equal(read_file(given, "metrics.json", json), RECEIVER_OK);
    assert_int_equal(given->figures.count, FIGURES_MAX);
    assert_true(value_of(&given->figures, "name127") == 127);
}

int main(void) {
    return tests_run();
}
