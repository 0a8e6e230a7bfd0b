// python_stack_test.c: the frames of each activation stand where its C frame was, in each way in which a version keeps them.

#include "../../base/test/test.h"

#include "../../base/test/emulated.h"
#include "../python_stack.h"
#include "like_python.h"

const char like_python_type;

enum { FRAME_BYTES = 96, MAX_FRAMES = 700, C_FRAMES = 8, C_FRAME_BYTES = 256 };

static struct fake {
    const struct python_layout *layout;
    _Alignas(8) char thread[256];
    _Alignas(16) char stack[C_FRAMES * C_FRAME_BYTES]; // of C: one frame after the other, the innermost first
    _Alignas(8) char frames[MAX_FRAMES][FRAME_BYTES];
    struct like_code codes[4]; // f0 .. f3 of t.py; line 100 + its number
    uint32_t frame_count, depth;
    uintptr_t last_frame, last_activation, *frame_link, *activation_link; // where the next one goes
} fake;

static struct python python;
static struct unwind_memo walk;
static struct python_memo memo;
static bool has_thread;

static bool is_ending, has_lock = true;

static bool own_stack(void) {
    const struct python_walk own = python_walk_of(&walk);
    return python_stack(&python, &own, &memo);
}

static void *this_thread(void) {
    return has_thread ? fake.thread : NULL;
}
static void *running(void) {
    return has_lock ? fake.thread : NULL;
}
static int is_finalizing(void) {
    return is_ending;
}

static int fake_begin(unsigned long version) {
    static uint64_t words[LIKE_PYTHON_OFFSETS];
    static const char table[] = "\x80"; // one instruction, at the first line
    like_python_offsets(words);
    memset(&fake, 0, sizeof fake);
    memset(&memo, 0, sizeof memo);
    python_names_close(&python.names);
    memset(&python, 0, sizeof python);
    has_thread = true;
    const struct python_symbols symbols = {.this_thread = this_thread,
                                           .running = running,
                                           .is_finalizing = is_finalizing,
                                           .code_type = (uintptr_t)&like_python_type,
                                           .version = version,
                                           .runtime = words};
    if (!python_start(&python, &symbols)) {
        return -1;
    }
    fake.layout = python.layout;
    for (unsigned i = 0; i < 4; i++) {
        like_code(fake.layout, &fake.codes[i], (const char *[]){"f0", "f1", "f2", "f3"}[i], "t.py", 100 + i, table, 1);
    }
    struct unwind_trail *trail = &walk.trails[0];
    walk = (struct unwind_memo){.depth_frames = C_FRAMES, .end = UNWIND_COMPLETE, .pcs = &trail->pcs[UNWIND_FIRST_STEP]};
    trail->steps_begin = UNWIND_FIRST_STEP;
    trail->stack_low = (uintptr_t)fake.stack;
    trail->stack_high = (uintptr_t)fake.stack + sizeof fake.stack;
    for (uint32_t i = 0; i < C_FRAMES; i++) {
        trail->pcs[UNWIND_FIRST_STEP + i] = 1000 + i;
        trail->steps[UNWIND_FIRST_STEP + i].sp = (uintptr_t)fake.stack + i * C_FRAME_BYTES;
    }
    fake.frame_link = fake.activation_link = (uintptr_t *)(fake.thread + fake.layout->thread_first);
    return 0;
}

static void begin(unsigned long version) {
    assert_int_equal(fake_begin(version), 0);
}

static char *new_frame(char *frame, uintptr_t code) {
    memset(frame, 0, FRAME_BYTES);
    *fake.frame_link = (uintptr_t)frame;
    fake.frame_link = (uintptr_t *)(frame + fake.layout->frame_previous);
    like_python_put(frame, fake.layout->frame_code, code);
    return frame;
}

// An activation in that C frame, which runs these functions, the innermost first; -1: no more.
static void activation(unsigned c_frame, const int *functions) {
    char *place = fake.stack + c_frame * C_FRAME_BYTES + 64, *frame = NULL;
    if (fake.layout->has_activations) {
        *fake.activation_link = (uintptr_t)place;
        fake.activation_link = (uintptr_t *)(place + fake.layout->activation_previous);
        // Its innermost frame: the next one.
        uintptr_t *innermost = (uintptr_t *)(place + fake.layout->activation_frame);
        assert_true(fake.frame_count + 1 < MAX_FRAMES);
        *innermost = functions[0] >= 0 || fake.layout->first_shim == 0 ? (uintptr_t)fake.frames[fake.frame_count] : (uintptr_t)(place + 96);
        if (fake.frame_count == 0) {
            fake.frame_link = innermost;
        }
    }
    for (; *functions >= 0; functions++) {
        uintptr_t code = (uintptr_t)&fake.codes[*functions];
        frame = new_frame(fake.frames[fake.frame_count++], code);
        like_python_put(frame, fake.layout->frame_instruction, code + fake.layout->code_instructions);
    }
    if (fake.layout->first_shim != 0) {
        new_frame(place + 96, (uintptr_t)fake.stack)[fake.layout->frame_owner] = (char)fake.layout->first_shim;
    } else if (frame) {
        frame[fake.layout->frame_is_entry] = 1;
    }
}

// text: "1000 f1 1002": return addresses and functions, each at its first line.
static void expect(const char *text) {
    char have[2000] = "";
    for (uint32_t i = 0; i < memo.depth_frames; i++) {
        struct python_name name;
        char one[40];
        if (python_names_is(memo.pcs[i])) {
            uint32_t line = python_names_get(&python.names, memo.pcs[i], &name);
            assert_int_equal(line, name.first_line);
            assert_int_equal(line, 100 + name.function[1] - '0');
            assert_memory_equal(name.file, "t.py", 4);
            snprintf(one, sizeof one, "%s%.*s", i > 0 ? " " : "", (int)name.function_size, name.function);
        } else {
            snprintf(one, sizeof one, "%s%lu", i > 0 ? " " : "", (unsigned long)memo.pcs[i]);
        }
        strncat(have, one, sizeof have - strlen(have) - 1);
    }
    assert_string_equal(have, text);
}

static const unsigned long versions[] = {0x030b00f0, 0x030c00f0, 0x030d00f0};
#define EACH_VERSION for (size_t v = 0; v < sizeof versions / sizeof *versions && (begin(versions[v]), true); v++)

TEST(activations_give_way) {
    EACH_VERSION {
        activation(2, (const int[]){1, 0, -1});
        activation(5, (const int[]){3, -1});
        assert_false(own_stack());
        expect("1000 1001 f1 f0 1003 1004 f3 1006 1007");
        assert_true(own_stack());
        like_python_put(fake.frames[1], fake.layout->frame_code, (uintptr_t)&fake.codes[2]); // the same stack of C
        like_python_put(fake.frames[1], fake.layout->frame_instruction, (uintptr_t)&fake.codes[2] + fake.layout->code_instructions);
        assert_false(own_stack());
        expect("1000 1001 f1 f2 1003 1004 f3 1006 1007");
    }
}

TEST(at_both_ends) {
    EACH_VERSION {
        activation(0, (const int[]){0, -1});
        activation(7, (const int[]){1, -1});
        assert_false(own_stack());
        expect("f0 1001 1002 1003 1004 1005 1006 f1");
    }
}

TEST(two_in_one_frame_of_c) { // inlined into each other
    EACH_VERSION {
        activation(3, (const int[]){0, -1});
        fake.stack[0] = 0;
        walk.trails[0].steps[UNWIND_FIRST_STEP + 4].sp += C_FRAME_BYTES; // the fifth frame's is the fourth's now
        activation(4, (const int[]){1, 2, -1});
        own_stack();
        expect("1000 1001 1002 f0 f1 f2 1004 1005 1006 1007");
    }
}

TEST(none) {
    EACH_VERSION {
        own_stack();
        assert_int_equal(memo.depth_frames, 0);
        assert_true(own_stack());
        activation(2, (const int[]){1, -1});
        assert_false(own_stack());
        has_thread = false;
        assert_false(own_stack());
        assert_int_equal(memo.depth_frames, 0);
    }
}

// An activation that the walk has not reached is known all the same, unless the walk was whole.
TEST(a_stack_that_is_cut) {
    EACH_VERSION {
        activation(1, (const int[]){0, -1});
        activation(6, (const int[]){1, -1});
        walk.depth_frames = 4;
        walk.trails[0].steps[UNWIND_FIRST_STEP + 3].sp = walk.trails[0].steps[UNWIND_FIRST_STEP + 2].sp; // its end is not known
        walk.end = UNWIND_NO_RULE;
        own_stack();
        expect("1000 f0 1002 f1");
    }
}

static void expect_torn(uint64_t count) {
    assert_false(own_stack() && count == 0);
    assert_int_equal(memo.depth_frames, 0);
    assert_int_equal(atomic_load(&python.torn), count);
}

// Where a C++ exception has left the frame of C that had it; on another stack; not in order.
TEST(activations_that_are_gone) {
    EACH_VERSION {
        activation(0, (const int[]){0, -1});
        activation(5, (const int[]){1, -1});
        walk.trails[0].steps[UNWIND_FIRST_STEP].sp += C_FRAME_BYTES; // of malloc, which has taken its place
        expect_torn(1);
    }
    EACH_VERSION {
        activation(5, (const int[]){1, -1});
        walk.trails[0].stack_high = (uintptr_t)fake.stack + C_FRAME_BYTES;
        expect_torn(1);
    }
    EACH_VERSION {
        activation(5, (const int[]){1, -1});
        activation(3, (const int[]){0, -1});
        expect_torn(1);
    }
}

// States of other threads are freed while the interpreter ends.
TEST(memory_that_is_gone) {
    EACH_VERSION {
        activation(2, (const int[]){1, 0, -1});
        uintptr_t frame = (uintptr_t)fake.frames[1], code = (uintptr_t)&fake.codes[0];
        like_python_put(fake.frames[0], fake.layout->frame_previous, 0x4141414141414141);
        expect_torn(1);
        like_python_put(fake.frames[0], fake.layout->frame_previous, frame);
        like_python_put(fake.frames[1], fake.layout->frame_code, 0x29);
        expect_torn(2);
        like_python_put(fake.frames[1], fake.layout->frame_code, code);
        like_python_put(fake.codes[0].bytes, fake.layout->code_file, (uintptr_t)-8);
        expect_torn(3);
        like_python_put(fake.thread, fake.layout->thread_first, 0x4141414141414141);
        expect_torn(4);
    }
}

TEST(while_the_interpreter_ends) {
    EACH_VERSION {
        activation(2, (const int[]){1, -1});
        is_ending = true;
        own_stack();
        assert_true(memo.depth_frames > 0);
        has_lock = false;
        own_stack();
        assert_int_equal(memo.depth_frames, 0);
        is_ending = false;
        own_stack(); // a thread that has let go of it
        assert_true(memo.depth_frames > 0);
        has_lock = true;
        assert_int_equal(atomic_load(&python.torn), 0);
    }
}

TEST(objects_that_are_no_code) {
    EACH_VERSION {
        activation(2, (const int[]){1, 0, -1});
        like_python_put(fake.codes[1].bytes, 8, 4711);
        own_stack();
        expect("1000 1001 f0 1003 1004 1005 1006 1007");
    }
}

// Its cells are being made, or it is what calls a class's __init__: CPython does not tell of it. A generator's frame has begun, wherever it
// is.
TEST(functions_that_have_not_begun) {
    EACH_VERSION {
        activation(2, (const int[]){1, 0, -1});
        activation(4, (const int[]){2, -1});
        const int first_traced = 3, before = 2 * PYTHON_INSTRUCTION_BYTES;
        for (int i = 0; i < 3; i++) {
            memcpy(fake.codes[i].bytes + fake.layout->code_first_traced, &first_traced, sizeof first_traced);
        }
        uintptr_t own = (uintptr_t)&fake.codes[0] + fake.layout->code_instructions + 3 * PYTHON_INSTRUCTION_BYTES;
        like_python_put(fake.frames[0], fake.layout->frame_instruction,
                        (uintptr_t)&fake.codes[1] + fake.layout->code_instructions + before);
        like_python_put(fake.frames[1], fake.layout->frame_instruction, own);
        own_stack();
        expect("1000 1001 f0 1003 1005 1006 1007"); // an activation all the same
        fake.frames[2][fake.layout->frame_owner] = PYTHON_OWNED_BY_GENERATOR;
        own_stack();
        expect("1000 1001 f0 1003 f2 1005 1006 1007");
        assert_int_equal(atomic_load(&python.torn), 0);
    }
}

TEST(more_than_fits) { // the outermost are left out
    for (int count = UNWIND_MAX_FRAMES - 2; count < UNWIND_MAX_FRAMES + 100; count += 51) {
        EACH_VERSION {
            int functions[MAX_FRAMES] = {0};
            functions[count] = -1;
            activation(2, functions);
            activation(3, (const int[]){1, -1});
            own_stack();
            assert_int_equal(memo.depth_frames, UNWIND_MAX_FRAMES);
            assert_int_equal(memo.pcs[1], 1001);
            assert_true(python_names_is(memo.pcs[2]) && python_names_is(memo.pcs[UNWIND_MAX_FRAMES - 1]));
        }
    }
}

TEST(frames_without_an_end) {
    EACH_VERSION {
        activation(2, (const int[]){1, 0, -1});
        like_python_put(fake.frames[1], fake.layout->frame_previous, (uintptr_t)fake.frames[0]); // a circle
        fake.frames[1][fake.layout->frame_is_entry] = 0;
        own_stack();
        assert_int_equal(memo.depth_frames, 0);
    }
}

TEST(unknown_versions) {
    assert_int_equal(fake_begin(0x030a00f0), -1);
    assert_int_equal(fake_begin(0x030e00f0), -1);
    assert_false(atomic_load(&python.is_there));
}

// Python's frames alone, read where they are and in copies, with and without what was read before.
TEST(frames_without_a_stack_of_c) {
    SKIP_EMULATED(EMULATED_READV);
    static struct python_copies copies;
    static struct python_known known;
    static uintptr_t words[UNWIND_MAX_FRAMES];
    struct python_reader reader;
    EACH_VERSION {
        activation(2, (const int[]){1, 0, -1});
        activation(5, (const int[]){3, -1});
        memset(&known, 0, sizeof known);
        for (int i = 0; i < 6; i++) {
            uintptr_t outermost = 0, thread = (uintptr_t)fake.thread;
            python_reader_begin(&reader, i % 2 == 0 ? NULL : &copies);
            assert_int_equal(python_frames(&python, &reader, i < 2 ? NULL : &known, thread, words, UNWIND_MAX_FRAMES, &outermost), 3);
            memcpy(memo.pcs, words, 3 * sizeof *words);
            memo.depth_frames = 3;
            expect("f1 f0 f3");
            uintptr_t place = (uintptr_t)fake.stack + 5 * C_FRAME_BYTES + 64;
            assert_int_equal(outermost, fake.layout->has_activations && fake.layout->first_shim == 0 ? place : place + 96);
        }
        // Another function in the place of one that is gone.
        like_code(fake.layout, &fake.codes[1], "f2", "t.py", 102, "\x80", 1);
        python_reader_begin(&reader, &copies);
        assert_int_equal(python_frames(&python, &reader, &known, (uintptr_t)fake.thread, memo.pcs, UNWIND_MAX_FRAMES, NULL), 3);
        expect("f2 f0 f3");
        python_reader_begin(&reader, &copies);
        assert_int_equal(python_frames(&python, &reader, &known, (uintptr_t)fake.thread, words, 2, NULL), 2);
        python_reader_begin(&reader, &copies);
        assert_int_equal(python_frames(&python, &reader, &known, 64, words, UNWIND_MAX_FRAMES, NULL), 0);
        assert_true(reader.failed);
    }
}

int main(void) {
    return tests_run();
}
