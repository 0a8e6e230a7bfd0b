// names_test.c: tags and attributes name each other.

#include "../../base/test/test.h"

#include "../otlp.h"

TEST(tags_and_attributes_name_each_other) {
    static const char *const tags[] = {
        "service",  "env",          "version",  "host",           "runtime-id",         "process_id", "runtime",
        "language", "container_id", "pod_name", "git.commit.sha", "git.repository_url", "region",     "runtime_version"};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        assert_string_equal(otlp_tag_of_attribute(otlp_attribute_of_tag(tags[i])), tags[i]);
    }
    assert_string_equal(otlp_attribute_of_tag("service"), "service.name");
    assert_string_equal(otlp_attribute_of_tag("region"), "region");
}

TEST(older_names_are_read) {
    assert_string_equal(otlp_tag_of_attribute("deployment.environment"), "env");
    assert_string_equal(otlp_attribute_of_tag("env"), "deployment.environment.name");
    assert_string_equal(otlp_attribute_of_tag("pid"), "process.pid");
    assert_string_equal(otlp_tag_of_attribute("process.pid"), "process_id");
}

int main(void) {
    return tests_run();
}
