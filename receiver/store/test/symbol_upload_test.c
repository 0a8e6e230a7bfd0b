// symbol_upload_test.c: a file with symbols is stored under its build ID or not at all.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../../test/http.h"

#include "../symbol_upload.h"

#include <fcntl.h>

static char directory[FOLDER_BYTES];
static struct receiver_symbols symbols;
static atomic_uint count_at_once;

// "build ID": what follows the first word of the file.
static bool read_build_id(const char *path, char build_id[RECEIVER_BUILD_ID_BYTES]) {
    char word[16] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    bool ok = fscanf(file, "%15s %100s", word, build_id) == 2 && strcmp(word, "ELF") == 0;
    fclose(file);
    return ok;
}

static int symbols_setup(void **state) {
    (void)state;
    symbols = (struct receiver_symbols){.directory = directory, .read_build_id = read_build_id};
    return folder_make(directory);
}

static int files_there(void) {
    int count = 0;
    DIR *opened = opendir(directory);
    for (struct dirent *entry; (entry = readdir(opened));) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(opened);
    return count;
}

static int symbols_teardown(void **state) {
    (void)state;
    char path[100];
    snprintf(path, sizeof path, "%s/ab12.debug", directory);
    unlink(path);
    return rmdir(directory); // nothing else is in it
}

static struct symbol_upload *begin(const struct receiver_symbols *where) {
    struct symbol_upload *upload = NULL;
    const char *why;
    assert_int_equal(symbol_upload_begin(where, &count_at_once, &upload, &why), RECEIVER_OK);
    return upload;
}

static void make_file(const char *name, off_t size) {
    char path[100];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0 && ftruncate(file, size) == 0);
    close(file);
}

static enum receiver_error send_file(const char *content, char *build_id, char *text) {
    struct symbol_upload *upload = begin(&symbols);
    assert_true(symbol_upload_data(upload, content, strlen(content)));
    enum receiver_error error = symbol_upload_finish(upload, build_id, text, 160);
    symbol_upload_free(upload);
    return error;
}

TEST_IN(symbols, kept_under_its_build_id) {
    char build_id[RECEIVER_BUILD_ID_BYTES], text[160], path[100];
    assert_int_equal(send_file("ELF ab12 one", build_id, text), RECEIVER_OK);
    assert_string_equal(build_id, "ab12");
    assert_int_equal(send_file("ELF ab12 two", build_id, text), RECEIVER_OK); // replaced
    assert_int_equal(files_there(), 1);
    snprintf(path, sizeof path, "%s/ab12.debug", directory);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    assert_string_equal(text, "ELF ab12 two");
}

TEST_IN(symbols, nothing_else_is_kept) {
    char build_id[RECEIVER_BUILD_ID_BYTES], text[160];
    assert_int_equal(send_file("PE ab12", build_id, text), RECEIVER_BAD_UPLOAD);
    assert_non_null(strstr(text, "build ID"));
    struct symbol_upload *upload = begin(&symbols); // the client disconnects
    assert_true(symbol_upload_data(upload, "ELF", 3));
    symbol_upload_free(upload);
    assert_int_equal(files_there(), 0);
    upload = begin(&symbols);
    size_t more = SYMBOL_UPLOAD_MAX_BYTES;
    assert_false(symbol_upload_data(upload, "", more + 1)); // before anything is written
    assert_int_equal(symbol_upload_finish(upload, build_id, text, sizeof text), RECEIVER_TOO_LARGE);
    symbol_upload_free(upload);
    assert_int_equal(files_there(), 0);
}

// Concurrent uploads do not fill the disk, nor do leftovers of a killed receiver.
TEST_IN(symbols, few_at_once) {
    struct symbol_upload *one = begin(&symbols), *two = begin(&symbols), *three = NULL;
    const char *why = NULL;
    assert_int_equal(symbol_upload_begin(&symbols, &count_at_once, &three, &why), RECEIVER_BUSY);
    assert_non_null(why);
    assert_int_equal(files_there(), 2);
    symbol_upload_free(one);
    three = begin(&symbols);
    symbol_upload_free(two);
    symbol_upload_free(three);
    assert_int_equal(atomic_load(&count_at_once), 0);
}

TEST_IN(symbols, none_when_it_is_full) {
    struct symbol_upload *upload = NULL;
    const char *why = NULL;
    make_file("ab12.debug", (off_t)SYMBOL_UPLOAD_MAX_ALL_BYTES + 1); // a hole
    assert_int_equal(symbol_upload_begin(&symbols, &count_at_once, &upload, &why), RECEIVER_TOO_LARGE);
    assert_non_null(strstr(why, "16 GiB"));
    assert_int_equal(files_there(), 1);
    assert_int_equal(atomic_load(&count_at_once), 0);
}

TEST_IN(symbols, what_was_left_is_removed) {
    make_file(".upload-abcdef", 5);
    make_file("ab12.debug", 5);
    struct symbol_upload *upload = begin(&symbols); // of another receiver with the same directory
    assert_int_equal(files_there(), 3);
    symbol_upload_clean(&symbols);
    assert_int_equal(files_there(), 2);
    char build_id[RECEIVER_BUILD_ID_BYTES], text[160];
    assert_true(symbol_upload_data(upload, "ELF ab12", 8));
    assert_int_equal(symbol_upload_finish(upload, build_id, text, sizeof text), RECEIVER_OK);
    symbol_upload_free(upload);
    assert_int_equal(files_there(), 1);
}

TEST(a_directory_that_is_gone) {
    char build_id[RECEIVER_BUILD_ID_BYTES], text[160];
    struct receiver_symbols gone = {.directory = "/nonexistent/symbols", .read_build_id = read_build_id};
    struct symbol_upload *upload = begin(&gone);
    assert_true(symbol_upload_data(upload, "ELF", 3));
    assert_int_equal(symbol_upload_finish(upload, build_id, text, sizeof text), RECEIVER_IO);
    symbol_upload_free(upload);
}

static int post(uint16_t port, const char *token, size_t size) {
    struct text request = {0};
    text_add(&request, "POST /t/%s/api/symbols HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", token);
    text_add(&request, "Content-Length: %zu\r\n\r\nELF ab12 ", size);
    char *rest = calloc(1, size);
    text_add_bytes(&request, rest, size - strlen("ELF ab12 "));
    struct answer answer = http_send(port, &request, false);
    int status = answer.status;
    answer_free(&answer);
    free(request.bytes);
    free(rest);
    return status;
}

// With a token too, a file with symbols may be larger than an upload. A refused client is told, however large the body.
TEST_IN(receiver, larger_than_uploads) {
    struct fixture *fixture = *state;
    struct receiver_options options = {.listen = "127.0.0.1:0",
                                       .data_directory = fixture->directory,
                                       .max_body_bytes = 1 << 20,
                                       .tokens = (const struct receiver_token[]){{"secret-1", RECEIVER_ALL}},
                                       .token_count = 1,
                                       .symbols = &symbols};
    char text[200];
    fixture_stop(fixture);
    assert_int_equal(symbols_setup(NULL), 0);
    assert_int_equal(receiver_start(&options, &fixture->receiver, text, sizeof text), RECEIVER_OK);
    uint16_t port = receiver_port(fixture->receiver);
    assert_int_equal(post(port, "secret-1", 2 << 20), 200);
    assert_int_equal(files_there(), 1);
    struct answer answer = http_request(port, "POST", "/t/secret-2/api/symbols", "Content-Length: 1000000000\r\n");
    assert_int_equal(answer.status, 401);
    answer_free(&answer);
    answer = http_request(port, "POST", "/t/secret-1/api/import", "Content-Length: 2000000\r\n");
    assert_int_equal(answer.status, 413);
    answer_free(&answer);
    assert_int_equal(symbols_teardown(NULL), 0);
}

int main(void) {
    return tests_run();
}
