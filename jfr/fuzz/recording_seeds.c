// recording_seeds.c: writes the seed corpus of recording_fuzz.c: recordings with an event of each type that profiles are made from. usage:
// recording_seeds FOLDER
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// For the tests' headers, without their library.
#define assert_true(condition) ((condition) ? (void)0 : abort())
#define assert_non_null(pointer) assert_true(!!(pointer))
#define fail_msg(...) (fprintf(stderr, __VA_ARGS__), abort())

#include "../test/java_types.h"

#include "../kinds.h"

static const char *type_of(uint8_t slot) {
    static const char *const types[JFR_SLOT_COUNT] = {[JFR_SLOT_DURATION] = "long@span",
                                                      [JFR_SLOT_THREAD] = "java.lang.Thread*",
                                                      [JFR_SLOT_STACK] = "jdk.types.StackTrace*",
                                                      [JFR_SLOT_STATE] = "jdk.types.ThreadState*",
                                                      [JFR_SLOT_CLASS] = "java.lang.Class*",
                                                      [JFR_SLOT_TEXT] = "java.lang.String",
                                                      [JFR_SLOT_PORT] = "int",
                                                      [JFR_SLOT_OPERATION] = "java.lang.String",
                                                      [JFR_SLOT_WEIGHT] = "float"};
    return types[slot] ? types[slot] : "long";
}

static void define(struct maker *maker, size_t first, size_t count) {
    java_types(maker);
    maker_type(maker, "jdk.ActiveSetting", "event", "startTime:long@ticks id:long name:java.lang.String value:java.lang.String");
    for (size_t i = first; i < jfr_source_count && i < first + count; i++) {
        char fields[600] = "startTime:long@ticks";
        for (size_t f = 0; f < 10 && jfr_sources[i].fields[f].name; f++) {
            size_t size = strlen(fields);
            snprintf(fields + size, sizeof fields - size, " %s:%s", jfr_sources[i].fields[f].name, type_of(jfr_sources[i].fields[f].slot));
        }
        maker_type(maker, jfr_sources[i].event, "event", fields);
    }
}

static void put_event(struct maker *maker, const struct jfr_source *source) {
    maker_event(maker, source->event);
    maker_number(maker, 1500);
    for (size_t f = 0; f < 10 && source->fields[f].name; f++) {
        uint8_t slot = source->fields[f].slot;
        if (slot == JFR_SLOT_WEIGHT) {
            maker_float(maker, 2);
        } else if (slot == JFR_SLOT_TEXT || slot == JFR_SLOT_OPERATION) {
            maker_encoded(maker, "text", 3 + (unsigned)(f % 3));
        } else if (slot == JFR_SLOT_PORT) {
            maker_int(maker, 80);
        } else {
            maker_number(maker, 1);
        }
    }
    maker_end(maker);
}

static void write_seed(const char *folder, size_t first, size_t count, bool fixed) {
    struct maker maker;
    char path[4096];
    maker_init(&maker);
    maker.fixed = fixed;
    define(&maker, first, count);
    for (int chunk = 0; chunk < 2; chunk++) {
        maker.id_offset = chunk;
        maker_begin(&maker);
        for (size_t i = first; i < jfr_source_count && i < first + count; i++) {
            put_event(&maker, &jfr_sources[i]);
        }
        java_constants(&maker), java_stacks(&maker);
        maker_event(&maker, "jdk.ActiveSetting");
        maker_number(&maker, 1), maker_number(&maker, maker_id(&maker, jfr_sources[first].event));
        maker_text(&maker, "period"), maker_text(&maker, "20 ms");
        maker_end(&maker);
        maker_finish(&maker);
    }
    snprintf(path, sizeof path, "%s/%zu-%d", folder, first, fixed);
    FILE *file = fopen(path, "w");
    assert_true(file && fwrite(maker.bytes, 1, maker.size, file) == maker.size && fclose(file) == 0);
    maker_free(&maker);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: recording_seeds FOLDER\n");
        return 2;
    }
    for (size_t i = 0; i < jfr_source_count; i++) {
        write_seed(argv[1], i, 1, false);
        write_seed(argv[1], i, 1, true);
    }
    return 0;
}
