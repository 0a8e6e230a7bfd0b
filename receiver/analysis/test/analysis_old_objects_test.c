// analysis_old_objects_test.c: a heap that grows gets the site that most of the old objects have, in the program's own code.

#include "../../../base/test/test.h"

#include "analysis_series.h"

// frames: function names of Java, leaf first.
static void add_objects(struct profile *profile, const char *const *frames, int64_t objects) {
    const struct profile_mapping java = {.file = PROFILE_JAVA_MAPPING, .build_id = "", .has_functions = true};
    uint32_t locations[8], mapping = profile_add_mapping(profile, &java);
    size_t count = 0;
    for (; frames[count]; count++) {
        uint32_t function = profile_add_function(profile, &(struct profile_function){.name = frames[count], .system_name = "", .file = ""});
        locations[count] = profile_add_location(profile, mapping, 0, &(struct profile_line){function, 7, 0}, 1);
    }
    profile_add_sample(profile, locations, count, VALUES(objects), NULL, 0);
}

#define GROWING "java.util.HashMap.resize", "java.util.HashMap.put", "shop.Cache.put", "shop.Main.serve", "java.lang.Thread.run"
#define OTHER "java.util.ArrayList.add", "shop.Main.start"

// Of a finding of this measure, whose stacks were not looked at.
static struct findings look(enum measure measure, int64_t cache, int64_t other, int64_t without) {
    struct findings findings = {0};
    struct stacks stacks;
    char text[160] = "";
    struct finding *finding = findings_add(&findings, "go_heap_growth", measure, SEVERITY_MEDIUM, 1);
    snprintf(finding->title, sizeof finding->title, "The live heap grows by 3 MB a minute; the stacks of this process were not looked at");
    snprintf(finding->evidence, sizeof finding->evidence, "It rose.");
    assert_true(stacks_init(&stacks, "old_objects", NULL));
    for (int i = 0; i < 2; i++) {
        struct profile *profile = profile_new();
        profile_add_sample_type(profile, "old_objects", "count");
        add_objects(profile, FRAMES(GROWING), cache);
        add_objects(profile, FRAMES(OTHER), other);
        add_objects(profile, FRAMES("(no stack)"), without);
        struct blob blob = finish(profile);
        struct listed_upload upload = {.id = i + 1, .end_ms = i * MINUTE_MS};
        assert_int_equal(stacks_add(&stacks, &upload, blob.bytes, blob.size, text), RECEIVER_OK);
        free(blob.bytes);
    }
    assert_true(analysis_old_objects(&findings, &stacks, "main.jfr"));
    stacks_free(&stacks);
    assert_int_equal(findings.count, 1);
    return findings;
}

TEST(site_of_the_program) {
    struct findings findings = look(MEASURE_HEAP_LIVE_BYTES, 30, 10, 0);
    const struct finding *finding = findings.items[0];
    assert_string_equal(finding->title, "The live heap grows by 3 MB a minute, 75 % of its old objects allocated by shop.Cache.put");
    assert_string_equal(finding->evidence,
                        "It rose. Old objects are a sample that the JVM has chosen of what is in use: 60 of the 80 in the newest "
                        "recordings were allocated there.");
    assert_string_equal(finding->site, "shop.Cache.put");
    assert_int_equal(finding->frame_count, 5);
    assert_true(!finding->stack[1].own && finding->stack[2].own && finding->stack[3].own && !finding->stack[4].own);
    assert_string_equal(finding->attachment, "main.jfr");
    assert_string_equal(finding->type, "old_objects");
    assert_string_equal(finding->advice, "");
    findings_free(&findings);
}

// Few objects, or no site with many, tell nothing; without stacks it is said how to get them.
TEST(no_site) {
    struct findings findings = look(MEASURE_HEAP_LIVE_BYTES, 3, 1, 0);
    assert_string_equal(findings.items[0]->title, "The live heap grows by 3 MB a minute; the stacks of this process were not looked at");
    assert_string_equal(findings.items[0]->site, "");
    findings_free(&findings);
    findings = look(MEASURE_HEAP_LIVE_BYTES, 3, 1, 100);
    assert_int_equal(findings.items[0]->frame_count, 0);
    assert_non_null(strstr(findings.items[0]->advice, "jdk.OldObjectSample#stackTrace=true"));
    findings_free(&findings);
    findings = look(MEASURE_GOROUTINES, 30, 10, 0); // of something else
    assert_int_equal(findings.items[0]->frame_count, 0);
    findings_free(&findings);
}

int main(void) {
    return tests_run();
}
