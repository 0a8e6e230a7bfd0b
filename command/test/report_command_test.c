// report_command_test.c: `cmemprof report`, and `cmemprof convert --to html`. What the page shows of them is tested in e2e/page.

#include "../../base/test/test.h"

#include "../commands.h"

#include "fixture.h"

static void write_text(const char *name, const char *text) {
    fixture_write(name, text, strlen(text));
}

static void expect_page(const char *path) {
    static const char first[] = "<!doctype html>\n", last[] = "</html>\n";
    char text[sizeof first];
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof first - 1, file), sizeof first - 1);
    assert_memory_equal(text, first, sizeof first - 1);
    assert_int_equal(fseek(file, -(long)(sizeof last - 1), SEEK_END), 0);
    assert_int_equal(fread(text, 1, sizeof last - 1, file), sizeof last - 1);
    assert_memory_equal(text, last, sizeof last - 1);
    fclose(file);
}

TEST_IN(directory, one_file_of_many) {
    write_text("a", "main;f 3\nmain;g 4\n");
    write_text("b", "main;f 1\n");
    assert_int_equal(FIXTURE_RUN(report_command, "report", "-o", "out.html", "a", "b"), 0);
    assert_string_equal(fixture_error, "");
    expect_page("out.html");
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "--to", "html", "-o", "convert.html", "a", "b"), 0);
    expect_page("convert.html");
}

// What cannot be read leaves the file that was there as it was.
TEST_IN(directory, all_or_nothing) {
    write_text("a", "main;f 3\n");
    write_text("out.html", "before");
    write_text("text", "hello");
    assert_int_equal(FIXTURE_RUN(report_command, "report", "-o", "out.html", "a", "text"), 1);
    assert_non_null(strstr(fixture_error, "cmemprof report: text: not a pprof profile; it looks like text"));
    assert_int_equal(FIXTURE_RUN(report_command, "report", "-o", "out.html", "a", "none"), 1);
    assert_string_equal(fixture_error, "cmemprof report: none: No such file or directory\n");
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "--to", "html", "--type", "miles", "-o", "out.html", "a"), 1);
    assert_non_null(strstr(fixture_error, "a: it has no sample type miles"));
    char text[8] = "";
    FILE *file = fopen("out.html", "re");
    assert_int_equal(fread(text, 1, sizeof text, file), 6);
    assert_string_equal(text, "before");
    fclose(file);
    assert_int_equal(FIXTURE_RUN(report_command, "report", "-o", "no/such/out.html", "a"), 1);
    assert_non_null(strstr(fixture_error, "no/such/out.html: No such file or directory"));
}

// An input is not replaced by what is made of it, whatever its name is.
TEST_IN(directory, the_output_is_no_input) {
    static const char folded[] = "main;f 3\n";
    write_text("a.folded", folded);
    write_text("b", "main;f 1\n");
    assert_int_equal(symlink("a.folded", "link"), 0);
    assert_int_equal(FIXTURE_RUN(report_command, "report", "-o", "a.folded", "b", "a.folded"), 2);
    assert_non_null(strstr(fixture_error, "--output a.folded is one of the files to read"));
    assert_int_equal(FIXTURE_RUN(report_command, "report", "-o", "./link", "a.folded"), 2);
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "-o", "a.folded", "link"), 2);
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "--to", "svg", "-o", "a.folded", "a.folded"), 2);
    char text[sizeof folded] = "";
    FILE *file = fopen("a.folded", "re");
    assert_int_equal(fread(text, 1, sizeof text, file), sizeof folded - 1);
    assert_string_equal(text, folded);
    fclose(file);
    assert_int_equal(FIXTURE_RUN(report_command, "report", "-o", "b.html", "a.folded"), 0);
    assert_int_equal(FIXTURE_RUN(report_command, "report", "-o", "b.html", "a.folded"), 0); // one of its own
}

TEST_IN(directory, wrong_usage) {
    write_text("a", "main;f 3\n");
    assert_int_equal(FIXTURE_RUN(report_command, "report", "-o", "out.html"), 2);
    assert_int_equal(FIXTURE_RUN(report_command, "report", "--compression", "zstd", "-o", "out.html", "a"), 2);
    assert_non_null(strstr(fixture_error, "--compression and --level are of pprof files"));
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "--to", "html", "--level", "3", "-o", "out.html", "a"), 2);
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "--to", "gif", "-o", "out.html", "a"), 2);
    assert_non_null(strstr(fixture_error, "--to is pprof, otlp, folded, speedscope, json, csv, svg, png or html, not gif"));
    assert_int_equal(access("out.html", F_OK), -1);
}

int main(void) {
    return tests_run();
}
