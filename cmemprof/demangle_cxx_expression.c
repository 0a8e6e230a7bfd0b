// demangle_cxx_expression.c (naming): parses operators, literals and expressions of the Itanium C++ ABI, as in template arguments and
// decltype.

#include "demangle_cxx.h"

static char peek(const struct cxx_tree *tree) {
    return tree->at < tree->end ? *tree->at : '\0';
}

const char *cxx_operator(struct cxx_tree *tree, int *operands) {
    static const struct {
        char code[3];
        char operands;
        const char *text;
    } operators[] = {
        {"aN", 2, "&="},        {"aS", 2, "="},        {"aa", 2, "&&"},      {"ad", 1, "&"},     {"an", 2, "&"},   {"at", 1, "alignof "},
        {"aw", 1, "co_await "}, {"az", 1, "alignof "}, {"cl", 2, "()"},      {"cm", 2, ","},     {"co", 1, "~"},   {"dV", 2, "/="},
        {"da", 1, "delete[] "}, {"de", 1, "*"},        {"dl", 1, "delete "}, {"ds", 2, ".*"},    {"dt", 2, "."},   {"dv", 2, "/"},
        {"eO", 2, "^="},        {"eo", 2, "^"},        {"eq", 2, "=="},      {"ge", 2, ">="},    {"gt", 2, ">"},   {"ix", 2, "[]"},
        {"lS", 2, "<<="},       {"le", 2, "<="},       {"ls", 2, "<<"},      {"lt", 2, "<"},     {"mI", 2, "-="},  {"mL", 2, "*="},
        {"mi", 2, "-"},         {"ml", 2, "*"},        {"mm", 1, "--"},      {"na", 3, "new[]"}, {"ne", 2, "!="},  {"ng", 1, "-"},
        {"nt", 1, "!"},         {"nw", 3, "new"},      {"oR", 2, "|="},      {"oo", 2, "||"},    {"or", 2, "|"},   {"pL", 2, "+="},
        {"pl", 2, "+"},         {"pm", 2, "->*"},      {"pp", 1, "++"},      {"ps", 1, "+"},     {"pt", 2, "->"},  {"qu", 3, "?"},
        {"rM", 2, "%="},        {"rS", 2, ">>="},      {"rm", 2, "%"},       {"rs", 2, ">>"},    {"ss", 2, "<=>"}, {"st", 1, "sizeof "},
        {"sz", 1, "sizeof "},
    };
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        if (cxx_take(tree, operators[i].code)) {
            *operands = operators[i].operands; // NOLINT(bugprone-signed-char-misuse): 1 to 3
            return operators[i].text;
        }
    }
    return NULL;
}

uint16_t cxx_literal(struct cxx_tree *tree) {
    if (!cxx_take(tree, "L")) {
        return cxx_fail(tree);
    }
    if (cxx_take(tree, "_Z") || cxx_take(tree, "Z")) { // a function or an object
        uint16_t found = cxx_encoding(tree, true);
        return cxx_take(tree, "E") ? found : cxx_fail(tree);
    }
    uint16_t type = cxx_type(tree);
    const char *begin = tree->at;
    const char *end = memchr(begin, 'E', (size_t)(tree->end - begin));
    if (tree->failed || !end) {
        return cxx_fail(tree);
    }
    tree->at = end + 1;
    return cxx_add(tree, (struct cxx_node){.kind = CXX_LITERAL, .a = type, .text = begin, .text_size = (uint32_t)(end - begin)});
}

// fp_, fp1_, fL0p_.
static uint16_t parameter(struct cxx_tree *tree) {
    uint64_t index;
    if (cxx_take(tree, "fpT")) {
        return cxx_add_text(tree, CXX_NAME, "this", 0, 0);
    }
    if (cxx_take(tree, "fL")) {
        if (!cxx_number(tree, &index) || !cxx_take(tree, "p")) {
            return cxx_fail(tree);
        }
    } else if (!cxx_take(tree, "fp")) {
        return cxx_fail(tree);
    }
    while (cxx_take(tree, "r") || cxx_take(tree, "V") || cxx_take(tree, "K")) {
    }
    bool has = cxx_number(tree, &index);
    if (!cxx_take(tree, "_")) {
        return cxx_fail(tree);
    }
    return cxx_add(tree, (struct cxx_node){.kind = CXX_PARAMETER, .number = has ? index + 2 : 1});
}

static uint16_t maybe_with_arguments(struct cxx_tree *tree, uint16_t name) {
    if (peek(tree) != 'I') {
        return name;
    }
    uint16_t arguments = cxx_template_arguments(tree, false);
    return cxx_add(tree, (struct cxx_node){.kind = CXX_TEMPLATE, .a = name, .b = arguments});
}

// A dependent name, resolved only at instantiation.
static uint16_t unresolved_part(struct cxx_tree *tree) {
    if (cxx_take(tree, "on")) {
        return maybe_with_arguments(tree, cxx_unqualified_name(tree, 0));
    }
    if (cxx_take(tree, "dn")) {
        uint16_t type = peek(tree) >= '0' && peek(tree) <= '9' ? cxx_source_name(tree) : cxx_type(tree);
        return cxx_add(tree, (struct cxx_node){.kind = CXX_DESTRUCTOR, .a = type});
    }
    return maybe_with_arguments(tree, cxx_unqualified_name(tree, 0));
}

// A type or a sequence of names, then a member: "sr" T_ "5value", "sr" "3std" "9is_signed" "E" "5value".
static uint16_t scoped(struct cxx_tree *tree) {
    bool has_type = cxx_take(tree, "N"), many = has_type;
    uint16_t scope = 0;
    if (!has_type && peek(tree) >= '0' && peek(tree) <= '9') {
        many = true;
        scope = maybe_with_arguments(tree, cxx_source_name(tree));
    } else {
        scope = cxx_type(tree);
    }
    while (many && !tree->failed && !cxx_take(tree, "E")) {
        uint16_t part = maybe_with_arguments(tree, cxx_source_name(tree));
        scope = cxx_add(tree, (struct cxx_node){.kind = CXX_NESTED, .a = scope, .b = part});
    }
    uint16_t last = unresolved_part(tree);
    return cxx_add(tree, (struct cxx_node){.kind = CXX_NESTED, .a = scope, .b = last});
}

static uint16_t braces(struct cxx_tree *tree, uint16_t type) {
    uint16_t list = cxx_list_until(tree, cxx_expression, 'E');
    return cxx_add(tree, (struct cxx_node){.kind = CXX_BRACES, .a = type, .b = list});
}

static uint16_t cast(struct cxx_tree *tree) {
    bool before = tree->is_conversion;
    tree->is_conversion = false;
    uint16_t type = cxx_type(tree), value;
    tree->is_conversion = before;
    if (cxx_take(tree, "_")) {
        value = cxx_list_until(tree, cxx_expression, 'E');
        return cxx_add_text(tree, CXX_CAST, "()", type, value);
    }
    value = cxx_expression(tree);
    return cxx_add_text(tree, CXX_CAST, "", type, value);
}

static uint16_t fold(struct cxx_tree *tree, int which) {
    int operands;
    const char *text = cxx_operator(tree, &operands);
    if (!text) {
        return cxx_fail(tree);
    }
    uint16_t first = cxx_expression(tree);
    uint16_t second = which >= 2 ? cxx_expression(tree) : 0;
    return tree->failed ? 0
                        : cxx_add(tree, (struct cxx_node){.kind = CXX_FOLD,
                                                          .a = first,
                                                          .b = second,
                                                          .number = (uint64_t)which,
                                                          .text = text,
                                                          .text_size = (uint32_t)strlen(text)});
}

static uint16_t wrapped(struct cxx_tree *tree, const char *text, uint16_t what) {
    return cxx_add_text(tree, CXX_WRAPPED, text, what, 0);
}

static uint16_t named_cast(struct cxx_tree *tree, const char *text) {
    uint16_t type = cxx_type(tree), value = cxx_expression(tree);
    return cxx_add_text(tree, CXX_NAMED_CAST, text, type, value);
}

static uint16_t by_operator(struct cxx_tree *tree) {
    int operands;
    const char *text = cxx_operator(tree, &operands);
    if (!text || operands == 3) {
        return cxx_fail(tree);
    }
    if (operands == 1) {
        bool is_step = strcmp(text, "++") == 0 || strcmp(text, "--") == 0;
        bool is_before = is_step && cxx_take(tree, "_");
        uint16_t operand = cxx_expression(tree);
        return cxx_add_text(tree, is_step && !is_before ? CXX_POSTFIX : CXX_UNARY, text, operand, 0);
    }
    bool is_member = strcmp(text, ".") == 0 || strcmp(text, "->") == 0;
    uint16_t left = cxx_expression(tree);
    uint16_t right = is_member ? (cxx_take(tree, "sr") ? scoped(tree) : unresolved_part(tree)) : cxx_expression(tree);
    return cxx_add_text(tree, is_member ? CXX_MEMBER : strcmp(text, "[]") == 0 ? CXX_INDEX : CXX_BINARY, text, left, right);
}

static uint16_t by_word(struct cxx_tree *tree) {
    static const struct {
        const char *code, *text;
    } casts[] = {{"dc", "dynamic_cast"}, {"sc", "static_cast"}, {"cc", "const_cast"}, {"rc", "reinterpret_cast"}};
    for (size_t i = 0; i < sizeof casts / sizeof *casts; i++) {
        if (cxx_take(tree, casts[i].code)) {
            return named_cast(tree, casts[i].text);
        }
    }
    static const struct {
        const char *code, *text;
        bool is_type;
    } words[] = {{"st", "sizeof ", true}, {"sz", "sizeof ", false}, {"at", "alignof ", true},   {"az", "alignof ", false},
                 {"ti", "typeid ", true}, {"te", "typeid ", false}, {"nx", "noexcept ", false}, {"tw", "throw ", false}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (cxx_take(tree, words[i].code)) {
            return wrapped(tree, words[i].text, words[i].is_type ? cxx_type(tree) : cxx_expression(tree));
        }
    }
    return by_operator(tree);
}

static uint16_t call(struct cxx_tree *tree) {
    uint16_t callee = cxx_expression(tree);
    uint16_t list = cxx_list_until(tree, cxx_expression, 'E');
    return cxx_add(tree, (struct cxx_node){.kind = CXX_CALL, .a = callee, .b = list});
}

static uint16_t conditional(struct cxx_tree *tree) {
    uint16_t condition = cxx_expression(tree), yes = cxx_expression(tree), no = cxx_expression(tree);
    return cxx_add(tree, (struct cxx_node){.kind = CXX_CONDITIONAL, .a = condition, .b = yes, .c = no});
}

static uint16_t any_expression(struct cxx_tree *tree) {
    char c = peek(tree);
    cxx_take(tree, "gs");
    if (c == 'L') {
        return cxx_literal(tree);
    }
    if (c == 'T') {
        return cxx_template_parameter(tree);
    }
    if (c == 'f' && tree->end - tree->at > 2 && (tree->at[1] == 'p' || (tree->at[1] == 'L' && tree->at[2] >= '0' && tree->at[2] <= '9'))) {
        return parameter(tree);
    }
    static const char *const folds[] = {"fl", "fr", "fL", "fR"};
    for (int i = 0; i < 4; i++) {
        if (cxx_take(tree, folds[i])) {
            return fold(tree, i);
        }
    }
    if (cxx_take(tree, "sr")) {
        return scoped(tree);
    }
    if (c == 'o' || c == 'd' || (c >= '0' && c <= '9')) {
        bool is_name = c != 'o' && c != 'd';
        is_name |= tree->end - tree->at > 1 && tree->at[1] == 'n';
        if (is_name) {
            return unresolved_part(tree);
        }
    }
    if (cxx_take(tree, "cl")) {
        return call(tree);
    }
    if (cxx_take(tree, "cv")) {
        return cast(tree);
    }
    if (cxx_take(tree, "tl")) {
        return braces(tree, cxx_type(tree));
    }
    if (cxx_take(tree, "il")) {
        return braces(tree, 0);
    }
    if (cxx_take(tree, "qu")) {
        return conditional(tree);
    }
    if (cxx_take(tree, "sZ")) {
        uint16_t pack = peek(tree) == 'T' ? cxx_template_parameter(tree) : parameter(tree);
        return cxx_add(tree, (struct cxx_node){.kind = CXX_SIZE_OF_PACK, .a = pack});
    }
    if (cxx_take(tree, "sp")) {
        return cxx_add(tree, (struct cxx_node){.kind = CXX_EXPANSION, .a = cxx_expression(tree)});
    }
    return by_word(tree);
}

uint16_t cxx_expression(struct cxx_tree *tree) {
    if (tree->failed || ++tree->depth > CXX_MAX_DEPTH) {
        return cxx_fail(tree);
    }
    uint16_t found = any_expression(tree);
    tree->depth--;
    return tree->failed ? 0 : found;
}
