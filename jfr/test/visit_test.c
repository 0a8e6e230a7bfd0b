// visit_test.c: all values of events, with constants resolved.

#include "../../base/test/test.h"

#include "java_types.h"

#include "../jfr.h"

struct seen {
    char text[8192];
    size_t size, events, limit;
    uint64_t after, offsets[8]; // of events
};

static void put(struct seen *seen, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    seen->size += (size_t)vsnprintf(seen->text + seen->size, sizeof seen->text - seen->size, format, arguments);
    va_end(arguments);
    assert_true(seen->size < sizeof seen->text);
}

static bool begin(void *context, const struct jfr_event *event) {
    struct seen *seen = context;
    seen->offsets[seen->events % 8] = event->offset;
    put(context, "%s@%lld(", event->type->name, (long long)event->start_ns);
    return true;
}
static void value(void *context, const char *name, const struct jfr_value *value) {
    put(context, "%s=", name ? name : "");
    switch (value->kind) {
    case JFR_NULL:
        put(context, "null ");
        break;
    case JFR_TEXT:
        assert_int_equal(strlen(value->text), value->text_size);
        put(context, "'%s' ", value->text);
        break;
    case JFR_REAL:
        put(context, "%g ", value->real);
        break;
    default:
        put(context, "%s%lld ", value->kind == JFR_BOOL ? "bool" : "", (long long)value->integer);
    }
}
static void opened(void *context, const char *name, const char *type, bool array) {
    (void)type;
    put(context, "%s%s", name ? name : "", array ? "[" : "{");
}
static void closed(void *context, bool array) {
    put(context, "%s ", array ? "]" : "}");
}
static bool end(void *context) {
    struct seen *seen = context;
    put(context, ") ");
    return ++seen->events != seen->limit;
}

static void visit(const struct maker *maker, size_t size, const char *type, struct seen *seen, uint64_t expect_damaged) {
    uint8_t *exact = malloc(size);
    memcpy(exact, maker->bytes, size);
    struct jfr_fault fault;
    struct jfr *jfr = jfr_open(exact, size, 0, &fault);
    const struct jfr_visitor visitor = {
        .context = seen, .begin = begin, .value = value, .open = opened, .close = closed, .end = end, .after = seen->after};
    uint64_t damaged;
    assert_non_null(jfr);
    seen->size = seen->events = 0;
    assert_int_equal(jfr_visit(jfr, type, &visitor, &damaged), JFR_OK);
    assert_int_equal(damaged, expect_damaged);
    jfr_close(jfr);
    free(exact);
}

static void make(struct maker *maker, bool fixed) {
    maker_init(maker);
    maker->fixed = fixed;
    java_types(maker);
    maker_type(maker, "app.Event", "event",
               "startTime:long@ticks duration:long@span wait:long@ms state:jdk.types.ThreadState* stack:jdk.types.StackTrace*");
    maker_type(maker, "app.Plain", "event", "a:int b:short c:byte d:float e:boolean f:java.lang.String g:int[] h:java.lang.Class*");
}

static void put_events(struct maker *maker) {
    maker_event(maker, "app.Event");
    maker_number(maker, 1500), maker_number(maker, 2000), maker_number(maker, 3), maker_number(maker, 2), maker_number(maker, 1);
    maker_end(maker);
    maker_event(maker, "app.Plain");
    maker_int(maker, -5), maker_width(maker, (uint16_t)-6, 2), maker_byte(maker, 0xF9), maker_float(maker, 0.5F), maker_byte(maker, 1);
    maker_text(maker, "text"), maker_int(maker, 2), maker_int(maker, 8), maker_int(maker, 9), maker_number(maker, 12345);
    maker_end(maker);
}

TEST(values_are_resolved_wherever_the_constants_are) {
    static const char expected[] =
        "app.Event@1000500000(startTime=1000500000 duration=2000000 wait=3000000 state='STATE_SLEEPING' stack{truncated=bool0 "
        "frames[{method{"
        "type{name='app/Main' modifiers=1 } name='work' descriptor='()V' modifiers=9 hidden=bool0 } lineNumber=12 bytecodeIndex=3 "
        "type='JIT "
        "compiled' } {method{type{name='app/Main' modifiers=1 } name='main' descriptor='([Ljava/lang/String;)V' modifiers=9 hidden=bool0 } "
        "lineNumber=5 bytecodeIndex=3 type='Interpreted' } ] } ) "
        "app.Plain@1000000000(a=-5 b=-6 c=-7 d=0.5 e=bool1 f='text' g[=8 =9 ] h=null ) ";
    for (int way = 0; way < 4; way++) {
        struct maker maker;
        struct seen seen = {0};
        make(&maker, way % 2);
        maker_begin(&maker);
        if (way < 2) {
            put_events(&maker);
        }
        java_constants(&maker);
        java_stacks(&maker);
        if (way >= 2) {
            put_events(&maker);
        }
        maker_finish(&maker);
        visit(&maker, maker.size, NULL, &seen, 0);
        assert_string_equal(seen.text, expected);
        maker_free(&maker);
    }
}

TEST(one_type_and_an_end_can_be_asked_for) {
    struct maker maker;
    struct seen seen = {0};
    make(&maker, false);
    maker_begin(&maker);
    put_events(&maker), put_events(&maker), put_events(&maker);
    maker_finish(&maker);
    visit(&maker, maker.size, "app.Plain", &seen, 0);
    assert_int_equal(seen.events, 3);
    seen.limit = 2;
    visit(&maker, maker.size, NULL, &seen, 0);
    assert_int_equal(seen.events, 2);
    visit(&maker, maker.size, "app.None", &seen, 0);
    assert_int_equal(seen.events, 0);
    maker_free(&maker);
}

// A page begins behind the last event of the page before, and what is before its chunk is not read: not even damage in it is seen.
TEST(pages_do_not_read_what_is_before_them) {
    struct maker maker;
    struct seen all = {0}, page = {0};
    make(&maker, false);
    for (int chunk = 0; chunk < 2; chunk++) {
        maker_begin(&maker);
        if (chunk == 0) {
            maker_constants(&maker, "jdk.types.Symbol", 2); // the second one is missing
            maker_number(&maker, 1), maker_text(&maker, "one"), maker_end(&maker);
        }
        put_events(&maker);
        maker_finish(&maker);
    }
    visit(&maker, maker.size, NULL, &all, 1);
    assert_int_equal(all.events, 4);
    for (size_t i = 0; i < 4; i++) {
        page.after = all.offsets[i];
        visit(&maker, maker.size, NULL, &page, i < 2 ? 1 : 0);
        assert_int_equal(page.events, 3 - i);
        assert_true(i == 3 || page.offsets[0] == all.offsets[i + 1]);
    }
    maker_free(&maker);
}

// Type ids and keys of one chunk mean nothing in the next.
TEST(chunks_have_ids_of_their_own) {
    struct maker maker;
    struct seen seen = {0};
    make(&maker, false);
    maker_begin(&maker);
    java_constants(&maker);
    maker_finish(&maker);
    maker.id_offset = 1;
    maker_begin(&maker);
    put_events(&maker);
    maker_finish(&maker);
    visit(&maker, maker.size, "app.Event", &seen, 0);
    assert_string_equal(seen.text, "app.Event@1000500000(startTime=1000500000 duration=2000000 wait=3000000 state=null stack=null ) ");
    maker_free(&maker);
}

TEST(events_that_are_too_short_are_counted) {
    struct maker maker;
    struct seen seen = {0};
    make(&maker, false);
    maker_begin(&maker);
    maker_event(&maker, "app.Event");
    maker_number(&maker, 1500);
    maker_end(&maker);
    put_events(&maker);
    maker_finish(&maker);
    visit(&maker, maker.size, "app.Event", &seen, 1);
    assert_int_equal(seen.events, 1);
    maker_free(&maker);
}

struct counted {
    uint64_t values, events, asked, stop_after;
};
static bool count_begin(void *context, const struct jfr_event *event) {
    (void)context;
    (void)event;
    return true;
}
static void count_value(void *context, const char *name, const struct jfr_value *value) {
    (void)name;
    (void)value;
    ((struct counted *)context)->values++;
}
static void count_open(void *context, const char *name, const char *type, bool array) {
    (void)context;
    (void)name;
    (void)type;
    (void)array;
}
static void count_close(void *context, bool array) {
    (void)context;
    (void)array;
}
static bool count_end(void *context) {
    ((struct counted *)context)->events++;
    return true;
}
static bool count_stop(void *context) {
    struct counted *counted = context;
    return ++counted->asked == counted->stop_after;
}

static enum jfr_error count(const struct maker *maker, struct counted *counted, uint64_t *damaged) {
    const struct jfr_visitor visitor = {.context = counted,
                                        .begin = count_begin,
                                        .value = count_value,
                                        .open = count_open,
                                        .close = count_close,
                                        .end = count_end,
                                        .stop = count_stop};
    struct jfr *jfr = jfr_open(maker->bytes, maker->size, 0, NULL);
    assert_non_null(jfr);
    enum jfr_error error = jfr_visit(jfr, "app.Large", &visitor, damaged);
    jfr_close(jfr);
    return error;
}

// One event: an array of `count` keys of constant 1, which is a text of `size` bytes, and an array of a million elements of no bytes.
static void make_large(struct maker *maker, int count, size_t size, int events) {
    maker_init(maker);
    maker_basic_types(maker);
    maker_type(maker, "app.Nothing", "", "");
    maker_type(maker, "app.Large", "event", "texts:java.lang.String[]* nothing:app.Nothing[]");
    maker_begin(maker);
    char *text = calloc(size + 1, 1);
    memset(text, 'x', size);
    maker_constants(maker, "java.lang.String", 1);
    maker_number(maker, 1), maker_text(maker, text);
    maker_end(maker);
    free(text);
    for (int e = 0; e < events; e++) {
        maker_event(maker, "app.Large");
        maker_int(maker, count);
        for (int i = 0; i < count; i++) {
            maker_number(maker, 1);
        }
        maker_int(maker, 1000000000);
        maker_end(maker);
    }
    maker_finish(maker);
}

TEST(work_is_bounded) {
    struct maker maker;
    struct counted counted = {0};
    uint64_t damaged;
    make_large(&maker, 600, 10, 3); // elements of no bytes cost nothing
    assert_int_equal(count(&maker, &counted, &damaged), JFR_OK);
    assert_true(counted.values == 3 * 600 && counted.events == 3 && damaged == 0);
    maker_free(&maker);

    make_large(&maker, 600, 200000, 3); // 120 MB of text in one event
    counted = (struct counted){0};
    assert_int_equal(count(&maker, &counted, &damaged), JFR_OK);
    assert_true(counted.events == 0 && damaged == 3 && counted.values < 3 * 350);

    counted = (struct counted){.stop_after = 2}; // within the first event
    assert_int_equal(count(&maker, &counted, &damaged), JFR_OK);
    assert_true(counted.events == 0 && damaged == 0 && counted.values < 30);
    maker_free(&maker);
}

TEST(damaged_pools_are_counted) {
    struct maker maker;
    struct counted counted = {0};
    uint64_t damaged;
    maker_init(&maker);
    maker_basic_types(&maker);
    maker_type(&maker, "app.Large", "event", "text:java.lang.String*");
    maker_begin(&maker);
    maker_constants(&maker, "java.lang.String", 2); // the second one is missing
    maker_number(&maker, 1), maker_text(&maker, "one");
    maker_end(&maker);
    maker_event(&maker, "app.Large"), maker_number(&maker, 1), maker_end(&maker);
    maker_finish(&maker);
    assert_int_equal(count(&maker, &counted, &damaged), JFR_OK);
    assert_true(counted.events == 1 && counted.values == 1 && damaged == 1);
    maker_free(&maker);
}

// Metadata and most constants are at a chunk's end: events before damage keep them.
TEST(what_is_behind_damage_is_still_used) {
    struct maker maker;
    struct seen seen = {0};
    size_t at[2];
    maker_init(&maker);
    maker_basic_types(&maker);
    maker_type(&maker, "app.Event", "event", "a:java.lang.String* b:java.lang.String*");
    maker_begin(&maker);
    maker_event(&maker, "app.Event"), maker_number(&maker, 1), maker_number(&maker, 2), maker_end(&maker);
    size_t damage = maker.size;
    maker_byte(&maker, 0); // an event of size 0
    maker_event(&maker, "app.Event"), maker_number(&maker, 1), maker_number(&maker, 2), maker_end(&maker);
    for (int i = 0; i < 2; i++) {
        at[i] = maker.size;
        maker_open(&maker, 1);
        maker_number(&maker, 0), maker_number(&maker, 0), maker_number(&maker, i > 0 ? (int64_t)at[0] - (int64_t)at[1] : 0);
        maker_byte(&maker, 0), maker_int(&maker, 1), maker_number(&maker, maker_id(&maker, "java.lang.String")), maker_int(&maker, 1);
        maker_number(&maker, i + 1), maker_text(&maker, i > 0 ? "two" : "one");
        maker_end(&maker);
    }
    maker_finish(&maker);
    maker_big_endian(&maker, 16, at[1], 8);
    struct jfr *jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
    assert_true(jfr && jfr_about(jfr)->damages == 1 && jfr_about(jfr)->damage.offset == damage);
    jfr_close(jfr);
    visit(&maker, maker.size, "app.Event", &seen, 0);
    assert_string_equal(seen.text, "app.Event@1000000000(a='one' b='two' ) app.Event@1000000000(a='one' b='two' ) ");
    maker_big_endian(&maker, 48, (uint64_t)1 << 50, 8); // no time is near, so that no event is found behind the damage
    seen = (struct seen){0};
    visit(&maker, maker.size, "app.Event", &seen, 0);
    assert_string_equal(seen.text, "app.Event@1000000000(a='one' b='two' ) ");
    for (size_t to = damage; to < maker.size; to += 3) { // a chain that leads anywhere ends
        maker_big_endian(&maker, 16, to, 8);
        jfr = jfr_open(maker.bytes, maker.size, 0, NULL);
        const struct jfr_visitor visitor = {.context = &(struct counted){0},
                                            .begin = count_begin,
                                            .value = count_value,
                                            .open = count_open,
                                            .close = count_close,
                                            .end = count_end};
        assert_int_equal(jfr_visit(jfr, NULL, &visitor, NULL), JFR_OK);
        jfr_close(jfr);
    }
    maker_free(&maker);
}

int main(void) {
    return tests_run();
}
