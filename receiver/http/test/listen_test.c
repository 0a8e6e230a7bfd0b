// listen_test.c: addresses accepted and refused, each with its reason.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../../test/http.h"

#include "../listen.h"

TEST(good) {
    static const char *const good[][2] = {
        {"127.0.0.1:0", "http://127.0.0.1:"}, {"127.1.2.3:0", "http://127.1.2.3:"}, {"localhost:0", "http://127.0.0.1:"}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct listener listener;
        char text[200] = "";
        assert_int_equal(listen_open(good[i][0], false, &listener, text, sizeof text), RECEIVER_OK);
        assert_int_not_equal(listener.port, 0);
        assert_memory_equal(listener.url, good[i][1], strlen(good[i][1]));
        struct listener second;
        char taken[64];
        snprintf(taken, sizeof taken, "%.*s:%u", (int)(strlen(good[i][1]) - 8), good[i][1] + 7, listener.port);
        assert_int_equal(listen_open(taken, false, &second, text, sizeof text), RECEIVER_ADDRESS_IN_USE);
        assert_non_null(strstr(text, "in use"));
        listen_close(&listener);
    }
}

TEST(refused) {
    static const char *const bad[] = {"",
                                      ":",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:-1",
                                      "127.0.0.1:1x",
                                      "host:1",
                                      "[::1:1",
                                      "[]:1",
                                      ":8126",
                                      "127.0.0.1: 1",
                                      "1111111111111111111111111111111111111111111111111111111111111111111111111111111111111111:1"};
    static const char *const foreign[] = {"0.0.0.0:8126", "192.168.0.1:8126", "[::]:8126", "[2001:db8::1]:8126", "128.0.0.1:1"};
    struct listener listener;
    char text[200];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(listen_open(bad[i], false, &listener, text, sizeof text), RECEIVER_BAD_ADDRESS);
        assert_non_null(strstr(text, "ADDRESS:PORT"));
    }
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        assert_int_equal(listen_open(foreign[i], false, &listener, text, sizeof text), RECEIVER_NOT_LOOPBACK);
        assert_non_null(strstr(text, "not a loopback address"));
    }
}

TEST(any_address) {
    struct listener listener;
    char text[200] = "";
    assert_int_equal(listen_open("0.0.0.0:0", true, &listener, text, sizeof text), RECEIVER_OK);
    listen_close(&listener);
}

// A socket with a listener is left alone; one left by a killed receiver, and only a socket, is replaced.
TEST_IN(folder, unix_socket) {
    char address[80], text[200] = "";
    snprintf(address, sizeof address, "unix:%s/a.sock", folder);
    struct listener first, second;
    struct stat about;
    assert_int_equal(listen_open(address, false, &first, text, sizeof text), RECEIVER_OK);
    assert_string_equal(first.url, address);
    assert_int_equal(stat(first.path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(listen_open(address, false, &second, text, sizeof text), RECEIVER_ADDRESS_IN_USE);
    close(first.socket); // as if killed
    assert_int_equal(listen_open(address, false, &second, text, sizeof text), RECEIVER_OK);
    listen_close(&second);
    assert_int_equal(access(first.path, F_OK), -1);
    fclose(fopen(first.path, "w"));
    assert_int_equal(listen_open(address, false, &second, text, sizeof text), RECEIVER_ADDRESS_IN_USE);
    assert_int_equal(unlink(first.path), 0);
    assert_int_equal(rmdir(folder), 0); // nothing else is left
    assert_int_equal(listen_open("unix:", false, &first, text, sizeof text), RECEIVER_BAD_ADDRESS);
    char longest[200] = "unix:";
    memset(longest + 5, 'x', 108);
    assert_int_equal(listen_open(longest, false, &first, text, sizeof text), RECEIVER_BAD_ADDRESS);
}

// What a service manager has opened.
TEST_IN(folder, a_socket_that_listens_already) {
    struct listener first, taken;
    char text[300] = "", address[FOLDER_BYTES + 40], path[FOLDER_BYTES + 20];
    assert_int_equal(listen_open("127.0.0.1:0", false, &first, text, sizeof text), RECEIVER_OK);
    assert_int_equal(listen_take(first.socket, false, &taken, text, sizeof text), RECEIVER_OK);
    assert_string_equal(taken.url, first.url);
    assert_int_equal(taken.port, first.port);
    assert_false(taken.is_unix);
    listen_close(&taken);
    assert_int_equal(listen_open("0.0.0.0:0", true, &first, text, sizeof text), RECEIVER_OK);
    assert_int_equal(listen_take(first.socket, false, &taken, text, sizeof text), RECEIVER_NOT_LOOPBACK);
    assert_non_null(strstr(text, "http://0.0.0.0:"));
    assert_int_equal(listen_take(first.socket, true, &taken, text, sizeof text), RECEIVER_OK);
    listen_close(&first);
    snprintf(path, sizeof path, "%s/socket", folder);
    snprintf(address, sizeof address, "unix:%s", path);
    assert_int_equal(listen_open(address, false, &first, text, sizeof text), RECEIVER_OK);
    assert_int_equal(listen_take(first.socket, false, &taken, text, sizeof text), RECEIVER_OK);
    assert_string_equal(taken.url, address);
    assert_true(taken.is_unix);
    assert_int_equal(chmod(path, 0660), 0);
    assert_int_equal(listen_take(first.socket, false, &taken, text, sizeof text), RECEIVER_NOT_LOOPBACK);
    assert_non_null(strstr(text, "other users can connect to it (SocketMode=0600 in its unit)"));
    assert_int_equal(listen_take(first.socket, true, &taken, text, sizeof text), RECEIVER_OK);
    listen_close(&taken);
    assert_int_equal(access(path, F_OK), 0); // it is whose it was
    unlink(path);
    int other = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0); // as one of vsock: its bytes are no IP address
    assert_true(other >= 0);
    assert_int_equal(listen_take(other, true, &taken, text, sizeof text), RECEIVER_BAD_ADDRESS);
    assert_non_null(strstr(text, "neither of IP nor a Unix socket"));
    close(other);
    assert_int_equal(listen_take(-1, false, &taken, text, sizeof text), RECEIVER_CANNOT_LISTEN);
}

int main(void) {
    return tests_run();
}
