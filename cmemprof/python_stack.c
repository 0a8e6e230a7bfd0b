// python_stack.c (sample): see python_stack.h.

#include "python_stack.h"

#include "python_code.h"

bool python_start(struct python *python, const struct python_symbols *symbols) {
    const struct python_layout *layout = python_layout_of(symbols->version, symbols->runtime);
    if (!layout || !python_names_open(&python->names)) {
        return false;
    }
    python->symbols = *symbols;
    python->layout = layout;
    atomic_store(&python->is_there, true);
    return true;
}

// ---- Python's frames ----

// Where activations may lie: what the walk has passed, up to the end of the thread's stack.
struct bounds {
    uintptr_t low, high;
};

static uintptr_t word_of(struct python *python, struct python_reader *reader, uintptr_t frame, uintptr_t code) {
    const struct python_layout *layout = python->layout;
    char function[PYTHON_NAME_BYTES], file[PYTHON_FILE_BYTES];
    struct python_name name = {.function = function, .file = file, .first_line = python_number(reader, code, layout->code_first_line)};
    name.function_size =
        python_code_text(reader, layout, python_word(reader, code, layout->code_qualified_name), function, sizeof function);
    name.file_size = python_code_text(reader, layout, python_word(reader, code, layout->code_file), file, sizeof file);
    uint32_t line = python_code_line(reader, layout, code, python_word(reader, frame, layout->frame_instruction));
    return reader->failed ? 0 : python_names_word(&python->names, &name, line);
}

// Returns false if it cannot be there.
static bool end_activation(struct python_memo *memo, struct bounds *bounds, uintptr_t at) {
    if (at < bounds->low || at >= bounds->high) {
        return false;
    }
    bounds->low = at + 1;
    memo->activation[memo->activations].at = at;
    memo->activation[memo->activations++].end = memo->frames;
    return true;
}

// The state of the calling thread, if it may have frames.
static uintptr_t own_thread(const struct python *python) {
    uintptr_t thread = (uintptr_t)python->symbols.this_thread();
    return thread != 0 && python->symbols.is_finalizing() && (uintptr_t)python->symbols.running() != thread ? 0 : thread;
}

// The innermost frame. Sets *activation to that which has it, where a version has them.
static uintptr_t first_frame(const struct python *python, struct python_reader *reader, uintptr_t thread, uintptr_t *activation) {
    const struct python_layout *layout = python->layout;
    uintptr_t first = thread != 0 ? python_word(reader, thread, layout->thread_first) : 0;
    *activation = layout->has_activations ? first : 0;
    return layout->has_activations && first != 0 ? python_word(reader, first, layout->activation_frame) : first;
}

// Not so before its first own instruction, while its cells or its generator are made; that of the caller of a class's __init__ (3.12 and
// later) never comes to one. CPython passes over them, too. Those of generators are no new ones.
static bool has_begun(const struct python_layout *layout, struct python_reader *reader, uintptr_t frame, uintptr_t code) {
    uintptr_t first =
        code + layout->code_instructions + (uintptr_t)python_number(reader, code, layout->code_first_traced) * PYTHON_INSTRUCTION_BYTES;
    return python_word(reader, frame, layout->frame_instruction) >= first ||
           python_byte(reader, frame, layout->frame_owner) == PYTHON_OWNED_BY_GENERATOR;
}

// The frame's code, or 0 if it is not a function's that has begun. Sets *ends to whether its activation ends with it.
static uintptr_t code_of(const struct python *python, struct python_reader *reader, uintptr_t frame, bool *is_shim, bool *ends) {
    const struct python_layout *layout = python->layout;
    *is_shim = layout->first_shim != 0 && python_byte(reader, frame, layout->frame_owner) == layout->first_shim;
    *ends = *is_shim || (layout->first_shim == 0 && python_byte(reader, frame, layout->frame_is_entry) != 0);
    uintptr_t code = *is_shim ? 0 : python_word(reader, frame, layout->frame_code);
    // The type follows the reference count.
    bool is_code = code != 0 && python_word(reader, code, sizeof(uintptr_t)) == python->symbols.code_type;
    return is_code && has_begun(layout, reader, frame, code) ? code : 0;
}

enum { MAX_STEPS = 4000 }; // the outermost frames of a deep recursion are passed over, to find where the activation ends

// What is beyond the limits is left out; so are frames of an activation that did not end. Returns false if something is not consistent.
static bool read_frames(struct python *python, struct python_memo *memo, struct bounds bounds) {
    const struct python_layout *layout = python->layout;
    struct python_reader *reader = &memo->reader;
    uintptr_t activation = 0, frame;
    uint32_t steps = 0;
    bool fits = true;
    memo->frames = memo->activations = 0;
    python_reader_begin(reader, NULL);
    frame = first_frame(python, reader, own_thread(python), &activation);
    for (; frame != 0 && fits && memo->activations < PYTHON_MAX_ACTIVATIONS && steps++ < MAX_STEPS;
         frame = python_word(reader, frame, layout->frame_previous)) {
        bool is_shim, ends;
        uintptr_t code = code_of(python, reader, frame, &is_shim, &ends);
        if (memo->frames < UNWIND_MAX_FRAMES && code != 0) {
            memo->words[memo->frames++] = word_of(python, reader, frame, code);
        }
        if (ends) {
            fits = end_activation(memo, &bounds, is_shim ? frame : activation);
            activation = is_shim ? activation : python_word(reader, activation, layout->activation_previous);
        }
    }
    return fits && !reader->failed;
}

// A code object that is gone may have given its place to another one; that one has another name or file, or is of the same function.
static uintptr_t known_word_of(struct python *python, struct python_reader *reader, struct python_known *known, uintptr_t frame,
                               uintptr_t code) {
    const struct python_layout *layout = python->layout;
    uintptr_t name = python_word(reader, code, layout->code_qualified_name), file = python_word(reader, code, layout->code_file),
              instruction = python_word(reader, frame, layout->frame_instruction);
    uint32_t first_line = python_number(reader, code, layout->code_first_line);
    size_t at = (code / 16 * 31 + instruction / 2) % PYTHON_KNOWN_FRAMES;
    if (known->frames[at].word == 0 || known->frames[at].code != code || known->frames[at].name != name || known->frames[at].file != file ||
        known->frames[at].instruction != instruction || known->frames[at].first_line != first_line) {
        known->frames[at].word = word_of(python, reader, frame, code);
        known->frames[at].code = code;
        known->frames[at].name = name;
        known->frames[at].file = file;
        known->frames[at].instruction = instruction;
        known->frames[at].first_line = first_line;
    }
    return known->frames[at].word;
}

uint32_t python_frames(struct python *python, struct python_reader *reader, struct python_known *known, uintptr_t thread, uintptr_t *words,
                       uint32_t capacity, uintptr_t *outermost) {
    uintptr_t activation, last = 0, frame = first_frame(python, reader, thread, &activation);
    uint32_t count = 0;
    for (uint32_t steps = 0; frame != 0 && count < capacity && steps < MAX_STEPS; steps++) {
        bool is_shim, ends;
        uintptr_t code = code_of(python, reader, frame, &is_shim, &ends);
        if (code != 0) {
            words[count++] = known ? known_word_of(python, reader, known, frame, code) : word_of(python, reader, frame, code);
        }
        if (ends) {
            last = is_shim ? frame : activation;
            activation = is_shim ? activation : python_word(reader, activation, python->layout->activation_previous);
        }
        frame = python_word(reader, frame, python->layout->frame_previous);
    }
    if (outermost) {
        *outermost = last;
    }
    return reader->failed ? 0 : count;
}

// ---- In the stack of C ----

struct splice {
    struct python_memo *memo;
    uint32_t depth;
    bool is_same;
};

static void put(struct splice *splice, uintptr_t word) {
    if (splice->depth < UNWIND_MAX_FRAMES) {
        uintptr_t *pc = &splice->memo->pcs[splice->depth++];
        splice->is_same &= *pc == word;
        *pc = word;
    }
}

// From activation number `at` on, those in the C frame [low, high); those below it are not in the stack. Sets *is_there to whether there is
// one. Returns the next one's number.
static uint32_t put_activations(struct splice *splice, uint32_t at, uintptr_t low, uintptr_t high, bool *is_there) {
    const struct python_memo *memo = splice->memo;
    *is_there = false;
    for (; at < memo->activations && memo->activation[at].at < high; at++) {
        if (memo->activation[at].at >= low) {
            *is_there = true;
            for (uint32_t i = at == 0 ? 0 : memo->activation[at - 1].end; i < memo->activation[at].end; i++) {
                put(splice, memo->words[i]);
            }
        }
    }
    return at;
}

bool python_stack(struct python *python, const struct python_walk *walk, struct python_memo *memo) {
    const struct unwind_trail *trail = walk->trail;
    const struct unwind_step *steps = &trail->steps[trail->steps_begin];
    struct splice splice = {.memo = memo, .is_same = true};
    uint32_t before = memo->depth_frames, next = 0;
    uintptr_t sp = steps[0].sp;
    bool is_own = walk->depth_frames > 0 && sp - trail->stack_low < trail->stack_high - trail->stack_low;
    bool is_consistent = walk->depth_frames > 0 && read_frames(python, memo, (struct bounds){sp, is_own ? trail->stack_high : UINTPTR_MAX});
    if (!is_consistent) {
        atomic_fetch_add_explicit(&python->torn, 1, memory_order_relaxed);
    }
    if (!is_consistent || memo->activations == 0) {
        memo->depth_frames = 0;
        return before == 0;
    }
    for (uint32_t i = 0; i < walk->depth_frames; i++) {
        uintptr_t low = steps[i].sp, high = i + 1 < walk->depth_frames ? steps[i + 1].sp : trail->stack_high;
        bool is_activation;
        next = put_activations(&splice, next, low, high, &is_activation);
        if (!is_activation) {
            put(&splice, walk->pcs[i]);
        }
    }
    if (walk->end != UNWIND_COMPLETE) { // of the rest, Python's part is known
        bool is_there;
        put_activations(&splice, next, 0, UINTPTR_MAX, &is_there);
    }
    memo->depth_frames = splice.depth;
    return splice.is_same && before == splice.depth;
}
