// options_test.c: the shared command line: values, files, errors.

#include "../../../base/test/test.h"

#include "../options.h"
#include "../diagnostic.h"
#include "../../test/fixture.h"

static struct options parsed;
static const char *own_value;

static int take(void *context, int option, const char *value) {
    assert_ptr_equal(context, &own_value);
    assert_int_equal(option, 'x');
    own_value = value;
    return strcmp(value, "bad") == 0 ? STATUS_USAGE : STATUS_DONE;
}

static int parse(int argc, char **argv) {
    static const struct option own[] = {{"own", required_argument, NULL, 'x'}, {0}};
    const struct options_spec spec = {.command = "test",
                                      .usage = "the text\n",
                                      .own = own,
                                      .take = take,
                                      .context = &own_value,
                                      .writes = true,
                                      .min_files = 1,
                                      .max_files = 2};
    return options_parse(&spec, argc, argv, &parsed);
}

TEST_IN(directory, values) {
    assert_int_equal(
        FIXTURE_RUN(parse, "test", "a", "-o", "out", "--compression=zstd", "--level", "19", "--own", "v", "--max-size", "3", "-"), -1);
    assert_string_equal(parsed.output.path, "out");
    assert_int_equal(parsed.output.compression, MERGE_ZSTD);
    assert_int_equal(parsed.output.level, 19);
    assert_int_equal(parsed.limits.input_bytes, 3 << 20);
    assert_int_equal(parsed.file_count, 2);
    assert_string_equal(parsed.files[1], "-");
    assert_string_equal(own_value, "v");
    assert_int_equal(FIXTURE_RUN(parse, "test", "a"), -1);
    assert_int_equal(parsed.output.compression, MERGE_GZIP);
    assert_int_equal(parsed.limits.input_bytes, merge_default_limits.input_bytes);
    assert_null(parsed.output.path);
    assert_int_equal(FIXTURE_RUN(parse, "test", "--", "--own"), -1); // -- makes it a file name
    assert_string_equal(parsed.files[0], "--own");
}

TEST_IN(directory, help) {
    assert_int_equal(FIXTURE_RUN(parse, "test", "--help"), STATUS_DONE);
    assert_string_equal(fixture_out, "the text\n");
    assert_string_equal(fixture_error, "");
}

#define WRONG(text, ...)                                                                                                                   \
    do {                                                                                                                                   \
        assert_int_equal(FIXTURE_RUN(parse, "test", __VA_ARGS__), STATUS_USAGE);                                                           \
        assert_string_equal(fixture_error, "cmemprof test: " text "\ncmemprof test --help lists the options\n");                           \
    } while (0)

TEST_IN(directory, wrong) {
    WRONG("a file is needed", "--own", "v");
    WRONG("takes at most 2 files; unexpected argument c", "a", "b", "c");
    WRONG("standard input (-) can be read only once", "-", "-");
    WRONG("unknown option --foo", "--foo", "a");
    WRONG("--own needs a value", "a", "--own");
    WRONG("--compression takes gzip, zstd or none, not xz", "--compression", "xz", "a");
    WRONG("--level takes 1 to 12 for gzip and 1 to 22 for zstd, not 0", "--level", "0", "a");
    WRONG("--level takes 1 to 12 for gzip and 1 to 22 for zstd, not -3", "--level", "-3", "a");
    WRONG("--level takes 1 to 12 for gzip, not 13", "--level", "13", "a");
    WRONG("--level has no effect with --compression none", "--level", "3", "--compression", "none", "a");
    WRONG("--max-size takes 1 to 2047 MiB, not 2048", "--max-size", "2048", "a");
    assert_int_equal(FIXTURE_RUN(parse, "test", "--own", "bad", "a"), STATUS_USAGE);
}

// A long option may have one dash; an unknown one is named in the message.
TEST_IN(directory, one_dash) {
    assert_int_equal(FIXTURE_RUN(parse, "test", "-own", "v", "-output=out", "a", "-max-size", "3"), -1);
    assert_string_equal(own_value, "v");
    assert_string_equal(parsed.output.path, "out");
    assert_int_equal(parsed.limits.input_bytes, 3 << 20);
    assert_int_equal(FIXTURE_RUN(parse, "test", "-help"), STATUS_DONE);
    assert_int_equal(FIXTURE_RUN(parse, "test", "-h"), STATUS_DONE);
    WRONG("unknown option -topp", "-topp", "a");
    WRONG("unknown option -history", "-history", "a");
    WRONG("unknown option -x", "-x", "a");
    WRONG("-own needs a value", "a", "-own");
    WRONG("-top is an option of cmemprof top; cmemprof --help lists the commands", "-top", "-cum", "a");
    WRONG("--hide is an option of cmemprof top; cmemprof --help lists the commands", "--hide=x", "a");
    WRONG("-svg draws a graph: use go tool pprof on the same file, or cmemprof receiver for flame graphs", "-svg", "a");
}

TEST_IN(directory, gauges) {
    enum gauges gauges;
    assert_int_equal(options_gauges("test", "last", &gauges), STATUS_DONE);
    assert_int_equal(gauges, GAUGES_OF_LAST);
    assert_int_equal(options_gauges("test", "least", &gauges), STATUS_USAGE);
}

TEST_IN(directory, number) {
    unsigned long number;
    assert_true(options_number("10", 10, &number) && number == 10);
    assert_false(options_number("11", 10, &number));
    assert_false(options_number("", 10, &number));
    assert_false(options_number("+1", 10, &number));
    assert_false(options_number(" 1", 10, &number));
    assert_false(options_number("1x", 10, &number));
    assert_false(options_number("99999999999999999999999", 10, &number));
}

int main(void) {
    return tests_run();
}
