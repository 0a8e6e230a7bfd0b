// gate_summary_test.c: what each format says, and how it escapes what would be markup. e2e/command reads them with other programs.

#include "../../../base/test/test.h"

#include "../../base/diagnostic.h"
#include "../gate_summary.h"
#include "../../test/fixture.h"

static struct gate gate;
static const char *subject;

static int write_it(int argc, char **argv) {
    (void)argc;
    return gate_summary_write("top", subject, &gate, &(struct gate_summary){(enum gate_format)(argv[1][0] - '0'), argv[2]});
}

static const char *summary(enum gate_format format) {
    char digit[2] = {(char)('0' + format), 0};
    assert_int_equal(FIXTURE_RUN(write_it, "top", digit, "-"), STATUS_DONE);
    return fixture_out;
}

static void begin(const char *site) {
    memset(&gate, 0, sizeof gate);
    subject = "a<b>.pprof";
    gate_take_rule("top", &gate, "inuse_space>1kB");
    gate_take_rule("top", &gate, "alloc_space>1kB");
    gate_take_rule("top", &gate, "cpu>1s");
    gate_set(&gate, 0, 2000, "bytes");
    snprintf(gate.results[0].site, sizeof gate.results[0].site, "%s", site);
    snprintf(gate.results[0].file, sizeof gate.results[0].file, "/src/a b.c");
    gate.results[0].line = 7;
    gate.results[0].site_value = 1500;
    gate_set(&gate, 1, 1, "bytes");
    gate_set_unknown(&gate, 2, "no sample type cpu");
}

TEST_IN(directory, markdown) {
    begin("std::map<int>|x");
    assert_string_equal(summary(GATE_MARKDOWN),
                        "### cmemprof top: 2 of 3 limits not kept\n\na\\<b\\>.pprof\n\n| | limit | measured |\n|---|---|---|\n"
                        "| **failed** | inuse\\_space\\>1kB | 2.00 kB, limit 1.00 kB; most at std::map\\<int\\>\\|x (a b.c:7): 1.50 kB |\n"
                        "| passed | alloc\\_space\\>1kB | 1 B, limit 1.00 kB |\n"
                        "| **failed** | cpu\\>1s | not known: no sample type cpu |\n");
}

TEST_IN(directory, junit) {
    begin("f\"\x01");
    assert_string_equal(
        summary(GATE_JUNIT),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"3\" failures=\"2\">\n"
        "  <testsuite name=\"cmemprof top\" tests=\"3\" failures=\"2\">\n"
        "    <testcase classname=\"a&lt;b&gt;.pprof\" name=\"inuse_space&gt;1kB\">\n"
        "      <failure message=\"2.00 kB, limit 1.00 kB; most at f&quot;\xef\xbf\xbd (a b.c:7): 1.50 kB\"/>\n    </testcase>\n"
        "    <testcase classname=\"a&lt;b&gt;.pprof\" name=\"alloc_space&gt;1kB\">\n"
        "      <system-out>1 B, limit 1.00 kB</system-out>\n    </testcase>\n"
        "    <testcase classname=\"a&lt;b&gt;.pprof\" name=\"cpu&gt;1s\">\n"
        "      <failure message=\"not known: no sample type cpu\"/>\n    </testcase>\n"
        "  </testsuite>\n</testsuites>\n");
}

TEST_IN(directory, sarif) {
    begin("f");
    const char *text = summary(GATE_SARIF);
    assert_non_null(strstr(text, "\"version\":\"2.1.0\""));
    assert_non_null(strstr(text,
                           "{\"ruleId\":\"inuse_space>1kB\",\"ruleIndex\":0,\"level\":\"error\",\"message\":{\"text\":\"a<b>.pprof: "
                           "inuse_space>1kB: 2.00 kB, limit 1.00 kB; most at f (a b.c:7): 1.50 kB\"},\"locations\":[{\"physicalLocation\":"
                           "{\"artifactLocation\":{\"uri\":\"file:///src/a%20b.c\"},\"region\":{\"startLine\":7}}}]}"));
    assert_non_null(strstr(text, "not known: no sample type cpu\"},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":"
                                 "\"a%3Cb%3E.pprof\"},\"region\":{\"startLine\":1}}}]}"));
    assert_null(strstr(text, "\"ruleId\":\"alloc_space>1kB\""));
    // A file of the working directory.
    char here[PATH_MAX];
    assert_non_null(getcwd(here, sizeof here));
    snprintf(gate.results[0].file, sizeof gate.results[0].file, "%.400s/lib/x.c", here);
    assert_non_null(strstr(summary(GATE_SARIF), "{\"uri\":\"lib/x.c\"}"));
}

// A file is replaced whole, or stays.
TEST_IN(directory, files) {
    begin("f");
    assert_int_equal(FIXTURE_RUN(write_it, "top", "0", "summary.md"), STATUS_DONE);
    FILE *file = fopen("summary.md", "r");
    assert_non_null(file);
    char line[64];
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    assert_string_equal(line, "### cmemprof top: 2 of 3 limits not kept\n");
    assert_int_equal(FIXTURE_RUN(write_it, "top", "0", "none/x"), STATUS_FAILED);
}

static size_t headings(const char *path) {
    char line[256];
    size_t count = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (bool blank = true; fgets(line, sizeof line, file); blank = *line == '\n') {
        count += *line == '#' && blank;
    }
    fclose(file);
    return count;
}

// Several gates of one step at GitHub: each is in its summary.
TEST_IN(directory, the_summary_of_a_step_is_appended_to) {
    begin("f");
    setenv("GITHUB_STEP_SUMMARY", "step.md", 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(FIXTURE_RUN(write_it, "top", "0", "step.md"), STATUS_DONE);
        assert_int_equal(FIXTURE_RUN(write_it, "top", "0", "other.md"), STATUS_DONE);
    }
    assert_int_equal(headings("step.md"), 2);
    assert_int_equal(headings("other.md"), 1);
    assert_int_equal(FIXTURE_RUN(write_it, "top", "1", "step.md"), STATUS_DONE); // no Markdown
    assert_int_equal(headings("step.md"), 0);
    setenv("GITHUB_STEP_SUMMARY", "none/step.md", 1);
    assert_int_equal(FIXTURE_RUN(write_it, "top", "0", "none/step.md"), STATUS_FAILED);
    unsetenv("GITHUB_STEP_SUMMARY");
}

int main(void) {
    return tests_run();
}
