// config_test.c: options of a file, of the environment and of the command line, in this order; what is wrong in them.

#include "../../../base/test/test.h"

#include "../../test/fixture.h"
#include "../config.h"

static const struct option options[] = {{"listen", required_argument, NULL, 'l'},  {"pack-after", required_argument, NULL, 'p'},
                                        {"forward", required_argument, NULL, 'f'}, {"config", required_argument, NULL, 'c'},
                                        {"quiet", no_argument, NULL, 'q'},         {0}};

static char seen[1000];
static enum config_source source; // of a bad one

// Prints the arguments as they are then; "bad" is a value that fails.
static int print(int argc, char **argv) {
    struct config config = {.command = "test", .prefix = "TEST_CONFIG_", .options = options};
    int status = 1;
    *seen = '\0';
    if (config_read(&config, argc, argv)) {
        status = 0;
        for (int i = 1; i < config.argc; i++) {
            snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s ", config.argv[i]);
            if (strstr(config.argv[i], "bad")) {
                source = config_source_of(&config, i + 1);
                config_say_where(&config, i + 1);
            }
        }
    }
    config_free(&config);
    return status;
}

#define PRINT(...) FIXTURE_RUN(print, "test", __VA_ARGS__)

static void write_config(const char *text) {
    fixture_write("config", text, strlen(text));
}

TEST_IN(directory, what_comes_later_counts) {
    write_config("# ours\n\nlisten 127.0.0.1:1\n  pack-after\t2d  \r\nforward datadog:http://a b\nlisten 127.0.0.1:2");
    assert_int_equal(PRINT("--config", "config", "--listen=127.0.0.1:3"), 0);
    assert_string_equal(seen, "--listen=127.0.0.1:1 --pack-after=2d --forward=datadog:http://a b --listen=127.0.0.1:2 --config config "
                              "--listen=127.0.0.1:3 ");
    assert_string_equal(fixture_error, "");
    setenv("TEST_CONFIG_PACK_AFTER", "3d", 1);
    setenv("TEST_CONFIG_LISTEN", "", 1);
    setenv("TEST_CONFIG_CONFIG", "config", 1);
    write_config("pack-after 1d\n");
    assert_int_equal(PRINT("--listen", "x"), 0);
    assert_string_equal(seen, "--pack-after=1d --pack-after=3d --listen x ");
    fixture_write("other", "", 0);
    assert_int_equal(PRINT("-config=other"), 0); // the command line's
    assert_string_equal(seen, "--pack-after=3d -config=other ");
    unsetenv("TEST_CONFIG_CONFIG");
    unsetenv("TEST_CONFIG_PACK_AFTER");
    unsetenv("TEST_CONFIG_LISTEN");
}

TEST_IN(directory, what_is_wrong_in_a_file) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"listen x\nlistn y\n", "config: line 2: unknown option listn"},
        {"pack 1d\n", "config: line 1: unknown option pack"}, // none is shortened
        {"--listen x\n", "config: line 1: options stand without dashes: --listen"},
        {"\nlisten\n", "config: line 2: no value follows listen"},
        {"listen   \n", "config: line 1: no value follows listen"},
        {"config other\n", "config: line 1: unknown option config"},
        {"quiet yes\n", "config: line 1: unknown option quiet"},
        {"listen=x\n", "config: line 1: a blank stands between an option and its value, not =: listen\n"},
        {"listen = x\n", "config: line 1: a blank stands between an option and its value, not =: listen\n"},
        {"listen =s3cret\n", "config: line 1: a blank stands between an option and its value, not =: listen\n"},
        {"lisen=https://x/s3cret\n", "config: line 1: a blank stands between an option and its value, not =: lisen\n"},
        {"listen:s3cret\n", "config: line 1: unknown option listen\n"}, // not the value, which may be a secret
        {"--listen=s3cret\n", "not =: --listen\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_config(cases[i].text);
        if (PRINT("--config", "config") != 1 || !strstr(fixture_error, cases[i].message)) {
            fail_msg("%s is not in %s", cases[i].message, fixture_error);
        }
        assert_null(strstr(fixture_error, "s3cret"));
    }
    fixture_write("config", "listen a\0b\n", 11);
    assert_int_equal(PRINT("--config", "config"), 1);
    assert_non_null(strstr(fixture_error, "config: line 1: there is a zero byte"));
    assert_int_equal(PRINT("--config", "none"), 1);
    assert_non_null(strstr(fixture_error, "none: No such file or directory"));
    assert_int_equal(PRINT("--config", "."), 1);
    assert_non_null(strstr(fixture_error, ".: Is a directory"));
}

TEST_IN(directory, a_byte_order_mark) {
    write_config("\xEF\xBB\xBFlisten x\n");
    assert_int_equal(PRINT("--config", "config"), 0);
    assert_string_equal(seen, "--listen=x --config config ");
    write_config("\xEF\xBB\xBF# ours\n\xEF\xBB\xBFlisten x\n");
    assert_int_equal(PRINT("--config", "config"), 1);
    assert_non_null(strstr(fixture_error, "config: line 2: it begins with no option's name"));
}

TEST_IN(directory, where_a_value_stands) {
    write_config("\nlisten bad\n");
    assert_int_equal(PRINT("--config", "config"), 0);
    assert_non_null(strstr(fixture_error, "listen stands in config, line 2"));
    assert_int_equal(source, CONFIG_FILE);
    setenv("TEST_CONFIG_PACK_AFTER", "bad", 1);
    assert_int_equal(PRINT("--listen", "x"), 0);
    assert_non_null(strstr(fixture_error, "pack-after stands in the environment: $TEST_CONFIG_PACK_AFTER"));
    assert_int_equal(source, CONFIG_ENVIRONMENT);
    unsetenv("TEST_CONFIG_PACK_AFTER");
    assert_int_equal(PRINT("--listen", "bad"), 0);
    assert_string_equal(fixture_error, "");
    assert_int_equal(source, CONFIG_COMMAND_LINE);
}

TEST_IN(directory, unknown_variables) {
    setenv("TEST_CONFIG_LISTN", "x", 1);
    setenv("TEST_CONFIG_PORT", "tcp://10.0.0.1:8126", 1);
    setenv("TEST_CONFIG_PORT_8126_TCP", "tcp://10.0.0.1:8126", 1);
    setenv("TEST_CONFIG_SERVICE_HOST", "10.0.0.1", 1);
    assert_int_equal(PRINT("--listen", "x"), 0);
    assert_string_equal(seen, "--listen x ");
    assert_non_null(strstr(fixture_error, "the variable TEST_CONFIG_LISTN is no option's"));
    assert_null(strstr(fixture_error, "PORT"));
    assert_null(strstr(fixture_error, "SERVICE"));
    unsetenv("TEST_CONFIG_LISTN");
    unsetenv("TEST_CONFIG_PORT");
    unsetenv("TEST_CONFIG_PORT_8126_TCP");
    unsetenv("TEST_CONFIG_SERVICE_HOST");
}

int main(void) {
    return tests_run();
}
