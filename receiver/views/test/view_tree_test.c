// view_tree_test.c: call trees as JSON: valid for any profile, bounded, filtered, with a baseline.

#include "../../../base/test/test.h"

#include "../../test/profiles.h"

#include "../merge_uploads.h"
#include "../view.h"

// The tree as JSON; consumes the profile.
static struct json tree_of(struct profile *profile, const char *type, const char *base, const struct view_filter *filter) {
    struct json json = {0};
    char text[200] = "";
    json_object_begin(&json);
    assert_int_equal(view_tree(profile, type, base, filter, &json, text, sizeof text), RECEIVER_OK);
    json_object_end(&json);
    profile_free(profile);
    return json;
}

static void expect_tree(struct profile *profile, const char *base, const struct view_filter *filter, const char *total, const char *nodes) {
    struct json json = tree_of(profile, NULL, base, filter);
    expect_at(&json, "$.total", total);
    expect_at(&json, "$.nodes", nodes);
    json_free(&json);
}

TEST(form) {
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("malloc /c/malloc.c", "main.a /a.go"), VALUES(1, 10, 1, 100), true);
    add_stack(profile, FRAMES("main.a /a.go"), VALUES(1, 10, 1, 30), false);
    struct json json = tree_of(profile, "inuse_space", NULL, NULL);
    expect_at(&json, "$.type", "inuse_space");
    expect_at(&json, "$.unit", "bytes");
    expect_at(&json, "$.gauge", "1");
    expect_at(&json, "$.total", "130");
    expect_at(&json, "$.base_total", "(none)");
    expect_at(&json, "$.nodes_left_out", "0");
    expect_at(&json, "$.functions[0]", "{\"name\":\"main.a\",\"file\":\"/a.go\",\"kind\":\"go\",\"library\":\"main\"}");
    expect_at(&json, "$.nodes[0][1]", "0");
    expect_at(&json, "$.nodes[0][4]", "130");
    expect_at(&json, "$.nodes[1][0]", "1");
    expect_at(&json, "$.nodes[1][2]", "7");
    expect_at(&json, "$.nodes[1][3]", "100");
    json_free(&json);
}

static struct profile *labelled(void) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    uint32_t go = add_frame(profile, "main.a", "/a.go"), c = add_frame(profile, "f", "/f.c");
    struct profile_label one[] = {{"thread", "t1", 0, ""}, {"goid", NULL, 7, ""}, {"memory", "C", 0, ""}};
    struct profile_label two[] = {{"thread", "t2", 0, ""}};
    profile_add_sample(profile, (uint32_t[]){c, go}, 2, VALUES(1), one, 3);
    profile_add_sample(profile, (uint32_t[]){go}, 1, VALUES(10), two, 1);
    profile_add_sample(profile, (uint32_t[]){go}, 1, VALUES(100), NULL, 0);
    profile_add_sample(profile, NULL, 0, VALUES(1000), NULL, 0);
    struct profile_label own[] = {{"memory", "C", 0, ""}, {"owner", "cmemprof", 0, ""}};
    profile_add_sample(profile, (uint32_t[]){go}, 1, VALUES(10000), own, 2);
    return profile;
}

TEST(filters) {
    expect_tree(labelled(), NULL, NULL, "11111", "[[0,0,7,10110,10111],[1,1,7,1,1]]");
    struct view_filter filter = {.memory = VIEW_C};
    expect_tree(labelled(), NULL, &filter, "10001", "[[0,0,7,10000,10001],[1,1,7,1,1]]");
    filter.memory = VIEW_GO;
    expect_tree(labelled(), NULL, &filter, "1110", "[[0,0,7,110,110]]");
    filter = (struct view_filter){.owner = VIEW_PROFILERS};
    expect_tree(labelled(), NULL, &filter, "10000", "[[0,0,7,10000,10000]]");
    filter = (struct view_filter){.owner = VIEW_PROGRAMS, .memory = VIEW_C};
    expect_tree(labelled(), NULL, &filter, "1", "[[0,0,7,0,1],[1,1,7,1,1]]");
    filter = (struct view_filter){.labels = {{"thread", "t2"}}, .label_count = 1};
    expect_tree(labelled(), NULL, &filter, "10", "[[0,0,7,10,10]]");
    filter = (struct view_filter){.labels = {{"thread", "t2"}, {"thread", "t1"}}, .label_count = 2};
    expect_tree(labelled(), NULL, &filter, "11", "[[0,0,7,10,11],[1,1,7,1,1]]");
    filter = (struct view_filter){.labels = {{"thread", "t2"}, {"thread", "t1"}, {"goid", "7"}}, .label_count = 3};
    expect_tree(labelled(), NULL, &filter, "1", "[[0,0,7,0,1],[1,1,7,1,1]]");
    filter = (struct view_filter){.labels = {{"thread", "none"}}, .label_count = 1};
    expect_tree(labelled(), NULL, &filter, "0", "[]");
    filter = (struct view_filter){.kind = "c"};
    expect_tree(labelled(), NULL, &filter, "1", "[[0,0,7,0,1],[1,1,7,1,1]]");
    filter = (struct view_filter){.kind = "go"};
    expect_tree(labelled(), NULL, &filter, "10110", "[[0,0,7,10110,10110]]");
}

// The first level are the values; filters are about the samples as before.
TEST(groups) {
    struct view_filter filter = {.group_by = "thread"};
    struct json json = tree_of(labelled(), NULL, NULL, &filter);
    expect_at(&json, "$.total", "11111");
    expect_at(&json, "$.self", "0");
    expect_at(&json, "$.functions[0]", "{\"name\":\"(no label)\",\"file\":\"thread\",\"kind\":\"label\",\"library\":\"\"}");
    expect_at(&json, "$.functions[2].name", "t2");
    expect_at(&json, "$.nodes", "[[0,0,0,1000,11100],[1,1,7,10100,10100],[0,2,0,0,10],[3,1,7,10,10],[0,3,0,0,1],[5,1,7,0,1],[6,4,7,1,1]]");
    json_free(&json);
    filter = (struct view_filter){.group_by = "goid", .memory = VIEW_C, .kind = "c"};
    expect_tree(labelled(), NULL, &filter, "1", "[[0,0,0,0,1],[1,1,7,0,1],[2,2,7,1,1]]");
    filter = (struct view_filter){.group_by = "nobody has it"};
    expect_tree(labelled(), NULL, &filter, "11111", "[[0,0,0,1000,11111],[1,1,7,10110,10111],[2,2,7,1,1]]");
    // The path of a node begins with its group: (no label), main.a.
    filter = (struct view_filter){.group_by = "thread", .below = "8c553e64"};
    expect_tree(labelled(), NULL, &filter, "11111", "[[0,0,0,1000,11100],[1,1,7,10100,10100]]");
}

// Nodes of one side only are there, and the heavier side decides the order.
TEST(baseline) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "before", "bytes");
    profile_add_sample_type(profile, "now", "bytes");
    add_stack(profile, FRAMES("a x.c"), VALUES(0, 5), false);
    add_stack(profile, FRAMES("b x.c"), VALUES(7, 0), false);
    add_stack(profile, FRAMES("c x.c"), VALUES(1, 1), false);
    struct json json = tree_of(profile, "now", "before", NULL);
    expect_at(&json, "$.total", "6");
    expect_at(&json, "$.base_total", "8");
    expect_at(&json, "$.base_self", "0");
    expect_at(&json, "$.nodes", "[[0,0,7,0,0,7,7],[0,1,7,5,5,0,0],[0,2,7,1,1,1,1]]");
    json_free(&json);
}

// Functions f0, f1, ... of one sample each, of this weight except one.
static struct profile *leaves(int count, int64_t weight, int other, int64_t other_weight) {
    struct profile *profile = profile_new();
    char name[32];
    profile_add_sample_type(profile, "inuse_space", "bytes");
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "f%d", i);
        uint32_t location = add_frame(profile, name, "x.c");
        profile_add_sample(profile, &location, 1, VALUES(i == other ? other_weight : weight), NULL, 0);
    }
    return profile;
}

// More leaves than are shown: the heaviest are, with the sums of all functions.
TEST(large_tree) {
    struct json json = tree_of(leaves(250000, 1, 77, 1000000000), NULL, NULL, NULL);
    expect_at(&json, "$.total", "1000249999");
    expect_at(&json, "$.nodes_left_out", "50000");
    expect_at(&json, "$.nodes[0]", "[0,0,7,1000000000,1000000000]");
    expect_at(&json, "$.nodes[199999][3]", "1");
    expect_at(&json, "$.nodes[200000]", "(none)");
    expect_at(&json, "$.sums[0]", "[1000000000,1000000000]");
    expect_at(&json, "$.sums[199999]", "[1,1]");
    json_free(&json);
}

// Exactly the heaviest ones, whatever their weights: of weights 1, 2, ..., 260,000 all from 60,001 on.
TEST(heaviest) {
    struct profile *profile = profile_new();
    char name[32];
    profile_add_sample_type(profile, "inuse_space", "bytes");
    for (int i = 1; i <= 260000; i++) {
        snprintf(name, sizeof name, "f%d", (int)(i * 7919LL % 260003)); // in an order that is not that of the weights
        uint32_t location = add_frame(profile, name, "x.c");
        profile_add_sample(profile, &location, 1, VALUES((int64_t)(i * 7919LL % 260003)), NULL, 0);
    }
    struct json json = tree_of(profile, NULL, NULL, NULL);
    expect_at(&json, "$.nodes_left_out", "60000");
    char *lightest = json_at(&json, "$.nodes[199999][4]"), *heaviest = json_at(&json, "$.nodes[0][4]");
    assert_true(strtol(heaviest, NULL, 10) - strtol(lightest, NULL, 10) >= 199999); // some of 260,002 numbers are unused
    assert_true(strtol(heaviest, NULL, 10) - strtol(lightest, NULL, 10) < 200005);
    free(lightest);
    free(heaviest);
    json_free(&json);
}

// Sums by function are of the whole tree, once per outermost call, also with a baseline.
TEST(sums_of_the_whole) {
    struct profile *profile = profile_new();
    char name[32];
    profile_add_sample_type(profile, "before", "bytes");
    profile_add_sample_type(profile, "now", "bytes");
    uint32_t work = add_frame(profile, "work", "x.c");
    for (int i = 0; i < 150000; i++) { // each with a caller of its own
        snprintf(name, sizeof name, "caller%d", i);
        uint32_t locations[] = {work, work, add_frame(profile, name, "x.c")};
        profile_add_sample(profile, locations, 3, VALUES(1, 10), NULL, 0);
    }
    struct json json = tree_of(profile, "now", "before", NULL);
    expect_at(&json, "$.nodes_left_out", "250000");
    expect_at(&json, "$.functions[1].name", "work");
    expect_at(&json, "$.sums[1]", "[1500000,1500000,150000,150000]");
    expect_at(&json, "$.sums[0]", "[0,10,0,1]");
    json_free(&json);
}

// A node by the page's hash of its path, with its callers and subtree; sums stay those of the whole. (The hashes are the page's: pathHashes
// of tree.ts for "main", and "main" and the other.)
TEST(below) {
    struct view_filter filter = {.below = "79f99583"};
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("x x.c", "b \u00e9\U0001f600 x.c", "main x.c"), VALUES(0, 0, 0, 5), false);
    add_stack(profile, FRAMES("y x.c", "main x.c"), VALUES(0, 0, 0, 30), false);
    add_stack(profile, FRAMES("x x.c"), VALUES(0, 0, 0, 1), false);
    struct json json = tree_of(profile, "inuse_space", NULL, &filter);
    expect_at(&json, "$.total", "36");
    expect_at(&json, "$.nodes_left_out", "0");
    expect_at(&json, "$.nodes", "[[0,0,7,0,35],[1,1,7,0,5],[2,2,7,5,5]]");
    expect_at(&json, "$.functions[2].name", "x");
    expect_at(&json, "$.sums[2]", "[6,6]");
    json_free(&json);
    profile = new_heap_profile();
    filter.below = "4A13D298"; // main
    add_stack(profile, FRAMES("x x.c", "main x.c"), VALUES(0, 0, 0, 5), false);
    json = tree_of(profile, "inuse_space", NULL, &filter);
    expect_at(&json, "$.nodes", "[[0,0,7,0,5],[1,1,7,5,5]]");
    expect_at(&json, "$.sums", "(none)"); // it is the whole
    json_free(&json);
    profile = new_heap_profile();
    char text[200] = "";
    filter.below = "deadbeef";
    json_object_begin(&json);
    assert_int_equal(view_tree(profile, "inuse_space", NULL, &filter, &json, text, sizeof text), RECEIVER_NOT_FOUND);
    assert_string_equal(text, "the tree has no node deadbeef");
    json_free(&json);
    profile_free(profile);
}

// A part that is still too large shows its heaviest nodes, and nothing else. Names of megabytes in very many nodes: each is hashed once.
// (Once per node would be 700 GB, and the test would not end.)
TEST(below_long_names) {
    enum { NAME_BYTES = 8 << 20, FUNCTIONS = 4, DEPTH = 8 };
    char *name = malloc(NAME_BYTES + 1);
    uint32_t frames[FUNCTIONS], locations[DEPTH];
    struct view_filter filter = {.below = "deadbeef"};
    struct json json = {0};
    char text[200];
    struct profile *profile = profile_new();
    assert_non_null(name);
    profile_add_sample_type(profile, "inuse_space", "bytes");
    memset(name, 'n', NAME_BYTES);
    name[NAME_BYTES] = '\0';
    for (int i = 0; i < FUNCTIONS; i++) {
        name[0] = (char)('a' + i);
        frames[i] = add_frame(profile, name, "x.c");
    }
    free(name);
    for (int i = 0; i < 1 << 2 * DEPTH; i++) {
        for (int depth = 0; depth < DEPTH; depth++) {
            locations[depth] = frames[i >> 2 * depth & (FUNCTIONS - 1)];
        }
        profile_add_sample(profile, locations, DEPTH, VALUES(1), NULL, 0);
    }
    json_object_begin(&json);
    assert_int_equal(view_tree(profile, NULL, NULL, &filter, &json, text, sizeof text), RECEIVER_NOT_FOUND);
    json_free(&json);
    profile_free(profile);
}

TEST(large_below) {
    struct view_filter filter = {.below = "4a13d298"};
    struct profile *profile = profile_new();
    char name[32];
    profile_add_sample_type(profile, "inuse_space", "bytes");
    uint32_t above[] = {add_frame(profile, "main", "x.c"), add_frame(profile, "other", "x.c")};
    for (int i = 0; i < 420000; i++) {
        snprintf(name, sizeof name, "f%d", i % 210000);
        uint32_t locations[] = {add_frame(profile, name, "x.c"), above[i / 210000]};
        profile_add_sample(profile, locations, 2, VALUES(i < 210000 ? 1 + (i == 7) : 100), NULL, 0);
    }
    struct json json = tree_of(profile, NULL, NULL, &filter);
    expect_at(&json, "$.nodes_left_out", "10001");
    expect_at(&json, "$.nodes[0]", "[0,0,7,0,210001]");
    expect_at(&json, "$.nodes[1]", "[1,1,7,2,2]");
    expect_at(&json, "$.nodes[199999][0]", "1");
    json_free(&json);
}

// Values that cancel out below a node are dropped with it, however large.
TEST(heavy_below_light) {
    struct profile *profile = leaves(250000, 1, 77, 1000000000);
    add_stack(profile, FRAMES("more x.c", "nothing x.c"), VALUES(1000000000), false);
    add_stack(profile, FRAMES("less x.c", "nothing x.c"), VALUES(-1000000000), false);
    struct json json = tree_of(profile, NULL, NULL, NULL);
    expect_at(&json, "$.nodes_left_out", "50003");
    expect_at(&json, "$.nodes[0]", "[0,0,7,1000000000,1000000000]");
    expect_at(&json, "$.nodes[199999][4]", "1");
    json_free(&json);
}

// Nodes of equal weight are not all left out together.
TEST(large_even_tree) {
    struct json json = tree_of(leaves(200100, 5, 0, 5), NULL, NULL, NULL);
    expect_at(&json, "$.nodes_left_out", "100");
    json_free(&json);
}

// Nodes of equal weight, below a root of nearly none: the tree is still bounded.
TEST(large_negative_tree) {
    struct json json = tree_of(leaves(200100, INT64_MIN, 200099, INT64_MAX), NULL, NULL, NULL);
    expect_at(&json, "$.total", "-1");
    expect_at(&json, "$.nodes_left_out", "100");
    json_free(&json);
}

TEST(empty_and_odd) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "\"<\xff", "\\");
    expect_tree(profile, NULL, NULL, "0", "[]");
    profile = profile_new();
    profile_add_sample_type(profile, "inuse_space", "bytes");
    add_stack(profile, FRAMES("f x.c"), VALUES(INT64_MIN), false);
    profile_add_sample(profile, NULL, 0, VALUES(3), NULL, 0);
    struct json json = tree_of(profile, NULL, NULL, NULL);
    assert_non_null(memmem(json.bytes, json.size, "[0,0,7,-9223372036854775808,-9223372036854775808]", 49));
    expect_at(&json, "$.self", "3");
    json_free(&json);
}

// Values that few profiles have are shown, and parts add up to their parent.
// f is called from lines 3 and 4 of main, and allocates at 12.
static struct profile *of_lines(void) {
    struct profile *profile = new_heap_profile();
    uint32_t main = profile_add_function(profile, &(struct profile_function){.name = "main", .system_name = "", .file = "/m.c"}),
             f = profile_add_function(profile, &(struct profile_function){.name = "f", .system_name = "", .file = "/m.c"}),
             leaf = profile_add_location(profile, 0, 0, &(struct profile_line){f, 12, 0}, 1),
             third = profile_add_location(profile, 0, 0, &(struct profile_line){main, 3, 0}, 1),
             fourth = profile_add_location(profile, 0, 0, &(struct profile_line){main, 4, 0}, 1);
    profile_add_sample(profile, (uint32_t[]){leaf, third}, 2, VALUES(0, 0, 1, 100), NULL, 0);
    profile_add_sample(profile, (uint32_t[]){leaf, fourth}, 2, VALUES(0, 0, 1, 30), NULL, 0);
    return profile;
}

TEST(by_line) {
    struct json json = tree_of(of_lines(), "inuse_space", NULL, NULL);
    expect_at(&json, "$.nodes", "[[0,0,3,0,130],[1,1,12,130,130]]");
    json_free(&json);
    struct view_filter filter = {.by_line = true};
    json = tree_of(of_lines(), "inuse_space", NULL, &filter);
    expect_at(&json, "$.nodes", "[[0,0,3,0,100],[1,1,12,100,100],[0,2,4,0,30],[3,1,12,30,30]]");
    expect_at(&json, "$.functions[2]", "{\"name\":\"main\",\"file\":\"/m.c\",\"kind\":\"c\",\"library\":\"\",\"line\":4}");
    json_free(&json);
    filter.below = "848ec5e7"; // main:3, f:12
    json = tree_of(of_lines(), "inuse_space", NULL, &filter);
    expect_at(&json, "$.nodes", "[[0,0,3,0,100],[1,1,12,100,100]]");
    json_free(&json);
}

// 100 objects of 64 KiB are 6,553,600 bytes with a standard error of 1,796,023 (sampling_error.h); two stacks are independent.
TEST(objects_and_the_error_of_sampling) {
    struct view_filter filter = {.objects = VIEW_OBJECTS};
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("malloc m.c", "main.a a.go"), VALUES(0, 0, 100, 6553600), true);
    add_stack(profile, FRAMES("malloc m.c", "main.b b.go"), VALUES(0, 0, 100, 6553600), true);
    add_stack(profile, FRAMES("main.b b.go"), VALUES(0, 0, 5000000, 1), false); // the order is by bytes
    struct json json = tree_of(profile, "inuse_space", NULL, &filter);
    expect_at(&json, "$.objects", "5000200");
    expect_at(&json, "$.base_total", "(none)");
    expect_at(&json, "$.nodes[0]", "[0,0,7,1,6553601,5000100,3592046]");
    expect_at(&json, "$.nodes[1]", "[1,1,7,6553600,6553600,100,3592046]");
    expect_at(&json, "$.spread", "5079920");
    expect_at(&json, "$.sums", "(none)");
    json_free(&json);
    // Of a type that has none, and beside a baseline, they are not there.
    profile = new_heap_profile();
    add_stack(profile, FRAMES("malloc m.c"), VALUES(7, 0, 1, 10), true);
    json = tree_of(profile, "alloc_objects", NULL, &filter);
    expect_at(&json, "$.nodes", "[[0,0,7,7,7]]");
    json_free(&json);
    profile = new_heap_profile();
    add_stack(profile, FRAMES("malloc m.c"), VALUES(7, 0, 1, 10), true);
    json = tree_of(profile, "inuse_space", "alloc_space", &filter);
    expect_at(&json, "$.objects", "(none)");
    expect_at(&json, "$.base_total", "0");
    json_free(&json);
}

// A mean of profiles that see the same objects is as certain as one of them.
TEST(error_of_a_mean) {
    struct sweep_report report = {.counts = {.count = 1, .types = {{.name = "inuse_space", .profiles = 4}}}};
    struct view_filter filter = {.objects = VIEW_OBJECTS, .report = &report};
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("malloc m.c"), VALUES(0, 0, 400, 4 * 6553600), true);
    struct json json = tree_of(profile, "inuse_space", NULL, &filter);
    expect_at(&json, "$.total", "6553600");
    expect_at(&json, "$.objects", "100");
    expect_at(&json, "$.spread", "3592046");
    json_free(&json);
}

TEST(objects_of_large_trees) {
    enum { STACKS = 20001 };
    for (int i = VIEW_OBJECTS_OF_SMALL; i <= VIEW_OBJECTS; i++) {
        struct view_filter filter = {.objects = (enum view_objects)i};
        struct profile *profile = new_heap_profile();
        for (int k = 0; k < STACKS; k++) {
            char name[40];
            snprintf(name, sizeof name, "f%d f.c", k);
            add_stack(profile, FRAMES(name), VALUES(0, 0, 1, 10), false);
        }
        struct json json = tree_of(profile, "inuse_space", NULL, &filter);
        expect_at(&json, "$.objects", i == VIEW_OBJECTS ? "20001" : "(none)");
        expect_at(&json, "$.objects_left_out", i == VIEW_OBJECTS ? "(none)" : "1");
        json_free(&json);
    }
}

TEST(means) {
    struct sweep_report report = {.counts = {.count = 1, .types = {{.name = "inuse_space", .profiles = 8}}}};
    struct view_filter filter = {.report = &report};
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("b x.c", "a x.c"), VALUES(0, 0, 0, 3), false);
    add_stack(profile, FRAMES("c x.c", "a x.c"), VALUES(0, 0, 0, -1), false);
    add_stack(profile, FRAMES("a x.c"), VALUES(0, 0, 0, 800), false);
    struct json json = tree_of(profile, "inuse_space", NULL, &filter);
    expect_at(&json, "$.total", "100.25");
    expect_at(&json, "$.nodes", "[[0,0,7,100,100.25],[1,1,7,0.375,0.375],[1,2,7,-0.125,-0.125]]");
    json_free(&json);
}

// A type without a name is requested by its index; a name that is a number stays a name.
TEST(type_by_place) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "cpu", "nanoseconds");
    profile_add_sample_type(profile, "", "count");
    profile_add_sample_type(profile, "0", "count");
    add_stack(profile, FRAMES("f x.c"), VALUES(3, 5, 7), false);
    assert_int_equal(profile_sample_type_chosen(profile, "1"), 1);
    assert_int_equal(profile_sample_type_chosen(profile, "0"), 2);
    assert_int_equal(profile_sample_type_chosen(profile, "3"), -1);
    assert_int_equal(profile_sample_type_chosen(profile, "1x"), -1);
    assert_int_equal(profile_sample_type_chosen(profile, "99999999999999999999"), -1);
    struct json json = tree_of(profile, "1", NULL, NULL);
    expect_at(&json, "$.total", "5");
    expect_at(&json, "$.type", "");
    json_free(&json);
}

TEST(no_such_type) {
    struct profile *profile = new_heap_profile();
    struct json json = {0};
    char text[200] = "";
    assert_int_equal(view_tree(profile, "cpu", NULL, NULL, &json, text, sizeof text), RECEIVER_NOT_FOUND);
    assert_non_null(strstr(text, "no sample type cpu"));
    json_free(&json);
    profile_free(profile);
}

int main(void) {
    return tests_run();
}
