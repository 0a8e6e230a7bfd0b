// profiles_test.c: what events become: values, labels, warnings, over chunks.

#include "../../base/test/test.h"

#include "java_types.h"

#include "../../merge/merge.h"
#include "../jfr.h"

static void make(struct maker *maker) {
    maker_init(maker);
    java_types(maker);
    java_setting_type(maker);
    maker_type(maker, "jdk.ExecutionSample", "event",
               "startTime:long@ticks sampledThread:java.lang.Thread* stackTrace:jdk.types.StackTrace* state:jdk.types.ThreadState*");
    maker_type(maker, "jdk.FileRead", "event",
               "startTime:long@ticks duration:long@span eventThread:java.lang.Thread* stackTrace:jdk.types.StackTrace* "
               "path:java.lang.String bytesRead:long@bytes");
    maker_type(maker, "jdk.ThreadPark", "event",
               "startTime:long@ticks duration:long@span eventThread:java.lang.Thread* stackTrace:jdk.types.StackTrace* "
               "parkedClass:java.lang.Class*");
    maker_type(maker, "datadog.HeapLiveObject", "event",
               "startTime:long@ticks eventThread:java.lang.Thread* stackTrace:jdk.types.StackTrace* objectClass:java.lang.Class* "
               "size:long@bytes weight:float spanId:long localRootSpanId:long");
    maker_type(
        maker, "jdk.ObjectAllocationSample", "event",
        "startTime:long@ticks eventThread:java.lang.Thread* stackTrace:jdk.types.StackTrace* objectClass:java.lang.Class* weight:long");
}

static void put_cpu(struct maker *maker, int thread, int stack, int state) {
    maker_event(maker, "jdk.ExecutionSample");
    maker_number(maker, 1500), maker_number(maker, thread), maker_number(maker, stack), maker_number(maker, state);
    maker_end(maker);
}

static void put_read(struct maker *maker, const char *path, int bytes, int duration) {
    maker_event(maker, "jdk.FileRead");
    maker_number(maker, 1500), maker_number(maker, duration), maker_number(maker, 1), maker_number(maker, 1), maker_text(maker, path);
    maker_number(maker, bytes);
    maker_end(maker);
}

static void expect_equal(struct profile *a, struct profile *b) {
    uint8_t *bytes[2];
    size_t sizes[2];
    assert_int_equal(profile_encode(a, MERGE_RAW, &bytes[0], &sizes[0]), MERGE_OK);
    assert_int_equal(profile_encode(b, MERGE_RAW, &bytes[1], &sizes[1]), MERGE_OK);
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(bytes[0], bytes[1], sizes[0]);
    free(bytes[0]), free(bytes[1]);
}

static struct profile *profile_of(const struct maker *maker, enum jfr_kind kind) {
    struct profile *profiles[JFR_KINDS];
    uint8_t *exact = malloc(maker->size);
    memcpy(exact, maker->bytes, maker->size);
    struct jfr *jfr = jfr_open(exact, maker->size, 0, NULL);
    assert_non_null(jfr);
    assert_int_equal(jfr_profiles(jfr, 1u << kind, 0, profiles), JFR_OK);
    for (enum jfr_kind other = 0; other < JFR_KINDS; other++) {
        assert_int_equal(!!profiles[other], other == kind);
    }
    jfr_close(jfr);
    // The same if the events were not counted before.
    struct profile *unread[JFR_KINDS];
    jfr = jfr_open_unread(exact, maker->size, 0, NULL);
    assert_non_null(jfr);
    assert_int_equal(jfr_profiles(jfr, 1u << kind, 0, unread), JFR_OK);
    expect_equal(profiles[kind], unread[kind]);
    profile_free(unread[kind]);
    jfr_close(jfr);
    free(exact);
    return profiles[kind];
}

static void expect(struct profile *profile, size_t index, const char *expected) {
    struct profile_sample_view view;
    char text[600] = "";
    size_t size = 0;
    assert_int_equal(profile_sample_at(profile, index, &view), MERGE_OK);
    for (size_t i = 0; i < profile_sample_type_count(profile); i++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "%lld ", (long long)view.values[i]);
    }
    size += (size_t)snprintf(text + size, sizeof text - size, "%s", view.frames[0].function);
    for (size_t i = 0; i < view.label_count; i++) {
        const struct profile_label *label = &view.labels[i];
        size += (size_t)snprintf(text + size, sizeof text - size, ", %s=", label->key);
        size += (size_t)(label->text ? snprintf(text + size, sizeof text - size, "%s", label->text)
                                     : snprintf(text + size, sizeof text - size, "%lld", (long long)label->number));
    }
    assert_string_equal(text, expected);
}

static bool warns(const struct profile *profile, const char *part) {
    const char *texts[8];
    size_t count = profile_warnings(profile, texts, 8);
    for (size_t i = 0; i < count; i++) {
        if (strstr(texts[i], part)) {
            return true;
        }
    }
    return false;
}

// The same thread and stack over two chunks with other ids; the second one's settings are the first's.
TEST(samples_are_added_up) {
    struct maker maker;
    make(&maker);
    maker_begin(&maker);
    put_cpu(&maker, 1, 1, 1), put_cpu(&maker, 1, 1, 1), put_cpu(&maker, 1, 2, 1), put_cpu(&maker, 2, 1, 2);
    java_constants(&maker), java_stacks(&maker);
    java_setting(&maker, "jdk.ExecutionSample", "period", "20 ms");
    maker_finish(&maker);
    maker.id_offset = 5;
    maker_begin(&maker);
    java_constants(&maker), java_stacks(&maker);
    put_cpu(&maker, 1, 1, 1), put_cpu(&maker, 9, 3, 0);
    maker_finish(&maker);
    struct profile *profile = profile_of(&maker, JFR_CPU);
    assert_int_equal(profile_sample_count(profile), 4);
    assert_string_equal(profile_sample_type_name(profile, 1), "cpu");
    expect(profile, 0, "3 60000000 app.Main.work, thread name=main, thread id=4001, thread state=RUNNABLE");
    expect(profile, 1, "1 20000000 java.util.HashMap.work, thread name=main, thread id=4001, thread state=RUNNABLE");
    expect(profile, 2, "1 20000000 app.Main.work, thread name=os-worker, thread id=4002, thread state=SLEEPING");
    expect(profile, 3, "1 20000000 app.Main.work");
    assert_int_equal(profile_period(profile), 20000000);
    assert_int_equal(profile_time_ns(profile), 1000000000);
    assert_int_equal(profile_duration_ns(profile), 2000000000); // the same seconds twice
    assert_true(warns(profile, "an estimate"));
    assert_false(warns(profile, "does not say"));
    profile_free(profile);
    maker_free(&maker);
}

// With times, events of one step are one sample, at its start; those with a duration are where they end. All sums stay.
TEST(times) {
    struct maker maker;
    struct profile *profiles[JFR_KINDS];
    make(&maker);
    maker_begin(&maker);
    put_cpu(&maker, 1, 1, 1), put_cpu(&maker, 1, 1, 1), put_read(&maker, "/a", 100, 3000); // at 500 us of the chunk; it takes 3 ms
    maker_event(&maker, "jdk.ExecutionSample");
    maker_number(&maker, 1700), maker_number(&maker, 1), maker_number(&maker, 1), maker_number(&maker, 1);
    maker_end(&maker);
    java_constants(&maker), java_stacks(&maker);
    java_setting(&maker, "jdk.ExecutionSample", "period", "20 ms");
    maker_finish(&maker);
    struct jfr *jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
    assert_non_null(jfr);
    assert_int_equal(jfr_profiles(jfr, 1u << JFR_CPU | 1u << JFR_FILE_IO, 300000, profiles), JFR_OK);
    assert_int_equal(profile_sample_count(profiles[JFR_CPU]), 2);
    expect(profiles[JFR_CPU], 0,
           "2 40000000 app.Main.work, thread name=main, thread id=4001, thread state=RUNNABLE, end_timestamp_ns=1000300000");
    expect(profiles[JFR_CPU], 1,
           "1 20000000 app.Main.work, thread name=main, thread id=4001, thread state=RUNNABLE, end_timestamp_ns=1000600000");
    assert_int_equal(profile_sample_count(profiles[JFR_FILE_IO]), 1);
    struct profile_sample_view sample;
    assert_int_equal(profile_sample_at(profiles[JFR_FILE_IO], 0, &sample), MERGE_OK);
    assert_string_equal(sample.labels[sample.label_count - 1].key, "end_timestamp_ns");
    assert_int_equal(sample.labels[sample.label_count - 1].number, 1003300000);
    profile_free(profiles[JFR_CPU]);
    profile_free(profiles[JFR_FILE_IO]);
    jfr_close(jfr);
    maker_free(&maker);
}

// Chunks with the same metadata, byte for byte, share what was read of it.
TEST(many_chunks_are_one_recording) {
    enum { CHUNKS = 100 };
    struct maker maker;
    make(&maker);
    for (int i = 0; i < CHUNKS; i++) {
        maker_begin(&maker);
        java_constants(&maker), java_stacks(&maker);
        put_cpu(&maker, 1, 1, 1);
        maker_open(&maker, 5000 + i), maker_end(&maker); // of a type that is not in the metadata
        maker_finish(&maker);
    }
    struct profile *profile = profile_of(&maker, JFR_CPU);
    assert_int_equal(profile_sample_count(profile), 1);
    expect(profile, 0, "100 0 app.Main.work, thread name=main, thread id=4001, thread state=RUNNABLE");
    profile_free(profile);
    maker_free(&maker);
}

TEST(transfers_have_bytes_and_time) {
    struct maker maker;
    make(&maker);
    maker_begin(&maker);
    java_constants(&maker), java_stacks(&maker);
    put_read(&maker, "/a", 100, 3000), put_read(&maker, "/a", 50, 1000), put_read(&maker, "/b", 7, 2);
    maker_finish(&maker);
    struct profile *profile = profile_of(&maker, JFR_FILE_IO);
    assert_int_equal(profile_sample_count(profile), 2);
    expect(profile, 0, "2 150 4000000 app.Main.work, thread name=main, thread id=4001, path=/a, operation=read");
    expect(profile, 1, "1 7 2000 app.Main.work, thread name=main, thread id=4001, path=/b, operation=read");
    profile_free(profile);
    profile = profile_of(&maker, JFR_SOCKET_IO);
    assert_int_equal(profile_sample_count(profile), 0);
    assert_int_equal(profile_sample_type_count(profile), 3);
    profile_free(profile);
    maker_free(&maker);
}

// A parked thread is a lock only if it waits for one.
TEST(parking_is_not_always_a_lock) {
    struct maker maker;
    make(&maker);
    maker_begin(&maker);
    java_constants(&maker), java_stacks(&maker);
    maker_constants(&maker, "jdk.types.Symbol", 1);
    maker_number(&maker, 50), maker_text(&maker, "java/util/concurrent/locks/ReentrantLock$FairSync");
    maker_end(&maker);
    maker_constants(&maker, "java.lang.Class", 1);
    maker_number(&maker, 50), maker_number(&maker, 50), maker_int(&maker, 0);
    maker_end(&maker);
    maker_constants(&maker, "jdk.types.Symbol", 1);
    maker_number(&maker, 51), maker_text(&maker, "java/util/concurrent/locks/StampedLock");
    maker_end(&maker);
    maker_constants(&maker, "java.lang.Class", 1);
    maker_number(&maker, 51), maker_number(&maker, 51), maker_int(&maker, 0);
    maker_end(&maker);
    for (int i = 0; i < 4; i++) {
        maker_event(&maker, "jdk.ThreadPark");
        maker_number(&maker, 1500), maker_number(&maker, 10), maker_number(&maker, 1), maker_number(&maker, 1);
        maker_number(&maker, i == 0 ? 0 : i == 1 ? 3 : 48 + i);
        maker_end(&maker);
    }
    maker_finish(&maker);
    struct profile *profile = profile_of(&maker, JFR_LOCK);
    assert_int_equal(profile_sample_count(profile), 2);
    expect(profile, 0,
           "1 10000 app.Main.work, thread name=main, thread id=4001, lock class=java.util.concurrent.locks.ReentrantLock$FairSync, "
           "operation=park");
    expect(profile, 1,
           "1 10000 app.Main.work, thread name=main, thread id=4001, lock class=java.util.concurrent.locks.StampedLock, operation=park");
    assert_true(warns(profile, "2 events jdk.ThreadPark are left out"));
    profile_free(profile);
    maker_free(&maker);
}

TEST(weights_are_objects_or_bytes) {
    struct maker maker;
    make(&maker);
    maker_begin(&maker);
    java_constants(&maker), java_stacks(&maker);
    for (int i = 0; i < 2; i++) {
        maker_event(&maker, "datadog.HeapLiveObject");
        maker_number(&maker, 1500), maker_number(&maker, 1), maker_number(&maker, 1), maker_number(&maker, 2), maker_number(&maker, 1000);
        maker_float(&maker, 2.5F), maker_number(&maker, i == 0 ? -1 : 0), maker_number(&maker, i == 0 ? 77 : 0);
        maker_end(&maker);
        maker_event(&maker, "jdk.ObjectAllocationSample");
        maker_number(&maker, 1500), maker_number(&maker, 1), maker_number(&maker, 1), maker_number(&maker, 2);
        maker_number(&maker, i == 0 ? 5000 : 600);
        maker_end(&maker);
    }
    maker_finish(&maker);
    struct profile *profile = profile_of(&maker, JFR_HEAP_LIVE);
    expect(
        profile, 0,
        "3 2500 app.Main.work, thread name=main, thread id=4001, class name=byte[], span id=18446744073709551615, local root span id=77");
    expect(profile, 1, "3 2500 app.Main.work, thread name=main, thread id=4001, class name=byte[]");
    profile_free(profile);
    profile = profile_of(&maker, JFR_ALLOCATION);
    expect(profile, 0, "2 5600 app.Main.work, thread name=main, thread id=4001, class name=byte[]");
    assert_true(warns(profile, "5000 bytes are the first samples of 1 threads"));
    profile_free(profile);
    maker_free(&maker);
}

static void put_old(struct maker *maker, int start, int class_of_stack, bool with_size) {
    maker_event(maker, "jdk.OldObjectSample");
    maker_number(maker, start), maker_number(maker, 1), maker_number(maker, class_of_stack);
    if (with_size) {
        maker_number(maker, 24);
    }
    maker_end(maker);
}

// A JVM writes all objects that it keeps whenever it dumps, into one chunk or several.
TEST(live_objects_are_those_of_the_last_dump) {
    for (int with_size = 0; with_size < 2; with_size++) {
        struct maker maker;
        maker_init(&maker);
        java_types(&maker);
        maker_type(&maker, "jdk.OldObjectSample", "event",
                   with_size ? "startTime:long@ticks eventThread:java.lang.Thread* stackTrace:jdk.types.StackTrace* objectSize:long@bytes"
                             : "startTime:long@ticks eventThread:java.lang.Thread* stackTrace:jdk.types.StackTrace*");
        for (int chunk = 0; chunk < 3; chunk++) {
            maker_begin(&maker);
            java_constants(&maker), java_stacks(&maker);
            if (chunk < 2) { // the last has none: nothing was dumped
                put_old(&maker, 1500, 1, with_size), put_old(&maker, 1500, 2, with_size);
                put_old(&maker, 1600, 1, with_size), put_old(&maker, 1600, 1, with_size), put_old(&maker, 1600, 3, with_size);
            }
            maker_finish(&maker);
        }
        struct profile *profile = profile_of(&maker, JFR_HEAP_LIVE);
        assert_int_equal(profile_sample_count(profile), 2);
        expect(profile, 0,
               with_size ? "2 48 app.Main.work, thread name=main, thread id=4001" : "2 0 app.Main.work, thread name=main, thread id=4001");
        expect(profile, 1,
               with_size ? "1 24 app.Main.work, thread name=main, thread id=4001" : "1 0 app.Main.work, thread name=main, thread id=4001");
        assert_true(warns(profile, "keeps as a sample, not what the heap holds"));
        assert_int_equal(warns(profile, "how large objects are, so inuse_space is 0"), !with_size);
        profile_free(profile);
        maker_free(&maker);
    }
}

// Two class loaders may define a type each, with other fields.
TEST(types_of_one_name_are_all_read) {
    struct maker maker;
    make(&maker);
    maker_type(&maker, "jdk.FileRead", "event", "startTime:long@ticks bytesRead:long@bytes");
    maker_begin(&maker);
    java_constants(&maker), java_stacks(&maker);
    put_read(&maker, "/a", 100, 3000);
    maker_open(&maker, MAKER_FIRST_ID + maker.type_count - 1);
    maker_number(&maker, 1500), maker_number(&maker, 7);
    maker_end(&maker);
    maker_finish(&maker);
    struct profile *profile = profile_of(&maker, JFR_FILE_IO);
    assert_int_equal(profile_sample_count(profile), 2);
    expect(profile, 0, "1 100 3000000 app.Main.work, thread name=main, thread id=4001, path=/a, operation=read");
    expect(profile, 1, "1 7 0 " JFR_NO_STACK ", operation=read");
    profile_free(profile);
    maker_free(&maker);
}

TEST(what_another_source_hides_is_said) {
    struct maker maker;
    make(&maker);
    maker_type(&maker, "datadog.ExecutionSample", "event", "startTime:long@ticks");
    maker_type(&maker, "jdk.JavaExceptionThrow", "event", "startTime:long@ticks");
    maker_type(&maker, "jdk.JavaErrorThrow", "event", "startTime:long@ticks");
    maker_begin(&maker);
    java_constants(&maker), java_stacks(&maker);
    put_cpu(&maker, 1, 1, 1), put_cpu(&maker, 1, 1, 1);
    for (int i = 0; i < 3; i++) {
        maker_event(&maker, i == 0 ? "datadog.ExecutionSample" : i == 1 ? "jdk.JavaExceptionThrow" : "jdk.JavaErrorThrow");
        maker_number(&maker, 1500);
        maker_end(&maker);
    }
    maker_finish(&maker);
    struct profile *profile = profile_of(&maker, JFR_CPU);
    assert_int_equal(profile_sample_count(profile), 1);
    assert_true(warns(profile, "2 events jdk.ExecutionSample are not used: datadog.ExecutionSample would"));
    profile_free(profile);
    profile = profile_of(&maker, JFR_EXCEPTION);
    expect(profile, 0, "1 " JFR_NO_STACK);
    assert_false(warns(profile, "not used")); // an error is an exception
    profile_free(profile);
    maker_free(&maker);
}

TEST(what_is_missing_is_said) {
    struct maker maker;
    make(&maker);
    maker_begin(&maker);
    put_cpu(&maker, 1, 1, 1);
    maker_event(&maker, "jdk.ExecutionSample"), maker_end(&maker); // without its fields
    maker_finish(&maker);
    struct profile *profile = profile_of(&maker, JFR_CPU);
    expect(profile, 0, "1 0 " JFR_NO_STACK);
    assert_true(warns(profile, "does not say with what period"));
    assert_true(warns(profile, "1 events or pools of constants of the recording are damaged"));
    profile_free(profile);
    maker_begin(&maker);
    maker_finish(&maker);
    maker.size -= 1;
    profile = profile_of(&maker, JFR_CPU);
    assert_true(warns(profile, "the recording ends within a chunk"));
    profile_free(profile);
    maker_free(&maker);
}

// A better source in a later chunk, and later in a chunk: what the others became is dropped.
TEST(a_better_source_may_come_late) {
    struct maker maker;
    make(&maker);
    maker_type(&maker, "datadog.ExecutionSample", "event", "startTime:long@ticks weight:long");
    maker_type(&maker, "datadog.ObjectSample", "event", "startTime:long@ticks size:long weight:float");
    maker_type(&maker, "jdk.OldObjectSample", "event", "startTime:long@ticks objectSize:long");
    for (int chunk = 0; chunk < 3; chunk++) {
        maker_begin(&maker);
        java_constants(&maker), java_stacks(&maker);
        put_cpu(&maker, 1, 1, 1);
        maker_event(&maker, "jdk.ObjectAllocationSample");
        maker_number(&maker, 1500), maker_number(&maker, 1), maker_number(&maker, 1), maker_number(&maker, 2), maker_number(&maker, 700);
        maker_end(&maker);
        maker_event(&maker, "jdk.OldObjectSample"), maker_number(&maker, 1500), maker_number(&maker, 8), maker_end(&maker);
        if (chunk > 0) {
            maker_event(&maker, "datadog.ExecutionSample"), maker_number(&maker, 1500), maker_number(&maker, 3), maker_end(&maker);
            maker_event(&maker, "datadog.ObjectSample"), maker_number(&maker, 1500), maker_number(&maker, 10), maker_float(&maker, 2);
            maker_end(&maker);
            maker_event(&maker, "datadog.HeapLiveObject");
            maker_number(&maker, 1500), maker_number(&maker, 1), maker_number(&maker, 1), maker_number(&maker, 2),
                maker_number(&maker, 100);
            maker_float(&maker, 3), maker_number(&maker, 0), maker_number(&maker, 0);
            maker_end(&maker);
        }
        maker_finish(&maker);
    }
    struct profile *profile = profile_of(&maker, JFR_CPU);
    assert_int_equal(profile_sample_count(profile), 1);
    expect(profile, 0, "6 0 " JFR_NO_STACK);
    profile_free(profile);
    profile = profile_of(&maker, JFR_ALLOCATION);
    assert_int_equal(profile_sample_count(profile), 1);
    expect(profile, 0, "2 40 " JFR_NO_STACK);
    assert_false(warns(profile, "first samples"));
    profile_free(profile);
    profile = profile_of(&maker, JFR_HEAP_LIVE);
    assert_int_equal(profile_sample_count(profile), 1);
    assert_false(warns(profile, "does not say how large"));
    profile_free(profile);
    maker_free(&maker);
}

// Any bytes changed: profiles are made, within the input (by the sanitized build).
TEST(damage_is_survived) {
    struct maker maker;
    uint64_t random = 88172645463325252u;
    make(&maker);
    maker_begin(&maker);
    java_constants(&maker), java_stacks(&maker);
    put_cpu(&maker, 1, 1, 1), put_cpu(&maker, 1, 2, 1), put_read(&maker, "/a", 100, 3000);
    maker_finish(&maker);
    for (int round = 0; round < 3000; round++) {
        uint8_t *damaged = malloc(maker.size);
        memcpy(damaged, maker.bytes, maker.size);
        for (int i = 0; i < 4; i++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17; // xorshift64
            damaged[68 + random % (maker.size - 68)] = (uint8_t)(round % 2 ? random >> 32 : random >> 60);
        }
        struct profile *profiles[JFR_KINDS];
        struct jfr *jfr = round % 3 == 0 ? jfr_open_unread(damaged, maker.size, 0, NULL) : jfr_open(damaged, maker.size, 0, NULL);
        assert_non_null(jfr);
        assert_int_equal(jfr_profiles(jfr, (1u << JFR_KINDS) - 1, round % 2 * 1000, profiles), JFR_OK);
        for (enum jfr_kind kind = 0; kind < JFR_KINDS; kind++) {
            profile_free(profiles[kind]);
        }
        jfr_close(jfr);
        free(damaged);
    }
    maker_free(&maker);
}

// Fields that are arrays or texts where a number is due count as missing: what the plan has of them is an address.
TEST(fields_of_another_form_are_missing) {
    struct maker maker;
    maker_init(&maker);
    java_types(&maker);
    maker_type(&maker, "jdk.SocketRead", "event",
               "startTime:long@ticks duration:long[]@span eventThread:java.lang.Thread[]* stackTrace:java.lang.String "
               "host:java.lang.String port:java.lang.String bytesRead:long[]@bytes");
    maker_begin(&maker);
    java_constants(&maker);
    maker_event(&maker, "jdk.SocketRead");
    maker_number(&maker, 1500), maker_int(&maker, 1), maker_number(&maker, 7), maker_int(&maker, 1), maker_number(&maker, 1);
    maker_text(&maker, "stack"), maker_text(&maker, "host"), maker_text(&maker, "80"), maker_int(&maker, 1), maker_number(&maker, 5);
    maker_end(&maker);
    maker_finish(&maker);
    struct profile *profile = profile_of(&maker, JFR_SOCKET_IO);
    assert_int_equal(profile_sample_count(profile), 1);
    expect(profile, 0, "1 0 0 (no stack), remote=host:0, operation=read");
    profile_free(profile);
    maker_free(&maker);
}

int main(void) {
    return tests_run();
}
