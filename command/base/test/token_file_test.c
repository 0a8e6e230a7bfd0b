// token_file_test.c: a token alone, tokens with roles, and lines that are neither.

#include "../../../base/test/test.h"

#include "../../test/fixture.h"
#include "../token_file.h"

static bool parse(struct token_list *list, const char *text, unsigned alone, bool has_roles) {
    *list = (struct token_list){0};
    fixture_write("tokens", text, strlen(text));
    assert_int_equal(chmod("tokens", 0600), 0);
    return token_file_read(list, "tokens", alone, has_roles);
}

TEST_IN(directory, a_token_alone) {
    static struct token_list list;
    static const char *const texts[] = {"alone-token\n", "alone-token", "alone-token\r\nmore", "alone-token\n\n# and nothing\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (int has_roles = 0; has_roles < 2; has_roles++) {
            assert_true(parse(&list, texts[i], RECEIVER_READS, has_roles));
            assert_int_equal(list.count, 1);
            assert_string_equal(list.tokens[0].token, "alone-token");
            assert_int_equal(list.tokens[0].roles, RECEIVER_READS);
        }
    }
}

TEST_IN(directory, tokens_with_roles) {
    static struct token_list list;
    assert_true(parse(&list, "# ours\n\nupload  sending-token\nread\treading-token\r\nread,upload both-token\nadmin all-token", 0, true));
    assert_int_equal(list.count, 4);
    static const struct receiver_token expected[] = {{"sending-token", RECEIVER_UPLOADS},
                                                     {"reading-token", RECEIVER_READS},
                                                     {"both-token", RECEIVER_READS | RECEIVER_UPLOADS},
                                                     {"all-token", RECEIVER_ALL}};
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(list.tokens[i].token, expected[i].token);
        assert_int_equal(list.tokens[i].roles, expected[i].roles);
    }
}

// As of a file for sending and one for reading with the same token.
TEST_IN(directory, roles_of_several_files_add_up) {
    static struct token_list list;
    assert_true(parse(&list, "upload the-token-1\nread the-token-2\n", 0, true));
    fixture_write("more", "the-token-1", 11);
    assert_int_equal(chmod("more", 0600), 0);
    assert_true(token_file_read(&list, "more", RECEIVER_READS, false));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.tokens[0].roles, RECEIVER_UPLOADS | RECEIVER_READS);
    assert_int_equal(list.tokens[1].roles, RECEIVER_READS);
    assert_true(token_file_read(&list, "tokens", 0, true)); // the same file again
    assert_int_equal(list.count, 2);
    assert_int_equal(list.tokens[0].roles, RECEIVER_UPLOADS | RECEIVER_READS);
}

static struct token_list list_of_file;

static int read_it(int argc, char **argv) {
    (void)argc;
    list_of_file = (struct token_list){0};
    return token_file_read(&list_of_file, argv[1], RECEIVER_ALL, true) ? 0 : 1;
}

TEST_IN(directory, what_is_wrong_is_said_with_its_line) {
    static char many[65 * 24 + 1], longer[700];
    for (int i = 0; i < 65; i++) {
        snprintf(many + strlen(many), sizeof many - strlen(many), "read token-number-%d\n", i);
    }
    memset(longer, 'x', sizeof longer - 1);
    memcpy(longer, "read ", 5);
    const struct {
        const char *text, *message;
    } cases[] = {
        {"", "tokens: is empty"},
        {"# none\n", "tokens: has no token"},
        {"\n\n", "tokens: is empty"},
        {"read a-token-one\nwrite a-token-two\n", "tokens: line 2: roles are upload, read and admin"},
        {"read a-token-one\na-token-two\n", "tokens: line 2: the roles are missing"},
        {"read a-token-one\nupload\n", "tokens: line 2: the token is missing"},
        {"read, a-token-one\n", "tokens: line 1: roles are upload, read and admin"},
        {"read a-token one\n", "tokens: line 1: there is more than ROLES TOKEN"},
        {"a-token-alone\nread a-token-one\n", "tokens: line 2: a token without roles stands before it"},
        {"read a-token-one\nupload a-token-one\n", "tokens: line 2: this token was there before"},
        {many, "tokens: line 65: there are more than 64 tokens"},
        {longer, "tokens: line 1: the line is too long"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_write("tokens", cases[i].text, strlen(cases[i].text));
        if (FIXTURE_RUN(read_it, "x", "tokens") == 0 || !strstr(fixture_error, cases[i].message)) {
            fail_msg("%s is not in %s", cases[i].message, fixture_error);
        }
    }
    static const char zero[] = "a-token-alone\0and-more\n", later[] = "read a-token-one\nread a-token\0-two\n";
    fixture_write("tokens", zero, sizeof zero - 1);
    assert_int_equal(FIXTURE_RUN(read_it, "x", "tokens"), 1);
    assert_non_null(strstr(fixture_error, "tokens: line 1: there is a zero byte"));
    fixture_write("tokens", later, sizeof later - 1);
    assert_int_equal(FIXTURE_RUN(read_it, "x", "tokens"), 1);
    assert_non_null(strstr(fixture_error, "tokens: line 2: there is a zero byte"));
    assert_int_equal(FIXTURE_RUN(read_it, "x", "none"), 1);
    assert_non_null(strstr(fixture_error, "none: No such file or directory"));
}

int main(void) {
    return tests_run();
}
