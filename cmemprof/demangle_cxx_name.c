// demangle_cxx_name.c (naming): parses names, their components and substitutions.

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

// ---- Components ----

uint16_t cxx_source_name(struct cxx_tree *tree) {
    uint64_t size;
    if (!cxx_number(tree, &size) || size == 0 || size > (uint64_t)(tree->end - tree->at)) {
        return cxx_fail(tree);
    }
    const char *text = tree->at;
    tree->at += size;
    if (size >= 10 && memcmp(text, "_GLOBAL_", 8) == 0 && (text[8] == '_' || text[8] == '.' || text[8] == '$') && text[9] == 'N') {
        return cxx_add_text(tree, CXX_NAME, "(anonymous namespace)", 0, 0);
    }
    return cxx_add(tree, (struct cxx_node){.kind = CXX_NAME, .text = text, .text_size = (uint32_t)size});
}

// The ordinal of an unnamed entity: "_" is 1, "0_" is 2.
static uint64_t ordinal(struct cxx_tree *tree) {
    uint64_t number;
    bool has = cxx_number(tree, &number);
    if (!cxx_take(tree, "_")) {
        cxx_fail(tree);
    }
    return has ? number + 2 : 1;
}

static uint16_t lambda(struct cxx_tree *tree) {
    tree->lambda_depth++;
    uint16_t parameters = 0;
    if (cxx_take(tree, "vE")) {
        parameters = cxx_add(tree, (struct cxx_node){.kind = CXX_LIST});
    } else {
        parameters = cxx_list_until(tree, cxx_type, 'E');
    }
    tree->lambda_depth--;
    uint64_t number = ordinal(tree);
    return cxx_add(tree, (struct cxx_node){.kind = CXX_LAMBDA, .a = parameters, .number = number});
}

static uint16_t structured_binding(struct cxx_tree *tree) {
    return cxx_add(tree, (struct cxx_node){.kind = CXX_TEMPLATE, .flags = 1, .b = cxx_list_until(tree, cxx_source_name, 'E')});
}

static uint16_t constructor(struct cxx_tree *tree, uint16_t scope, bool is_destructor) {
    uint64_t which;
    if (scope == 0) {
        return cxx_fail(tree);
    }
    bool inherits = !is_destructor && cxx_take(tree, "I");
    if (!cxx_number(tree, &which)) {
        return cxx_fail(tree);
    }
    if (inherits) {
        cxx_type(tree); // its class
    }
    return cxx_add(tree, (struct cxx_node){.kind = is_destructor ? CXX_DESTRUCTOR : CXX_CONSTRUCTOR, .a = scope});
}

static uint16_t operator_name(struct cxx_tree *tree) {
    if (cxx_take(tree, "cv")) {
        bool before = tree->is_conversion;
        tree->is_conversion = true;
        uint16_t type = cxx_type(tree);
        tree->is_conversion = before;
        return cxx_add(tree, (struct cxx_node){.kind = CXX_CONVERSION, .a = type});
    }
    if (cxx_take(tree, "li")) {
        return cxx_add(tree, (struct cxx_node){.kind = CXX_LITERAL_OPERATOR, .a = cxx_source_name(tree)});
    }
    int operands;
    const char *text = cxx_operator(tree, &operands);
    return text ? cxx_add_text(tree, CXX_OPERATOR, text, 0, 0) : cxx_fail(tree);
}

static uint16_t abi_tags(struct cxx_tree *tree, uint16_t name) {
    while (!tree->failed && cxx_take(tree, "B")) {
        struct cxx_node tag = tree->nodes[cxx_source_name(tree)];
        name = cxx_add(tree, (struct cxx_node){.kind = CXX_SUFFIXED, .a = name, .text = tag.text, .text_size = tag.text_size});
    }
    return name;
}

uint16_t cxx_unqualified_name(struct cxx_tree *tree, uint16_t scope) {
    uint16_t name;
    cxx_take(tree, "L"); // internal linkage
    if (is_digit(peek(tree))) {
        name = cxx_source_name(tree);
    } else if (cxx_take(tree, "Ut")) {
        uint64_t number = ordinal(tree);
        name = cxx_add(tree, (struct cxx_node){.kind = CXX_UNNAMED, .number = number});
    } else if (cxx_take(tree, "Ul")) {
        name = lambda(tree);
    } else if (cxx_take(tree, "DC")) {
        name = structured_binding(tree);
    } else if (peek(tree) == 'C' && (is_digit(peek_next(tree)) || peek_next(tree) == 'I')) {
        tree->at++;
        name = constructor(tree, scope, false);
    } else if (peek(tree) == 'D' && is_digit(peek_next(tree))) {
        tree->at++;
        name = constructor(tree, scope, true);
    } else {
        name = operator_name(tree);
    }
    return abi_tags(tree, name);
}

// ---- Substitutions ----

// A template argument; one that is not parsed yet is resolved later.
uint16_t cxx_argument_number(struct cxx_tree *tree, uint64_t index) {
    size_t count = tree->argument_count - tree->first_argument;
    uint16_t known = index < count && !tree->is_conversion ? tree->arguments[tree->first_argument + index] : 0;
    return cxx_add(tree, (struct cxx_node){.kind = CXX_FORWARD, .number = index, .a = known});
}

static uint16_t std_class(struct cxx_tree *tree) {
    static const struct {
        char letter;
        const char *name;
    } classes[] = {{'a', "std::allocator"}, {'b', "std::basic_string"}, {'s', "std::string"},
                   {'i', "std::istream"},   {'o', "std::ostream"},      {'d', "std::iostream"}};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (peek(tree) == classes[i].letter) {
            tree->at++;
            uint16_t name = cxx_add(tree, (struct cxx_node){.kind = CXX_STD_CLASS,
                                                            .text = classes[i].name,
                                                            .text_size = (uint32_t)strlen(classes[i].name),
                                                            .number = (uint64_t)(unsigned char)classes[i].letter});
            uint16_t tagged = abi_tags(tree, name);
            if (tagged != name) {
                cxx_add_substitution(tree, tagged);
            }
            return tagged;
        }
    }
    return cxx_fail(tree);
}

// After "S", except "St".
uint16_t cxx_substitution(struct cxx_tree *tree) {
    if (peek(tree) != '_' && !is_digit(peek(tree)) && !(peek(tree) >= 'A' && peek(tree) <= 'Z')) {
        return std_class(tree);
    }
    uint64_t index = 0;
    if (!cxx_take(tree, "_")) {
        for (; !cxx_take(tree, "_"); tree->at++) {
            char c = peek(tree);
            if ((!is_digit(c) && !(c >= 'A' && c <= 'Z')) || index > CXX_MAX_SUBSTITUTIONS) {
                return cxx_fail(tree);
            }
            index = index * 36 + (uint64_t)(is_digit(c) ? c - '0' : c - 'A' + 10);
        }
        index++;
    }
    if (index >= tree->substitution_count) {
        return cxx_fail(tree);
    }
    uint16_t found = tree->substitutions[index];
    // "T_" refers to the argument of the name being parsed.
    if (tree->nodes[found].kind == CXX_FORWARD) {
        return cxx_argument_number(tree, tree->nodes[found].number);
    }
    bool is_of_a_lambda = tree->nodes[found].kind == CXX_AUTO;
    return is_of_a_lambda && tree->lambda_depth == 0 ? cxx_argument_number(tree, tree->nodes[found].number - 1) : found;
}

// ---- Names ----

static uint16_t with_arguments(struct cxx_tree *tree, uint16_t what, struct cxx_name_state *state) {
    uint16_t arguments = cxx_template_arguments(tree, state && state->are_names);
    if (state) {
        state->ends_with_arguments = true;
    }
    return cxx_add(tree, (struct cxx_node){.kind = CXX_TEMPLATE, .a = what, .b = arguments});
}

static uint8_t qualifiers(struct cxx_tree *tree) {
    uint8_t flags = 0;
    flags |= cxx_take(tree, "r") ? CXX_RESTRICT : 0;
    flags |= cxx_take(tree, "V") ? CXX_VOLATILE : 0;
    flags |= cxx_take(tree, "K") ? CXX_CONST : 0;
    return flags;
}

// One component of a nested name. Sets *is_known if it is already a substitution candidate.
static uint16_t nested_step(struct cxx_tree *tree, uint16_t scope, struct cxx_name_state *state, bool *is_known) {
    char c = peek(tree), next = peek_next(tree);
    *is_known = false;
    if (c == 'S' && scope == 0) {
        tree->at++;
        *is_known = true;
        return cxx_take(tree, "t") ? cxx_add_text(tree, CXX_NAME, "std", 0, 0) : cxx_substitution(tree);
    }
    if (c == 'T' && scope == 0) {
        return cxx_template_parameter(tree);
    }
    if (c == 'I') {
        return scope != 0 ? with_arguments(tree, scope, state) : cxx_fail(tree);
    }
    if (c == 'D' && (next == 't' || next == 'T') && scope == 0) {
        *is_known = true; // types add themselves
        return cxx_type(tree);
    }
    if (state) {
        state->ends_with_arguments = false;
        state->is_constructor_or_conversion =
            (c == 'C' && (is_digit(next) || next == 'I')) || (c == 'D' && is_digit(next)) || (c == 'c' && next == 'v');
    }
    uint16_t part = cxx_unqualified_name(tree, scope);
    return scope != 0 ? cxx_add(tree, (struct cxx_node){.kind = CXX_NESTED, .a = scope, .b = part}) : part;
}

static uint16_t nested_name(struct cxx_tree *tree, struct cxx_name_state *state) {
    uint8_t flags = qualifiers(tree);
    flags |= cxx_take(tree, "R") ? CXX_REFERENCE : cxx_take(tree, "O") ? CXX_RVALUE_REFERENCE : 0;
    if (state) {
        state->flags = flags;
    }
    uint16_t all = 0;
    bool is_known = true;
    while (!tree->failed && !cxx_take(tree, "E")) {
        if (all != 0 && !is_known) { // every prefix but the whole
            cxx_add_substitution(tree, all);
        }
        cxx_take(tree, "M"); // the initializer of a member
        all = nested_step(tree, all, state, &is_known);
    }
    return all != 0 ? all : cxx_fail(tree);
}

static void discriminator(struct cxx_tree *tree) {
    uint64_t number;
    const char *before = tree->at;
    if (!cxx_take(tree, "_")) {
        return;
    }
    if (cxx_take(tree, "_")) {
        if (!cxx_number(tree, &number) || !cxx_take(tree, "_")) {
            tree->at = before;
        }
    } else if (is_digit(peek(tree))) {
        tree->at++;
    } else {
        tree->at = before;
    }
}

static uint16_t local_name(struct cxx_tree *tree, struct cxx_name_state *state) {
    uint16_t function = cxx_encoding(tree, false), entity;
    if (!cxx_take(tree, "E")) {
        return cxx_fail(tree);
    }
    if (cxx_take(tree, "s")) {
        discriminator(tree);
        entity = cxx_add_text(tree, CXX_NAME, "string literal", 0, 0);
    } else if (cxx_take(tree, "d")) {
        uint64_t number = ordinal(tree);
        uint16_t argument = cxx_add(tree, (struct cxx_node){.kind = CXX_DEFAULT_ARGUMENT, .number = number});
        function = cxx_add(tree, (struct cxx_node){.kind = CXX_LOCAL, .a = function, .b = argument});
        entity = cxx_name(tree, state);
    } else {
        entity = cxx_name(tree, state);
        discriminator(tree);
    }
    return cxx_add(tree, (struct cxx_node){.kind = CXX_LOCAL, .a = function, .b = entity});
}

static uint16_t unscoped_name(struct cxx_tree *tree, struct cxx_name_state *state) {
    bool is_std = cxx_take(tree, "St");
    cxx_take(tree, "L");
    if (state) {
        state->is_constructor_or_conversion = peek(tree) == 'c' && peek_next(tree) == 'v';
    }
    uint16_t part = cxx_unqualified_name(tree, 0);
    return is_std ? cxx_add(tree, (struct cxx_node){.kind = CXX_NESTED, .a = cxx_add_text(tree, CXX_NAME, "std", 0, 0), .b = part}) : part;
}

uint16_t cxx_name(struct cxx_tree *tree, struct cxx_name_state *state) {
    if (!cxx_enter(tree)) {
        return 0;
    }
    uint16_t found;
    if (cxx_take(tree, "N")) {
        found = nested_name(tree, state);
    } else if (cxx_take(tree, "Z")) {
        found = local_name(tree, state);
    } else if (peek(tree) == 'S' && peek_next(tree) != 't') {
        tree->at++;
        found = cxx_substitution(tree);
        found = peek(tree) == 'I' ? with_arguments(tree, found, state) : found;
    } else {
        found = unscoped_name(tree, state);
        if (peek(tree) == 'I') {
            cxx_add_substitution(tree, found);
            found = with_arguments(tree, found, state);
        }
    }
    tree->depth--;
    return found;
}
