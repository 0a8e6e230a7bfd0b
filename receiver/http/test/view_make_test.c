// view_make_test.c: the views of a selection over HTTP: which uploads and gauges an answer is made from, and the merged file.

#include "../../../base/test/test.h"

#include "../../index/test/real_recording.h"
#include "view_uploads.h"

// An upgrade adds a type, and one file is truncated: a value names the count of uploads it is made from.
TEST_IN(receiver, few_have_the_type) {
    struct fixture *fixture = *state;
    static const char *const answers[][2] = {
        {"/api/tree?attachment=a.pprof&type=goroutine", "\"uploads\":3,\"uploads_with_type\":2,"},
        {"/api/tree?attachment=a.pprof&type=goroutine", "\"processes_at_once\":1,\"uploads\":2}"},
        {"/api/tree?attachment=a.pprof&type=goroutine&gauges=max", "\"uploads\":2},"},
        {"/api/tree?attachment=a.pprof&type=goroutine&gauges=max&processes=sum", "\"uploads\":2},"},
        {"/api/tree?attachment=a.pprof&type=goroutine&processes=sum", "\"uploads\":3},"},
        {"/api/tree?attachment=a.pprof&type=cpu", "\"uploads\":3,\"uploads_with_type\":1,"},
        {"/api/labels?attachment=a.pprof&type=goroutine", "\"uploads\":3,\"uploads_with_type\":2,"},
        {"/api/diff?attachment=a.pprof&type=goroutine&base.ids=1", "\"base\":{\"uploads\":1,\"uploads_with_type\":1,"},
        {"/api/types?attachment=a.pprof", "\"gauge\":true,\"uploads\":2}"},
        {"/api/types?attachment=a.pprof", "\"processes_at_once\":1,\"uploads\":3}"},
    };
    struct text body = {0};
    post_one(fixture, "goroutine", FRAMES(NULL));
    post_one(fixture, "goroutine", FRAMES(NULL));
    post_one(fixture, "cpu", FRAMES(NULL));
    body_part(&body, "name=\"event\"; filename=\"event.json\"", EVENT);
    body_part(&body, "name=\"a.pprof\"; filename=\"a.pprof\"", "no profile");
    body_end(&body);
    expect_post(fixture->port, &body, 200, "{\"id\":");
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        expect_get(fixture->port, answers[i][0], 200, answers[i][1]);
    }
}

struct file_case {
    const char *gauges;
    int64_t in_use;
};

// Go memory of the merged file.
static void expect_file(struct fixture *fixture, const struct file_case *expected, int64_t all_allocated) {
    char path[200];
    snprintf(path, sizeof path, "/api/profile?attachment=delta-heap.pprof%s", expected->gauges);
    struct answer answer = http_get(fixture->port, path);
    struct profile *profile = profile_new();
    assert_int_equal(answer.status, 200);
    assert_int_equal(profile_decode(profile, answer.body, answer.body_size, NULL, NULL, NULL), MERGE_OK);
    int64_t allocated = 0, in_use = 0;
    for (size_t k = 0; k < profile_sample_count(profile); k++) {
        struct profile_sample_view sample;
        assert_int_equal(profile_sample_at(profile, k, &sample), MERGE_OK);
        bool c = profile_sample_is_c(&sample);
        allocated += c ? 0 : sample.values[profile_sample_type_index(profile, "alloc_space")];
        in_use += c ? 0 : sample.values[profile_sample_type_index(profile, "inuse_space")];
    }
    if (allocated != all_allocated || in_use != expected->in_use) {
        fail_msg("%s: %lld allocated, %lld in use", expected->gauges, (long long)allocated, (long long)in_use);
    }
    profile_free(profile);
    answer_free(&answer);
}

// Files of other tools are of one type, and of the samples that the view shows.
TEST_IN(receiver, files_of_other_formats) {
    struct fixture *fixture = *state;
    post_heap(fixture, 100, 10);
    post_heap(fixture, 50, 20);
    expect_get(fixture->port, "/api/profile?attachment=delta-heap.pprof&type=alloc_space&format=folded", 200,
               "main.a 150\nmain.a;malloc 30\n");
    expect_get(fixture->port, "/api/profile?attachment=delta-heap.pprof&type=alloc_space&format=folded&memory=C", 200,
               "main.a;malloc 30\n");
    expect_get(fixture->port, "/api/profile?attachment=delta-heap.pprof&type=inuse_space&format=speedscope", 200, "\"unit\":\"bytes\"");
    expect_get(fixture->port, "/api/profile?attachment=delta-heap.pprof&format=csv", 200, "function,file,inuse_space (bytes)");
    expect_get(fixture->port, "/api/profile?attachment=delta-heap.pprof&format=svg", 200, "</svg>");
    expect_get(fixture->port, "/api/profile?attachment=delta-heap.pprof&format=json", 200, "\"children\":[");
    expect_get(fixture->port, "/api/profile?attachment=delta-heap.pprof&format=png", 400, "format is none of pprof, otlp, folded");
    expect_get(fixture->port, "/api/profile?attachment=delta-heap.pprof&format=csv&type=miles", 404, "no sample type miles");
    struct answer answer = http_get(fixture->port, "/api/profile?attachment=delta-heap.pprof&format=folded");
    assert_non_null(strstr(answer.all.bytes, "filename=\"delta-heap.folded\""));
    answer_free(&answer);
}

// A file without any sample has no byte, from the store and from the cache.
TEST_IN(receiver, files_of_nothing) {
    struct fixture *fixture = *state;
    post_heap(fixture, 100, 10);
    post_heap(fixture, 100, 10);
    static const char *const paths[] = {
        "/api/profile?attachment=delta-heap.pprof&type=alloc_space&format=folded&label=nobody:has",
        "/api/profile?ids=1&attachment=delta-heap.pprof&type=alloc_space&format=folded&label=nobody:has",
        "/api/diff?ids=2&base.ids=1&attachment=delta-heap.pprof&type=inuse_space&format=folded",
    };
    for (size_t i = 0; i < 3 * sizeof paths / sizeof *paths; i++) {
        struct answer answer = http_get(fixture->port, paths[i % 3]);
        if (answer.status != 200 || answer.body_size != 0) {
            fail_msg("GET %s: %d, %zu bytes", paths[i % 3], answer.status, answer.body_size);
        }
        answer_free(&answer);
    }
}

// Of both sides all labels, gauges and amounts are subtracted; a file names what it is of.
TEST_IN(receiver, differences_as_files) {
    struct fixture *fixture = *state;
    post_heap(fixture, 100, 10);
    post_heap(fixture, 50, 20);
    post_heap(fixture, 70, 20);
    expect_get(fixture->port, "/api/diff?ids=2&base.ids=1&attachment=delta-heap.pprof&type=inuse_space&format=folded", 200,
               "main.a -50\nmain.a;malloc 10\n");
    expect_get(fixture->port, "/api/diff?ids=2,3&base.ids=1&attachment=delta-heap.pprof&type=inuse_space&format=folded", 200,
               "main.a -40\nmain.a;malloc 10\n"); // a mean
    expect_get(fixture->port, "/api/diff?ids=2,3&base.ids=1&attachment=delta-heap.pprof&type=alloc_space&format=folded&mode=total", 200,
               "main.a 20\nmain.a;malloc 30\n");
    expect_get(fixture->port, "/api/diff?ids=2,3&base.ids=1&attachment=delta-heap.pprof&type=alloc_space&format=folded", 200,
               "main.a -80\nmain.a;malloc 20\n"); // of twice the time
    expect_get(fixture->port, "/api/diff?ids=2&base.ids=1&attachment=delta-heap.pprof&format=png", 400, "format is none of");
    expect_get(fixture->port, "/api/diff?ids=2&base.ids=1&attachment=delta-heap.pprof&format=svg", 400, "has no values below 0");
    expect_get(fixture->port, "/api/growth?attachment=delta-heap.pprof&format=speedscope", 400, "has no values below 0");
    struct answer answer =
        http_get(fixture->port, "/api/diff?ids=2&base.ids=1&attachment=delta-heap.pprof&type=inuse_space&format=folded&memory=C");
    assert_int_equal(answer.body_size, strlen("main.a;malloc 10\n"));
    answer_free(&answer);
    answer = http_get(fixture->port, "/api/diff?ids=2&base.ids=1&attachment=delta-heap.pprof&format=pprof");
    struct profile *profile = profile_new();
    assert_int_equal(profile_decode(profile, answer.body, answer.body_size, NULL, NULL, NULL), MERGE_OK);
    assert_int_equal(profile_sample_type_count(profile), 4);
    profile_free(profile);
    answer_free(&answer);
}

// The file has sums of amounts and gauges as requested, whatever the type.
TEST_IN(receiver, file) {
    struct fixture *fixture = *state;
    static const struct file_case cases[] = {{"", 75},
                                             {"&gauges=last", 50},
                                             {"&gauges=max", 100},
                                             {"&processes=sum", 75},
                                             {"&gauges=last&type=alloc_space", 50},
                                             {"&gauges=last&processes=sum&type=alloc_space", 50},
                                             {"&gauges=last&processes=sum&type=1", 50}, // by its index
                                             {"&gauges=max&type=alloc_space", 100},
                                             {"&gauges=max&type=1", 100},
                                             {"&gauges=max&type=3", 100}};
    post_heap(fixture, 100, 10);
    post_heap(fixture, 50, 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_file(fixture, &cases[i], 150);
    }
}

TEST_IN(receiver, two_processes) {
    struct fixture *fixture = *state;
    static const struct file_case cases[] = {{"", 150},
                                             {"&processes=sum", 300},
                                             {"&gauges=last&processes=sum&type=alloc_space", 300},
                                             {"&gauges=max&type=alloc_space", 200},
                                             {"&gauges=max&processes=sum&type=1", 300}};
    post_heap_of(fixture, "runtime-id:1", 100, 10);
    post_heap_of(fixture, "runtime-id:2", 200, 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_file(fixture, &cases[i], 300);
    }
    expect_get(fixture->port, "/api/types?attachment=delta-heap.pprof&processes=sum", 200,
               "\"total\":330,\"c_total\":30,\"gauge\":true,\"uploads\":2}");
    expect_get(fixture->port, "/api/tree?attachment=delta-heap.pprof&processes=sum", 200,
               "\"gauges\":{\"value\":\"mean\",\"summed\":true,\"processes_at_once\":2,\"uploads\":2},");
}

// Each answer is of its own grouping, of one attachment, of many merged ones, and of a difference.
TEST_IN(receiver, groups) {
    struct fixture *fixture = *state;
    static const char c_first[] = "\"functions\":[{\"name\":\"C\",\"file\":\"memory\",\"kind\":\"label\",\"library\":\"\"}";
    static const char plain_first[] = "\"functions\":[{\"name\":\"main.a\"", none_first[] = "\"functions\":[{\"name\":\"(no label)\"";
    post_heap(fixture, 50, 100);
    post_heap(fixture, 50, 100);
    static const char *const answers[][2] = {
        {"/api/tree?attachment=delta-heap.pprof", plain_first},
        {"/api/tree?attachment=delta-heap.pprof&group_by=", plain_first},
        {"/api/tree?attachment=delta-heap.pprof&group_by=memory", c_first},
        {"/api/tree?attachment=delta-heap.pprof&group_by=tenant", none_first},
        {"/api/tree?attachment=delta-heap.pprof&group_by=memory&memory=Go", none_first},
        {"/api/uploads/1/attachments/delta-heap.pprof/tree?group_by=memory", c_first},
        {"/api/diff?attachment=delta-heap.pprof&ids=1&base.ids=2&group_by=memory", c_first},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        expect_get(fixture->port, answers[i][0], 200, answers[i][1]);
    }
}

// By a tag of the uploads: values add up over processes, in trees as in files; metrics have a line for each.
TEST_IN(receiver, groups_of_tags) {
    struct fixture *fixture = *state;
    static const char by_process[] = "{\"name\":\"2\",\"file\":\"tag:runtime-id\",\"kind\":\"label\",\"library\":\"\"}";
    static const char summed[] = "\"summed\":true,\"processes_at_once\":2,\"uploads\":2}";
    post_heap_of(fixture, "runtime-id:1", 100, 10);
    post_heap_of(fixture, "runtime-id:2", 200, 20);
    static const char *const answers[][2] = {
        {"/api/tree?attachment=delta-heap.pprof&group_by=tag:runtime-id", by_process},
        {"/api/tree?attachment=delta-heap.pprof&lines=1", "\"line\":"},
        {"/api/tree?attachment=delta-heap.pprof&objects=1", "\"objects\":"},
        {"/api/tree?attachment=delta-heap.pprof&objects=small", "\"spread\":"},
        {"/api/tree?attachment=delta-heap.pprof&group_by=tag:runtime-id", summed},
        {"/api/tree?attachment=delta-heap.pprof&group_by=tag:runtime-id", "\"total\":330,"},
        {"/api/tree?attachment=delta-heap.pprof&group_by=tag:runtime-id&processes=each", "\"total\":165,"},
        {"/api/tree?attachment=delta-heap.pprof&processes=sum&label=tag:host:vm", "\"total\":0,"}, // only a group has the label
        {"/api/tree?attachment=delta-heap.pprof&group_by=tag:host&type=alloc_space", "{\"name\":\"vm\",\"file\":\"tag:host\""},
        {"/api/tree?attachment=delta-heap.pprof&group_by=tag:runtime-id&label=tag:runtime-id:2", "\"total\":220,"},
        {"/api/tree?attachment=delta-heap.pprof&group_by=tag:runtime-id&label=tag:runtime-id:3", "\"total\":0,"},
        {"/api/tree?attachment=delta-heap.pprof&group_by=tag:host", "{\"name\":\"vm\",\"file\":\"tag:host\""},
        {"/api/tree?attachment=delta-heap.pprof&group_by=tag:nobody", "{\"name\":\"(none)\",\"file\":\"tag:nobody\""},
        {"/api/growth?attachment=delta-heap.pprof&group_by=tag:host", "\"growth\":"},
        {"/api/diff?attachment=delta-heap.pprof&ids=1&base.ids=2&group_by=tag:runtime-id", by_process},
        {"/api/profile?attachment=delta-heap.pprof&group_by=tag:runtime-id&format=folded&type=inuse_space", "2;main.a 200\n"},
        {"/api/metrics?group_by=tag:runtime-id",
         "\"groups\":[{\"value\":\"1\",\"points\":[[1767323105000,4]]},{\"value\":\"2\",\"points\":[[1767323105000,4]]}]"},
        {"/api/metrics?group_by=tag:runtime-id", "\"group\":{\"key\":\"runtime-id\",\"values\":["},
        {"/api/metrics?group_by=memory", "\"group\":{\"key\":\"memory\",\"values\":["},
        {"/api/metrics?group_by=tenant", "\"series\":[],"},
        {"/api/label_keys", "\"uploads_looked_at\":2,\"failed_count\":2,\"keys\":[]}"},
        {"/api/versions", "\"services\":1,\"changes\":[],\"changes_left_out\":0}"},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        for (int again = 0; again < 2; again++) { // made, then cached
            expect_get(fixture->port, answers[i][0], 200, answers[i][1]);
        }
    }
}

// Without files that may be read an instruction is its address.
TEST_IN(receiver, instructions) {
    struct fixture *fixture = *state;
    static const struct refusal refusals[] = {
        {"/api/disassembly?attachment=delta-heap.pprof", 400, "which function? function=NAME is missing"},
        {"/api/disassembly?attachment=delta-heap.pprof&function=main.a&group_by=tenant", 400, "not for instructions"},
        {"/api/disassembly?attachment=delta-heap.pprof&function=main.a&kind=go", 400, "not for instructions"},
        {"/api/disassembly?attachment=delta-heap.pprof&function=main.a&type=miles", 404, "no sample type miles"},
        {"/api/disassembly?function=main.a", 400, "which attachment?"},
    };
    static const char *const answers[][2] = {
        {"/api/disassembly?attachment=delta-heap.pprof&type=alloc_space&function=main.a", "\"total\":330,"},
        {"/api/disassembly?attachment=delta-heap.pprof&type=alloc_space&function=main.a", "\"instructions\":[[\"0\",300,330,7,\"\"]]"},
        {"/api/disassembly?attachment=delta-heap.pprof&type=alloc_space&function=main.a&memory=C", "\"total\":30,"},
        {"/api/disassembly?attachment=delta-heap.pprof&type=alloc_space&function=main.a&file=/a.go",
         "was not told where programs and libraries are"},
        {"/api/disassembly?attachment=delta-heap.pprof&type=alloc_space&function=main.a&file=/b.go", "has no addresses of this function"},
    };
    post_heap_of(fixture, "runtime-id:1", 100, 10);
    post_heap_of(fixture, "runtime-id:2", 200, 20);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        expect_get(fixture->port, answers[i][0], 200, answers[i][1]);
    }
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        expect_get(fixture->port, refusals[i].path, refusals[i].status, refusals[i].reason);
    }
}

// Values over time: of functions, of a tag of uploads; each answer is kept for its question alone.
TEST_IN(receiver, timelines) {
    struct fixture *fixture = *state;
    static const char *const answers[][2] = {
        {"/api/timeline?attachment=delta-heap.pprof&type=alloc_space&columns=2",
         "\"rows\":[{\"name\":\"main.a\",\"file\":\"/a.go\",\"kind\":\"go\",\"values\":[150,150]}"},
        {"/api/timeline?attachment=delta-heap.pprof&type=alloc_space&columns=1", "\"values\":[300]}"},
        {"/api/timeline?attachment=delta-heap.pprof&type=alloc_space&columns=1&memory=C", "\"values\":[30]}"},
        {"/api/timeline?attachment=delta-heap.pprof&type=alloc_space&columns=1&group_by=tag:runtime-id",
         "{\"name\":\"2\",\"file\":\"\",\"kind\":\"label\",\"values\":[220]}"},
        {"/api/timeline?attachment=delta-heap.pprof&type=inuse_space&columns=1", "\"gauge\":true,"},
        // A gauge: the mean of the two processes, or of all their sum; of each its own, as in a tree.
        {"/api/timeline?attachment=delta-heap.pprof&type=inuse_space&columns=1&memory=C", "\"values\":[15]}],"},
        {"/api/timeline?attachment=delta-heap.pprof&type=inuse_space&columns=1&memory=C&processes=sum", "\"values\":[30]}],"},
        {"/api/timeline?attachment=delta-heap.pprof&type=inuse_space&columns=1&group_by=tag:runtime-id",
         "\"rows\":[{\"name\":\"2\",\"file\":\"\",\"kind\":\"label\",\"values\":[220]},"
         "{\"name\":\"1\",\"file\":\"\",\"kind\":\"label\",\"values\":[110]}]"},
        {"/api/timeline?attachment=delta-heap.pprof&type=inuse_space&columns=1&group_by=tag:service", "\"values\":[330]}],"},
        {"/api/timeline?attachment=delta-heap.pprof&type=inuse_space&columns=1&group_by=tag:service&processes=each", "\"values\":[165]}],"},
        {"/api/timeline?attachment=delta-heap.pprof&type=alloc_space&columns=1&lanes=1",
         "\"rows\":[{\"name\":\"(no thread)\",\"file\":\"\",\"kind\":\"label\",\"values\":[330]}]"},
        {"/api/tree?attachment=delta-heap.pprof&type=alloc_space&label=end_timestamp_ns:1..9", "\"total\":0,"}, // none has a time
        {"/api/timeline?attachment=delta-heap.pprof", "\"columns\":120,"},
        {"/api/timeline?attachment=delta-heap.pprof", "\"from\":1767323045000,\"to\":1767323105000,\"longest_upload_ms\":60000,"},
    };
    static const struct refusal refusals[] = {
        {"/api/timeline", 400, "which attachment?"},
        {"/api/timeline?attachment=delta-heap.pprof&columns=0", 400, "columns is not a number from 1 to 400"},
        {"/api/timeline?attachment=delta-heap.pprof&columns=401", 400, "columns is not a number from 1 to 400"},
        {"/api/timeline?attachment=delta-heap.pprof&gauges=max", 400, "gauges=max is not for it"},
        {"/api/timeline?attachment=delta-heap.pprof&gauges=last", 400, "gauges=last is not for it"},
        {"/api/timeline?attachment=delta-heap.pprof&label=tag:host:vm", 400, "not by label=tag:"},
        {"/api/timeline?attachment=delta-heap.pprof&lanes=2", 400, "lanes is not 1"},
        {"/api/timeline?attachment=delta-heap.pprof&lanes=1&group_by=tenant", 400, "lanes are of threads"},
        {"/api/timeline?attachment=delta-heap.pprof&type=miles", 404, "no sample type miles"},
        {"/api/timeline?attachment=none.pprof", 404, "no upload of the selection has an attachment none.pprof"},
    };
    post_heap_of(fixture, "runtime-id:1", 100, 10);
    post_heap_of(fixture, "runtime-id:2", 200, 20);
    for (size_t i = 0; i < 2 * sizeof answers / sizeof *answers; i++) { // made, then cached
        const char *const *answer = answers[i % (sizeof answers / sizeof *answers)];
        expect_get(fixture->port, answer[0], 200, answer[1]);
    }
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        expect_get(fixture->port, refusals[i].path, refusals[i].status, refusals[i].reason);
    }
}

#define ANY_TIME "label=end_timestamp_ns:946684800000000000..4102444800000000000"

// Events of a recording have times if a stretch is asked for, however long the columns are.
TEST_IN(receiver, a_stretch_of_a_recording) {
    struct fixture *fixture = *state;
    struct recording file = real_recording("jdk-17");
    struct text body = {0};
    body_event(&body);
    body_part_bytes(&body, "name=\"main.jfr\"; filename=\"main.jfr\"", file.bytes, file.size);
    body_end(&body);
    expect_post(fixture->port, &body, 200, "{\"id\":");
    free(file.bytes);
    expect_get(fixture->port, "/api/timeline?attachment=main.jfr&type=cpu&columns=1&" ANY_TIME, 200, "\"rows\":[{\"name\":");
    expect_get(fixture->port, "/api/timeline?attachment=main.jfr&type=cpu&columns=1&lanes=1&" ANY_TIME, 200, "\"label\":\"thread id:");
}

// Owners of C memory, of all uploads and of one file that counts from the program's start.
TEST_IN(receiver, owners) {
    struct fixture *fixture = *state;
    static const char *const answers[][2] = {
        {"/api/owners?attachment=delta-heap.pprof&gauges=last", "\"owners\":[{\"function\":{\"name\":\"main.a\",\"file\":\"/a.go\""},
        {"/api/owners?attachment=delta-heap.pprof&gauges=last", "\"live\":{\"bytes\":20,"},
        {"/api/owners?attachment=delta-heap.pprof&gauges=last", "\"allocated\":{\"bytes\":30,"}, // the sum
        {"/api/owners?attachment=delta-heap.pprof", "\"live\":{\"bytes\":15,"},                  // the mean
        {"/api/owners?attachment=delta-heap.pprof&ids=2", "\"is_from_start\":false"},            // a delta
        {"/api/owners?attachment=delta-heap.pprof", "\"uploads\":2,"},
        {"/api/owners?attachment=heap.pprof", "\"is_from_start\":true"},
        {"/api/owners?attachment=heap.pprof", "\"opens\":\"sqlite3_open\",\"closes\":\"sqlite3_close_v2\""},
        {"/api/owners?attachment=heap.pprof", "\"freed\":{\"bytes\":60,"},
        {"/api/owners?attachment=heap.pprof&limit=1", "\"owners_left_out\":1"},
        {"/api/owners?attachment=heap.pprof&limit=2", "\"owners_left_out\":0"}, // not from the cache
        {"/api/owners?attachment=heap.pprof&label=tenant:no", "\"owners\":[]"},
        {"/api/owners?attachment=merged.pprof", "\"is_from_start\":false"}, // one upload, of what cmemprof merge has made
    };
    static const struct refusal refusals[] = {
        {"/api/owners", 400, "which attachment?"},
        {"/api/owners?attachment=heap.pprof&memory=Go", 400, "owners are of C memory"},
        {"/api/owners?attachment=heap.pprof&group_by=tenant", 400, "owners are of C memory"},
        {"/api/owners?attachment=heap.pprof&limit=0", 400, "limit is not one from 1"},
        {"/api/owners?attachment=none.pprof", 404, "no upload of the selection has an attachment none.pprof"},
    };
    struct text body = {0};
    struct profile *profile = new_heap_profile();
    post_heap(fixture, 100, 10);
    post_heap(fixture, 50, 20);
    add_stack(profile, FRAMES("malloc /m.c", "sqlite3_open /s.c", "main.a /a.go"), VALUES(10, 100, 4, 40), true);
    add_stack(profile, FRAMES("malloc /m.c", "main.b /a.go"), VALUES(1, 10, 1, 10), true);
    struct blob blob = finish(profile);
    body_part(&body, "name=\"event\"; filename=\"event.json\"", EVENT);
    struct profile *merged = new_heap_profile();
    add_stack(merged, FRAMES("malloc /m.c", "main.a /a.go"), VALUES(10, 100, 4, 40), true);
    profile_add_comment(merged, "inuse_objects, inuse_space: mean of 2 files; other types: sums");
    struct blob other = finish(merged);
    body_part_bytes(&body, "name=\"heap.pprof\"; filename=\"heap.pprof\"", blob.bytes, blob.size);
    body_part_bytes(&body, "name=\"merged.pprof\"; filename=\"merged.pprof\"", other.bytes, other.size);
    body_end(&body);
    expect_post(fixture->port, &body, 200, "{\"id\":");
    free(blob.bytes);
    free(other.bytes);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        expect_get(fixture->port, answers[i][0], 200, answers[i][1]);
    }
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        expect_get(fixture->port, refusals[i].path, refusals[i].status, refusals[i].reason);
    }
}

int main(void) {
    return tests_run();
}
