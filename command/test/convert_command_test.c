// convert_command_test.c: `cmemprof convert`, and recordings and files of other tools as inputs of top, diff and merge.

#include "../../base/test/test.h"

#include "../../jfr/test/java_types.h"

#include "../../codecs/codecs.h"
#include "../../merge/compress.h"
#include "../commands.h"

#include <lz4frame.h>
#include "fixture.h"

// `reads` file reads of 1 ms by app.Main.work, and two exceptions.
static void write_recording(const char *name, int reads) {
    struct maker maker;
    maker_init(&maker);
    java_types(&maker);
    maker_type(&maker, "jdk.FileRead", "event",
               "startTime:long@ticks duration:long@span eventThread:java.lang.Thread* stackTrace:jdk.types.StackTrace* bytesRead:long");
    maker_type(&maker, "jdk.JavaErrorThrow", "event",
               "startTime:long@ticks eventThread:java.lang.Thread* stackTrace:jdk.types.StackTrace* thrownClass:java.lang.Class*");
    maker_begin(&maker);
    java_constants(&maker), java_stacks(&maker);
    for (int i = 0; i < reads; i++) {
        maker_event(&maker, "jdk.FileRead");
        maker_number(&maker, 1500), maker_number(&maker, 1000), maker_number(&maker, 1), maker_number(&maker, 1), maker_number(&maker, 5);
        maker_end(&maker);
    }
    for (int i = 0; i < 2; i++) {
        maker_event(&maker, "jdk.JavaErrorThrow");
        maker_number(&maker, 1500), maker_number(&maker, 1), maker_number(&maker, 2), maker_number(&maker, 3);
        maker_end(&maker);
    }
    maker_finish(&maker);
    fixture_write(name, maker.bytes, maker.size);
    maker_free(&maker);
}

TEST_IN(directory, a_recording_becomes_a_profile) {
    struct profile_sample_view sample;
    write_recording("a.jfr", 3);
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "a.jfr", "--type", "file-io", "-o", "out"), 0);
    assert_string_equal(fixture_error, "");
    struct profile *profile = fixture_load("out");
    assert_int_equal(profile_sample_at(profile, 0, &sample), MERGE_OK);
    assert_true(sample.values[0] == 3 && sample.values[1] == 15 && sample.values[2] == 3000000);
    assert_string_equal(sample.frames[0].function, "app.Main.work");
    profile_free(profile);
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "a.jfr", "-o", "out"), 0);
    assert_string_equal(fixture_error, "cmemprof convert: a.jfr: this is exception; --type chooses another: file-io (3 events)\n");
}

TEST_IN(directory, what_cannot_be_converted_is_said) {
    write_recording("a.jfr", 3);
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "a.jfr", "--type", "lock", "-o", "out"), 1);
    assert_string_equal(fixture_error,
                        "cmemprof convert: a.jfr: the recording has no events for lock; it has exception (2 events), file-io (3)\n");
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "a.jfr", "--type", "pressure", "-o", "out"), 1);
    assert_non_null(strstr(fixture_error, "the recording has no profile pressure; it has exception"));
    assert_int_equal(FIXTURE_RUN(merge_command, "merge", "a.jfr", "--type", "pressure", "-o", "out"), 2);
    assert_non_null(strstr(fixture_error, "--type takes a profile of recordings, such as cpu or lock, not pressure"));
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--type", "pressure", "a.jfr"), 1);
    assert_non_null(strstr(fixture_error, "the recording has no profile pressure; it has exception"));
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "none.jfr", "-o", "out"), 1);
    assert_string_equal(fixture_error, "cmemprof convert: none.jfr: No such file or directory\n");
    fixture_write("text", "hello", 5);
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "text", "-o", "out"), 1);
    assert_non_null(strstr(fixture_error, "text: not a pprof profile; it looks like text"));
    assert_int_equal(access("out", F_OK), -1);
}

static void write_text(const char *name, const char *text) {
    fixture_write(name, text, strlen(text));
}

TEST_IN(directory, files_of_other_tools_are_taken) {
    struct profile_sample_view sample;
    write_text("a", "main;f 3\nmain;g 4\n");
    write_text("b", "main;f 1\n");
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "a", "b", "-o", "out"), 0);
    assert_string_equal(fixture_error, "");
    struct profile *profile = fixture_load("out");
    assert_int_equal(profile_sample_count(profile), 2);
    assert_int_equal(profile_sample_at(profile, 0, &sample), MERGE_OK);
    assert_int_equal(sample.values[0], 4);
    profile_free(profile);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--by", "function", "--exact", "a"), 0);
    assert_non_null(strstr(fixture_out, "samples: 7\n"));
    assert_int_equal(FIXTURE_RUN(diff_command, "diff", "a", "b"), 0);
    assert_non_null(strstr(fixture_out, "samples: 7 -> 1"));
    assert_int_equal(FIXTURE_RUN(merge_command, "merge", "a", "b", "-o", "out"), 0);
    assert_int_equal(system("gzip -c a >a.gz"), 0);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "a.gz"), 0);
    assert_non_null(strstr(fixture_out, "samples: 7\n"));
}

static void expect_file(const char *name, const char *begin) {
    char text[2000] = "";
    FILE *file = fopen(name, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    if (strncmp(text, begin, strlen(begin)) != 0) {
        fail_msg("%s is %s", name, text);
    }
}

TEST_IN(directory, files_for_other_tools_are_written) {
    static const struct {
        const char *to, *begin;
    } formats[] = {{"folded", "main;f 4\nmain;g 4\n"},
                   {"csv", "function,file,samples (count),samples with callees (count)\r\n"},
                   {"json", "{\"name\":\"a and 1 more\",\"value\":8,\"type\":\"samples\""},
                   {"speedscope", "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"name\":\"a and 1 more\""},
                   {"svg", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg "},
                   {"otlp", "\x1f\x8b"},
                   {"pprof", "\x1f\x8b"}};
    write_text("a", "main;f 3\nmain;g 4\n");
    write_text("b", "main;f 1\n");
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        assert_int_equal(FIXTURE_RUN(convert_command, "convert", "--to", formats[i].to, "a", "b", "-o", "out"), 0);
        assert_string_equal(fixture_error, "");
        expect_file("out", formats[i].begin);
    }
    // What was written is read again.
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "--to", "speedscope", "a", "-o", "out"), 0);
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "--to", "folded", "--type", "samples", "out"), 0);
    assert_string_equal(fixture_out, "main;f 3\nmain;g 4\n");
    write_recording("a.jfr", 3);
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "--to", "folded", "--type", "file-io", "a.jfr", "-o", "out"), 0);
    expect_file("out", "app.Main.main;app.Main.work 3000000\n");
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "--to", "folded", "--type", "file_bytes", "a.jfr", "-o", "out"), 0);
    expect_file("out", "app.Main.main;app.Main.work 15\n");
}

TEST_IN(directory, options_without_effect_are_refused) {
    write_text("a", "main;f 3\n");
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "--to", "gif", "a", "-o", "out"), 2);
    assert_non_null(strstr(fixture_error, "--to is pprof, otlp, folded, speedscope, json, csv, svg, png or html, not gif"));
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "--to", "csv", "--level", "3", "a", "-o", "out"), 2);
    assert_non_null(strstr(fixture_error, "--compression and --level are of pprof files"));
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "--type", "samples", "a", "-o", "out"), 2);
    assert_non_null(strstr(fixture_error, "a pprof file has all sample types"));
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "--to", "csv", "--type", "bytes", "a", "-o", "out"), 1);
    assert_non_null(strstr(fixture_error, "a: it has no sample type bytes"));
    assert_int_equal(access("out", F_OK), -1);
}

TEST_IN(directory, what_cannot_be_read_of_other_tools_is_said) {
    write_text("trace", "go 1.26 trace");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "trace"), 1);
    assert_string_equal(fixture_error, "cmemprof top: trace: not a readable file, though it looks like a Go execution trace: its head is "
                                       "damaged or cut off (byte 0, inflated)\n");
    write_text("capture", "memray");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "capture"), 1);
    assert_non_null(strstr(fixture_error, "cmemprof top: capture: a capture of memray: "));
    write_text("cut", "{\"nodes\":[{\"callFrame\":{}}");
    assert_int_equal(FIXTURE_RUN(top_command, "top", "cut"), 1);
    assert_string_equal(fixture_error,
                        "cmemprof top: cut: not a readable file, though it looks like a CPU profile of V8: damaged JSON: it ends within a "
                        "value (byte 26, inflated)\n");
}

// That a recording has no events may be because it is cut.
TEST_IN(directory, damage_is_said_where_there_are_no_events) {
    struct maker maker;
    maker_init(&maker);
    java_types(&maker);
    maker_begin(&maker);
    java_constants(&maker);
    maker_finish(&maker);
    fixture_write("cut.jfr", maker.bytes, maker.size - 1);
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "cut.jfr", "-o", "out"), 1);
    assert_non_null(strstr(fixture_error, "cut.jfr: the recording ends within a chunk: from byte "));
    maker.bytes[68] = maker.bytes[69] = maker.bytes[70] = 0x80;
    maker.bytes[71] = 0;
    fixture_write("damaged.jfr", maker.bytes, maker.size);
    assert_int_equal(FIXTURE_RUN(convert_command, "convert", "damaged.jfr", "-o", "out"), 1);
    assert_non_null(strstr(fixture_error, "damaged.jfr: the recording is damaged at byte 68, inflated (an event of size 0)"));
    maker_free(&maker);
}

TEST_IN(directory, commands_take_recordings) {
    write_recording("a.jfr", 3);
    write_recording("b.jfr", 5);
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--type", "file-io", "a.jfr", "b.jfr"), 0);
    assert_non_null(strstr(fixture_out, "file_time: 8.00 ms\n"));
    assert_int_equal(FIXTURE_RUN(top_command, "top", "--type", "file_bytes", "a.jfr"), 0);
    assert_non_null(strstr(fixture_out, "file_bytes: 15 B\n"));
    assert_int_equal(FIXTURE_RUN(diff_command, "diff", "--type", "file-io", "a.jfr", "b.jfr"), 0);
    assert_non_null(strstr(fixture_out, "file_time: 3.00 ms -> 5.00 ms"));
    assert_int_equal(FIXTURE_RUN(merge_command, "merge", "--type", "exception", "a.jfr", "b.jfr", "-o", "out"), 0);
    struct profile *profile = fixture_load("out");
    assert_string_equal(profile_sample_type_name(profile, 0), "exceptions");
    profile_free(profile);
    assert_int_equal(FIXTURE_RUN(delta_command, "delta", "a.jfr", "b.jfr", "-o", "out"), 1);
    assert_non_null(strstr(fixture_error, "it looks like a JFR recording, of which cmemprof convert makes profiles"));
}

// A recording is told from a profile by what is in it, whatever its name and compression.
TEST_IN(directory, compressed_recordings_need_no_name) {
    static const char *const names[] = {"gzip", "zstd.pprof", "lz4.data"};
    uint8_t raw[4096], packed[3][8192];
    size_t sizes[3];
    write_recording("a.jfr", 3);
    FILE *file = fopen("a.jfr", "r");
    assert_non_null(file);
    size_t size = fread(raw, 1, sizeof raw, file);
    fclose(file);
    assert_in_range(size, 1, sizeof raw - 1);
    struct compress compress = {0};
    struct wire_writer zstd = {0};
    assert_int_equal(compress_deflate(&compress, MERGE_ZSTD, 0, raw, size, &zstd), MERGE_OK);
    memcpy(packed[1], zstd.bytes, zstd.size);
    sizes[0] = codecs_gzip(raw, size, packed[0], sizeof packed[0]);
    sizes[1] = zstd.size;
    sizes[2] = LZ4F_compressFrame(packed[2], sizeof packed[2], raw, size, NULL);
    wire_free(&zstd);
    compress_free(&compress);
    for (int i = 0; i < 3; i++) {
        fixture_write(names[i], packed[i], sizes[i]);
        assert_int_equal(FIXTURE_RUN(top_command, "top", "--type", "file-io", names[i]), 0);
        assert_non_null(strstr(fixture_out, "file_time: 3.00 ms\n"));
        assert_int_equal(FIXTURE_RUN(diff_command, "diff", "--type", "file-io", names[i], "a.jfr"), 0);
        assert_non_null(strstr(fixture_out, "file_time: 3.00 ms -> 3.00 ms"));
        assert_int_equal(FIXTURE_RUN(merge_command, "merge", "--type", "exception", names[i], "-o", "out"), 0);
        fixture_write("cut", packed[i], sizes[i] - 1);
        assert_int_equal(FIXTURE_RUN(top_command, "top", "cut"), 1);
        assert_non_null(strstr(fixture_error, "damaged or truncated"));
    }
}

int main(void) {
    return tests_run();
}
