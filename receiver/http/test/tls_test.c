// tls_test.c: a pair of files becomes the certificate of connections; what is wrong with one is said; files that change are read again.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../tls.h"

#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char said[4][512];
static int said_count;

static void on_message(const char *text) {
    snprintf(said[said_count++ % 4], sizeof *said, "%s", text);
}

static void write_file(const char *name, const void *bytes, size_t size) {
    char temporary[64];
    snprintf(temporary, sizeof temporary, "%s.new", name);
    int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(file, bytes, size), size);
    close(file);
    assert_int_equal(rename(temporary, name), 0);
}

// Writes a certificate of its own authority and its key, of the time from..to around now.
static void make_pair(const char *certificate_name, const char *key_name, long from_s, long to_s) {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
    gnutls_datum_t text;
    assert_int_equal(gnutls_x509_privkey_init(&key), 0);
    assert_int_equal(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0), 0);
    assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
    gnutls_x509_crt_set_version(certificate, 3);
    gnutls_x509_crt_set_serial(certificate, "\1", 1);
    gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, "test", 4);
    gnutls_x509_crt_set_activation_time(certificate, time(NULL) + from_s);
    gnutls_x509_crt_set_expiration_time(certificate, time(NULL) + to_s);
    assert_int_equal(gnutls_x509_crt_set_key(certificate, key), 0);
    assert_int_equal(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0), 0);
    assert_int_equal(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &text), 0);
    write_file(certificate_name, text.data, text.size);
    gnutls_free(text.data);
    assert_int_equal(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, 0, &text), 0);
    write_file(key_name, text.data, text.size);
    gnutls_free(text.data);
    gnutls_x509_crt_deinit(certificate);
    gnutls_x509_privkey_deinit(key);
}

enum { DAY = 24 * 3600 };

static void expect_error(const char *certificate, const char *key, const char *message) {
    struct tls *tls = NULL;
    char text[512] = "";
    assert_int_equal(tls_open(certificate, key, on_message, &tls, text, sizeof text), RECEIVER_BAD_CERTIFICATE);
    if (!strstr(text, message)) {
        fail_msg("%s is not in %s", message, text);
    }
}

TEST_IN(folder, what_is_wrong_is_said) {
    assert_int_equal(chdir(folder), 0);
    make_pair("a.crt", "a.key", -DAY, 90 * DAY);
    make_pair("b.crt", "b.key", -DAY, 90 * DAY);
    write_file("text", "no PEM", 6);
    write_file("empty", "", 0);
    expect_error("none", "a.key", "none: No such file or directory");
    expect_error("a.crt", "none", "none: No such file or directory");
    expect_error(".", "a.key", ".: Is a directory");
    expect_error("text", "a.key", "text: holds no certificate in PEM form: ");
    expect_error("empty", "a.key", "empty: holds no certificate in PEM form: ");
    expect_error("a.key", "a.key", "a.key: holds no certificate in PEM form: ");
    expect_error("a.crt", "text", "text: holds no private key in PEM form: ");
    expect_error("a.crt", "a.crt", "a.crt: holds no private key in PEM form: ");
    expect_error("a.crt", "b.key", "b.key: the key is not that of the certificate in a.crt");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    expect_error("pipe", "a.key", "pipe: Invalid argument");
    assert_int_equal(truncate("text", 2 << 20), 0);
    expect_error("text", "a.key", "text: File too large");
}

TEST_IN(folder, dates_and_rights_are_told) {
    static const struct {
        long from_s, to_s;
        mode_t mode;
        const char *message; // "": none
    } cases[] = {
        {-DAY, 90 * DAY, 0600, ""},
        {-2 * DAY, -DAY, 0600, "a.crt: the certificate expired on 20"},
        {DAY, 90 * DAY, 0600, "a.crt: the certificate is valid from 20"},
        {-DAY, 3 * DAY, 0600, "a.crt: the certificate expires on 20"},
        {-DAY, 90 * DAY, 0604, "a.key: other users can read this key (chmod 600)"},
    };
    assert_int_equal(chdir(folder), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tls *tls = NULL;
        char text[512] = "";
        make_pair("a.crt", "a.key", cases[i].from_s, cases[i].to_s);
        assert_int_equal(chmod("a.key", cases[i].mode), 0);
        said_count = 0;
        assert_int_equal(tls_open("a.crt", "a.key", on_message, &tls, text, sizeof text), RECEIVER_OK);
        assert_in_range(tls_expires_at(tls), time(NULL) + cases[i].to_s - 600, time(NULL) + cases[i].to_s);
        assert_int_equal(said_count, *cases[i].message != '\0');
        assert_true(said_count == 0 || strstr(said[0], cases[i].message));
        tls_close(tls);
    }
}

TEST_IN(folder, connections_keep_their_certificate) {
    struct tls *tls = NULL;
    char text[512] = "";
    assert_int_equal(chdir(folder), 0);
    make_pair("a.crt", "a.key", -DAY, 90 * DAY);
    assert_int_equal(tls_open("a.crt", "a.key", on_message, &tls, text, sizeof text), RECEIVER_OK);
    gnutls_session_t sessions[2];
    struct tls_pair *pairs[2];
    assert_int_equal(gnutls_init(&sessions[0], GNUTLS_SERVER), 0);
    assert_int_equal(gnutls_init(&sessions[1], GNUTLS_SERVER), 0);
    assert_non_null(pairs[0] = tls_enter(tls, sessions[0]));
    said_count = 0;
    assert_false(tls_look(tls, false)); // unchanged
    assert_false(tls_look(tls, false));
    make_pair("b.crt", "b.key", -DAY, 90 * DAY);
    assert_int_equal(rename("b.crt", "a.crt"), 0);
    assert_false(tls_look(tls, false)); // perhaps the key follows
    assert_int_equal(said_count, 0);
    assert_int_equal(rename("b.key", "a.key"), 0);
    assert_false(tls_look(tls, false));
    assert_true(tls_look(tls, false));
    assert_non_null(strstr(said[0], "a.crt: read again; the certificate is valid until 20"));
    assert_non_null(pairs[1] = tls_enter(tls, sessions[1]));
    assert_ptr_not_equal(pairs[0], pairs[1]);
    void *credentials[2];
    assert_int_equal(gnutls_credentials_get(sessions[0], GNUTLS_CRD_CERTIFICATE, &credentials[0]), 0);
    assert_int_equal(gnutls_credentials_get(sessions[1], GNUTLS_CRD_CERTIFICATE, &credentials[1]), 0);
    assert_ptr_not_equal(credentials[0], credentials[1]);
    assert_null(tls_enter(tls, NULL));
    for (int i = 0; i < 2; i++) {
        gnutls_deinit(sessions[i]);
        tls_leave(tls, pairs[i]);
    }
    tls_leave(tls, NULL);
    tls_close(tls);
}

TEST_IN(folder, a_bad_pair_does_not_replace_a_good_one) {
    struct tls *tls = NULL;
    char text[512] = "";
    assert_int_equal(chdir(folder), 0);
    make_pair("a.crt", "a.key", -DAY, 90 * DAY);
    assert_int_equal(tls_open("a.crt", "a.key", on_message, &tls, text, sizeof text), RECEIVER_OK);
    int64_t expires_at = tls_expires_at(tls);
    said_count = 0;
    write_file("a.crt", "torn", 4);
    assert_false(tls_look(tls, false));
    assert_false(tls_look(tls, false));
    assert_int_equal(said_count, 1);
    assert_non_null(strstr(said[0], "a.crt: holds no certificate in PEM form: "));
    assert_non_null(strstr(said[0], "; the certificate of before stays in use"));
    assert_false(tls_look(tls, false)); // said once
    assert_int_equal(said_count, 1);
    assert_false(tls_look(tls, true)); // asked for
    assert_int_equal(said_count, 2);
    assert_int_equal(unlink("a.crt"), 0);
    tls_look(tls, false);
    tls_look(tls, false);
    assert_non_null(strstr(said[2], "a.crt: No such file or directory; the certificate of before"));
    assert_int_equal(tls_expires_at(tls), expires_at);
    make_pair("a.crt", "a.key", -DAY, 30 * DAY);
    assert_true(tls_look(tls, true)); // at once
    assert_int_not_equal(tls_expires_at(tls), expires_at);
    tls_close(tls);
}

// A process has no descriptor left for a moment, that of a renewal.
TEST_IN(folder, what_could_not_be_read_is_read_later) {
    struct tls *tls = NULL;
    char text[512] = "";
    assert_int_equal(chdir(folder), 0);
    make_pair("a.crt", "a.key", -DAY, 90 * DAY);
    assert_int_equal(tls_open("a.crt", "a.key", on_message, &tls, text, sizeof text), RECEIVER_OK);
    int64_t expires_at = tls_expires_at(tls);
    make_pair("a.crt", "a.key", -DAY, 30 * DAY);
    said_count = 0;
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, files.rlim_max}), 0);
    for (int i = 0; i < 4; i++) {
        assert_false(tls_look(tls, false));
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    assert_int_equal(said_count, 1); // once
    assert_non_null(strstr(said[0], "a.crt: Too many open files; the certificate of before stays in use"));
    assert_int_equal(tls_expires_at(tls), expires_at);
    assert_true(tls_look(tls, false));
    assert_int_not_equal(tls_expires_at(tls), expires_at);
    assert_false(tls_look(tls, false));
    assert_int_equal(said_count, 2);
    tls_close(tls);
}

int main(void) {
    return tests_run();
}
