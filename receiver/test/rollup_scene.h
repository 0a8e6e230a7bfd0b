// rollup_scene.h: hosts with hours of uploads, and what views make of them, for the tests of roll-ups.
#ifndef CMEMPROF_RECEIVER_TEST_ROLLUP_SCENE_H
#define CMEMPROF_RECEIVER_TEST_ROLLUP_SCENE_H

#include "../../base/test/test.h"

#include "canonical.h"
#include "uploads.h"

#include "../views/rollup_keeper.h"
#include "../views/upload_types.h"

#include <dirent.h>

// uploads.h's day, 2026-01-02, and its hours from 3:00.
#define SCENE_FIRST_MS INT64_C(1767322800000)
#define SCENE_DAY_ENDS_MS (INT64_C(1767398400000) + ROLLUP_KEEPER_QUIET_MS)
static inline int64_t scene_hour_ends_ms(int hour) {
    return SCENE_FIRST_MS + (hour + 1) * INT64_C(3600000) + ROLLUP_KEEPER_QUIET_MS;
}

// A profile of thirty stacks, some of them of this number alone, with labels of few values and one of many.
static inline struct blob scene_blob(int number) {
    struct profile *profile = new_heap_profile();
    char text[40], span[40];
    profile_set_time(profile, 1767322800000000000 + number * INT64_C(60000000000), 59000000000 + number);
    for (int i = 0; i < 30; i++) {
        char leaf[40];
        snprintf(leaf, sizeof leaf, "main.f%d /f.go", i == 29 ? 100 + number : i);
        snprintf(text, sizeof text, "t%d", (number + i) % 3);
        snprintf(span, sizeof span, "s%d-%d", number, i);
        const struct profile_label labels[] = {{"memory", "C", 0, ""}, {"tenant", text, 0, ""}, {"span id", span, 0, ""}};
        add_labelled(profile, FRAMES(leaf, "main.a /a.go", "main.main /m.go"), VALUES(1 + i, 100 + number, i % 5, number % 7 * i),
                     labels + (i % 2), 3 - (i % 2));
    }
    snprintf(text, sizeof text, "cmemprof: warning: %d samples lost", number);
    profile_add_comment(profile, text);
    return finish(profile);
}

enum { SCENE_AN_HOUR = 40 };
// Uploads of a host in an hour from 3:00.
static inline void scene_hour(struct test_store *test, const char *host, int hour, int uploads) {
    for (int i = 0; i < uploads; i++) {
        struct blob blob = scene_blob(hour * 100 + i);
        upload_span(test, host, hour * 3600 + i * 60 + (*host % 10), 60, "heap.pprof", blob.bytes, blob.size);
        free(blob.bytes);
    }
}

// What views say of an attachment of all uploads of the host (NULL: of all hosts) from one hour on up to another: the merged profile with
// the labels of a key (NULL: none), the report, and the types. The caller frees it.
static inline char *scene_views(struct test_store *test, const char *attachment, const char *host, int64_t from_ms, int64_t to_ms,
                                const char *label) {
    struct selection selection;
    struct upload_list list;
    struct profile *profile = NULL;
    struct sweep_report report;
    struct json json = {0};
    char text[200];
    bool is_passing;
    selection_init(&selection);
    selection.from_ms = from_ms;
    selection.to_ms = to_ms;
    assert_true(!host || selection_add(&selection, "host", host, text, sizeof text));
    assert_int_equal(upload_list_read(store_catalog(test->store), &selection, attachment, UPLOAD_LIST_MAX, &list), RECEIVER_OK);
    selection_free(&selection);
    assert_int_equal(merge_uploads(test->store, NULL, &list, attachment, &label, !!label, NULL, &profile, &report), RECEIVER_OK);
    json_object_begin(&json);
    sweep_report_write(&report, &json);
    json_key(&json, "seconds");
    json_real(&json, report.seconds);
    for (size_t i = 0; i < report.counts.count; i++) {
        json_key(&json, report.counts.types[i].name);
        json_number(&json, (int64_t)report.counts.types[i].profiles);
    }
    json_key(&json, "types");
    json_object_begin(&json);
    assert_int_equal(upload_types_write(test->store, &list, attachment, (struct gauges){GAUGES_MEAN, true}, &is_passing, &json),
                     RECEIVER_OK);
    json_object_end(&json);
    json_object_end(&json);
    char *merged = canonical(profile);
    struct text all = {0};
    text_add(&all, "%s%.*s\n", merged, (int)json.size, json.bytes);
    free(merged);
    json_free(&json);
    profile_free(profile);
    upload_list_free(&list);
    return all.bytes;
}

static inline char *scene_all(struct test_store *test, const char *label) {
    return scene_views(test, "heap.pprof", NULL, INT64_MIN, INT64_MAX, label);
}

// Compares what views say now, and frees both.
static inline void scene_expect(char *before, char *now) {
    if (strcmp(before, now) != 0) {
        size_t at = 0;
        while (before[at] == now[at]) {
            at++;
        }
        at = at > 200 ? at - 200 : 0;
        fail_msg("views differ: %.600s\nexpected: %.600s", now + at, before + at);
    }
    free(before);
    free(now);
}

static inline size_t scene_pass(struct test_store *test, int64_t now_ms) {
    struct rollup_keeper *keeper = rollup_keeper_new(test->store);
    size_t made = rollup_keeper_pass(keeper, now_ms);
    rollup_keeper_stop(keeper);
    return made;
}

// Of uploads that have come or gone: seen by one keeper, and made by it ten minutes later.
static inline size_t scene_pass_late(struct test_store *test, int64_t now_ms) {
    struct rollup_keeper *keeper = rollup_keeper_new(test->store);
    size_t made = rollup_keeper_pass(keeper, now_ms);
    made += rollup_keeper_pass(keeper, now_ms + 10 * 60 * 1000);
    rollup_keeper_stop(keeper);
    return made;
}

// Makes the attachment of each upload with an even (or odd) id unreadable, whether it is in a roll-up or not: of the same size, since a
// file that has another is refused before it is read.
static inline void scene_spoil(struct test_store *test, int odd) {
    char path[FOLDER_BYTES + 60];
    snprintf(path, sizeof path, "%s/uploads", test->directory);
    DIR *uploads = opendir(path);
    assert_non_null(uploads);
    for (struct dirent *entry; (entry = readdir(uploads));) {
        int id = atoi(entry->d_name);
        if (id == 0 || id % 2 != odd) {
            continue;
        }
        snprintf(path, sizeof path, "%s/uploads/%d/0-heap.pprof", test->directory, id);
        FILE *file = fopen(path, "r+");
        if (file) {
            fputs("spoilt", file);
            fclose(file);
        }
    }
    closedir(uploads);
}

#endif
