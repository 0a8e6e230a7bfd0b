// focus_test.c: which expressions are taken, and that those which are not include what ends or stops a process.

#include "../../../base/test/test.h"

#include "../focus.h"

#include <regex.h>

TEST(taken) {
    static const char *const all[] = {
        "",
        "sqlite3_",
        "^main\\.(\\(\\*Server\\)|init)",
        "github\\.com/.*/v[0-9]+\\.",
        "a|b|(c|d)",
        "[]a]+x",
        "[^][:alpha:]]*",
        "\\{closure\\}",
        "[{+*]?",
        "std::.*<[^>]*>::~",
        "a?b+c*.+",
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        regex_t compiled;
        const char *fault = focus_fault(all[i]);
        if (fault) {
            fail_msg("%s: %s", all[i], fault);
        }
        assert_int_equal(regcomp(&compiled, all[i], REG_EXTENDED | REG_NOSUB), 0);
        regfree(&compiled);
    }
}

static void refuse(const char *expression, const char *why) {
    const char *fault = focus_fault(expression);
    if (!fault || !strstr(fault, why)) {
        fail_msg("%s: %s", expression, fault ? fault : "taken");
    }
}

TEST(refused) {
    static char parentheses[60001];
    memset(parentheses, '(', sizeof parentheses - 1);
    refuse(parentheses, "longer than 200 bytes");
    refuse("((((a+)+)+)+)", "repeat one character");
    refuse("a++", "repeat one character");
    refuse("(^|a)*", "repeat one character");
    refuse("*a", "repeat one character");
    refuse("a|+", "repeat one character");
    refuse("^*", "repeat one character");
    refuse("((a{200}){200}){50}", "{}");
    refuse("[\\]{5}", "{}");
    refuse("[\\]\\\\{5}", "{}");
    refuse("(a*)\\1", "backslash");
    refuse("\\bmain", "backslash");
    refuse("\\<main", "backslash");
    refuse("main\\", "backslash");
    refuse("[[=a=]]", "bracket");
    refuse("[[.a.]]", "bracket");
    refuse("[abc", "bracket");
    refuse("(^|a)(^|a)(^|a)(^|a)(^|a)(^|a)(^|a)(^|a)(^|a)", "more than 8 anchors");
}

int main(void) {
    return tests_run();
}
