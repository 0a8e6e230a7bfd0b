// demangle_cxx_type.c (naming): parses types of the Itanium C++ ABI.

#include "demangle_cxx.h"

static char peek(const struct cxx_tree *tree) {
    return tree->at < tree->end ? *tree->at : '\0';
}

static char peek_next(const struct cxx_tree *tree) {
    return tree->end - tree->at > 1 ? tree->at[1] : '\0';
}

static const char *builtin(char letter) {
    static const char *const names[26] = {"signed char",
                                          "bool",
                                          "char",
                                          "double",
                                          "long double",
                                          "float",
                                          "__float128",
                                          "unsigned char",
                                          "int",
                                          "unsigned int",
                                          NULL,
                                          "long",
                                          "unsigned long",
                                          "__int128",
                                          "unsigned __int128",
                                          NULL,
                                          NULL,
                                          NULL,
                                          "short",
                                          "unsigned short",
                                          NULL,
                                          "void",
                                          "wchar_t",
                                          "long long",
                                          "unsigned long long",
                                          "..."};
    return letter >= 'a' && letter <= 'z' ? names[letter - 'a'] : NULL;
}

static const char *builtin_of_two(char letter) {
    switch (letter) {
    case 'a':
        return "auto";
    case 'c':
        return "decltype(auto)";
    case 'd':
        return "decimal64";
    case 'e':
        return "decimal128";
    case 'f':
        return "decimal32";
    case 'h':
        return "half";
    case 'i':
        return "char32_t";
    case 'n':
        return "decltype(nullptr)";
    case 's':
        return "char16_t";
    case 'u':
        return "char8_t";
    default:
        return NULL;
    }
}

static uint16_t remembered(struct cxx_tree *tree, uint16_t node) {
    cxx_add_substitution(tree, node);
    return node;
}

static uint16_t of(struct cxx_tree *tree, enum cxx_kind kind, const char *text, uint16_t a, uint16_t b) {
    return remembered(tree, cxx_add_text(tree, kind, text, a, b));
}

static uint8_t qualifiers(struct cxx_tree *tree) {
    uint8_t flags = 0;
    flags |= cxx_take(tree, "r") ? CXX_RESTRICT : 0;
    flags |= cxx_take(tree, "V") ? CXX_VOLATILE : 0;
    flags |= cxx_take(tree, "K") ? CXX_CONST : 0;
    return flags;
}

// F, preceded by its exception specification.
static uint16_t function(struct cxx_tree *tree, uint8_t flags) {
    uint16_t throws = 0;
    if (cxx_take(tree, "Do")) {
        flags |= CXX_NOEXCEPT;
    } else if (cxx_take(tree, "DO")) {
        throws = cxx_add_text(tree, CXX_WRAPPED, "noexcept", cxx_expression(tree), 0);
        if (!cxx_take(tree, "E")) {
            return cxx_fail(tree);
        }
    } else if (cxx_take(tree, "Dw")) {
        throws = cxx_add_text(tree, CXX_WRAPPED, "throw", cxx_list_until(tree, cxx_type, 'E'), 0);
    }
    cxx_take(tree, "Dx");
    if (!cxx_take(tree, "F")) {
        return cxx_fail(tree);
    }
    cxx_take(tree, "Y"); // extern "C"
    uint16_t returns = cxx_type(tree), list = cxx_add(tree, (struct cxx_node){.kind = CXX_LIST}), last = list;
    while (!tree->failed && !cxx_take(tree, "E")) {
        if (cxx_take(tree, "v")) {
            continue;
        }
        if (cxx_take(tree, "RE") || cxx_take(tree, "OE")) {
            flags |= tree->at[-2] == 'R' ? CXX_REFERENCE : CXX_RVALUE_REFERENCE;
            break;
        }
        uint16_t type = cxx_type(tree);
        if (tree->nodes[last].a != 0) {
            uint16_t next = cxx_add(tree, (struct cxx_node){.kind = CXX_LIST});
            tree->nodes[last].b = next;
            last = next;
        }
        tree->nodes[last].a = type;
    }
    return remembered(tree, cxx_add(tree, (struct cxx_node){.kind = CXX_FUNCTION, .flags = flags, .a = returns, .b = list, .c = throws}));
}

static bool is_function(const struct cxx_tree *tree) {
    return peek(tree) == 'F' ||
           (peek(tree) == 'D' && (peek_next(tree) == 'o' || peek_next(tree) == 'O' || peek_next(tree) == 'w' || peek_next(tree) == 'x'));
}

// The qualifiers of a function type are those of its object, and part of it.
static uint16_t qualified(struct cxx_tree *tree) {
    uint8_t flags = qualifiers(tree);
    if (is_function(tree)) {
        return function(tree, flags);
    }
    uint16_t type = cxx_type(tree);
    return remembered(tree, cxx_add(tree, (struct cxx_node){.kind = CXX_QUALIFIED, .flags = flags, .a = type}));
}

// A literal number or an expression.
static uint16_t bound(struct cxx_tree *tree) {
    const char *begin = tree->at;
    uint64_t number;
    if (cxx_number(tree, &number)) {
        return cxx_add(tree, (struct cxx_node){.kind = CXX_NAME, .text = begin, .text_size = (uint32_t)(tree->at - begin)});
    }
    return peek(tree) == '_' ? 0 : cxx_expression(tree);
}

static uint16_t array(struct cxx_tree *tree) {
    uint16_t size = bound(tree);
    if (!cxx_take(tree, "_")) {
        return cxx_fail(tree);
    }
    uint16_t element = cxx_type(tree);
    return remembered(tree, cxx_add(tree, (struct cxx_node){.kind = CXX_ARRAY, .a = element, .b = size}));
}

static uint16_t vector(struct cxx_tree *tree) {
    cxx_take(tree, "_");
    uint16_t size = bound(tree);
    if (!cxx_take(tree, "_")) {
        return cxx_fail(tree);
    }
    uint16_t element = cxx_type(tree);
    return remembered(tree, cxx_add(tree, (struct cxx_node){.kind = CXX_VECTOR, .a = element, .b = size}));
}

// "DF16_": _Float16; "DF16b": bfloat16.
static uint16_t float_of_bits(struct cxx_tree *tree) {
    const char *begin = tree->at;
    uint64_t bits;
    if (!cxx_number(tree, &bits)) {
        return cxx_fail(tree);
    }
    struct cxx_node digits = {.kind = CXX_NAME, .text = begin, .text_size = (uint32_t)(tree->at - begin)};
    if (cxx_take(tree, "b")) {
        return cxx_add_text(tree, CXX_NAME, "std::bfloat16_t", 0, 0);
    }
    bool is_extended = cxx_take(tree, "x");
    if (!is_extended && !cxx_take(tree, "_")) {
        return cxx_fail(tree);
    }
    uint16_t number = cxx_add(tree, digits);
    number = is_extended ? cxx_add_text(tree, CXX_SUFFIXED, "x", number, 0) : number;
    return cxx_add_text(tree, CXX_PREFIXED, "_Float", number, 0);
}

// After "D".
static uint16_t of_two_letters(struct cxx_tree *tree) {
    const char *name = builtin_of_two(peek(tree));
    if (name) {
        tree->at++;
        return cxx_add_text(tree, CXX_NAME, name, 0, 0);
    }
    if (cxx_take(tree, "p")) {
        return of(tree, CXX_EXPANSION, "", cxx_type(tree), 0);
    }
    if (cxx_take(tree, "t") || cxx_take(tree, "T")) {
        uint16_t expression = cxx_expression(tree);
        return cxx_take(tree, "E") ? of(tree, CXX_WRAPPED, "decltype ", expression, 0) : cxx_fail(tree);
    }
    if (cxx_take(tree, "v")) {
        return vector(tree);
    }
    return cxx_take(tree, "F") ? float_of_bits(tree) : cxx_fail(tree);
}

static uint16_t with_arguments(struct cxx_tree *tree, uint16_t what) {
    uint16_t arguments = cxx_template_arguments(tree, false);
    return remembered(tree, cxx_add(tree, (struct cxx_node){.kind = CXX_TEMPLATE, .a = what, .b = arguments}));
}

static uint16_t parameter(struct cxx_tree *tree) {
    if (cxx_take(tree, "Ts") || cxx_take(tree, "Tu") || cxx_take(tree, "Te")) {
        return remembered(tree, cxx_name(tree, NULL)); // preceded by "struct", "union" or "enum"
    }
    uint16_t type = remembered(tree, cxx_template_parameter(tree));
    return peek(tree) == 'I' && !tree->is_conversion ? with_arguments(tree, type) : type;
}

static uint16_t vendor(struct cxx_tree *tree) {
    struct cxx_node word = tree->nodes[cxx_source_name(tree)];
    uint16_t arguments = peek(tree) == 'I' ? cxx_template_arguments(tree, false) : 0;
    uint16_t type = cxx_type(tree);
    return remembered(
        tree, cxx_add(tree, (struct cxx_node){
                                .kind = CXX_VENDOR_QUALIFIED, .a = type, .b = arguments, .text = word.text, .text_size = word.text_size}));
}

static uint16_t any_type(struct cxx_tree *tree) {
    char c = peek(tree);
    const char *name = builtin(c);
    if (name && c != 'r') {
        tree->at++;
        return cxx_add_text(tree, CXX_NAME, name, 0, 0);
    }
    if (is_function(tree)) {
        return function(tree, 0);
    }
    if (c == 'r' || c == 'V' || c == 'K') {
        return qualified(tree);
    }
    if (c == 'T') {
        return parameter(tree);
    }
    if (c == 'S' && peek_next(tree) != 't') {
        tree->at++;
        uint16_t known = cxx_substitution(tree);
        return peek(tree) == 'I' && !tree->is_conversion ? with_arguments(tree, known) : known;
    }
    if (c == 'N' || c == 'Z' || c == 'S' || (c >= '0' && c <= '9')) {
        return remembered(tree, cxx_name(tree, NULL));
    }
    tree->at += c != '\0';
    switch (c) {
    case 'P':
        return of(tree, CXX_POINTER, "*", cxx_type(tree), 0);
    case 'R':
        return of(tree, CXX_POINTER, "&", cxx_type(tree), 0);
    case 'O':
        return of(tree, CXX_POINTER, "&&", cxx_type(tree), 0);
    case 'C':
        return of(tree, CXX_SUFFIXED, " _Complex", cxx_type(tree), 0);
    case 'G':
        return of(tree, CXX_SUFFIXED, " _Imaginary", cxx_type(tree), 0);
    case 'A':
        return array(tree);
    case 'D':
        return of_two_letters(tree);
    case 'U':
        return vendor(tree);
    case 'u':
        return remembered(tree, cxx_source_name(tree));
    case 'M': {
        uint16_t class = cxx_type(tree), member = cxx_type(tree);
        return of(tree, CXX_MEMBER_POINTER, "", class, member);
    }
    default:
        return cxx_fail(tree);
    }
}

uint16_t cxx_type(struct cxx_tree *tree) {
    if (tree->failed || ++tree->depth > CXX_MAX_DEPTH) {
        return cxx_fail(tree);
    }
    uint16_t type = any_type(tree);
    tree->depth--;
    return tree->failed ? 0 : type;
}
