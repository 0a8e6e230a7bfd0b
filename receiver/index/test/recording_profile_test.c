// recording_profile_test.c: recordings are opened, and what is none is refused with the reason.

#include "../../../base/test/test.h"

#include "../../../jfr/test/maker.h"

#include "../recording_profile.h"

TEST(opened_or_refused) {
    struct maker maker;
    struct jfr *jfr = NULL;
    char text[200] = "";
    maker_init(&maker);
    maker_basic_types(&maker);
    maker_type(&maker, "app.Sample", "event", "");
    maker_begin(&maker);
    maker_event(&maker, "app.Sample"), maker_end(&maker);
    maker_finish(&maker);
    assert_int_equal(recording_open(maker.bytes, maker.size, &jfr, text, sizeof text), RECEIVER_OK);
    assert_int_equal(jfr_type_named(jfr, "app.Sample")->count, 1);
    jfr_close(jfr);
    maker_free(&maker);
    assert_int_equal(recording_open("no recording", 12, &jfr, text, sizeof text), RECEIVER_BAD_UPLOAD);
    assert_string_equal(text, "not a readable recording: less than the header of a chunk at byte 0");
    assert_int_equal(recording_error(JFR_NO_MEMORY), RECEIVER_NO_MEMORY);
    assert_int_equal(recording_error(JFR_TOO_LARGE), RECEIVER_TOO_LARGE);
}

int main(void) {
    return tests_run();
}
