// foreign_attachment_test.c: which attachments are looked at, and what becomes of files of other tools.

#include "../../../base/test/test.h"
#include "../../../base/test/folder.h"

#include "../../../merge/compress.h"
#include "../../../merge/merge.h"
#include "../../../merge/wire.h"

#include "../foreign_attachment.h"

#include <fcntl.h>
#include <unistd.h>

static bool may_be(const char *name, const char *bytes, bool any) {
    return foreign_attachment_may_be(name, bytes, strlen(bytes), any);
}

TEST(only_what_may_be_one_is_looked_at) {
    assert_true(may_be("cpu.pprof", "main;f 1", false));
    assert_true(may_be("heaptrack.zst", "\x28\xb5\x2f\xfd", false));
    assert_false(may_be("cpu.pprof", "\x28\xb5\x2f\xfd", false)); // a profile, as clients compress them
    assert_true(may_be("cpu.pprof", "\x28\xb5\x2f\xfd", true));
    assert_false(may_be("metrics.json", "[]", false));
    assert_true(may_be("x.speedscope.json", "{}", true));
    assert_false(may_be("cpu.pprof", "\x0a\x04\x08\x01", true));
    assert_false(may_be("cpu.pprof", "", true));
}

static struct catalog_attachment attach(const char *name, const void *bytes, size_t size) {
    char path[FOLDER_BYTES + 100];
    struct catalog_attachment attachment = {.size_bytes = size};
    snprintf(attachment.name, sizeof attachment.name, "%s", name);
    snprintf(attachment.file, sizeof attachment.file, "0-x");
    snprintf(path, sizeof path, "%s/0-x", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
    return attachment;
}

static enum receiver_error read_bytes(const char *name, const void *bytes, size_t bytes_size, uint8_t **profile, size_t *size,
                                      char *new_name, char *text) {
    struct catalog_attachment attachment = attach(name, bytes, bytes_size);
    int directory = open(folder, O_RDONLY | O_DIRECTORY);
    enum receiver_error error = foreign_attachment_read(directory, &attachment, profile, size, new_name, text, 200);
    close(directory);
    return error;
}

static enum receiver_error read_one(const char *name, const char *bytes, uint8_t **profile, size_t *size, char *new_name, char *text) {
    return read_bytes(name, bytes, strlen(bytes), profile, size, new_name, text);
}

TEST_IN(folder, a_profile_takes_its_place) {
    char name[CATALOG_NAME_MAX_BYTES + 1] = "", text[200] = "";
    uint8_t *bytes;
    size_t size;
    assert_int_equal(read_one("app.folded", "main;f 3\n", &bytes, &size, name, text), RECEIVER_OK);
    assert_string_equal(name, "app.folded.pprof");
    struct profile *profile = profile_new();
    assert_int_equal(profile_decode(profile, bytes, size, NULL, NULL, NULL), MERGE_OK);
    assert_int_equal(profile_sample_count(profile), 1);
    profile_free(profile);
    free(bytes);
    assert_int_equal(read_one("app.pprof", "main;f 3\n", &bytes, &size, name, text), RECEIVER_OK);
    assert_string_equal(name, "app.pprof");
    free(bytes);
}

TEST_IN(folder, long_names_keep_their_end) {
    char name[CATALOG_NAME_MAX_BYTES + 1], text[200] = "", given[CATALOG_NAME_MAX_BYTES + 1], expected[CATALOG_NAME_MAX_BYTES + 1];
    uint8_t *bytes;
    size_t size;
    memset(given, 'a', CATALOG_NAME_MAX_BYTES);
    strcpy(given + CATALOG_NAME_MAX_BYTES - 6, ".pprof");
    assert_int_equal(read_one(given, "main;f 3\n", &bytes, &size, name, text), RECEIVER_OK);
    assert_string_equal(name, given);
    free(bytes);
    memset(given, 'a', CATALOG_NAME_MAX_BYTES);
    memcpy(given + CATALOG_NAME_MAX_BYTES - 7, "\xe2\x82\xac", 3); // would be cut after its first byte
    assert_int_equal(read_one(given, "main;f 3\nmain;g 4\n", &bytes, &size, name, text), RECEIVER_OK);
    snprintf(expected, sizeof expected, "%.*s.pprof", CATALOG_NAME_MAX_BYTES - 7, given);
    assert_string_equal(name, expected);
    free(bytes);
}

TEST_IN(folder, others_stay) {
    char name[CATALOG_NAME_MAX_BYTES + 1] = "", text[200] = "";
    uint8_t *bytes;
    size_t size;
    assert_int_equal(read_one("plain.txt", "some text", &bytes, &size, name, text), RECEIVER_OK);
    assert_null(bytes);
    assert_int_equal(read_one("cut.zst", "\x28\xb5\x2f\xfd", &bytes, &size, name, text), RECEIVER_OK);
    assert_null(bytes);
}

TEST_IN(folder, what_cannot_be_read_is_said) {
    char name[CATALOG_NAME_MAX_BYTES + 1], text[200] = "";
    uint8_t *bytes;
    size_t size;
    assert_int_equal(read_one("x", "memray", &bytes, &size, name, text), RECEIVER_BAD_UPLOAD);
    assert_non_null(strstr(text, "a capture of memray: its format"));
    assert_int_equal(read_one("x", "heap_v2/x\n", &bytes, &size, name, text), RECEIVER_BAD_UPLOAD);
    assert_string_equal(text,
                        "a heap profile of jemalloc that cannot be read: line 1: \"heap_v2/\" and the sampling interval are expected");
}

TEST_IN(folder, stopped) {
    char name[CATALOG_NAME_MAX_BYTES + 1], text[200] = "";
    uint8_t *bytes;
    size_t size;
    struct merge_budget all = {.limit_bytes = 1 << 30}, own = {.limit_bytes = 1 << 30, .within = &all};
    merge_use_budget(&own);
    assert_int_equal(read_one("x.folded", "main;f 3\nmain;g 4\n", &bytes, &size, name, text), RECEIVER_OK);
    free(bytes);
    merge_budget_stop(&all);
    assert_int_equal(read_one("x.folded", "main;f 3\nmain;g 4\n", &bytes, &size, name, text), RECEIVER_BUSY);
    assert_string_equal(text, "the receiver stops");
    assert_null(bytes);
    assert_int_equal(all.used_bytes, 0);
    merge_use_budget(NULL);
}

TEST_IN(folder, memory_is_bounded) {
    char name[CATALOG_NAME_MAX_BYTES + 1], text[200] = "";
    uint8_t *bytes;
    size_t size;
    struct merge_budget budget = {.limit_bytes = 4};
    merge_use_budget(&budget);
    assert_int_equal(read_one("x", "main;f 3\n", &bytes, &size, name, text), RECEIVER_NO_MEMORY);
    assert_string_equal(text, "it takes more memory to read than is left for files of other tools");
    assert_int_equal(budget.used_bytes, 0);
    // Inflated bytes count.
    static char zeros[1 << 20];
    struct compress compress = {0};
    struct wire_writer small = {0};
    merge_use_budget(NULL);
    assert_int_equal(compress_deflate(&compress, MERGE_GZIP, 0, (const uint8_t *)zeros, sizeof zeros, &small), MERGE_OK);
    merge_use_budget(&budget);
    budget = (struct merge_budget){.limit_bytes = sizeof zeros / 2};
    assert_int_equal(read_bytes("x.gz", small.bytes, small.size, &bytes, &size, name, text), RECEIVER_NO_MEMORY);
    assert_int_equal(budget.used_bytes, 0);
    merge_use_budget(NULL);
    compress_free(&compress);
    wire_free(&small);
}

int main(void) {
    return tests_run();
}
