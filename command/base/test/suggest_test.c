// suggest_test.c: corrects mistyped words.

#include "../../../base/test/test.h"

#include "../suggest.h"

static const char *const words[] = {"receiver", "run", "top", "diff", "merge", "delta", "symbolize", "version", "help"};

static void expect(const char *typed, const char *word) {
    const char *found = suggest(typed, words, sizeof words / sizeof *words);
    if (word) {
        assert_non_null(found);
        assert_string_equal(found, word);
    } else {
        assert_null(found);
    }
}

TEST(near) {
    expect("recieve", "receiver");
    expect("tpo", "top");
    expect("to", "top");
    expect("topp", "top");
    expect("mrege", "merge");
    expect("dif", "diff");
    expect("simbolise", "symbolize");
    expect("merge", "merge");
}

TEST(far) {
    expect("heap.pb.gz", NULL);
    expect("x", NULL);
    expect("", NULL);
    expect("xyz", NULL);
    expect("a-word-that-is-longer-than-any-of-the-commands-is", NULL);
}

int main(void) {
    return tests_run();
}
