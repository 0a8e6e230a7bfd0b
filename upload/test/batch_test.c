// batch_test.c: batches survive a round trip; truncated and changed bytes are detected.

#include "../../base/test/test.h"

#include "../batch_memory.h"
#include "batches.h"

static uint8_t *copy_of(const struct upload_batch *batch) {
    uint8_t *bytes = batch_memory_take(batch->size);
    memcpy(bytes, batch->bytes, batch->size);
    return bytes;
}

TEST(there_and_back) {
    struct upload_batch *batch = batch_of(7, 1000), *again;
    assert_int_equal(number_of(batch), 7);
    assert_int_equal(upload_batch_parse(copy_of(batch), batch->size, &again), UPLOAD_BATCH_FINE);
    assert_int_equal(number_of(again), 7);
    struct upload_request request = {0};
    upload_batch_fill(again, &request);
    assert_int_equal(request.event_size, 1);
    assert_memory_equal(request.event, "7", 1);
    assert_int_equal(request.attachment_count, 1);
    assert_int_equal(request.attachments[0].size, 1000);
    assert_int_equal(request.batch_header_count, 1);
    upload_batch_free(again);
    upload_batch_free(batch);
}

// Below and above the size from which a batch is a mapping.
TEST(any_size) {
    static const size_t sizes[] = {0, BATCH_MEMORY_MAPPED_BYTES - 200, BATCH_MEMORY_MAPPED_BYTES, 3 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct upload_batch *batch = batch_of(9, sizes[i]), *again;
        assert_int_equal(upload_batch_parse(copy_of(batch), batch->size, &again), UPLOAD_BATCH_FINE);
        assert_int_equal(again->attachments[0].size, sizes[i]);
        assert_memory_equal(again->attachments[0].bytes, batch->attachments[0].bytes, sizes[i]);
        upload_batch_free(again);
        uint8_t *changed = copy_of(batch);
        changed[batch->size - 1] ^= 1;
        assert_int_equal(upload_batch_parse(changed, batch->size, &again), UPLOAD_BATCH_DAMAGED);
        upload_batch_free(batch);
    }
}

TEST(nothing_but_an_event) {
    const struct upload_request request = {.event = "", .event_size = 0}, none = {0};
    struct upload_batch *batch = upload_batch_new(&request);
    assert_non_null(batch);
    assert_non_null(batch->event);
    upload_batch_free(batch);
    assert_null(upload_batch_new(&none));
}

TEST(every_cut_and_every_changed_byte_is_noticed) {
    struct upload_batch *batch = batch_of(7, 100), *again;
    for (size_t size = 0; size < batch->size; size++) {
        assert_int_equal(upload_batch_parse(copy_of(batch), size, &again), UPLOAD_BATCH_DAMAGED);
        uint8_t *changed = copy_of(batch);
        changed[size] ^= 1;
        assert_int_equal(upload_batch_parse(changed, batch->size, &again), UPLOAD_BATCH_DAMAGED);
        assert_null(again);
    }
    upload_batch_free(batch);
}

// With a valid checksum, too, parts must not reach past the end.
TEST(lengths_are_checked) {
    struct upload_batch *batch = batch_of(7, 100), *again;
    static const size_t lengths_at[] = {12, 36, 40, 47}; // count of parts, name's size, content's size, its highest byte
    for (size_t i = 0; i < sizeof lengths_at / sizeof *lengths_at; i++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t *changed = copy_of(batch);
            bool same = changed[lengths_at[i]] == value;
            changed[lengths_at[i]] = (uint8_t)value;
            uint64_t checksum = upload_batch_checksum(changed, batch->size);
            memcpy(changed + 24, &checksum, sizeof checksum);
            enum upload_batch_fault fault = upload_batch_parse(changed, batch->size, &again);
            assert_int_equal(fault, same ? UPLOAD_BATCH_FINE : UPLOAD_BATCH_DAMAGED);
            upload_batch_free(again);
        }
    }
    upload_batch_free(batch);
}

int main(void) {
    return tests_run();
}
