// run_context_test.c: what is published of a service, and what the environment leaves out.

#include "../../../base/test/test.h"

#include "../run_context.h"

#include <stdlib.h>
#include <string.h>

TEST(text) {
    char seed[RUN_SEED_BYTES], other[RUN_SEED_BYTES];
    run_context_seed(seed);
    run_context_seed(other);
    assert_int_equal(strlen(seed), 16);
    assert_string_not_equal(seed, other);
    setenv("DD_ENV", "a,b=%\n", 1);
    setenv("DD_VERSION", "", 1);
    setenv("DD_PROFILING_REPORT_HOSTNAME", "false", 1);
    char *text = run_context_text("5eed", "shop");
    assert_non_null(text);
    assert_int_equal(strncmp(text, "5eed,service.name=shop,deployment.environment.name=a%2Cb%3D%25%0A,telemetry.sdk.name=cmemprof,", 94),
                     0);
    assert_null(strstr(text, "service.version"));
    assert_null(strstr(text, "host.name"));
    free(text);
    setenv("DD_PROFILING_REPORT_HOSTNAME", "true", 1);
    text = run_context_text("5eed", "shop");
    assert_non_null(strstr(text, ",host.name="));
    free(text);
    setenv("DD_PROFILING_CMEMPROF_PROCESS_CONTEXT", "false", 1);
    assert_null(run_context_text("5eed", "shop"));
    unsetenv("DD_PROFILING_CMEMPROF_PROCESS_CONTEXT");
    unsetenv("DD_PROFILING_REPORT_HOSTNAME");
    unsetenv("DD_VERSION");
    unsetenv("DD_ENV");
}

int main(void) {
    return tests_run();
}
