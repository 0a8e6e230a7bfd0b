// go_test_test.c: what go test -exec gets: the options, absolute paths, quotes. e2e/command runs go test.

#include "../../../base/test/test.h"

#include "../../test/fixture.h"
#include "../go_test.h"

static struct run_options options;
static char text[4096];

static int parse(int argc, char **argv) {
    run_otlp_free(&options.otlp);
    return run_options_parse(argc, argv, &options);
}

static const char *exec_of(const char *command) {
    return go_test_exec(&options, command, "/src", text, sizeof text);
}

TEST_IN(directory, defaults) {
    assert_int_equal(FIXTURE_RUN(parse, "run", "go", "test", "./..."), -1);
    assert_true(go_test_is_meant(&options));
    assert_string_equal(exec_of("/bin/cmemprof"), "/bin/cmemprof run --without-c --rate=524288 --output=/src/cmemprof.%e.%p.pprof --");
    assert_non_null(strstr(go_test_exec(&options, "/c", "/100%e x", text, sizeof text), "'--output=/100%%e x/cmemprof.%e.%p.pprof'"));
}

TEST_IN(directory, all_options) {
    assert_int_equal(FIXTURE_RUN(parse, "run", "--rate", "4K", "--period", "2s", "--signal", "USR2", "--follow-children", "-o", "out/%p",
                                 "--fail-if", "leaked>1MB", "--fail-if", "peak>1GB", "--summary", "junit:%p.xml", "--summary", "markdown:-",
                                 "--summary", "sarif:/tmp/%p", "--", "/usr/local/go/bin/go", "test"),
                     -1);
    assert_string_equal(exec_of("/a b/cmemprof"),
                        "'/a b/cmemprof' run --without-c --rate=4096 --period=2000ms --signal=12 --follow-children "
                        "--output=/src/out/%p --fail-if=leaked>1MB "
                        "--fail-if=peak>1GB --summary=junit:/src/%p.xml --summary=markdown:- --summary=sarif:/tmp/%p --");
    assert_int_equal(FIXTURE_RUN(parse, "run", "--agent", "http://localhost:8126", "--service", "it's", "go", "test"), -1);
    assert_string_equal(exec_of("/c"), "/c run --without-c --rate=524288 --agent=http://localhost:8126 \"--service=it's\" --");
    assert_int_equal(FIXTURE_RUN(parse, "run", "--otlp", "http://localhost:4318", "go", "test"), -1);
    assert_string_equal(exec_of("/c"), "/c run --without-c --rate=524288 --otlp=http://localhost:4318 --");
    assert_int_equal(FIXTURE_RUN(parse, "run", "--pyroscope", "http://localhost:4040", "go", "test"), -1);
    assert_string_equal(exec_of("/c"), "/c run --without-c --rate=524288 --pyroscope=http://localhost:4040 --");
}

static int make(int argc, char **argv) {
    (void)argc;
    return exec_of(argv[1]) ? 0 : 1;
}

TEST_IN(directory, refused) {
    assert_int_equal(FIXTURE_RUN(parse, "run", "--agent", "http://localhost:8126", "--service", "it's \"it\"", "go", "test"), -1);
    assert_int_equal(FIXTURE_RUN(make, "run", "/c"), 1);
    assert_non_null(strstr(fixture_error, "both kinds of quotes"));
    assert_int_equal(FIXTURE_RUN(parse, "run", "go", "test"), -1);
    char *path = malloc(sizeof text + 1);
    memset(path, 'a', sizeof text);
    path[sizeof text] = '\0';
    assert_int_equal(FIXTURE_RUN(make, "run", path), 1);
    assert_non_null(strstr(fixture_error, "too long"));
    free(path);
}

TEST_IN(directory, not_meant) {
    static const char *const others[][2] = {{"go", "build"}, {"gofmt", "test"}, {"test", "go"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(FIXTURE_RUN(parse, "run", others[i][0], others[i][1]), -1);
        assert_false(go_test_is_meant(&options));
    }
    assert_int_equal(FIXTURE_RUN(parse, "run", "go"), -1);
    assert_false(go_test_is_meant(&options));
}

int main(void) {
    return tests_run();
}
