// parameters_test.c: a query is read as the address of a request is.

#include "../../../base/test/test.h"

#include "../parameters.h"

static enum MHD_Result append(void *context, enum MHD_ValueKind kind, const char *key, const char *value) {
    char *text = context;
    (void)kind;
    sprintf(text + strlen(text), "%s=%s;", key, value ? value : "(none)");
    return strcmp(key, "stop") == 0 ? MHD_NO : MHD_YES;
}

static void expect(const char *query, const char *all) {
    struct parameters parameters;
    char text[300] = "";
    assert_true(parameters_read(&parameters, query));
    parameters_each(&parameters, append, text);
    assert_string_equal(text, all);
    parameters_free(&parameters);
}

TEST(queries) {
    expect("", "");
    expect("&&", "");
    expect("a=b", "a=b;");
    expect("label=x%3Ay&label=z&q=env%3Aprod%20%22a%26b%3Dc%22%20%C3%BC", "label=x:y;label=z;q=env:prod \"a&b=c\" \xc3\xbc;");
    expect("a&b=&=c&c=d=e", "a=(none);b=;c=d=e;");
    expect("tag%3Akey=1%2&%=2", "tag:key=1%2;%=2;"); // what is no escape stays
    expect("a+b=c+%2B", "a b=c +;");
    expect("a=1&stop=2&b=3", "a=1;stop=2;");
}

TEST(the_first_of_a_key) {
    struct parameters parameters;
    assert_true(parameters_read(&parameters, "a=1&A=2&b&c="));
    assert_string_equal(parameters_get(&parameters, "a"), "1");
    assert_string_equal(parameters_get(&parameters, "A"), "1");
    assert_null(parameters_get(&parameters, "b"));
    assert_string_equal(parameters_get(&parameters, "c"), "");
    assert_null(parameters_get(&parameters, "d"));
    parameters_free(&parameters);
}

int main(void) {
    return tests_run();
}
