// entries_test.c: entries of a dictionary by other writers: no zero entry, no line, mappings of one build, faults in each table.

#include "../../base/test/test.h"

#include "requests.h"

// numbers as in PUT; a location with a line of function `function`.
struct tables_of {
    uint64_t mapping, function, location, address;
};

static struct blob request_of_tables(struct tables_of of) {
    static const char *const texts[] = {"", "samples", "count", "work", "/usr/lib/libx.so"};
    struct wire_writer writer = {0};
    struct blob blob;
    size_t resource = wire_open(&writer, 1), scope = wire_open(&writer, 2), profile = wire_open(&writer, 2);
    PUT(&writer, 1, 1, 1, 2, 2);
    PUT(&writer, 2, 1, 1, 1004, 9);
    wire_close(&writer, profile);
    wire_close(&writer, scope);
    wire_close(&writer, resource);
    size_t dictionary = wire_open(&writer, 2);
    PUT(&writer, 1, 0), PUT(&writer, 1, 1, 0x1000, 2, 0x2000, 3, 0x100, 4, 4);
    PUT(&writer, 2, 0);
    size_t location = wire_open(&writer, 2);
    wire_write_number(&writer, 1, of.mapping);
    wire_write_number(&writer, 2, of.address);
    if (of.function > 0) {
        PUT(&writer, 3, 1, of.function);
    }
    wire_close(&writer, location);
    PUT(&writer, 3, 0), PUT(&writer, 3, 1, 3);
    put_strings(&writer, texts, 5);
    PUT(&writer, 7, 0), PUT(&writer, 7, 1001, of.location);
    wire_close(&writer, dictionary);
    assert_true(wire_hand_over(&writer, &blob.bytes, &blob.size));
    return blob;
}

static void expect_fault(struct tables_of of, const char *text) {
    struct taken taken;
    struct merge_fault fault;
    assert_int_equal(decode_request(request_of_tables(of), &taken, &fault), MERGE_MALFORMED);
    if (!strstr(fault.text, text)) {
        fail_msg("\"%s\" does not say \"%s\"", fault.text, text);
    }
}

TEST(an_address_without_a_function_keeps_its_mapping) {
    struct taken taken;
    struct profile_sample_view view;
    assert_int_equal(decode_request(request_of_tables((struct tables_of){1, 0, 1, 0x1234}), &taken, NULL), MERGE_OK);
    struct profile *profile = only_profile(&taken);
    assert_int_equal(profile_sample_at(profile, 0, &view), MERGE_OK);
    assert_string_equal(view.frames[0].function, "");
    assert_string_equal(view.frames[0].mapping_file, "/usr/lib/libx.so");
    assert_int_equal(view.frames[0].file_offset, 0x334);
    profile_free(profile);
    taken_free(&taken);
}

TEST(indices_beyond_their_tables_are_faults) {
    expect_fault((struct tables_of){9, 1, 1, 0}, "mapping index 9 of 2 mappings");
    expect_fault((struct tables_of){1, 9, 1, 0}, "function index 9 of 2 functions");
    expect_fault((struct tables_of){1, 1, 9, 0}, "location index 9 of 2 locations");
}

int main(void) {
    return tests_run();
}
