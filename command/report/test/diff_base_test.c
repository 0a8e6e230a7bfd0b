// diff_base_test.c: labels every sample, and copies bytes that are not a profile unchanged.

#include "../../../base/test/test.h"

#include "../diff_base.h"
#include "../../test/fixture.h"

TEST_IN(directory, label) {
    struct profile *profile = fixture_profile();
    uint8_t *raw, *labelled;
    size_t size, labelled_size;
    fixture_add_sample(profile, "a<b", 1, 2, 3, true);
    fixture_add_sample(profile, "c", 4, 5, 6, false);
    assert_int_equal(profile_encode(profile, MERGE_RAW, &raw, &size), MERGE_OK);
    profile_free(profile);
    assert_true(diff_base_mark(raw, size, &labelled, &labelled_size));
    profile = profile_new();
    struct merge_fault fault = {0};
    assert_int_equal(profile_decode(profile, labelled, labelled_size, NULL, NULL, &fault), MERGE_OK);
    assert_int_equal(profile_sample_count(profile), 2);
    for (size_t i = 0; i < 2; i++) {
        struct profile_sample_view sample;
        size_t found = 0;
        assert_int_equal(profile_sample_at(profile, i, &sample), MERGE_OK);
        for (size_t k = 0; k < sample.label_count; k++) {
            found +=
                sample.labels[k].text && strcmp(sample.labels[k].key, "pprof::base") == 0 && strcmp(sample.labels[k].text, "true") == 0;
        }
        assert_int_equal(found, 1);
        assert_int_equal(sample.label_count, sample.values[0] == 1 ? 2 : 1);
    }
    // Truncated anywhere: no access beyond the end.
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *exact = malloc(cut + 1), *out;
        size_t out_size;
        memcpy(exact, raw, cut);
        assert_true(diff_base_mark(exact, cut, &out, &out_size));
        assert_true(out_size >= cut);
        free(exact);
        free(out);
    }
    profile_free(profile);
    free(labelled);
    free(raw);
}

// Bytes after the last readable field are unchanged: the decoder fails there too.
TEST_IN(directory, garbage) {
    static const uint8_t bytes[] = {0x48, 0x05, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint8_t *out;
    size_t size;
    assert_true(diff_base_mark(bytes, sizeof bytes, &out, &size));
    assert_memory_equal(out, bytes, 2);
    assert_memory_equal(out + size - 11, bytes + 2, 11);
    free(out);
}

int main(void) {
    return tests_run();
}
