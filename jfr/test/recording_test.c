// recording_test.c: opening: chunks, counts, times, limits; recordings that are cut off or damaged. Those of real JVMs are in e2e/.

#include "../../base/test/test.h"

#include "../../base/test/folder.h"

#include "java_types.h"

#include "../../codecs/codecs.h"
#include "../../merge/merge.h"
#include "../jfr.h"

#include <pthread.h>
#include <sys/stat.h>

enum { SMALL_BYTES = 4 + 1 + 1 }; // an event of app.Small: its size, type and a byte

static void make(struct maker *maker) {
    maker_init(maker);
    maker_basic_types(maker);
    maker_type(maker, "app.Small", "event", "flag:boolean");
    maker_type(maker, "app.Timed", "event", "startTime:long@ticks");
}

static void put_chunk(struct maker *maker, int small, int timed) {
    maker_begin(maker);
    for (int i = 0; i < small; i++) {
        maker_event(maker, "app.Small"), maker_byte(maker, 1), maker_end(maker);
    }
    for (int i = 0; i < timed; i++) {
        maker_event(maker, "app.Timed"), maker_number(maker, 4000000 + i * 1000000), maker_end(maker);
    }
    maker_finish(maker);
}

static struct jfr *open_exact(const void *bytes, size_t size, uint8_t **exact, struct jfr_fault *fault) {
    *exact = malloc(size + !size);
    memcpy(*exact, bytes, size);
    return jfr_open(*exact, size, 0, fault);
}

static void expect_refused(const void *bytes, size_t size, size_t max, enum jfr_error error, uint64_t offset, const char *text) {
    struct jfr_fault fault = {0};
    assert_null(jfr_open(bytes, size, max, &fault));
    assert_int_equal(fault.error, error);
    assert_int_equal(fault.offset, offset);
    assert_string_equal(fault.text, text);
}

TEST(types_are_counted_over_all_chunks) {
    struct maker maker;
    make(&maker);
    put_chunk(&maker, 3, 5);
    maker.id_offset = 7;
    maker.start_ns -= 500;
    put_chunk(&maker, 4, 0);
    struct jfr *jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
    assert_non_null(jfr);
    const struct jfr_about *about = jfr_about(jfr);
    assert_true(about->chunks == 2 && about->major == 2 && about->minor == 1 && !about->truncated && about->damages == 0);
    assert_int_equal(about->start_ns, 1000000000 - 500);
    assert_int_equal(about->duration_ns, 2000000000 + 500);
    assert_int_equal(about->events, 12 + 2);
    assert_int_equal(jfr_type_count(jfr), 3);
    const struct jfr_type *type = jfr_type_at(jfr, 0);
    assert_string_equal(type->name, "app.Small");
    assert_true(type->count == 7 && type->bytes == 7 * SMALL_BYTES && type->field_count == 1);
    assert_string_equal(type->label, "Label of app.Small");
    assert_string_equal(type->fields[0].name, "flag");
    assert_string_equal(type->fields[0].type, "boolean");
    assert_ptr_equal(jfr_type_named(jfr, "app.Timed"), jfr_type_at(jfr, 1));
    assert_null(jfr_type_named(jfr, "app.None"));
    assert_string_equal(jfr_type_at(jfr, 2)->name, "jdk.Metadata");
    jfr_close(jfr);
    maker_free(&maker);
}

// Cut off anywhere: what is there counts, and the cut is said.
TEST(a_cut_recording_is_read_up_to_the_cut) {
    struct maker maker;
    make(&maker);
    put_chunk(&maker, 3, 0);
    for (size_t size = 0; size < maker.size; size++) {
        uint8_t *exact;
        struct jfr_fault fault = {0};
        struct jfr *jfr = open_exact(maker.bytes, size, &exact, &fault);
        assert_int_equal(!!jfr, size >= 68);
        if (jfr) {
            const struct jfr_about *about = jfr_about(jfr);
            size_t whole = (size - 68) / SMALL_BYTES;
            assert_true(about->truncated && about->damages == 0);
            assert_int_equal(about->events, whole < 3 ? whole : 3);
        } else {
            assert_int_equal(fault.error, size == 0 ? JFR_NOT_A_RECORDING : JFR_DAMAGED);
            assert_true(*fault.text);
        }
        jfr_close(jfr);
        free(exact);
    }
    maker_free(&maker);
}

// A killed JVM leaves a header without size and metadata: the metadata is found among the events, and they tell the time.
TEST(an_unfinished_chunk_is_read) {
    struct maker maker;
    make(&maker);
    put_chunk(&maker, 2, 3);
    memset(maker.bytes + 8, 0, 24);
    memset(maker.bytes + 40, 0, 8);
    struct jfr *jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
    assert_non_null(jfr);
    assert_true(jfr_about(jfr)->truncated);
    assert_int_equal(jfr_type_named(jfr, "app.Timed")->count, 3);
    assert_int_equal(jfr_about(jfr)->duration_ns, 6000000000 - 1000000); // ticks 6,000,000 - 1,000 at 1 MHz
    jfr_close(jfr);
    maker_free(&maker);
}

TEST(damage_costs_its_chunk_only) {
    struct maker maker;
    make(&maker);
    put_chunk(&maker, 3, 0);
    maker_big_endian(&maker, 48, (uint64_t)1 << 50, 8); // its metadata's time is not near, so that no event is found behind the damage
    size_t first = maker.size, event = 68 + SMALL_BYTES;
    put_chunk(&maker, 2, 0);
    memset(maker.bytes + event, 0x80, 3);
    maker.bytes[event + 3] = 0; // size 0
    struct jfr *jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
    assert_non_null(jfr);
    assert_int_equal(jfr_about(jfr)->damages, 1);
    assert_int_equal(jfr_about(jfr)->damage.offset, event);
    assert_string_equal(jfr_about(jfr)->damage.text, "an event of size 0");
    assert_int_equal(jfr_type_named(jfr, "app.Small")->count, 1 + 2);
    jfr_close(jfr);
    maker_big_endian(&maker, first, 0, 4); // nothing can be found behind this
    jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
    assert_int_equal(jfr_about(jfr)->damages, 2);
    assert_int_equal(jfr_type_named(jfr, "app.Small")->count, 1);
    jfr_close(jfr);
    maker_free(&maker);
}

TEST(chunks_behind_a_damaged_header_are_read) {
    struct maker maker;
    make(&maker);
    put_chunk(&maker, 1, 0);
    size_t second = maker.size;
    put_chunk(&maker, 2, 0);
    put_chunk(&maker, 4, 0);
    maker_big_endian(&maker, second + 56, 0, 8); // its clock
    struct jfr *jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
    assert_true(jfr_about(jfr)->chunks == 2 && jfr_about(jfr)->damages == 1 && jfr_about(jfr)->damage.offset == second);
    assert_int_equal(jfr_type_named(jfr, "app.Small")->count, 1 + 4);
    jfr_close(jfr);
    maker_big_endian(&maker, second + 56, 1000000, 8);
    maker_big_endian(&maker, second + 8, 1 << 30, 8); // its size: what follows are no events of it
    jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
    assert_true(jfr_about(jfr)->chunks == 3 && jfr_about(jfr)->damages == 1 && !jfr_about(jfr)->truncated);
    assert_string_equal(jfr_about(jfr)->damage.text, "a chunk that is shorter than its header says");
    assert_int_equal(jfr_type_named(jfr, "app.Small")->count, 1 + 2 + 4);
    jfr_close(jfr);
    maker_free(&maker);
}

// In a chunk that is cut, a size that is wrong looks like the cut: where that is, is said.
TEST(where_a_cut_recording_stops_is_known) {
    struct maker maker;
    make(&maker);
    put_chunk(&maker, 10, 0);
    size_t event = 68 + 3 * SMALL_BYTES;
    memset(maker.bytes + event, 0xFF, 3);
    struct jfr *jfr = jfr_open(maker.bytes, maker.size - 1, 0, NULL);
    assert_true(jfr_about(jfr)->truncated && jfr_about(jfr)->bytes == maker.size - 1);
    assert_int_equal(jfr_about(jfr)->cut_at, event);
    jfr_close(jfr);
    maker_free(&maker);
}

TEST(what_is_no_recording_is_refused) {
    struct maker maker;
    make(&maker);
    put_chunk(&maker, 1, 0);
    expect_refused("", 0, 0, JFR_NOT_A_RECORDING, 0, "it is empty");
    expect_refused("hello, this is text of more than sixty-eight bytes, and there is no recording in it at all", 90, 0, JFR_NOT_A_RECORDING,
                   0, "no chunk");
    expect_refused(maker.bytes, maker.size, 100, JFR_TOO_LARGE, 0, "recording exceeds the limit");
    maker_big_endian(&maker, 56, 0, 8);
    expect_refused(maker.bytes, maker.size, 0, JFR_DAMAGED, 0, "a chunk whose clock does not tick");
    assert_false(jfr_is_recording("FLR", 3));
    assert_true(jfr_is_recording("FLR\0", 4));
    maker_free(&maker);
}

// As many types as a chunk may have, in each of two chunks.
TEST(too_many_types_are_damage) {
    enum { TYPES = 9000 };
    struct maker maker;
    make(&maker);
    for (int c = 0; c < 2; c++) {
        maker_begin(&maker);
        for (int i = 0; i < TYPES; i++) {
            maker_open(&maker, 1000 + c * TYPES + i), maker_end(&maker);
        }
        size_t chunk = maker.chunk;
        maker_finish(&maker);
        memset(maker.bytes + chunk + 8, 0, 24); // not finished: what types there are may be said later
    }
    struct jfr *jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
    assert_non_null(jfr);
    assert_int_equal(jfr_type_count(jfr), 1 << 14);
    assert_string_equal(jfr_about(jfr)->damage.text, "more types of events than can be counted");
    jfr_close(jfr);
    maker_free(&maker);
}

struct piped {
    const char *path;
    const uint8_t *bytes;
    size_t size;
};

static void write_file(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

TEST_IN(folder, files_are_mapped) {
    struct maker maker;
    struct jfr_fault fault;
    char path[FOLDER_BYTES + 16];
    make(&maker);
    put_chunk(&maker, 3, 5);
    snprintf(path, sizeof path, "%s/x.jfr", folder);
    assert_null(jfr_open_file(path, 0, &fault));
    assert_int_equal(fault.error, JFR_UNREADABLE);
    write_file(path, maker.bytes, maker.size);
    struct jfr *jfr = jfr_open_file(path, 0, &fault);
    assert_non_null(jfr);
    assert_int_equal(jfr_type_named(jfr, "app.Timed")->count, 5);
    jfr_close(jfr);
    write_file(path, "", 0);
    assert_null(jfr_open_file(path, 0, &fault));
    assert_int_equal(fault.error, JFR_NOT_A_RECORDING);
    maker_free(&maker);
}

static void *write_pipe(void *context) {
    struct piped *piped = context;
    write_file(piped->path, piped->bytes, piped->size);
    return NULL;
}

TEST_IN(folder, pipes_are_read) {
    struct maker maker;
    char path[FOLDER_BYTES + 16];
    enum { PACKED_BYTES = 1 << 20 };
    uint8_t *packed = malloc(PACKED_BYTES);
    make(&maker);
    put_chunk(&maker, 3000, 5);
    size_t size = codecs_gzip(maker.bytes, maker.size, packed, PACKED_BYTES);
    snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    for (int way = 0; way < 3; way++) {
        struct piped piped = {path, way == 0 ? maker.bytes : packed, way == 0 ? maker.size : way == 1 ? size : 0};
        struct jfr_fault fault = {0};
        pthread_t writer;
        assert_int_equal(pthread_create(&writer, NULL, write_pipe, &piped), 0);
        struct jfr *jfr = jfr_open_file(path, 0, &fault);
        pthread_join(writer, NULL);
        if (way < 2) {
            assert_non_null(jfr);
            assert_int_equal(jfr_type_named(jfr, "app.Timed")->count, 5);
        } else {
            assert_true(!jfr && fault.error == JFR_NOT_A_RECORDING);
        }
        jfr_close(jfr);
    }
    free(packed);
    maker_free(&maker);
}

static bool count_event(void *context, const struct jfr_event *event) {
    (void)event;
    *(size_t *)context += 1;
    return false;
}

// Pages of a mapped file are given back as it is read, and what was inflated from one is not: both can be read again.
TEST_IN(folder, compressed_files_are_inflated) {
    struct maker maker;
    struct jfr_fault fault;
    char path[FOLDER_BYTES + 16];
    enum { EVENTS = 50000, PACKED_BYTES = 1 << 20 };
    make(&maker);
    put_chunk(&maker, EVENTS, 0);
    uint8_t *packed = malloc(PACKED_BYTES);
    size_t size = codecs_gzip(maker.bytes, maker.size, packed, PACKED_BYTES);
    assert_true(size > 0);
    snprintf(path, sizeof path, "%s/x.jfr", folder);
    for (int way = 0; way < 2; way++) {
        write_file(path, way == 0 ? packed : maker.bytes, way == 0 ? size : maker.size);
        struct jfr *jfr = jfr_open_file(path, 0, &fault);
        assert_non_null(jfr);
        for (int again = 0; again < 2; again++) {
            size_t events = 0;
            const struct jfr_visitor visitor = {.context = &events, .begin = count_event};
            assert_int_equal(jfr_visit(jfr, NULL, &visitor, NULL), JFR_OK);
            assert_int_equal(events, EVENTS);
        }
        jfr_close(jfr);
    }
    free(packed);
    maker_free(&maker);
}

TEST(damage_is_survived) {
    struct maker maker;
    uint64_t random = 88172645463325252u;
    make(&maker);
    put_chunk(&maker, 3, 5);
    put_chunk(&maker, 1, 1);
    for (int round = 0; round < 20000; round++) {
        struct {
            size_t at;
            uint8_t was;
        } changes[3];
        for (int i = 0; i < 3; i++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17; // xorshift64
            changes[i].at = random % maker.size;
            changes[i].was = maker.bytes[changes[i].at];
            maker.bytes[changes[i].at] = (uint8_t)(round % 2 ? random >> 32 : 0xFF);
        }
        struct jfr_fault fault = {0};
        struct jfr *jfr = jfr_open(maker.bytes, maker.size, 0, &fault);
        assert_true(jfr || *fault.text);
        jfr_close(jfr);
        for (int i = 2; i >= 0; i--) {
            maker.bytes[changes[i].at] = changes[i].was;
        }
    }
    maker_free(&maker);
}

int main(void) {
    return tests_run();
}
