// run_otlp_test.c: the variables of OpenTelemetry as the Go profiler reads them, what goes before them, and what is wrong, without secrets.

#include "../../../base/test/test.h"
#include "../../test/fixture.h"

#include "../run_otlp.h"

#include <limits.h>

static const char *const variables[] = {"OTEL_PROFILES_EXPORTER",
                                        "OTEL_EXPORTER_OTLP_ENDPOINT",
                                        "OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT",
                                        "OTEL_EXPORTER_OTLP_PROTOCOL",
                                        "OTEL_EXPORTER_OTLP_HEADERS",
                                        "OTEL_EXPORTER_OTLP_PROFILES_HEADERS",
                                        "OTEL_EXPORTER_OTLP_COMPRESSION",
                                        "OTEL_EXPORTER_OTLP_TIMEOUT",
                                        "OTEL_EXPORTER_OTLP_PROFILES_TIMEOUT",
                                        "OTEL_EXPORTER_OTLP_CERTIFICATE",
                                        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
                                        "OTEL_EXPORTER_OTLP_PROFILES_CLIENT_KEY",
                                        "OTEL_SDK_DISABLED",
                                        "OTEL_RESOURCE_ATTRIBUTES",
                                        "OTEL_SERVICE_NAME",
                                        "DD_SERVICE",
                                        "DD_ENV",
                                        "DD_VERSION",
                                        "DD_TAGS",
                                        "DD_PROFILING_REPORT_HOSTNAME",
                                        "DD_PROFILING_REPORT_PROCESS_ID"};

static void forget(void) {
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        unsetenv(variables[i]);
    }
}

// "NAME=value" each, until NULL.
static void set(const char *const *pairs) {
    forget();
    for (; *pairs; pairs++) {
        const char *equals = strchr(*pairs, '=');
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(equals - *pairs), *pairs);
        assert_int_equal(setenv(name, equals + 1, 1), 0);
    }
}
#define SET(...) set((const char *const[]){__VA_ARGS__, NULL})

static struct run_otlp otlp;
static const char *option, *service;
static bool is_wanted;

static int read_it(int argc, char **argv) {
    (void)argc, (void)argv;
    run_otlp_free(&otlp);
    is_wanted = run_otlp_wanted();
    return !run_otlp_read(&otlp, option, service);
}

TEST_IN(directory, addresses) {
    static const struct {
        const char *variables[3], *option, *url;
    } cases[] = {
        {{"OTEL_PROFILES_EXPORTER=otlp"}, NULL, "http://localhost:4318/v1development/profiles"},
        {{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:1/"}, NULL, "http://c:1/v1development/profiles"},
        {{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:1/profiles"}, NULL, "http://c:1/profiles/v1development/profiles"},
        {{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:1?x=/profiles"}, NULL, "http://c:1/v1development/profiles?x=/profiles"},
        {{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:1/v1development/profiles"},
         NULL,
         "http://c:1/v1development/profiles/v1development/profiles"},
        {{NULL}, "http://e:2/profiles", "http://e:2/profiles/v1development/profiles"},
        {{NULL}, "http://e:2/api/v2/profile", "http://e:2/api/v2/profile/v1development/profiles"},
        {{NULL}, "http://e:2/v1development/profiles?x=1", "http://e:2/v1development/profiles?x=1"},
        {{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:1", "OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT=https://d/x"}, NULL, "https://d/x"},
        {{"OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT=https://d/x", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"},
         "http://e:2",
         "http://e:2/v1development/profiles"},
        {{"OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT=https://d/x", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}, NULL, "https://d/x"},
        {{"OTEL_EXPORTER_OTLP_PROFILES_ENDPOINT=", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"},
         NULL,
         "http://localhost:4318/v1development/profiles"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        set(cases[i].variables);
        option = cases[i].option;
        assert_int_equal(FIXTURE_RUN(read_it, "run"), 0);
        assert_string_equal(otlp.url, cases[i].url);
        assert_true(otlp.is_chosen == !option);
    }
    option = NULL;
}

TEST_IN(directory, exporters) {
    static const struct {
        const char *text;
        bool is_wanted;
    } cases[] = {{"", false}, {"otlp", true}, {" console , OTLP ", true}, {"otlp,none", false}, {"none", false}, {"console", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        forget();
        setenv("OTEL_PROFILES_EXPORTER", cases[i].text, 1);
        assert_int_equal(FIXTURE_RUN(read_it, "run"), 0);
        assert_int_equal(is_wanted, cases[i].is_wanted);
        bool is_told = strstr(fixture_error, "\"console\" is not an exporter of profiles");
        assert_true(is_told == (i == 2 || i == 5));
    }
}

// The switch of all of OpenTelemetry; a word that is not true leaves it on.
TEST_IN(directory, disabled) {
    SET("OTEL_PROFILES_EXPORTER=otlp", "OTEL_SDK_DISABLED=TRUE");
    assert_int_equal(FIXTURE_RUN(read_it, "run"), 0);
    assert_false(is_wanted);
    assert_string_equal(fixture_error, "cmemprof run: OTEL_PROFILES_EXPORTER=otlp has no effect: OTEL_SDK_DISABLED=true\n");
    SET("OTEL_PROFILES_EXPORTER=otlp", "OTEL_SDK_DISABLED=1");
    assert_int_equal(FIXTURE_RUN(read_it, "run"), 0);
    assert_true(is_wanted);
    assert_string_equal(fixture_error, "");
}

TEST_IN(directory, clients_show_no_certificate) {
    SET("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=c.pem", "OTEL_EXPORTER_OTLP_PROFILES_CLIENT_KEY=k.pem");
    assert_int_equal(FIXTURE_RUN(read_it, "run"), 0);
    assert_non_null(strstr(fixture_error, "cmemprof run: OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE has no effect"));
    assert_non_null(strstr(fixture_error, "cmemprof run: OTEL_EXPORTER_OTLP_PROFILES_CLIENT_KEY has no effect"));
}

TEST_IN(directory, how) {
    SET("OTEL_EXPORTER_OTLP_COMPRESSION=none", "OTEL_EXPORTER_OTLP_TIMEOUT=0", "OTEL_EXPORTER_OTLP_HEADERS=a=b%20c,, d = e");
    assert_int_equal(FIXTURE_RUN(read_it, "run"), 0);
    assert_true(otlp.is_plain && otlp.timeout_ms == INT_MAX && !otlp.certificates);
    fixture_write("roots", "x\n-----BEGIN CERTIFICATE-----\n", 30);
    SET("OTEL_EXPORTER_OTLP_COMPRESSION=gzip", "OTEL_EXPORTER_OTLP_TIMEOUT=1", "OTEL_EXPORTER_OTLP_PROFILES_TIMEOUT=250",
        "OTEL_EXPORTER_OTLP_CERTIFICATE=roots");
    assert_int_equal(FIXTURE_RUN(read_it, "run"), 0);
    assert_true(!otlp.is_plain && otlp.timeout_ms == 250);
    assert_string_equal(otlp.certificates, "roots");
}

static void expect(const char *tag, const char *value) {
    const char *got = run_otlp_value(&otlp, tag);
    bool is_right = value && got ? strcmp(got, value) == 0 : !value && !got;
    if (!is_right) {
        fail_msg("%s is %s, not %s", tag, got ? got : "none", value ? value : "none");
    }
}

// What DD_* and options choose goes before; of one key the first holds.
TEST_IN(directory, attributes) {
    static const char all[] =
        "OTEL_RESOURCE_ATTRIBUTES=service.name=a, deployment.environment=b,service.version=c%2Cd,host.name=h,team=t,team=u,"
        "process.pid=9,empty=";
    SET(all);
    assert_int_equal(FIXTURE_RUN(read_it, "run"), 0);
    expect("service", "a"), expect("env", "b"), expect("version", "c,d"), expect("host", "h"), expect("team", "t");
    expect("process_id", "9"), expect("empty", NULL);
    service = "own";
    assert_int_equal(FIXTURE_RUN(read_it, "run"), 0);
    service = NULL;
    expect("service", NULL), expect("env", "b");
    SET(all, "OTEL_SERVICE_NAME=s", "DD_ENV=e", "DD_VERSION=1", "DD_TAGS=team:x other:y", "DD_PROFILING_REPORT_HOSTNAME=false",
        "DD_PROFILING_REPORT_PROCESS_ID=0");
    assert_int_equal(FIXTURE_RUN(read_it, "run"), 0);
    assert_int_equal(otlp.tag_count, 0);
}

TEST_IN(directory, wrong) {
    static const struct {
        const char *variable, *message;
    } cases[] = {
        {"OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
         "OTEL_EXPORTER_OTLP_PROTOCOL: profiles are sent as http/protobuf, not as grpc: set OTEL_EXPORTER_OTLP_"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318", "OTEL_EXPORTER_OTLP_ENDPOINT takes http://HOST:PORT or https://HOST:PORT, not "},
        {"OTEL_EXPORTER_OTLP_HEADERS=s3cret", "OTEL_EXPORTER_OTLP_HEADERS: not of the form key=value,key=value"},
        {"OTEL_EXPORTER_OTLP_PROFILES_HEADERS=a=s3cret%zz", "OTEL_EXPORTER_OTLP_PROFILES_HEADERS: not of the form"},
        {"OTEL_EXPORTER_OTLP_HEADERS= =s3cret", "OTEL_EXPORTER_OTLP_HEADERS: not of the form"},
        {"OTEL_EXPORTER_OTLP_HEADERS=a=s3cret%0D%0AX:y", "OTEL_EXPORTER_OTLP_HEADERS: HTTP does not allow this name or value"},
        {"OTEL_EXPORTER_OTLP_COMPRESSION=zstd", "OTEL_EXPORTER_OTLP_COMPRESSION takes gzip or none, not zstd"},
        {"OTEL_EXPORTER_OTLP_TIMEOUT=10s", "OTEL_EXPORTER_OTLP_TIMEOUT takes a number of milliseconds, not 10s"},
        {"OTEL_EXPORTER_OTLP_TIMEOUT=99999999999", "a number of milliseconds"},
        {"OTEL_EXPORTER_OTLP_CERTIFICATE=none/here", "OTEL_EXPORTER_OTLP_CERTIFICATE: none/here: No such file or directory"},
        {"OTEL_EXPORTER_OTLP_CERTIFICATE=empty", "OTEL_EXPORTER_OTLP_CERTIFICATE: empty has no certificates in PEM form"},
        {"OTEL_RESOURCE_ATTRIBUTES=a=b,c", "OTEL_RESOURCE_ATTRIBUTES: not of the form key=value,key=value"},
    };
    fixture_write("empty", "", 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SET(cases[i].variable);
        assert_int_equal(FIXTURE_RUN(read_it, "run"), 1);
        if (!strstr(fixture_error, cases[i].message) || strstr(fixture_error, "s3cret")) {
            fail_msg("%s: %s", cases[i].variable, fixture_error);
        }
    }
    forget();
    run_otlp_free(&otlp);
}

int main(void) {
    return tests_run();
}
