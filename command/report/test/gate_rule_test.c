// gate_rule_test.c: forms of rules, and what is refused.

#include "../../../base/test/test.h"

#include "../gate_rule.h"

static void check(const char *text, const char *name, enum gate_kind kind, double limit, const char *unit) {
    struct gate_rule rule;
    const char *wrong = gate_rule_parse(text, &rule);
    assert_null(wrong);
    assert_string_equal(rule.name, name);
    assert_int_equal(rule.kind, kind);
    assert_true(rule.limit == limit);
    assert_string_equal(rule.unit, unit);
    assert_ptr_equal(rule.text, text);
}

static void refuse(const char *text, const char *why) {
    struct gate_rule rule;
    const char *wrong = gate_rule_parse(text, &rule);
    assert_non_null(wrong);
    assert_non_null(strstr(wrong, why));
}

TEST(forms) {
    check("leaked>1MB", "leaked", GATE_ABOVE, 1, "MB");
    check("peak>0", "peak", GATE_ABOVE, 0, "");
    check("cpu>1.5s", "cpu", GATE_ABOVE, 1.5, "s");
    check("alloc_space:+5%", "alloc_space", GATE_GROWS_PERCENT, 5, "");
    check("alloc_space:+0.5%", "alloc_space", GATE_GROWS_PERCENT, .5, "");
    check("inuse_objects:+10", "inuse_objects", GATE_GROWS, 10, "");
    check("inuse_space:+512KiB", "inuse_space", GATE_GROWS, 512, "KiB");
}

TEST(refused) {
    refuse("", "NAME>LIMIT");
    refuse("leaked", "NAME>LIMIT");
    refuse(">1MB", "NAME>LIMIT");
    refuse("leaked<1MB", "NAME>LIMIT");
    refuse("leaked:-5%", "NAME>LIMIT");
    refuse("leaked>", "no number");
    refuse("leaked>MB", "no number");
    refuse("leaked> 1MB", "no number");
    refuse("leaked>-1MB", "no number");
    refuse("heap:+live>3", "no number"); // the first operator is the rule's
    refuse("leaked>0x10", "no number");
    refuse("leaked>1e400", "no number");
    refuse("leaked>inf", "no number");
    refuse("leaked>1.2.3", "no number");
    refuse("leaked>1M", "none of the units");
    refuse("leaked>1MB ", "none of the units");
    refuse("leaked>5%", "of a base");
    refuse("a_name_of_more_than_sixty_three_bytes_is_not_one_of_any_sample_type>1", "too long");
}

int main(void) {
    return tests_run();
}
