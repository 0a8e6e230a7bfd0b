// types_test.c: types of one name are one, whatever their ids; damage is noted. Their counts are in recording_test.c.

#include "../../base/test/test.h"

#include "java_types.h"

#include "../recording.h"

TEST(types_are_one_by_name) {
    struct maker maker;
    maker_init(&maker);
    maker_basic_types(&maker);
    maker_type(&maker, "app.One", "event", "a:long@bytes b:java.lang.String[]");
    maker_begin(&maker);
    maker_event(&maker, "app.One"), maker_end(&maker);
    maker_open(&maker, 5000), maker_end(&maker);
    maker_finish(&maker);
    strcpy(maker.types[maker.type_count - 1].fields, "c:int"); // redefined
    maker.id_offset = 3;
    maker_begin(&maker);
    maker_event(&maker, "app.One"), maker_end(&maker);
    maker_event(&maker, "app.One"), maker_end(&maker);
    maker_finish(&maker);
    struct jfr *jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
    assert_non_null(jfr);
    const struct jfr_type *type = jfr_type_named(jfr, "app.One");
    assert_int_equal(type->count, 3);
    assert_int_equal(type->field_count, 2);
    assert_string_equal(type->fields[0].name, "a");
    assert_int_equal(type->fields[0].content, JFR_BYTES);
    assert_true(type->fields[1].array && !type->fields[0].array);
    assert_string_equal(type->fields[1].type, "java.lang.String");
    assert_int_equal(jfr_type_named(jfr, "type 5000")->count, 1);
    assert_ptr_equal(jfr_type_at(jfr, jfr_type_index(jfr, "app.One") - 1), type);
    jfr_close(jfr);
    maker_free(&maker);
}

TEST(the_first_damage_is_kept) {
    struct jfr jfr = {0};
    jfr_damaged(&jfr, 12, "one");
    jfr_damaged(&jfr, 5, "two");
    assert_int_equal(jfr.about.damages, 2);
    assert_int_equal(jfr.about.damage.offset, 5);
    assert_string_equal(jfr.about.damage.text, "two");
    jfr_damaged(&jfr, 8, "three");
    assert_int_equal(jfr.about.damage.offset, 5);
}

// A text is held once, however many types and fields have it.
TEST(types_share_their_texts) {
    struct maker maker;
    maker_init(&maker);
    maker_basic_types(&maker);
    maker_type(&maker, "app.One", "event", "a:int b:int");
    maker_type(&maker, "app.Two", "event", "a:int b:int");
    maker_begin(&maker);
    maker_event(&maker, "app.One"), maker_end(&maker);
    maker_event(&maker, "app.Two"), maker_end(&maker);
    maker_finish(&maker);
    struct jfr *jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
    assert_non_null(jfr);
    const struct jfr_type *one = jfr_type_named(jfr, "app.One"), *two = jfr_type_named(jfr, "app.Two");
    assert_ptr_equal(one->fields[0].name, two->fields[0].name);
    assert_ptr_equal(one->fields[0].type, one->fields[1].type);
    assert_ptr_not_equal(one->name, two->name);
    jfr_close(jfr);
    maker_free(&maker);
}

int main(void) {
    return tests_run();
}
