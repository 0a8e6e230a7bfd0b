// rollup_test.c: a roll-up as bytes and back; cut or changed bytes are refused or read, never beyond their end.

#include "../../../base/test/test.h"

#include "../rollup.h"

static void fill(struct rollup *rollup) {
    struct sweep_report *report = &rollup->report;
    report->uploads = 60;
    sweep_report_cover(report, 3600000000001);
    report->failed_count = 25;
    report->reasons = 2;
    report->failed[0].id = 7;
    report->failed[0].uploads = 20;
    snprintf(report->failed[0].reason, sizeof report->failed[0].reason, "not a readable profile: bad tag or varint");
    report->failed[1].id = INT64_MAX;
    report->failed[1].uploads = 3;
    report->counts.count = 2;
    snprintf(report->counts.types[0].name, sizeof report->counts.types[0].name, "cpu");
    report->counts.types[0].profiles = 35;
    report->counts.types[1].profiles = 1; // a type without a name
    struct totals *totals = &rollup->sums.totals;
    *totals = (struct totals){.time_ns = -5, .duration_ns = 9, .samples = 12, .c_samples = 3, .default_type = "cpu", .type_count = 1};
    totals->types[0] = (struct totals_type){"cpu", "nanoseconds", INT64_MIN, -1, INT64_MAX};
    rollup->sums.profiles[0] = 35;
    rollup->file_bytes = 900000;
    rollup->profile = (const uint8_t *)"profile";
    rollup->profile_size = 7;
}

TEST(same) {
    static struct rollup one, other;
    uint8_t *bytes;
    size_t size;
    fill(&one);
    assert_true(rollup_encode(&one, &bytes, &size));
    assert_true(rollup_decode(bytes, size, &other));
    assert_memory_equal(&one.report, &other.report, sizeof one.report);
    assert_memory_equal(&one.sums, &other.sums, sizeof one.sums);
    assert_true(other.file_bytes == 900000 && other.profile_size == 7 && memcmp(other.profile, "profile", 7) == 0);
    free(bytes);
}

TEST(cut_and_changed) {
    static struct rollup one, other;
    uint8_t *bytes;
    size_t size;
    fill(&one);
    assert_true(rollup_encode(&one, &bytes, &size));
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *part = malloc(cut + 1); // of its own, so that a sanitizer sees its end
        memcpy(part, bytes, cut);
        part = realloc(part, cut > 0 ? cut : 1);
        bool is_whole = rollup_decode(part, cut, &other);
        assert_true(is_whole == (cut + 7 >= size));
        free(part);
    }
    for (size_t i = 0; i + 7 < size; i++) {
        uint8_t was = bytes[i];
        bytes[i] = 0xFF;
        if (rollup_decode(bytes, size, &other)) {
            assert_true(other.report.reasons <= SWEEP_MAX_FAILED && other.report.counts.count <= SWEEP_MAX_TYPES);
            assert_true(other.sums.totals.type_count <= TOTALS_MAX_TYPES && other.profile + other.profile_size == bytes + size);
        }
        bytes[i] = was;
    }
    free(bytes);
}

int main(void) {
    return tests_run();
}
