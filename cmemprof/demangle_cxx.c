// demangle_cxx.c (naming): parses encodings (functions and objects with their types) and template arguments.

#include "demangle_cxx.h"

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static char peek(const struct cxx_tree *tree) {
    return tree->at < tree->end ? *tree->at : '\0';
}

static char peek_next(const struct cxx_tree *tree) {
    return tree->end - tree->at > 1 ? tree->at[1] : '\0';
}

uint16_t cxx_fail(struct cxx_tree *tree) {
    tree->failed = true;
    return 0;
}

uint16_t cxx_add(struct cxx_tree *tree, struct cxx_node node) {
    if (tree->failed || tree->node_count == CXX_MAX_NODES) {
        return cxx_fail(tree);
    }
    tree->nodes[tree->node_count] = node;
    return (uint16_t)tree->node_count++;
}

uint16_t cxx_add_text(struct cxx_tree *tree, enum cxx_kind kind, const char *text, uint16_t a, uint16_t b) {
    return cxx_add(tree, (struct cxx_node){.kind = kind, .text = text, .text_size = (uint32_t)strlen(text), .a = a, .b = b});
}

bool cxx_take(struct cxx_tree *tree, const char *wanted) {
    size_t size = strlen(wanted);
    bool is = (size_t)(tree->end - tree->at) >= size && memcmp(tree->at, wanted, size) == 0;
    tree->at += is ? size : 0;
    return is;
}

bool cxx_number(struct cxx_tree *tree, uint64_t *number) {
    *number = 0;
    if (!is_digit(peek(tree))) {
        return false;
    }
    for (; is_digit(peek(tree)) && *number < UINT64_MAX / 20; tree->at++) {
        *number = *number * 10 + (uint64_t)(*tree->at - '0');
    }
    return true;
}

uint16_t cxx_list_until(struct cxx_tree *tree, uint16_t (*item)(struct cxx_tree *), char end) {
    uint16_t first = cxx_add(tree, (struct cxx_node){.kind = CXX_LIST}), last = first;
    while (!tree->failed && peek(tree) != end) {
        uint16_t value = item(tree);
        if (tree->failed) {
            return 0;
        }
        if (tree->nodes[last].a != 0) {
            uint16_t next = cxx_add(tree, (struct cxx_node){.kind = CXX_LIST});
            tree->nodes[last].b = next;
            last = next;
        }
        tree->nodes[last].a = value;
    }
    tree->at += !tree->failed && end != '\0';
    return first;
}

void cxx_add_substitution(struct cxx_tree *tree, uint16_t node) {
    if (tree->failed || tree->substitution_count == CXX_MAX_SUBSTITUTIONS) {
        tree->failed = true;
        return;
    }
    tree->substitutions[tree->substitution_count++] = node;
}

bool cxx_enter(struct cxx_tree *tree) {
    if (++tree->depth > CXX_MAX_DEPTH) {
        tree->failed = true;
    }
    return !tree->failed;
}

// ---- Encodings ----

static bool call_offset(struct cxx_tree *tree) {
    uint64_t number;
    bool is_virtual = cxx_take(tree, "v");
    if (!is_virtual && !cxx_take(tree, "h")) {
        return false;
    }
    for (int i = 0; i <= is_virtual; i++) {
        cxx_take(tree, "n");
        if (!cxx_number(tree, &number) || !cxx_take(tree, "_")) {
            return false;
        }
    }
    return true;
}

static uint16_t special(struct cxx_tree *tree, const char *text, uint16_t what) {
    return cxx_add_text(tree, CXX_PREFIXED, text, what, 0);
}

static uint16_t special_of_type(struct cxx_tree *tree) {
    static const struct {
        const char *tag, *text;
    } kinds[] = {{"TV", "vtable for "}, {"TT", "VTT for "}, {"TI", "typeinfo for "}, {"TS", "typeinfo name for "}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (cxx_take(tree, kinds[i].tag)) {
            return special(tree, kinds[i].text, cxx_type(tree));
        }
    }
    return 0;
}

static uint16_t special_of_name(struct cxx_tree *tree) {
    static const struct {
        const char *tag, *text;
    } kinds[] = {{"TH", "TLS init function for "}, {"TW", "TLS wrapper function for "}, {"GV", "guard variable for "}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (cxx_take(tree, kinds[i].tag)) {
            return special(tree, kinds[i].text, cxx_name(tree, NULL));
        }
    }
    return 0;
}

static uint16_t special_name(struct cxx_tree *tree) {
    uint16_t found = special_of_type(tree);
    found = found == 0 && !tree->failed ? special_of_name(tree) : found;
    if (found != 0 || tree->failed) {
        return found;
    }
    if (cxx_take(tree, "Tc")) {
        bool ok = call_offset(tree) && call_offset(tree); // NOLINT(misc-redundant-expression): two, one after the other
        return ok ? special(tree, "covariant return thunk to ", cxx_encoding(tree, true)) : cxx_fail(tree);
    }
    if (cxx_take(tree, "GTt")) {
        return special(tree, "transaction clone for ", cxx_encoding(tree, true));
    }
    if (cxx_take(tree, "T")) {
        bool is_virtual = peek(tree) == 'v';
        return call_offset(tree) ? special(tree, is_virtual ? "virtual thunk to " : "non-virtual thunk to ", cxx_encoding(tree, true))
                                 : cxx_fail(tree);
    }
    return cxx_fail(tree);
}

// Resolves template arguments that were used before they were parsed: those of a conversion operator.
static void resolve_forwards(struct cxx_tree *tree, size_t first_node) {
    for (size_t i = first_node; i < tree->node_count; i++) {
        struct cxx_node *node = &tree->nodes[i];
        if (node->kind == CXX_FORWARD && node->a == 0) {
            size_t count = tree->argument_count - tree->first_argument;
            node->a = node->number < count ? tree->arguments[tree->first_argument + node->number] : 0;
            tree->failed |= node->a == 0;
        }
    }
}

static bool is_over(const struct cxx_tree *tree) {
    return tree->at == tree->end || *tree->at == 'E' || *tree->at == '.';
}

static uint16_t parameters(struct cxx_tree *tree) {
    uint16_t first = cxx_add(tree, (struct cxx_node){.kind = CXX_LIST}), last = first;
    if (cxx_take(tree, "v")) {
        return first;
    }
    if (is_over(tree)) { // no parameters
        return cxx_fail(tree);
    }
    while (!tree->failed && !is_over(tree)) {
        uint16_t type = cxx_type(tree);
        if (tree->nodes[last].a != 0) {
            uint16_t next = cxx_add(tree, (struct cxx_node){.kind = CXX_LIST});
            tree->nodes[last].b = next;
            last = next;
        }
        tree->nodes[last].a = type;
    }
    return first;
}

// is_top: not part of a local name, which is printed without a return type.
uint16_t cxx_encoding(struct cxx_tree *tree, bool is_top) {
    if (!cxx_enter(tree)) {
        return 0;
    }
    if (peek(tree) == 'T' || (peek(tree) == 'G' && (peek_next(tree) == 'V' || peek_next(tree) == 'T'))) {
        uint16_t found = special_name(tree);
        tree->depth--;
        return found;
    }
    size_t first_argument = tree->first_argument, argument_count = tree->argument_count, first_node = tree->node_count;
    tree->first_argument = tree->argument_count;
    struct cxx_name_state state = {.are_names = true};
    uint16_t found = cxx_name(tree, &state), returns = 0;
    resolve_forwards(tree, first_node);
    if (!tree->failed && !is_over(tree)) {
        if (state.ends_with_arguments && !state.is_constructor_or_conversion) {
            returns = cxx_type(tree);
        }
        uint16_t list = parameters(tree);
        found =
            cxx_add(tree, (struct cxx_node){.kind = CXX_ENCODING, .flags = state.flags, .a = found, .b = list, .c = is_top ? returns : 0});
    } else if (!tree->failed && state.flags != 0) {
        found = cxx_add(tree, (struct cxx_node){.kind = CXX_QUALIFIED, .flags = state.flags, .a = found});
    }
    tree->first_argument = first_argument;
    tree->argument_count = argument_count;
    tree->depth--;
    return found;
}

// ---- Template arguments ----

static uint16_t argument_pack(struct cxx_tree *tree);

static uint16_t argument(struct cxx_tree *tree) {
    if (cxx_take(tree, "X")) {
        uint16_t found = cxx_expression(tree);
        return cxx_take(tree, "E") ? found : cxx_fail(tree);
    }
    if (peek(tree) == 'L') {
        return cxx_literal(tree);
    }
    if (cxx_take(tree, "J")) {
        return argument_pack(tree);
    }
    return cxx_type(tree);
}

static uint16_t argument_pack(struct cxx_tree *tree) {
    if (!cxx_enter(tree)) {
        return 0;
    }
    uint16_t list = cxx_list_until(tree, argument, 'E');
    tree->depth--;
    return cxx_add(tree, (struct cxx_node){.kind = CXX_ARGUMENT_PACK, .a = list});
}

// A pack's name stands for one of its elements at a time.
static uint16_t named_argument(struct cxx_tree *tree) {
    uint16_t found = argument(tree);
    if (tree->failed || tree->argument_count == CXX_MAX_ARGUMENTS) {
        return cxx_fail(tree);
    }
    uint16_t meant = found;
    if (tree->nodes[found].kind == CXX_ARGUMENT_PACK) {
        meant = cxx_add(tree, (struct cxx_node){.kind = CXX_PACK_ELEMENT, .a = tree->nodes[found].a});
    }
    tree->arguments[tree->argument_count++] = meant;
    return found;
}

// are_names: these are the arguments that "T_" refers to from here on.
uint16_t cxx_template_arguments(struct cxx_tree *tree, bool are_names) {
    if (!cxx_take(tree, "I") || !cxx_enter(tree)) {
        return cxx_fail(tree);
    }
    bool before = tree->is_conversion;
    tree->is_conversion = false;
    if (are_names) {
        tree->argument_count = tree->first_argument;
    }
    uint16_t list = cxx_list_until(tree, are_names ? named_argument : argument, 'E');
    tree->is_conversion = before;
    tree->depth--;
    return list;
}

uint16_t cxx_template_parameter(struct cxx_tree *tree) {
    uint64_t index;
    if (!cxx_take(tree, "T")) {
        return cxx_fail(tree);
    }
    bool has = cxx_number(tree, &index);
    index += has;
    if (!cxx_take(tree, "_")) {
        return cxx_fail(tree);
    }
    if (tree->lambda_depth > 0) {
        return cxx_add(tree, (struct cxx_node){.kind = CXX_AUTO, .number = index + 1});
    }
    return cxx_argument_number(tree, index);
}

// ---- All of it ----

static void put_clones(const char *at, struct demangle_text *text) {
    while (*at == '.') {
        const char *end = at + 1;
        size_t letters = strcspn(end, ".");
        bool is_number = strspn(end, "0123456789") == letters;
        end += letters;
        while (!is_number && *end == '.' && strspn(end + 1, "0123456789") > 0 && strcspn(end + 1, ".") == strspn(end + 1, "0123456789")) {
            end += 1 + strspn(end + 1, "0123456789");
        }
        text_puts(text, " [clone ");
        text_put(text, at, (size_t)(end - at));
        text_puts(text, "]");
        at = end;
    }
}

bool demangle_cxx(const char *name, struct cxx_tree *tree, struct demangle_text *text) {
    if (strncmp(name, "_Z", 2) != 0) {
        return false;
    }
    const char *end = name + strlen(name);
    tree->at = name + 2;
    tree->end = end;
    tree->failed = tree->is_conversion = false;
    tree->depth = 0;
    tree->node_count = 1; // index 0 is none
    tree->nodes[0] = (struct cxx_node){0};
    tree->substitution_count = tree->argument_count = tree->first_argument = tree->lambda_depth = 0;
    uint16_t root = cxx_encoding(tree, true);
    if (tree->failed || (tree->at < end && *tree->at != '.')) {
        return false;
    }
    cxx_print(tree, root, text);
    put_clones(tree->at, text);
    return !text->failed;
}
