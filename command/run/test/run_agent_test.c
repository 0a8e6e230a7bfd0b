// run_agent_test.c: batches of a series of profiles of one process, some of which have no delta. No server listens, so all batches end in
// the spool.

#include "../../../base/test/test.h"

#include "../../../upload/upload.h"
#include "../run_agent.h"
#include "../../test/fixture.h"

enum { SECOND_NS = 1000000000, MAX_BATCHES = 8 };

static struct run_agent *agent;
static char spool[100];

static const void *peak, *memory, *cpu; // of the process
static size_t peak_size;

// Adds a profile with all allocations up to that second. other: with sample types that have no delta.
static void add(int64_t second, int64_t allocated, bool other, const char *reason) {
    const struct run_file file = {.pid = 7, .start_ns = SECOND_NS, .number = (uint32_t)second, .reason = ""};
    struct run_file named = file;
    snprintf(named.reason, sizeof named.reason, "%s", reason);
    struct profile *profile = profile_new();
    static const char *const types[] = {"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"};
    static const char *const others[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++) {
        profile_add_sample_type(profile, other ? others[i] : types[i], i % 2 ? "bytes" : "count");
    }
    uint32_t function =
        profile_add_function(profile, &(struct profile_function){.name = "f", .system_name = "", .file = "/home/zzFolder/f.c"});
    uint32_t location = profile_add_location(profile, 0, 0, &(struct profile_line){function, 1, 0}, 1);
    profile_add_sample(profile, &location, 1, (int64_t[]){allocated / 100, allocated, 1, 100}, NULL, 0);
    profile_set_time(profile, second * SECOND_NS, 0);
    uint8_t *bytes;
    size_t size;
    assert_int_equal(profile_encode(profile, MERGE_RAW, &bytes, &size), MERGE_OK);
    const struct run_beside_bytes besides[RUN_BESIDES] = {{peak, peak_size}, {memory, peak_size}, {cpu, peak_size}};
    run_agent_add(agent, &named, bytes, size, besides);
    profile_free(profile);
    free(bytes);
}

static void begin(const char *delta) {
    snprintf(spool, sizeof spool, "%s/spool", folder);
    setenv("DD_PROFILING_SPOOL_DIR", spool, 1);
    setenv("DD_PROFILING_DELTA", delta, 1);
    agent = run_agent_open(RECEIVER_TARGET_DATADOG, "http://127.0.0.1:1", NULL, "test", "5eed", 60000);
    assert_non_null(agent);
}

struct sent {
    char start[32], end[32]; // "1970-01-01T00:00:02.000000000Z"
    int64_t allocated, in_use;
    size_t attachments;  // all of them named in the event
    char last[32];       // the last one's name
    size_t whole, named; // attachments that have whole paths, and the files' names at least
    char event[2000];
};

static void read_event(const struct upload_request *request, struct sent *sent) {
    snprintf(sent->event, sizeof sent->event, "%.*s", (int)request->event_size, (const char *)request->event);
    for (size_t i = 0; i < request->attachment_count; i++) {
        assert_non_null(strstr(sent->event, request->attachments[i].name));
    }
    assert_int_equal(sscanf(sent->event, "{\"start\":\"%31[^\"]\",\"end\":\"%31[^\"]\"", sent->start, sent->end), 2);
}

static void look_for_paths(const struct upload_request *request, struct sent *sent) {
    sent->whole = sent->named = 0;
    for (size_t i = 0; i < request->attachment_count; i++) {
        uint8_t *raw;
        size_t size;
        assert_int_equal(merge_inflate(request->attachments[i].bytes, request->attachments[i].size, 1 << 20, &raw, &size, NULL), MERGE_OK);
        sent->named += !!memmem(raw, size, "f.c", 3);
        sent->whole += !!memmem(raw, size, "zzFolder", 8);
        free(raw);
    }
}

// Reads the spool, in order.
static size_t finish(uint64_t failed, struct sent sent[MAX_BATCHES]) {
    struct run_agent_counts counts;
    run_agent_close(agent, &counts);
    assert_int_equal(counts.failed, failed);
    struct upload_queue *queue = upload_queue_open(&(struct upload_queue_options){.spool = spool});
    struct upload_batch *batch;
    uint64_t wait_ns;
    size_t count = 0;
    while ((batch = upload_queue_next(queue, &wait_ns)) && count < MAX_BATCHES) {
        struct upload_request request = {0};
        struct merge_fault fault;
        struct profile_sample_view view;
        upload_batch_fill(batch, &request);
        read_event(&request, &sent[count]);
        sent[count].attachments = request.attachment_count;
        snprintf(sent[count].last, sizeof sent[count].last, "%s", request.attachments[request.attachment_count - 1].name);
        look_for_paths(&request, &sent[count]);
        struct profile *profile = profile_new();
        assert_int_equal(profile_decode(profile, request.attachments[0].bytes, request.attachments[0].size, NULL, NULL, &fault), MERGE_OK);
        assert_int_equal(profile_sample_count(profile), 1);
        assert_int_equal(profile_sample_at(profile, 0, &view), MERGE_OK);
        sent[count].allocated = view.values[1];
        sent[count].in_use = view.values[3];
        profile_free(profile);
        count++;
        upload_queue_settle(queue, batch, &(struct upload_result){.error = UPLOAD_OK, .status = 200});
    }
    upload_queue_close(queue, NULL);
    return count;
}

static void expect(const struct sent *sent, int start_s, int end_s, int64_t allocated) {
    char start[32], end[32];
    snprintf(start, sizeof start, "1970-01-01T00:00:%02d.000000000Z", start_s);
    snprintf(end, sizeof end, "1970-01-01T00:00:%02d.000000000Z", end_s);
    assert_string_equal(sent->start, start);
    assert_string_equal(sent->end, end);
    assert_int_equal(sent->allocated, allocated);
    assert_int_equal(sent->in_use, 100);
}

// Nothing is sent twice, and each batch covers its time range.
TEST_IN(directory, what_was_sent_is_not_sent_again) {
    struct sent sent[MAX_BATCHES];
    begin("true");
    add(2, 1000, false, "period");
    add(3, 1500, false, "period");
    add(4, 0, true, "period");     // has no delta
    add(5, 4000, false, "period"); // allocations since then are unknown
    add(6, 4300, false, "exit");
    assert_int_equal(finish(2, sent), 3);
    expect(&sent[0], 1, 2, 1000);
    expect(&sent[1], 2, 3, 500);
    expect(&sent[2], 5, 6, 300);
}

TEST_IN(directory, what_was_never_sent_comes_later) {
    struct sent sent[MAX_BATCHES];
    begin("true");
    add(2, 0, true, "period");
    add(3, 1500, false, "period");
    add(4, 1800, false, "exit");
    assert_int_equal(finish(1, sent), 2);
    expect(&sent[0], 1, 3, 1500);
    expect(&sent[1], 3, 4, 300);
}

TEST_IN(directory, totals_are_sent_as_they_are) {
    struct sent sent[MAX_BATCHES];
    begin("false");
    add(2, 1000, false, "period");
    add(3, 1500, false, "exit");
    assert_int_equal(finish(0, sent), 2);
    expect(&sent[0], 1, 2, 1000);
    expect(&sent[1], 2, 3, 1500);
}

// What people set as tags is in the event, whatever it is made of.
TEST_IN(directory, tags_are_those_of_the_environment) {
    struct sent sent[MAX_BATCHES];
    static const struct {
        const char *tags, *wanted;
    } cases[] = {{"team:core region:eu", ",team:core,region:eu,service:test,"},
                 {"team:core one, region:eu", ",team:core one,region:eu,service:test,"},
                 {"quote:\"\\,tab:\t", ",quote:\\\"\\\\,tab:\\u0009,service:test,"},
                 {"", ",version:1_2,service:test,"}};
    static const char *const more[][2] = {{"a:b c:d", ",team:core,a:b,c:d,service:test,"}, {"a:b c,", ",team:core,a:b c,service:test,"}};
    setenv("DD_VERSION", "1,2", 1); // readers split tags at commas
    setenv("DD_ENV", "prod", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setenv("DD_TAGS", cases[i].tags, 1);
        begin("true");
        add(2, 1000, false, "exit");
        assert_int_equal(finish(0, sent), 1);
        if (!strstr(sent[0].event, cases[i].wanted)) {
            fail_msg("no %s in %s", cases[i].wanted, sent[0].event);
        }
        assert_non_null(strstr(sent[0].event, ",version:1_2,"));
        assert_non_null(strstr(sent[0].event, ",env:prod,"));
        assert_null(strchr(sent[0].event, '\t'));
    }
    setenv("DD_TAGS", "team:core", 1);
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        setenv("DD_PROFILING_TAGS", more[i][0], 1);
        begin("true");
        add(2, 1000, false, "exit");
        assert_int_equal(finish(0, sent), 1);
        assert_non_null(strstr(sent[0].event, more[i][1]));
    }
    unsetenv("DD_PROFILING_TAGS");
    unsetenv("DD_TAGS");
    unsetenv("DD_VERSION");
    unsetenv("DD_ENV");
}

// One that cannot be read is left out.
TEST_IN(directory, peaks_go_along) {
    struct sent sent[MAX_BATCHES];
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, "a<main", 1, 100, 200, true);
    uint8_t *bytes;
    assert_int_equal(profile_encode(profile, MERGE_RAW, &bytes, &peak_size), MERGE_OK);
    profile_free(profile);
    begin("true");
    add(2, 1000, false, "period");
    peak = bytes;
    add(3, 1500, false, "period");
    memory = cpu = bytes;
    add(4, 1700, false, "period");
    peak = memory = cpu = "rubbish";
    peak_size = 7;
    add(5, 1800, false, "exit");
    peak = memory = cpu = NULL;
    assert_int_equal(finish(0, sent), 4);
    expect(&sent[1], 2, 3, 500);
    assert_int_equal(sent[0].attachments, 1);
    assert_int_equal(sent[1].attachments, 2);
    assert_string_equal(sent[1].last, "peak.pprof");
    assert_int_equal(sent[2].attachments, 4);
    assert_string_equal(sent[2].last, "cpu.pprof");
    assert_int_equal(sent[3].attachments, 1);
    assert_string_equal(sent[3].last, "delta-heap.pprof");
    free(bytes);
}

static uint8_t *profile_with_path(size_t *size) {
    struct profile *profile = profile_new();
    uint8_t *bytes;
    profile_add_sample_type(profile, "n", "count");
    uint32_t mapping =
        profile_add_mapping(profile, &(struct profile_mapping){.memory_limit = 0x9000, .file = "/home/zzFolder/lib", .build_id = "feed"});
    uint32_t function = profile_add_function(profile, &(struct profile_function){.name = "f", .file = "/home/zzFolder/f.c"});
    uint32_t location = profile_add_location(profile, mapping, 0x1100, &(struct profile_line){function, 1, 0}, 1);
    profile_add_sample(profile, &location, 1, (int64_t[]){1}, NULL, 0);
    assert_int_equal(profile_encode(profile, MERGE_RAW, &bytes, size), MERGE_OK);
    profile_free(profile);
    return bytes;
}

// Totals and differences, and what goes along.
TEST_IN(directory, what_shall_not_be_sent_is_not) {
    static const char *const names[] = {"DD_PROFILING_REPORT_HOSTNAME", "DD_PROFILING_REPORT_PROCESS_ID",
                                        "DD_PROFILING_REPORT_SOURCE_PATHS"};
    static const char *const values[] = {"", "true", "false", "F"};
    struct sent sent[MAX_BATCHES];
    uint8_t *bytes = profile_with_path(&peak_size);
    peak = memory = bytes;
    for (size_t i = 0; i < 8; i++) {
        bool reports = i % 4 < 2;
        for (size_t k = 0; k < 3; k++) {
            setenv(names[k], values[i % 4], 1);
        }
        begin(i < 4 ? "true" : "false");
        add(2, 1000, false, "period");
        add(3, 1500, false, "exit");
        assert_int_equal(finish(0, sent), 2);
        expect(&sent[1], 2, 3, i < 4 ? 500 : 1500);
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(!!strstr(sent[k].event, ",host:"), reports);
            assert_int_equal(!!strstr(sent[k].event, "process_id:7"), reports);
            assert_int_equal(sent[k].whole, reports ? 3 : 0);
            assert_int_equal(sent[k].attachments, 3);
            assert_int_equal(sent[k].named, 3);
        }
    }
    for (size_t k = 0; k < 3; k++) {
        unsetenv(names[k]);
    }
    peak = memory = NULL;
    free(bytes);
}

int main(void) {
    return tests_run();
}
