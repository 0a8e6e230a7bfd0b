// context_test.c: what the library makes of the text that the command gives it.

#include "../../base/test/test.h"

#include <string.h>

#include "../../base/instance_id.h"
#include "../context.h"

static size_t parse(const char *text, struct process_context_pair pairs[CONTEXT_PAIRS]) {
    static char copy[4000], id[INSTANCE_ID_BYTES];
    snprintf(copy, sizeof copy, "%s", text);
    return context_parse(copy, "12-345", id, pairs);
}

TEST(pairs) {
    struct process_context_pair pairs[CONTEXT_PAIRS];
    char id[INSTANCE_ID_BYTES], other[INSTANCE_ID_BYTES];
    assert_int_equal(parse("5eed,service.name=a%2Cb%3D%,none,=x,service.version=", pairs), 3);
    assert_string_equal(pairs[0].key, "service.name");
    assert_string_equal(pairs[0].value, "a,b=%");
    assert_string_equal(pairs[1].value, "");
    instance_id("5eed", "12-345", id);
    assert_string_equal(pairs[2].key, "service.instance.id");
    assert_string_equal(pairs[2].value, id);
    assert_int_equal(strlen(id), 36);
    assert_true(id[14] == '8' && strchr("89ab", id[19]));
    instance_id("5eed", "12-346", other);
    assert_string_not_equal(id, other);
    instance_id("5eee", "12-345", other);
    assert_string_not_equal(id, other);
}

TEST(no_text) {
    struct process_context_pair pairs[CONTEXT_PAIRS];
    assert_int_equal(parse("", pairs), 0);
    assert_int_equal(parse("service.name=a", pairs), 0);
    char many[2000] = "seed";
    for (int i = 0; i < 40; i++) {
        sprintf(many + strlen(many), ",k%d=v", i);
    }
    assert_int_equal(parse(many, pairs), CONTEXT_PAIRS);
    assert_string_equal(pairs[CONTEXT_PAIRS - 1].key, "service.instance.id");
}

int main(void) {
    return tests_run();
}
