// packed_uploads.h: a store with made uploads that can be packed, for tests.
#ifndef CMEMPROF_RECEIVER_PACKED_UPLOADS_H
#define CMEMPROF_RECEIVER_PACKED_UPLOADS_H

#include "../../test/test_store.h"

#include "../../base/read_exact.h"
#include "../../pack/test/texts.h"
#include "../archive.h"
#include "../packer.h"
#include "../store_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { PACKED_BYTES = 6000 };

// Of upload number n: a profile (as far as the store knows), and a file with a name that needs a meta.json.
static const char *const packed_names[2] = {"a.pprof", "caf\xc3\xa9 <b>"};
static inline uint8_t *packed_bytes(int n, int which) {
    return text_of(1 + (uint32_t)which, (uint32_t)n, PACKED_BYTES);
}

static inline int64_t packed_add(struct test_store *test, int n) {
    struct pending_upload *pending;
    char text[200] = "";
    int64_t id = 0;
    assert_int_equal(pending_upload_new(test->store, &pending), RECEIVER_OK);
    for (int which = 0; which < 2; which++) {
        uint8_t *bytes = packed_bytes(n, which);
        assert_int_equal(pending_upload_attachment(pending, packed_names[which], text, sizeof text), RECEIVER_OK);
        assert_int_equal(pending_upload_write(pending, (const char *)bytes, PACKED_BYTES), RECEIVER_OK);
        free(bytes);
    }
    assert_int_equal(keep(pending, EVENT, "team:a", &id, text), RECEIVER_OK);
    pending_upload_free(pending);
    return id;
}

// Everything of the upload is there, as it came.
static inline void packed_expect(struct test_store *test, int64_t id, int n) {
    uint8_t got[PACKED_BYTES], event[sizeof EVENT];
    struct stat about;
    int file;
    for (int which = 0; which < 2; which++) {
        uint8_t *bytes = packed_bytes(n, which);
        for (int as_came = 0; as_came < 2; as_came++) {
            struct catalog_attachment attachment;
            assert_int_equal(store_read(test->store, id, packed_names[which], as_came, &attachment, &file), RECEIVER_OK);
            assert_int_equal(attachment.size_bytes, PACKED_BYTES);
            assert_int_equal(read_exact(file, got, PACKED_BYTES), RECEIVER_OK);
            assert_memory_equal(got, bytes, PACKED_BYTES);
            close(file);
        }
        free(bytes);
    }
    assert_int_equal(store_read_event(test->store, id, &file), RECEIVER_OK);
    assert_int_equal(fstat(file, &about), 0);
    assert_int_equal(about.st_size, strlen(EVENT));
    assert_int_equal(read_exact(file, event, strlen(EVENT)), RECEIVER_OK);
    assert_memory_equal(event, EVENT, strlen(EVENT));
    close(file);
    struct archive *archive;
    assert_int_equal(archive_open(test->store, id, &archive), RECEIVER_OK);
    assert_true(archive_size(archive) > 2 * PACKED_BYTES + strlen(EVENT) + 4 * 512); // with meta.json
    archive_free(archive);
}

static inline size_t packed_pass(struct test_store *test, int64_t later_ms) {
    struct packer *packer = packer_new(test->store);
    size_t made = packer_pass(packer, store_now_ms() + later_ms);
    packer_stop(packer);
    return made;
}

// Entries of uploads/ that end so; "": directories.
static inline size_t packed_entries(struct test_store *test, const char *suffix) {
    char path[200];
    size_t count = 0;
    snprintf(path, sizeof path, "%s/uploads", test->directory);
    DIR *entries = opendir(path);
    for (struct dirent *entry; (entry = readdir(entries));) {
        size_t length = strlen(entry->d_name), wanted = strlen(suffix);
        count += wanted ? length > wanted && strcmp(entry->d_name + length - wanted, suffix) == 0 : store_id_of(entry->d_name) > 0;
    }
    closedir(entries);
    return count;
}

static inline void packed_lose_index(struct test_store *test) {
    char command[200];
    store_close(test->store);
    test->store = NULL;
    snprintf(command, sizeof command, "rm -f %s/index.*", test->directory);
    assert_int_equal(system(command), 0);
    reopen(test, 0);
}

#endif
