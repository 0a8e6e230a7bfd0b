// credentials_test.c: secrets and headers of files and the environment, and what is refused of them.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../credentials.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[FOLDER_BYTES + 20];

static void write_file(const char *text, mode_t mode) {
    snprintf(path, sizeof path, "%s/headers", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    chmod(path, mode);
}

static void expect_line(const struct header_list *headers, size_t at, const char *line) {
    assert_true(at < headers->count);
    assert_string_equal(headers->lines[at], line);
}

TEST_IN(folder, headers_of_a_file) {
    struct header_list headers = {0};
    assert_true(headers_set(&headers, "DD-API-KEY", "of all"));
    write_file("# of the team\nAuthorization: Bearer a:b \r\n\nX-Scope-OrgID:team\ndd-api-key: its own", 0600);
    assert_true(headers_set_file(&headers, path));
    assert_int_equal(headers.count, 3);
    expect_line(&headers, 0, "dd-api-key: its own"); // in place of that of all
    expect_line(&headers, 1, "Authorization: Bearer a:b ");
    expect_line(&headers, 2, "X-Scope-OrgID: team");
    headers_free(&headers);
}

TEST_IN(folder, files_that_are_refused) {
    static const char *const texts[] = {"no header\n",         ": x\n",     "a b: c\n", "content-type: text/plain\n",
                                        "Content-Length: 1\n", "A: \x01\n", "A:\n"};
    struct header_list headers = {0};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_file(texts[i], 0600);
        assert_false(headers_set_file(&headers, path));
    }
    assert_int_equal(headers.count, 0);
    write_file("A: b\n", 0644);
    assert_false(headers_set_file(&headers, path)); // others can read it
    unlink(path);
    assert_false(headers_set_file(&headers, path));
    char line[9000];
    memset(line, 'a', sizeof line);
    memcpy(line, "A: ", 3);
    line[sizeof line - 1] = '\0';
    write_file(line, 0600);
    assert_false(headers_set_file(&headers, path));
    char *many = calloc(1, 1000);
    for (int i = 0; i <= HEADERS_MAX; i++) {
        sprintf(many + strlen(many), "A%d: b\n", i);
    }
    write_file(many, 0600);
    assert_false(headers_set_file(&headers, path));
    assert_int_equal(headers.count, HEADERS_MAX);
    headers_free(&headers);
    free(many);
}

TEST(pairs_and_basic) {
    static const char *const encoded[] = {"Authorization: Basic YTo=", "Authorization: Basic YTpi",
                                          "Authorization: Basic YTpiYw==", "Authorization: Basic YTpiY2Q="};
    struct header_list headers = {0};
    assert_true(headers_set_pairs(&headers, "api-key=a%20b%2C%zz, x=y=z,=no,none"));
    assert_int_equal(headers.count, 2);
    expect_line(&headers, 0, "api-key: a b,%zz");
    expect_line(&headers, 1, "x: y=z");
    assert_true(headers_set_pairs(&headers, NULL));
    for (size_t i = 0; i < 4; i++) {
        char password[] = "bcd";
        password[i] = '\0';
        assert_true(headers_set_basic(&headers, "a", password));
        expect_line(&headers, 2, encoded[i]);
    }
    headers_free(&headers);
}

TEST_IN(folder, zero_bytes) {
    static const char text[] = "A: b\nC: d\0e\n";
    struct header_list headers = {0};
    char secret[SECRET_BYTES];
    write_file("", 0600);
    FILE *file = fopen(path, "w");
    fwrite(text, 1, sizeof text - 1, file);
    fclose(file);
    assert_false(headers_set_file(&headers, path));
    assert_int_equal(headers.count, 1);
    headers_free(&headers);
    file = fopen(path, "w");
    fwrite("key\0more\n", 1, 9, file);
    fclose(file);
    assert_false(credentials_secret(path, "CMEMPROF_TEST_SECRET", secret));
}

TEST(what_http_does_not_allow) {
    static const char *const texts[] = {"a=b%0D%0AX: y", "a=b%0a", "a=b%00c", "a b=c", "a:=c", "a%20=c,a\x01=d"};
    struct header_list headers = {0};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        headers.fault = NULL;
        if (headers_set_pairs(&headers, texts[i]) || !headers.fault) {
            fail_msg("%s", texts[i]);
        }
        headers_free(&headers);
    }
    assert_false(headers_set(&headers, "a", "b\nc"));
    assert_false(headers_set_basic(&headers, "a", "b") && headers.count == 0);
    headers_free(&headers);
    assert_true(headers_set_pairs(&headers, " a = b%09 ,c=%7e"));
    expect_line(&headers, 0, "a:  b\t ");
    expect_line(&headers, 1, "c: ~");
    headers_free(&headers);
}

TEST(forgotten) {
    assert_int_equal(setenv("CMEMPROF_TEST_SECRET", "of the environment", 1), 0);
    const char *value = getenv("CMEMPROF_TEST_SECRET");
    credentials_forget("CMEMPROF_TEST_SECRET");
    assert_null(getenv("CMEMPROF_TEST_SECRET"));
    assert_string_equal(value, "");
    credentials_forget("CMEMPROF_TEST_SECRET");
}

TEST_IN(folder, secrets) {
    char secret[SECRET_BYTES];
    write_file("key\r\nmore\n", 0600);
    assert_true(credentials_secret(path, "CMEMPROF_TEST_SECRET", secret));
    assert_string_equal(secret, "key");
    write_file("key\r\r\n", 0600);
    assert_false(credentials_secret(path, "CMEMPROF_TEST_SECRET", secret));
    write_file("\n", 0600);
    assert_false(credentials_secret(path, "CMEMPROF_TEST_SECRET", secret));
    write_file("key", 0604);
    assert_false(credentials_secret(path, "CMEMPROF_TEST_SECRET", secret));
    unsetenv("CMEMPROF_TEST_SECRET");
    assert_true(credentials_secret(NULL, "CMEMPROF_TEST_SECRET", secret));
    assert_string_equal(secret, "");
    setenv("CMEMPROF_TEST_SECRET", "of the environment\n", 1);
    assert_true(credentials_secret(NULL, "CMEMPROF_TEST_SECRET", secret));
    assert_string_equal(secret, "of the environment");
    setenv("CMEMPROF_TEST_SECRET", "two\nlines", 1);
    assert_false(credentials_secret(NULL, "CMEMPROF_TEST_SECRET", secret));
}

int main(void) {
    return tests_run();
}
