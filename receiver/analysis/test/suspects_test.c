// suspects_test.c: the worst finding of each service, its version, and since when.

#include "../../../base/test/test.h"

#include "../../test/uploads.h"

#include "../analysis_choice.h"
#include "../suspects.h"

#include <math.h>

enum { MINUTE_MS = 60000, STEP_MS = 4 * MINUTE_MS, UPLOADS = 40, SWITCH = 20 }; // an upload every four minutes

// Two services: "shop" changes its version after 80 minutes, "other" has one.
struct scene {
    struct overview overview;
    struct overview_upload uploads[2 * UPLOADS];
    char *texts[4];
    struct findings findings;
};

static void scene_begin(struct scene *scene) {
    static const char *const texts[] = {"shop", "other", "1.0", "1.1"};
    *scene = (struct scene){.overview = {.uploads = scene->uploads, .count = 2 * UPLOADS, .texts = scene->texts, .text_count = 4}};
    for (int i = 0; i < 4; i++) {
        scene->texts[i] = (char *)texts[i];
    }
    for (int i = 0; i < UPLOADS; i++) {
        int64_t start_ms = 1767322800000 + i * STEP_MS;
        scene->uploads[i] = (struct overview_upload){
            .id = i + 1, .start_ms = start_ms, .process = i < SWITCH ? 1 : 2, .service = 1, .version = i < SWITCH ? 3 : 4};
        scene->uploads[UPLOADS + i] =
            (struct overview_upload){.id = 100 + i, .start_ms = start_ms, .process = 3, .service = 2, .version = 3};
    }
}

static struct finding *add_found(struct scene *scene, const char *kind, enum severity severity, const char *service) {
    scene->findings.service = service;
    scene->findings.host = "db-1";
    struct finding *finding = findings_add(&scene->findings, kind, MEASURE_COUNT, severity, 1);
    assert_non_null(finding);
    snprintf(finding->title, sizeof finding->title, "%s of %s", kind, service);
    return finding;
}

// Grows by 2 MB from upload to upload, from one on.
static void set_points(struct finding *finding, int from) {
    finding->last_upload = strcmp(finding->service, "shop") == 0 ? UPLOADS : 100 + UPLOADS - 1;
    finding->unit = "bytes";
    finding->slope_bytes_per_minute = 2e6;
    for (int i = from; i < UPLOADS; i++) {
        finding->points[finding->point_count++] = (struct series_point){1767322800000 + i * STEP_MS, 1e6 + 2e6 * (i - from)};
    }
}

static struct suspects take(struct scene *scene) {
    struct suspects suspects;
    findings_sort(&scene->findings);
    assert_true(suspects_take(&suspects, &scene->findings, &(struct suspects_base){.overview = &scene->overview}));
    findings_free(&scene->findings);
    return suspects;
}

TEST(a_version_brought_it) {
    struct scene scene;
    scene_begin(&scene);
    set_points(add_found(&scene, "c_leak", SEVERITY_HIGH, "shop"), SWITCH);
    set_points(add_found(&scene, "c_leak", SEVERITY_MEDIUM, "other"), 0);
    struct suspects suspects = take(&scene);
    assert_true(suspects.count == 2 && suspects.services == 2 && suspects.processes == 3 && suspects.uploads == 2 * UPLOADS);
    const struct suspect *shop = &suspects.list[0], *other = &suspects.list[1];
    assert_string_equal(shop->service, "shop");
    assert_string_equal(shop->version, "1.1");
    assert_string_equal(shop->version_before, "1.0");
    assert_true(shop->is_of_version && shop->since_ms == 1767322800000 + SWITCH * STEP_MS);
    assert_true(shop->kept_bytes > 20e6 && shop->kept_bytes < 40e6 && isnan(shop->limit_seconds));
    assert_string_equal(other->version, "1.0");
    assert_false(other->is_of_version);
    assert_string_equal(other->version_before, "");
    struct json json = {0};
    suspects_write(&suspects, &json);
    expect_at(&json, "$.suspects[0].service", "shop");
    expect_at(&json, "$.suspects[0].version_brought_it", "1");
    expect_at(&json, "$.suspects[0].slope_bytes_per_minute", "2000000");
    expect_at(&json, "$.suspects[0].limit_seconds", "null");
    expect_at(&json, "$.by_measures_alone", "1");
    json_free(&json);
    suspects_free(&suspects);
}

// Both run since before the window, or at least from its first hour on: which of them brought it cannot be told, but whose process it is.
TEST(versions_side_by_side) {
    struct scene scene;
    scene_begin(&scene);
    for (int i = 0; i < UPLOADS; i++) {
        scene.uploads[UPLOADS + i].service = 1;
        scene.uploads[UPLOADS + i].version = 4;
        scene.uploads[i].version = 3;
        scene.uploads[i].start_ms += 2 * MINUTE_MS;
    }
    set_points(add_found(&scene, "c_leak", SEVERITY_HIGH, "shop"), 0);
    scene.findings.items[0]->last_upload = 100 + UPLOADS - 1;
    struct suspects suspects = take(&scene);
    assert_string_equal(suspects.list[0].version, "1.1");
    assert_false(suspects.list[0].is_of_version);
    assert_string_equal(suspects.list[0].version_before, "");
    suspects_free(&suspects);

    set_points(add_found(&scene, "c_leak", SEVERITY_HIGH, "shop"), 0); // the later one, by two minutes
    suspects = take(&scene);
    assert_string_equal(suspects.list[0].version, "1.0");
    assert_false(suspects.list[0].is_of_version);
    suspects_free(&suspects);
}

// What was there before has no version: nothing to compare with.
TEST(no_version_before) {
    struct scene scene;
    scene_begin(&scene);
    for (int i = 0; i < SWITCH; i++) {
        scene.uploads[i].version = 0;
    }
    set_points(add_found(&scene, "c_leak", SEVERITY_HIGH, "shop"), SWITCH);
    struct suspects suspects = take(&scene);
    assert_string_equal(suspects.list[0].version, "1.1");
    assert_false(suspects.list[0].is_of_version);
    suspects_free(&suspects);
}

// Without a series it is not known when it began, nor in which version.
TEST(no_series) {
    struct scene scene;
    struct json json = {0};
    scene_begin(&scene);
    add_found(&scene, "cpu_in_c", SEVERITY_HIGH, "shop")->last_upload = UPLOADS;
    struct suspects suspects = take(&scene);
    assert_string_equal(suspects.list[0].version, "");
    suspects_write(&suspects, &json);
    expect_at(&json, "$.suspects[0].since_ms", "null");
    expect_at(&json, "$.suspects[0].version", "null");
    json_free(&json);
    suspects_free(&suspects);
}

// A list without suspects says what could not be looked at.
TEST(what_is_not_looked_at) {
    struct scene scene;
    struct suspects suspects;
    struct json json = {0};
    scene_begin(&scene);
    scene.overview.left_out = 7;
    scene.findings.left_out = 3;
    const struct process processes[] = {{.count = 5, .told = 5}, {.count = 5, .pending = 5}, {.count = 5, .told = 5}, {.count = 5}};
    const struct suspects_base base = {.overview = &scene.overview, .processes = processes, .count = 4, .looked_count = 2};
    assert_true(suspects_take(&suspects, &scene.findings, &base));
    suspects.analysis_failed = true;
    suspects_write(&suspects, &json);
    expect_at(&json, "$.uploads_left_out", "7");
    expect_at(&json, "$.processes_not_examined", "2");
    expect_at(&json, "$.processes_by_totals", "1");
    expect_at(&json, "$.findings_left_out", "3");
    expect_at(&json, "$.analysis_failed", "1");
    json_free(&json);
    suspects_free(&suspects);
}

// The limit is a figure of what grows; only where nothing does it is the suspect.
TEST(limits) {
    struct scene scene;
    scene_begin(&scene);
    struct finding *near = add_found(&scene, "memory_limit", SEVERITY_HIGH, "shop");
    near->limit_seconds = 600;
    near->limit_from_ms = 1767322800000;
    set_points(add_found(&scene, "c_leak", SEVERITY_MEDIUM, "shop"), 0);
    add_found(&scene, "cpu_in_c", SEVERITY_LOW, "shop");
    add_found(&scene, "memory_limit", SEVERITY_MEDIUM, "other")->limit_seconds = 7200;
    struct suspects suspects = take(&scene);
    assert_int_equal(suspects.count, 2);
    assert_string_equal(suspects.list[0].kind, "c_leak");
    assert_true(suspects.list[0].limit_seconds == 600 && suspects.list[0].others == 2 && suspects.list[0].severity == SEVERITY_HIGH);
    assert_true(suspects.list[0].limit_from_ms == 1767322800000 && suspects.list[1].limit_from_ms == 0);
    assert_string_equal(suspects.list[1].kind, "memory_limit");
    assert_true(suspects.list[1].limit_seconds == 7200 && suspects.list[1].others == 0);
    suspects_free(&suspects);
}

TEST(too_many_services) {
    struct scene scene;
    static char names[SUSPECTS_MAX + 3][20];
    scene_begin(&scene);
    for (int i = 0; i < SUSPECTS_MAX + 3; i++) {
        snprintf(names[i], sizeof names[i], "s%d", i);
        add_found(&scene, "c_leak", SEVERITY_LOW, names[i]);
    }
    struct suspects suspects = take(&scene);
    assert_true(suspects.count == SUSPECTS_MAX && suspects.left_out == 3);
    suspects_free(&suspects);
}

// By measures alone, of stored uploads.
TEST_IN(store, screened) {
    struct test_store *test = *state;
    struct selection selection;
    struct overview overview;
    struct suspects suspects;
    for (int i = 0; i < 20; i++) {
        upload_blob(test, "leaky", i, "delta-heap.pprof", heap_blob(50000000, 5000000 + 6000000 * i));
        upload_blob(test, "healthy", i, "delta-heap.pprof", heap_blob(50000000, 5000000));
    }
    WAIT_UNTIL(catalog_unmeasured(store_catalog(test->store)) == 0);
    selection_init(&selection);
    assert_int_equal(overview_read(store_catalog(test->store), &selection, &overview), RECEIVER_OK);
    assert_int_equal(suspects_screen(&overview, &suspects), RECEIVER_OK);
    assert_true(suspects.count == 1 && suspects.processes == 2 && !suspects.has_stacks);
    assert_string_equal(suspects.list[0].kind, "c_leak");
    assert_string_equal(suspects.list[0].host, "leaky");
    assert_true(fabs(suspects.list[0].slope_bytes_per_minute - 6e6) < 1e5 && suspects.list[0].kept_bytes > 50e6);
    suspects_free(&suspects);
    overview_free(&overview);
    selection_free(&selection);
}

int main(void) {
    return tests_run();
}
