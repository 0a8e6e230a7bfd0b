// backup_scene.h: backups of a store in files, for tests.
#ifndef CMEMPROF_RECEIVER_BACKUP_SCENE_H
#define CMEMPROF_RECEIVER_BACKUP_SCENE_H

#include "packed_uploads.h"

#include "../backup.h"
#include "../marked_uploads.h"

struct told {
    struct backup backup;
    char said[2000], text[400];
};

static inline void tell_line(void *context, const char *text) {
    struct told *told = context;
    size_t used = strlen(told->said);
    snprintf(told->said + used, sizeof told->said - used, "%s\n", text);
}

static inline enum receiver_error export_to(struct told *told, const char *directory, const char *path) {
    *told = (struct told){.backup = {.say = tell_line, .context = told}};
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    enum receiver_error error = backup_export(directory, out, &told->backup, told->text, sizeof told->text);
    close(out);
    return error;
}

static inline enum receiver_error import_from(struct told *told, const char *directory, const char *path) {
    *told = (struct told){.backup = {.say = tell_line, .context = told}};
    int in = open(path, O_RDONLY);
    enum receiver_error error = backup_import(directory, in, &told->backup, told->text, sizeof told->text);
    close(in);
    return error;
}

// Six uploads: 1 to 4 are in a pack, of which 2 was pinned and 3 is gone; 5 has a note.
static inline void add_six(struct test_store *test) {
    char text[300];
    for (int n = 1; n <= 4; n++) {
        assert_int_equal(packed_add(test, n), n);
    }
    assert_int_equal(packed_pass(test, DAY_MS), 1);
    assert_int_equal(packed_add(test, 5), 5);
    assert_int_equal(packed_add(test, 6), 6);
    assert_int_equal(store_pin(test->store, 2, true, text, sizeof text), RECEIVER_OK);
    assert_int_equal(store_remove(test->store, 3, text, sizeof text), RECEIVER_OK);
    assert_int_equal(store_write_note(test->store, 5, "caf\xc3\xa9\n\"x\"", 9, text, sizeof text), RECEIVER_OK);
}

static inline void expect_six(struct test_store *test) {
    static const int there[] = {1, 2, 4, 5, 6};
    for (size_t i = 0; i < 5; i++) {
        packed_expect(test, there[i], there[i]);
    }
    assert_false(catalog_has(store_catalog(test->store), 3));
    assert_true(catalog_is_pinned(store_catalog(test->store), 2));
    assert_true(catalog_has_mark(store_catalog(test->store), 5));
    assert_int_equal(catalog_mark_count(store_catalog(test->store)), 2);
}

#endif
