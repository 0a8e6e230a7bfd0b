// plan_test.c: wanted fields are read and all others skipped, whatever they are made of.

#include "../../base/test/test.h"

#include "java_types.h"

#include "../plan.h"

struct made {
    struct maker maker;
    struct jfr_metadata metadata;
};

static void make(struct made *made, bool fixed) {
    maker_init(&made->maker);
    made->maker.fixed = fixed;
    java_types(&made->maker);
    maker_type(&made->maker, "app.Inner", "", "a:long b:int");
    maker_type(&made->maker, "app.Nested", "", "texts:java.lang.String[] inner:app.Inner[]");
    maker_type(&made->maker, "app.Bytes", "", "x:byte y:double");
    maker_type(&made->maker, "app.Nothing", "", "");
    maker_type(&made->maker, "app.Event", "event",
               "first:long@ticks text:java.lang.String inner:app.Inner nested:app.Nested[] keys:java.lang.Thread[]* bytes:app.Bytes[] "
               "nothing:app.Nothing[] f:float d:double s:short c:char last:int");
    maker_begin(&made->maker);
    maker_finish(&made->maker);
    bool no_memory;
    made->metadata = (struct jfr_metadata){0};
    struct jfr_cursor cursor = {made->maker.bytes + 68, made->maker.bytes + made->maker.size, fixed, false};
    assert_null(jfr_metadata_read(&made->metadata, cursor, &no_memory));
}

static void done(struct made *made) {
    jfr_metadata_free(&made->metadata);
    maker_free(&made->maker);
}

// Returns where the value begins.
static size_t put_event(struct maker *maker) {
    size_t at = maker->size;
    maker_number(maker, -3), maker_text(maker, "some text");
    maker_number(maker, 1LL << 50), maker_int(maker, -7);
    maker_int(maker, 2); // nested
    for (int i = 0; i < 2; i++) {
        maker_int(maker, 3), maker_text(maker, "x"), maker_byte(maker, 0), maker_encoded(maker, "yz", 4);
        maker_int(maker, 2), maker_number(maker, 300), maker_int(maker, 4), maker_number(maker, -1), maker_int(maker, 4);
    }
    maker_int(maker, 3), maker_number(maker, 1), maker_number(maker, -2), maker_number(maker, 70000);
    maker_int(maker, 2);
    for (int i = 0; i < 2 * 9; i++) {
        maker_byte(maker, 0xFF);
    }
    maker_int(maker, 1000000); // of no bytes each
    maker_float(maker, 0.25F);
    maker_big_endian(maker, maker->size, UINT64_C(0x3FF8000000000000), 8), maker->size += 8; // 1.5
    maker_width(maker, (uint16_t)-2, 2), maker_width(maker, 65, 2), maker_int(maker, -9);
    return at;
}

static double real(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

TEST(wanted_fields_are_read) {
    static const struct jfr_wanted wanted[] = {{"first", 0}, {"inner.b", 1}, {"f", 2},    {"d", 3},
                                               {"s", 4},     {"last", 5},    {"text", 6}, {"none", 7}};
    for (int fixed = 0; fixed < 2; fixed++) {
        struct made made;
        struct jfr_plan plan;
        struct jfr_values values = {0};
        make(&made, fixed);
        size_t at = put_event(&made.maker), size = made.maker.size - at;
        assert_true(jfr_plan_make(&made.metadata, jfr_metadata_named(&made.metadata, "app.Event"), wanted, 8, &plan));
        assert_int_equal(plan.present, 0x7F);
        assert_int_equal(plan.members[0]->content, JFR_INSTANT);
        for (size_t cut = 0; cut <= size; cut++) {
            uint8_t *exact = malloc(cut + !cut);
            memcpy(exact, made.maker.bytes + at, cut);
            struct jfr_cursor cursor = {exact, exact + cut, fixed, false};
            assert_int_equal(jfr_plan_run(&made.metadata, plan.first, &cursor, &values), cut == size);
            free(exact);
        }
        assert_true((int64_t)values.slots[0] == -3 && (int64_t)values.slots[1] == -7 && (int64_t)values.slots[5] == -9);
        assert_true(real(values.slots[2]) == 0.25 && real(values.slots[3]) == 1.5 && (int64_t)values.slots[4] == -2);
        done(&made);
    }
}

TEST(programs_end_behind_the_last_wanted_field) {
    struct made made;
    struct jfr_plan plan;
    struct jfr_values values = {0};
    make(&made, false);
    uint32_t class = jfr_metadata_named(&made.metadata, "app.Event");
    assert_true(jfr_plan_make(&made.metadata, class, &(struct jfr_wanted){"first", 0}, 1, &plan));
    struct jfr_cursor cursor = {(const uint8_t *)"\5", NULL, false, false};
    cursor.end = cursor.at + 1;
    assert_true(jfr_plan_run(&made.metadata, plan.first, &cursor, &values) && values.slots[0] == 5);
    assert_true(jfr_plan_make(&made.metadata, class, NULL, 0, &plan));
    assert_true(jfr_plan_run(&made.metadata, plan.first, &cursor, &values) && plan.present == 0);
    done(&made);
}

TEST(values_are_skipped) {
    for (int fixed = 0; fixed < 2; fixed++) {
        struct made made;
        make(&made, fixed);
        size_t at = put_event(&made.maker);
        uint32_t skip = jfr_plan_skip(&made.metadata, jfr_metadata_named(&made.metadata, "app.Event"));
        assert_true(skip > 0);
        struct jfr_cursor cursor = {made.maker.bytes + at, made.maker.bytes + made.maker.size, fixed, false};
        assert_true(jfr_plan_run(&made.metadata, skip - 1, &cursor, NULL));
        assert_ptr_equal(cursor.at, cursor.end);
        assert_int_equal(jfr_plan_skip(&made.metadata, jfr_metadata_named(&made.metadata, "app.Event")), skip);
        done(&made);
    }
}

// A type that has itself in place is without end, one that has arrays of itself is not; types can be unknown.
TEST(types_that_cannot_be_followed_fail) {
    struct maker maker;
    struct jfr_metadata metadata = {0};
    struct jfr_plan plan;
    struct jfr_values values = {0};
    bool no_memory;
    maker_init(&maker);
    maker_basic_types(&maker);
    maker_type(&maker, "app.Self", "", "a:int self:app.Self b:int");
    maker_type(&maker, "app.Tree", "", "a:int children:app.Tree[] b:int");
    maker_begin(&maker);
    maker_finish(&maker);
    assert_null(jfr_metadata_read(&metadata, (struct jfr_cursor){maker.bytes + 68, maker.bytes + maker.size, false, false}, &no_memory));
    const struct jfr_wanted wanted[] = {{"a", 0}, {"b", 1}};
    static const uint8_t tree[] = {1, 2, /* */ 2, 0, 3, /* */ 4, 1, 5, 0, 6, 7, /* */ 8};
    struct jfr_cursor cursor = {tree, tree + sizeof tree, false, false};
    assert_true(jfr_plan_make(&metadata, jfr_metadata_named(&metadata, "app.Tree"), wanted, 2, &plan));
    assert_true(jfr_plan_run(&metadata, plan.first, &cursor, &values));
    assert_true(values.slots[0] == 1 && values.slots[1] == 8 && cursor.at == cursor.end);
    uint8_t deep[2000];
    memset(deep, 1, sizeof deep);
    cursor = (struct jfr_cursor){deep, deep + sizeof deep, false, false};
    assert_false(jfr_plan_run(&metadata, plan.first, &cursor, &values));
    assert_true(jfr_plan_make(&metadata, jfr_metadata_named(&metadata, "app.Self"), wanted, 2, &plan));
    assert_int_equal(plan.present, 1);
    metadata.members[metadata.classes[jfr_metadata_named(&metadata, "app.Self")].member + 1].class = JFR_NO_CLASS;
    metadata.classes[jfr_metadata_named(&metadata, "app.Self")].skip = 0;
    cursor = (struct jfr_cursor){deep, deep + sizeof deep, false, false};
    assert_false(jfr_plan_run(&metadata, jfr_plan_skip(&metadata, jfr_metadata_named(&metadata, "app.Self")) - 1, &cursor, NULL));
    jfr_metadata_free(&metadata);
    maker_free(&maker);
}

// A type of 40 fields of itself, in place, and types of 30 fields of the next one.
TEST(types_that_fan_out_are_given_up) {
    struct maker maker;
    struct jfr_metadata metadata = {0};
    struct jfr_plan plan;
    bool no_memory;
    char fields[600] = "";
    maker_init(&maker);
    maker_basic_types(&maker);
    for (int type = 0; type < 10; type++) {
        char name[32];
        fields[0] = '\0';
        for (int i = 0; i < 30; i++) {
            snprintf(fields + strlen(fields), sizeof fields - strlen(fields), "f%d:app.T%d ", i, type + 1);
        }
        snprintf(name, sizeof name, "app.T%d", type);
        maker_type(&maker, name, "", fields);
    }
    maker_type(&maker, "app.T10", "", "x:int");
    fields[0] = '\0';
    for (int i = 0; i < 40; i++) {
        snprintf(fields + strlen(fields), sizeof fields - strlen(fields), "f%d:app.Self ", i);
    }
    maker_type(&maker, "app.Self", "", fields);
    maker_type(&maker, "app.Flat", "", "a:int inner:app.T9 b:int");
    maker_begin(&maker);
    maker_finish(&maker);
    assert_null(jfr_metadata_read(&metadata, (struct jfr_cursor){maker.bytes + 68, maker.bytes + maker.size, false, false}, &no_memory));
    static const uint8_t bytes[64];
    static const char *const endless[] = {"app.Self", "app.T0"};
    for (int i = 0; i < 2; i++) {
        uint32_t class = jfr_metadata_named(&metadata, endless[i]);
        struct jfr_cursor cursor = {bytes, bytes + sizeof bytes, false, false};
        assert_false(jfr_plan_run(&metadata, jfr_plan_skip(&metadata, class) - 1, &cursor, NULL));
        assert_true(jfr_plan_make(&metadata, class, &(struct jfr_wanted){"none", 0}, 1, &plan) && plan.present == 0);
    }
    struct jfr_cursor cursor = {bytes, bytes + 32, false, false}; // what is no more than large is read
    uint32_t skip = jfr_plan_skip(&metadata, jfr_metadata_named(&metadata, "app.Flat"));
    assert_true(jfr_plan_run(&metadata, skip - 1, &cursor, NULL) && cursor.at == bytes + 32);
    jfr_metadata_free(&metadata);
    maker_free(&maker);
}

// What is not of one number is no number: its slot has an address.
TEST(only_numbers_are_numbers) {
    static const struct jfr_wanted wanted[] = {{"first", 0}, {"text", 1}, {"keys", 2}, {"nested", 3}, {"f", 4}, {"none", 5}};
    struct made made;
    struct jfr_plan plan;
    struct jfr_values values = {0};
    make(&made, false);
    size_t at = put_event(&made.maker);
    assert_true(jfr_plan_make(&made.metadata, jfr_metadata_named(&made.metadata, "app.Event"), wanted, 6, &plan));
    struct jfr_cursor cursor = {made.maker.bytes + at, made.maker.bytes + made.maker.size, false, false};
    assert_true(jfr_plan_run(&made.metadata, plan.first, &cursor, &values));
    assert_int_equal(plan.present, 0x1F);
    assert_int_equal(plan.numbers, 0x11);
    for (int slot = 0; slot < 6; slot++) {
        assert_true((jfr_plan_number(&plan, &values, slot) != 0) == (slot == 0 || slot == 4));
    }
    done(&made);
}

int main(void) {
    return tests_run();
}
