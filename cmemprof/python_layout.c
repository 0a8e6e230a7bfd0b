// python_layout.c (sample): see python_layout.h.

#include "python_layout.h"

#include <stddef.h>
#include <string.h>

static const struct python_layout python_3_11 = {
    .has_activations = true,
    .thread_first = 56,
    .thread_next = 8,
    .thread_interpreter = 16,
    .thread_native_id = 160,
    .activation_frame = 8,
    .activation_previous = 16,
    .frame_previous = 48,
    .frame_code = 32,
    .frame_instruction = 56,
    .frame_is_entry = 68,
    .frame_owner = 69,
    .code_first_line = 72,
    .code_file = 112,
    .code_qualified_name = 128,
    .code_lines = 136,
    .code_instructions = 184,
    .code_first_traced = 168,
    .text_length = 16,
    .text_state = 32,
    .text_ascii = 48,
    .text_other = 72,
    .bytes_size = 16,
    .bytes_first = 32,
    .interpreter_modules = 888,
    .module_dict = 16,
    .dict_used = 16,
    .dict_keys = 32,
    .keys_log2_index_bytes = 9,
    .keys_kind = 10,
    .keys_count = 24,
    .keys_indices = 32,
    .type_base = 256,
    .thread_context = 224,
    .context_previous = 16,
    .task_name = 144,
    .task_context = 152,
    .number_size = 16,
    .number_digits = 24,
    .number_size_shift = 0,
};

static const struct python_layout python_3_12 = {
    .has_activations = true,
    .thread_first = 56,
    .thread_next = 8,
    .thread_interpreter = 16,
    .thread_native_id = 144,
    .activation_frame = 0,
    .activation_previous = 8,
    .frame_previous = 8,
    .frame_code = 0,
    .frame_instruction = 56,
    .frame_owner = 70,
    .first_shim = 3,
    .code_first_line = 68,
    .code_file = 112,
    .code_qualified_name = 128,
    .code_lines = 136,
    .code_instructions = 192,
    .code_first_traced = 176,
    .text_length = 16,
    .text_state = 32,
    .text_ascii = 40,
    .text_other = 56,
    .bytes_size = 16,
    .bytes_first = 32,
    .interpreter_modules = 944,
    .module_dict = 16,
    .dict_used = 16,
    .dict_keys = 32,
    .keys_log2_index_bytes = 9,
    .keys_kind = 10,
    .keys_count = 24,
    .keys_indices = 32,
    .type_base = 256,
    .thread_context = 208,
    .context_previous = 16,
    .task_name = 144,
    .task_context = 152,
    .number_size = 16,
    .number_digits = 24,
    .number_size_shift = 3,
};

static const struct python_layout python_3_13 = {
    .thread_first = 72,
    .thread_next = 8,
    .thread_interpreter = 16,
    .thread_native_id = 160,
    .frame_previous = 8,
    .frame_code = 0,
    .frame_instruction = 56,
    .frame_owner = 70,
    .first_shim = 3,
    .code_first_line = 68,
    .code_file = 112,
    .code_qualified_name = 128,
    .code_lines = 136,
    .code_instructions = 200,
    .code_first_traced = 184,
    .text_length = 16,
    .text_state = 32,
    .text_ascii = 40,
    .text_other = 56,
    .bytes_size = 16,
    .bytes_first = 32,
    .interpreter_modules = 7656,
    .module_dict = 16,
    .dict_used = 16,
    .dict_keys = 32,
    .keys_log2_index_bytes = 9,
    .keys_kind = 10,
    .keys_count = 24,
    .keys_indices = 32,
    .type_base = 256,
    .thread_context = 208,
    .context_previous = 16,
    .task_name = 128,
    .task_context = 136,
    .number_size = 16,
    .number_digits = 24,
    .number_size_shift = 3,
};

// The table's 64-bit words, by number: 0 is the cookie.
enum {
    IS_FREE_THREADED = 2,
    INTERPRETER_MODULES = 11,
    THREAD_NEXT = 21,
    THREAD_INTERPRETER = 22,
    THREAD_FRAME = 23,
    THREAD_NATIVE_ID = 25,
    FRAME_PREVIOUS = 29,
    FRAME_CODE = 30,
    FRAME_INSTRUCTION = 31,
    FRAME_OWNER = 33,
    CODE_FILE = 35,
    CODE_QUALIFIED_NAME = 37,
    CODE_LINES = 38,
    CODE_FIRST_LINE = 39,
    CODE_INSTRUCTIONS = 43
};

static bool is_table(const uint64_t *words) {
    return words && memcmp(words, "xdebugpy", 8) == 0;
}

static bool is_confirmed(const struct python_layout *layout, const uint64_t *words) {
    return is_table(words) && words[IS_FREE_THREADED] == 0 && words[THREAD_FRAME] == layout->thread_first &&
           words[THREAD_NEXT] == layout->thread_next && words[THREAD_INTERPRETER] == layout->thread_interpreter &&
           words[THREAD_NATIVE_ID] == layout->thread_native_id && words[FRAME_PREVIOUS] == layout->frame_previous &&
           words[FRAME_CODE] == layout->frame_code && words[FRAME_INSTRUCTION] == layout->frame_instruction &&
           words[FRAME_OWNER] == layout->frame_owner && words[CODE_FILE] == layout->code_file &&
           words[CODE_QUALIFIED_NAME] == layout->code_qualified_name && words[CODE_LINES] == layout->code_lines &&
           words[CODE_FIRST_LINE] == layout->code_first_line && words[CODE_INSTRUCTIONS] == layout->code_instructions;
}

enum { RELEASE_CANDIDATE = 0xc }; // before that layouts change

const struct python_layout *python_layout_of(unsigned long version, const void *runtime) {
    if ((version >> 4 & 15) < RELEASE_CANDIDATE) {
        return NULL;
    }
    switch (version >> 16) {
    case 0x030b:
        return &python_3_11;
    case 0x030c:
        return &python_3_12;
    case 0x030d:
        return is_confirmed(&python_3_13, runtime) ? &python_3_13 : NULL;
    default:
        return NULL;
    }
}

size_t python_layout_modules(const struct python_layout *layout, const void *runtime) {
    const uint64_t *words = runtime;
    return layout == &python_3_13 && is_table(words) ? words[INTERPRETER_MODULES] : layout->interpreter_modules;
}
