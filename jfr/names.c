// names.c: names of constants (names.h).
#include "names.h"
#include "../base/vector.h"

#include <ctype.h>

enum class_slot { CLASS_NAME };
enum method_slot { METHOD_TYPE, METHOD_NAME, METHOD_DESCRIPTOR };
enum thread_slot { THREAD_OS_NAME, THREAD_OS_ID, THREAD_JAVA_NAME, THREAD_JAVA_ID };

static const struct jfr_wanted class_wanted[] = {{"name", CLASS_NAME}};
static const struct jfr_wanted method_wanted[] = {{"type", METHOD_TYPE}, {"name", METHOD_NAME}, {"descriptor", METHOD_DESCRIPTOR}};
static const struct jfr_wanted thread_wanted[] = {
    {"osName", THREAD_OS_NAME}, {"osThreadId", THREAD_OS_ID}, {"javaName", THREAD_JAVA_NAME}, {"javaThreadId", THREAD_JAVA_ID}};

static bool make_plan(struct jfr_names *names, uint32_t class, const struct jfr_wanted *wanted, size_t count, struct jfr_plan *plan) {
    return class == JFR_NO_CLASS || jfr_plan_make(names->metadata, class, wanted, count, plan);
}

bool jfr_names_init(struct jfr_names *names, struct jfr_metadata *metadata, struct jfr_pools *pools) {
    *names = (struct jfr_names){.metadata = metadata, .pools = pools};
    names->strings = jfr_metadata_named(metadata, "java.lang.String");
    names->classes = jfr_metadata_named(metadata, "java.lang.Class");
    names->methods = jfr_metadata_named(metadata, "jdk.types.Method");
    names->threads = jfr_metadata_named(metadata, "java.lang.Thread");
    return make_plan(names, names->classes, class_wanted, 1, &names->class_plan) &&
           make_plan(names, names->methods, method_wanted, 3, &names->method_plan) &&
           make_plan(names, names->threads, thread_wanted, 4, &names->thread_plan);
}

void jfr_names_free(struct jfr_names *names) {
    free(names->texts);
    free(names->thread_names);
    jfr_arena_free(&names->arena);
    *names = (struct jfr_names){0};
}

static const char *nothing(struct jfr_names *names) {
    names->no_memory = true;
    return "";
}

const char *jfr_names_copy(struct jfr_names *names, struct jfr_text text) {
    if (text.encoding == JFR_TEXT_POOL) {
        return jfr_names_text(names, names->strings, text.size);
    }
    jfr_text_cut(&text, JFR_MAX_NAME);
    size_t room = jfr_text_room(&text);
    char *copy = room > 0 ? jfr_arena_take(&names->arena, room + 1) : NULL;
    if (!copy) {
        return room > 0 ? nothing(names) : "";
    }
    copy[jfr_text_write(&text, names->pools->fixed, copy)] = '\0';
    return copy;
}

// Remembers a text in its constant.
static const char *remember(struct jfr_names *names, struct jfr_constant *constant, const char *text) {
    if (names->text_count == UINT32_MAX - 1 || !VECTOR_RESERVE(names->texts, names->text_capacity, names->text_count + 1)) {
        return nothing(names);
    }
    names->texts[names->text_count++] = text;
    constant->made = (uint32_t)names->text_count;
    return text;
}

const char *jfr_names_text(struct jfr_names *names, uint32_t class_index, uint64_t key) {
    // What is made of classes and threads is another thing.
    bool other = class_index == names->classes || class_index == names->threads;
    struct jfr_constant *constant = other ? NULL : jfr_pools_find(names->pools, class_index, key);
    if (!constant) {
        return "";
    }
    if (constant->made != 0) {
        return names->texts[constant->made - 1];
    }
    const struct jfr_class *class = &names->metadata->classes[class_index];
    const struct jfr_member *only = jfr_members(names->metadata, class);
    struct jfr_cursor cursor = jfr_constant_cursor(names->pools, constant);
    bool is_text = class->form == JFR_FORM_TEXT;
    if (!is_text && (!only || only->array || only->class != names->strings)) {
        return "";
    }
    if (!is_text && only->pool) { // a symbol whose text is a constant itself
        return remember(names, constant, jfr_names_text(names, names->strings, jfr_number(&cursor, 8)));
    }
    struct jfr_text text = jfr_text(&cursor);
    if (is_text && text.encoding == JFR_TEXT_POOL) { // a constant is no key
        return "";
    }
    return remember(names, constant, jfr_names_copy(names, text));
}

// ---- Classes ----

static const char *basic_type(char letter) {
    static const struct {
        char letter;
        const char *name;
    } types[] = {{'B', "byte"}, {'C', "char"}, {'D', "double"}, {'F', "float"},
                 {'I', "int"},  {'J', "long"}, {'S', "short"},  {'Z', "boolean"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (types[i].letter == letter) {
            return types[i].name;
        }
    }
    return NULL;
}

static size_t without_digits(const char *name, size_t size) {
    while (size > 0 && isdigit((unsigned char)name[size - 1])) {
        size--;
    }
    return size;
}

// "Main$$Lambda$14/0x0000000800c03000", "Main$$Lambda$88+0x00007f61c8009800/494317290", "Main$$Lambda.0x...", of JDK 11
// "Main$$Lambda$65/1728579441": numbers and addresses are others in each process. Returns the length without them.
static size_t without_address(const char *name, size_t size) {
    for (size_t at = 1; at + 6 < size; at++) {
        bool address = strchr("/+.", name[at]) && name[at + 1] == '0' && name[at + 2] == 'x';
        if (address && strspn(name + at + 3, "0123456789abcdef./") >= size - at - 3) {
            size = at;
        }
    }
    size_t digits = without_digits(name, size);
    if (digits > 0 && digits < size && name[digits - 1] == '/' && without_digits(name, digits - 1) < digits - 1) {
        digits = without_digits(name, digits - 1); // the number before the hash
    }
    bool lambda = digits < size && digits > 9 && memcmp(name + digits - 9, "$$Lambda$", 9) == 0;
    return lambda ? digits - 1 : size;
}

void jfr_class_text(const char *name, char *out) {
    size_t arrays = strspn(name, "["), size;
    const char *rest = name + arrays, *basic = arrays > 0 && *rest && !rest[1] ? basic_type(*rest) : NULL;
    if (basic) {
        rest = basic;
        size = strlen(basic);
    } else {
        size = strlen(rest);
        bool wrapped = arrays > 0 && size >= 2 && *rest == 'L' && rest[size - 1] == ';';
        rest += wrapped;
        size -= wrapped ? 2 : 0;
        size = without_address(rest, size);
    }
    for (size_t i = 0; i < size; i++) {
        out[i] = rest[i] == '/' ? '.' : rest[i];
    }
    for (size_t i = 0; i < arrays; i++, size += 2) {
        memcpy(out + size, "[]", 2);
    }
    out[size] = '\0';
}

const char *jfr_names_class(struct jfr_names *names, uint64_t key) {
    struct jfr_constant *constant = jfr_pools_find(names->pools, names->classes, key);
    struct jfr_values values = {0};
    if (!constant) {
        return "";
    }
    if (constant->made != 0) {
        return names->texts[constant->made - 1];
    }
    struct jfr_cursor cursor = jfr_constant_cursor(names->pools, constant);
    if (!jfr_plan_run(names->metadata, names->class_plan.first, &cursor, &values) || !(names->class_plan.present & 1u << CLASS_NAME)) {
        return "";
    }
    const struct jfr_member *member = names->class_plan.members[CLASS_NAME];
    const char *internal = "";
    if (member->pool) {
        internal = jfr_names_text(names, member->class, jfr_plan_number(&names->class_plan, &values, CLASS_NAME));
    }
    char *text = jfr_arena_take(&names->arena, jfr_class_room(internal));
    if (!text) {
        return nothing(names);
    }
    jfr_class_text(internal, text);
    return remember(names, constant, text);
}

// ---- Methods, threads ----

struct jfr_method jfr_names_method(struct jfr_names *names, const struct jfr_constant *constant) {
    struct jfr_method method = {"", "", ""};
    struct jfr_values values = {0};
    struct jfr_cursor cursor = jfr_constant_cursor(names->pools, constant);
    const struct jfr_plan *plan = &names->method_plan;
    if (!jfr_plan_run(names->metadata, plan->first, &cursor, &values)) {
        return method;
    }
    method.class = jfr_names_class(names, jfr_plan_number(plan, &values, METHOD_TYPE));
    if (plan->present & 1u << METHOD_NAME && plan->members[METHOD_NAME]->pool) {
        method.name = jfr_names_text(names, plan->members[METHOD_NAME]->class, jfr_plan_number(plan, &values, METHOD_NAME));
    }
    if (plan->present & 1u << METHOD_DESCRIPTOR && plan->members[METHOD_DESCRIPTOR]->pool) {
        method.descriptor =
            jfr_names_text(names, plan->members[METHOD_DESCRIPTOR]->class, jfr_plan_number(plan, &values, METHOD_DESCRIPTOR));
    }
    return method;
}

const char *jfr_names_slot(struct jfr_names *names, const struct jfr_plan *plan, int slot, uint64_t value) {
    if (!(plan->present & 1u << slot) || plan->members[slot]->array) {
        return "";
    }
    if (plan->members[slot]->pool) {
        return jfr_names_text(names, plan->members[slot]->class, value);
    }
    if (plan->members[slot]->class != names->strings) {
        return "";
    }
    struct jfr_cursor cursor = {(const uint8_t *)(uintptr_t)value, names->pools->end, names->pools->fixed, false};
    return jfr_names_copy(names, jfr_text(&cursor));
}

struct jfr_thread jfr_names_thread(struct jfr_names *names, uint64_t key) {
    struct jfr_constant *constant = jfr_pools_find(names->pools, names->threads, key);
    struct jfr_thread thread = {"", 0};
    struct jfr_values values = {0};
    const struct jfr_plan *plan = &names->thread_plan;
    if (!constant) {
        return thread;
    }
    if (constant->made != 0) {
        return names->thread_names[constant->made - 1];
    }
    struct jfr_cursor cursor = jfr_constant_cursor(names->pools, constant);
    if (!jfr_plan_run(names->metadata, plan->first, &cursor, &values)) {
        return thread;
    }
    thread.name = jfr_names_slot(names, plan, THREAD_JAVA_NAME, values.slots[THREAD_JAVA_NAME]);
    thread.name = *thread.name ? thread.name : jfr_names_slot(names, plan, THREAD_OS_NAME, values.slots[THREAD_OS_NAME]);
    thread.id = (int64_t)jfr_plan_number(plan, &values, THREAD_OS_ID);
    if (!VECTOR_RESERVE(names->thread_names, names->thread_capacity, names->thread_count + 1)) {
        nothing(names);
        return thread;
    }
    names->thread_names[names->thread_count++] = thread;
    constant->made = (uint32_t)names->thread_count;
    return thread;
}

enum jfr_frame_kind jfr_frame_kind(const char *type) {
    return strcmp(type, "Inlined") == 0                              ? JFR_FRAME_INLINED
           : strcmp(type, "Native") == 0 || strcmp(type, "C++") == 0 ? JFR_FRAME_NATIVE
           : strcmp(type, "Kernel") == 0                             ? JFR_FRAME_KERNEL
                                                                     : JFR_FRAME_JAVA;
}
