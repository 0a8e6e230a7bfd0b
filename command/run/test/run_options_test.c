// run_options_test.c: options of `cmemprof run`, and error messages.

#include "../../../base/test/test.h"

#include <signal.h>

#include "../run_options.h"
#include "../../test/fixture.h"

static struct run_options options;

static int parse(int argc, char **argv) {
    run_otlp_free(&options.otlp);
    return run_options_parse(argc, argv, &options);
}

TEST_IN(directory, a_program_is_enough) {
    assert_int_equal(FIXTURE_RUN(parse, "run", "program", "--rate", "x"), -1);
    assert_string_equal(options.argv[0], "program");
    assert_string_equal(options.argv[1], "--rate"); // the program's own
    assert_int_equal(options.rate_bytes, 512 * 1024);
    assert_true(!options.output && !options.agent && !options.service);
    assert_true(options.period_ms == 0 && options.signal == 0 && !options.follow_children && !options.cpu);
}

TEST_IN(directory, all_options_are_read) {
    assert_int_equal(FIXTURE_RUN(parse, "run", "-o", "file", "--period", "2m", "--signal", "sigusr2", "--rate", "4k", "--follow-children",
                                 "--cpu", "--", "-program"),
                     -1);
    assert_string_equal(options.output, "file");
    assert_string_equal(options.argv[0], "-program");
    assert_int_equal(options.period_ms, 120000);
    assert_int_equal(options.signal, SIGUSR2);
    assert_int_equal(options.rate_bytes, 4096);
    assert_true(options.follow_children && options.cpu);
    assert_int_equal(
        FIXTURE_RUN(parse, "run", "--agent", "unix:///run/socket", "--service", "shop", "--follow-children", "--no-follow-children", "p"),
        -1);
    assert_string_equal(options.agent, "unix:///run/socket");
    assert_string_equal(options.service, "shop");
    assert_false(options.follow_children);
}

TEST_IN(directory, profiles_of_another_process) {
    assert_int_equal(FIXTURE_RUN(parse, "run", "--attach", "71", "--directory", "/tmp/d", "--agent", "http://localhost"), -1);
    assert_int_equal(options.attach, 71);
    assert_int_equal(options.attach_stack, 0);
    assert_int_equal(FIXTURE_RUN(parse, "run", "--attach", "71@140722700000000", "--directory", "/tmp/d", "--agent", "http://localhost"),
                     -1);
    assert_int_equal(options.attach, 71);
    assert_int_equal(options.attach_stack, 140722700000000);
    assert_string_equal(options.directory, "/tmp/d");
    run_options_settle(&options, "name");
    assert_string_equal(options.service, "name");
    assert_int_equal(options.period_ms, 60000);
    assert_int_equal(FIXTURE_RUN(parse, "run", "--attach", "71", "--directory", "/tmp/d", "--agent", "http://localhost", "program"),
                     RUN_STATUS_FAILED);
    assert_non_null(
        strstr(fixture_error, "cmemprof run: --attach needs --directory and --agent, --otlp or --pyroscope, and takes no program\n"));
    assert_int_equal(FIXTURE_RUN(parse, "run", "--attach", "71", "--directory", "/tmp/d"), RUN_STATUS_FAILED);
    assert_int_equal(FIXTURE_RUN(parse, "run", "--attach", "71", "--agent", "http://localhost"), RUN_STATUS_FAILED);
    assert_int_equal(FIXTURE_RUN(parse, "run", "--directory", "/tmp/d", "program"), RUN_STATUS_FAILED);
    assert_non_null(strstr(fixture_error, "--directory needs --attach"));
    static const char *const wrong[] = {"0", "-1", "x", "1x", "99999999999", "1@", "1@x", "@1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(FIXTURE_RUN(parse, "run", "--attach", (char *)(uintptr_t)wrong[i]), RUN_STATUS_FAILED);
        assert_non_null(strstr(fixture_error, "--attach takes the number of a process, not "));
    }
}

// Arguments can be read by other users.
TEST_IN(directory, the_address_may_be_in_the_environment) {
    unsetenv("CMEMPROF_AGENT");
    assert_int_equal(FIXTURE_RUN(parse, "run", "--agent", "-", "p"), RUN_STATUS_FAILED);
    assert_non_null(strstr(fixture_error, "$CMEMPROF_AGENT, which is not set"));
    setenv("CMEMPROF_AGENT", "http://user:password@localhost:8126", 1);
    assert_int_equal(FIXTURE_RUN(parse, "run", "--agent", "-", "p"), -1);
    assert_string_equal(options.agent, "http://user:password@localhost:8126");
    assert_null(getenv("CMEMPROF_AGENT")); // the program has none of it
}

// OpenTelemetry's variable says where profiles go where no option does.
TEST_IN(directory, the_environment_may_ask_for_otlp) {
    setenv("OTEL_PROFILES_EXPORTER", "otlp", 1);
    assert_int_equal(FIXTURE_RUN(parse, "run", "p"), -1);
    assert_int_equal(options.kind, RECEIVER_TARGET_OTLP);
    assert_string_equal(options.agent, "http://localhost:4318/v1development/profiles");
    assert_int_equal(FIXTURE_RUN(parse, "run", "--service", "shop", "--period", "1s", "p"), -1);
    assert_non_null(options.agent);
    assert_int_equal(FIXTURE_RUN(parse, "run", "--agent", "http://localhost", "p"), -1);
    assert_true(options.kind == RECEIVER_TARGET_DATADOG && strcmp(options.agent, "http://localhost") == 0);
    assert_string_equal(fixture_error, "cmemprof run: OTEL_PROFILES_EXPORTER=otlp has no effect: --agent says where the profile goes\n");
    assert_int_equal(FIXTURE_RUN(parse, "run", "-o", "file", "p"), -1);
    assert_non_null(strstr(fixture_error, "has no effect: --output says"));
    assert_null(options.agent);
    assert_int_equal(FIXTURE_RUN(parse, "run", "--fail-if", "leaked>1MB", "p"), -1);
    assert_null(options.agent);
    setenv("OTEL_PROFILES_EXPORTER", "none", 1);
    assert_int_equal(FIXTURE_RUN(parse, "run", "p"), -1);
    assert_null(options.agent);
    assert_int_equal(FIXTURE_RUN(parse, "run", "--otlp", "http://localhost", "p"), -1);
    assert_string_equal(options.otlp.url, "http://localhost/v1development/profiles");
    unsetenv("OTEL_PROFILES_EXPORTER");
    run_otlp_free(&options.otlp);
}

// What is wrong in variables keeps a program from starting only where --otlp asks for what they are of.
TEST_IN(directory, a_wrong_environment_is_warned_of) {
    setenv("OTEL_PROFILES_EXPORTER", "otlp", 1);
    setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", 1);
    assert_int_equal(FIXTURE_RUN(parse, "run", "p"), -1);
    assert_null(options.agent);
    assert_null(options.otlp.url);
    assert_int_equal(options.kind, RECEIVER_TARGET_DATADOG);
    assert_string_equal(fixture_error, "cmemprof run: OTEL_EXPORTER_OTLP_COMPRESSION takes gzip or none, not zstd\n"
                                       "cmemprof run: OTEL_PROFILES_EXPORTER=otlp has no effect: the profile is written to a file\n");
    assert_int_equal(FIXTURE_RUN(parse, "run", "--otlp", "http://localhost", "p"), 125);
    unsetenv("OTEL_PROFILES_EXPORTER");
    unsetenv("OTEL_EXPORTER_OTLP_COMPRESSION");
}

TEST_IN(directory, numbers_have_units) {
    static const struct {
        const char *option, *text;
        uint64_t value; // 0: refused
    } cases[] = {
        {"--rate", "1", 1},
        {"--rate", "2MiB", 2 << 20},
        {"--rate", "0", 0},
        {"--rate", "-1", 0},
        {"--rate", "", 0},
        {"--rate", "5X", 0},
        {"--rate", "2199023255552", 0},
        {"--rate", "1048577M", 0}, // over 1 TiB
        {"--rate", "99999999999999999999", 0},
        {"--period", "100ms", 100},
        {"--period", "99ms", 0},
        {"--period", "1", 1000},
        {"--period", "1h", 3600000},
        {"--period", "597h", 0}, // over INT32_MAX milliseconds
        {"--period", " 1s", 0},
        {"--signal", "12", 12},
        {"--signal", "RTMIN+99", 0},
        {"--signal", "KILL", 0},
        {"--signal", "SEGV", 0},
        {"--signal", "SIG", 0},
        {"--signal", "65", 0},
        {"--signal", "CHLD", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = FIXTURE_RUN(parse, "run", cases[i].option, cases[i].text, "program");
        uint64_t got = cases[i].option[2] == 'r'   ? options.rate_bytes
                       : cases[i].option[2] == 'p' ? options.period_ms
                                                   : (uint64_t)options.signal;
        assert_int_equal(status, cases[i].value != 0 ? -1 : RUN_STATUS_FAILED);
        assert_true(cases[i].value == 0 || got == cases[i].value);
        assert_true(cases[i].value != 0 || (strstr(fixture_error, cases[i].option) && strstr(fixture_error, cases[i].text)));
    }
}

TEST_IN(directory, wrong_lines_are_named) {
    assert_int_equal(FIXTURE_RUN(parse, "run"), RUN_STATUS_FAILED);
    assert_non_null(strstr(fixture_error, "which program?"));
    assert_int_equal(FIXTURE_RUN(parse, "run", "--output", "-", "p"), RUN_STATUS_FAILED);
    assert_non_null(strstr(fixture_error, "standard output is the program's"));
    assert_int_equal(FIXTURE_RUN(parse, "run", "--agent", "localhost:8126", "p"), RUN_STATUS_FAILED);
    assert_non_null(strstr(fixture_error, "localhost:8126"));
    assert_int_equal(FIXTURE_RUN(parse, "run", "--agent", "localhost:8126/t/secret-1", "p"), RUN_STATUS_FAILED);
    assert_non_null(strstr(fixture_error, "localhost:8126/t/xxxxx"));
    assert_null(strstr(fixture_error, "secret"));
    assert_int_equal(FIXTURE_RUN(parse, "run", "-o", "f", "--agent", "http://localhost", "p"), RUN_STATUS_FAILED);
    assert_non_null(strstr(fixture_error, "exclude each other"));
    assert_int_equal(FIXTURE_RUN(parse, "run", "--otlp", "http://localhost", "--agent", "http://localhost", "p"), RUN_STATUS_FAILED);
    assert_non_null(strstr(fixture_error, "one address"));
    assert_int_equal(FIXTURE_RUN(parse, "run", "--otlp", "unix:///x", "p"), RUN_STATUS_FAILED);
    assert_non_null(strstr(fixture_error, "--otlp takes http://HOST:PORT or https://HOST:PORT, not"));
    assert_int_equal(FIXTURE_RUN(parse, "run", "--pyroscope", "localhost", "p"), RUN_STATUS_FAILED);
    assert_int_equal(FIXTURE_RUN(parse, "run", "--service", "shop", "p"), RUN_STATUS_FAILED);
    assert_non_null(strstr(fixture_error, "--service needs --agent, --otlp or --pyroscope"));
    for (const char *const *text = (const char *const[]){"-1", "0", "10M", "99999999999999999999", NULL}; *text; text++) {
        setenv("DD_PROFILING_SPOOL_MAX_BYTES", *text, 1);
        assert_int_equal(FIXTURE_RUN(parse, "run", "--agent", "http://localhost", "p"), RUN_STATUS_FAILED);
        assert_non_null(strstr(fixture_error, "DD_PROFILING_SPOOL_MAX_BYTES takes a number of bytes from 1, not"));
    }
    unsetenv("DD_PROFILING_SPOOL_MAX_BYTES");
    for (const char *const *name = (const char *const[]){"HOSTNAME", "PROCESS_ID", "SOURCE_PATHS", NULL}; *name; name++) {
        char variable[64], wanted[100];
        snprintf(variable, sizeof variable, "DD_PROFILING_REPORT_%s", *name);
        snprintf(wanted, sizeof wanted, "%s takes true or false, not no", variable);
        setenv(variable, "no", 1);
        assert_int_equal(FIXTURE_RUN(parse, "run", "--agent", "http://localhost", "p"), RUN_STATUS_FAILED);
        assert_non_null(strstr(fixture_error, wanted));
        setenv(variable, "", 1);
        assert_int_equal(FIXTURE_RUN(parse, "run", "--agent", "http://localhost", "p"), -1);
        unsetenv(variable);
    }
    setenv("DD_PROFILING_SPOOL_DIR", "/tmp", 1);
    assert_int_equal(FIXTURE_RUN(parse, "run", "--agent", "http://localhost", "p"), RUN_STATUS_FAILED);
    assert_non_null(
        strstr(fixture_error, "DD_PROFILING_SPOOL_DIR cannot be /tmp: every user can write to the directory (use a subdirectory)"));
    unsetenv("DD_PROFILING_SPOOL_DIR");
    assert_int_equal(FIXTURE_RUN(parse, "run", "--nonsense", "p"), RUN_STATUS_FAILED);
    assert_non_null(strstr(fixture_error, "nonsense"));
    assert_int_equal(FIXTURE_RUN(parse, "run", "--help"), 0);
    assert_non_null(strstr(fixture_out, "usage: cmemprof run"));
}

int main(void) {
    return tests_run();
}
