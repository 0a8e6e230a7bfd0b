// demangle_cxx_print.c (naming): prints a name's tree. Types that enclose their declarator are printed in two halves: "int (*" and ") [5]".

#include "demangle_cxx_print.h"

enum { MAX_STEPS = 100000 };

static void left(struct cxx_printer *printer, uint16_t at);
static void right(struct cxx_printer *printer, uint16_t at);

const struct cxx_node *cxx_print_node(const struct cxx_printer *printer, uint16_t at) {
    return &printer->tree->nodes[at];
}

void cxx_print_put(struct cxx_printer *printer, const char *bytes) {
    text_puts(printer->text, bytes);
}

void cxx_print_text(struct cxx_printer *printer, const struct cxx_node *node) {
    text_put(printer->text, node->text, node->text_size);
}

void cxx_print_whole(struct cxx_printer *printer, uint16_t at) {
    left(printer, at);
    right(printer, at);
}

bool cxx_print_is(const struct cxx_node *node, const char *text) {
    return node->text_size == strlen(text) && memcmp(node->text, text, node->text_size) == 0;
}

// ---- Packs ----

size_t cxx_print_list_size(const struct cxx_printer *printer, uint16_t list) {
    size_t size = 0;
    for (; list != 0 && cxx_print_node(printer, list)->a != 0; list = cxx_print_node(printer, list)->b) {
        size++;
    }
    return size;
}

// Returns 0 if there is none.
static uint16_t list_item(const struct cxx_printer *printer, uint16_t list, uint32_t index) {
    for (; index > 0 && list != 0; index--) {
        list = cxx_print_node(printer, list)->b;
    }
    return list != 0 ? cxx_print_node(printer, list)->a : 0;
}

// Resolves forward references and pack elements.
uint16_t cxx_print_resolve(const struct cxx_printer *printer, uint16_t at) {
    for (int i = 0; i < 16; i++) {
        const struct cxx_node *node = cxx_print_node(printer, at);
        if (node->kind == CXX_FORWARD) {
            at = node->a;
        } else if (node->kind == CXX_PACK_ELEMENT && printer->element != CXX_NO_ELEMENT) {
            at = list_item(printer, node->a, printer->element);
        } else {
            break;
        }
    }
    return at;
}

// The pack that an expansion iterates over. Returns 0 if there is none.
static uint16_t pack_in(struct cxx_printer *printer, uint16_t at, unsigned depth) {
    const struct cxx_node *node = cxx_print_node(printer, at);
    if (at == 0 || depth > 32 || ++printer->steps > MAX_STEPS) {
        return 0;
    }
    if (node->kind == CXX_PACK_ELEMENT) {
        return at;
    }
    uint16_t found = pack_in(printer, node->a, depth + 1);
    found = found == 0 ? pack_in(printer, node->b, depth + 1) : found;
    return found == 0 ? pack_in(printer, node->c, depth + 1) : found;
}

void cxx_print_expansion(struct cxx_printer *printer, const struct cxx_node *node) {
    uint16_t pack = pack_in(printer, node->a, 0);
    if (pack == 0) {
        cxx_print_whole(printer, node->a);
        cxx_print_put(printer, "...");
        return;
    }
    uint32_t before = printer->element;
    size_t size = cxx_print_list_size(printer, cxx_print_node(printer, pack)->a);
    for (uint32_t i = 0; i < size && !printer->text->failed; i++) {
        printer->element = i;
        cxx_print_put(printer, i > 0 ? ", " : "");
        cxx_print_whole(printer, node->a);
    }
    printer->element = before;
}

// Items that print nothing (empty packs) get no comma.
void cxx_print_list(struct cxx_printer *printer, uint16_t at) {
    bool any = false;
    for (; at != 0 && cxx_print_node(printer, at)->a != 0 && !printer->text->failed; at = cxx_print_node(printer, at)->b) {
        size_t before = printer->text->size;
        cxx_print_put(printer, any ? ", " : "");
        size_t begin = printer->text->size;
        cxx_print_whole(printer, cxx_print_node(printer, at)->a);
        if (printer->text->size == begin) {
            printer->text->size = before;
        } else {
            any = true;
        }
    }
}

// ---- Names ----

static void arguments(struct cxx_printer *printer, uint16_t at) {
    cxx_print_put(printer, text_last(printer->text) == '<' ? " <" : "<");
    cxx_print_list(printer, at);
    cxx_print_put(printer, text_last(printer->text) == '>' ? " >" : ">");
}

static const char *full_std_name(uint64_t letter) {
    switch (letter) {
    case 's':
        return "std::basic_string<char, std::char_traits<char>, std::allocator<char> >";
    case 'i':
        return "std::basic_istream<char, std::char_traits<char> >";
    case 'o':
        return "std::basic_ostream<char, std::char_traits<char> >";
    case 'd':
        return "std::basic_iostream<char, std::char_traits<char> >";
    case 'a':
        return "std::allocator";
    default:
        return "std::basic_string";
    }
}

// A constructor's name: the class's last component without arguments.
static void last_part(struct cxx_printer *printer, uint16_t at) {
    for (int i = 0; i < 64; i++) {
        const struct cxx_node *node = cxx_print_node(printer, cxx_print_resolve(printer, at));
        if (node->kind == CXX_STD_CLASS) {
            static const char letters[] = "sbiod";
            static const char *const names[] = {"basic_string", "basic_string", "basic_istream", "basic_ostream", "basic_iostream"};
            const char *letter = strchr(letters, (int)node->number);
            cxx_print_put(printer, letter ? names[letter - letters] : "allocator");
            return;
        }
        if (node->kind == CXX_NESTED || node->kind == CXX_LOCAL) {
            at = node->b;
        } else if (node->kind == CXX_TEMPLATE || node->kind == CXX_SUFFIXED) {
            at = node->a;
        } else {
            cxx_print_whole(printer, cxx_print_resolve(printer, at));
            return;
        }
    }
}

static void nested(struct cxx_printer *printer, const struct cxx_node *node) {
    const struct cxx_node *scope = cxx_print_node(printer, node->a), *part = cxx_print_node(printer, node->b);
    bool whole_name = part->kind == CXX_CONSTRUCTOR || part->kind == CXX_DESTRUCTOR;
    if (scope->kind == CXX_STD_CLASS && whole_name) {
        cxx_print_put(printer, full_std_name(scope->number));
    } else {
        cxx_print_whole(printer, node->a);
    }
    cxx_print_put(printer, "::");
    cxx_print_whole(printer, node->b);
}

static void operator_name(struct cxx_printer *printer, const struct cxx_node *node) {
    bool is_word = node->text_size > 0 && node->text[0] >= 'a' && node->text[0] <= 'z';
    cxx_print_put(printer, is_word ? "operator " : "operator");
    size_t size = node->text_size;
    size -= size > 0 && node->text[size - 1] == ' ';
    text_put(printer->text, node->text, size);
}

static void member_qualifiers(struct cxx_printer *printer, uint8_t flags) {
    cxx_print_put(printer, (flags & CXX_CONST) != 0 ? " const" : "");
    cxx_print_put(printer, (flags & CXX_VOLATILE) != 0 ? " volatile" : "");
    cxx_print_put(printer, (flags & CXX_RESTRICT) != 0 ? " restrict" : "");
    cxx_print_put(printer, (flags & CXX_REFERENCE) != 0 ? " &" : "");
    cxx_print_put(printer, (flags & CXX_RVALUE_REFERENCE) != 0 ? " &&" : "");
}

void cxx_print_parameters(struct cxx_printer *printer, uint16_t at) {
    cxx_print_put(printer, "(");
    cxx_print_list(printer, at);
    cxx_print_put(printer, ")");
}

// A function's return type may enclose the whole encoding, like any declarator.
static bool needs_space(const struct cxx_printer *printer, uint16_t type) {
    const struct cxx_node *node = cxx_print_node(printer, cxx_print_resolve(printer, type));
    if (node->kind == CXX_POINTER || node->kind == CXX_MEMBER_POINTER) {
        const struct cxx_node *to = cxx_print_node(printer, cxx_print_resolve(printer, node->kind == CXX_POINTER ? node->a : node->b));
        return to->kind != CXX_FUNCTION && to->kind != CXX_ARRAY;
    }
    return node->kind != CXX_FUNCTION && node->kind != CXX_ARRAY;
}

static void encoding(struct cxx_printer *printer, const struct cxx_node *node) {
    if (node->c != 0) {
        left(printer, node->c);
        cxx_print_put(printer, needs_space(printer, node->c) ? " " : "");
    }
    cxx_print_whole(printer, node->a);
    cxx_print_parameters(printer, node->b);
    if (node->c != 0) {
        right(printer, node->c);
    }
    member_qualifiers(printer, node->flags);
}

// ---- Types ----

// A pointer to it needs parentheses.
static bool is_wrapped(const struct cxx_printer *printer, uint16_t at) {
    unsigned kind = cxx_print_node(printer, at)->kind;
    return kind == CXX_FUNCTION || kind == CXX_ARRAY;
}

// Reference collapsing: "T&&" of an "int&" is an "int&".
static uint16_t pointed_to(const struct cxx_printer *printer, const struct cxx_node *node, const char **text) {
    uint16_t to = cxx_print_resolve(printer, node->a);
    *text = cxx_print_is(node, "*") ? "*" : cxx_print_is(node, "&") ? "&" : "&&";
    for (int i = 0; i < 16 && **text == '&'; i++) {
        const struct cxx_node *inner = cxx_print_node(printer, to);
        if (inner->kind != CXX_POINTER || cxx_print_is(inner, "*")) {
            break;
        }
        *text = cxx_print_is(inner, "&") || (*text)[1] == '\0' ? "&" : "&&";
        to = cxx_print_resolve(printer, inner->a);
    }
    return to;
}

static uint16_t function_or_array_in(const struct cxx_printer *printer, uint16_t at) {
    const struct cxx_node *node = cxx_print_node(printer, at);
    return node->kind == CXX_QUALIFIED && is_wrapped(printer, cxx_print_resolve(printer, node->a)) ? cxx_print_resolve(printer, node->a)
                                                                                                   : at;
}

static void pointer_left(struct cxx_printer *printer, const struct cxx_node *node) {
    const char *text;
    uint16_t to = pointed_to(printer, node, &text);
    left(printer, to);
    if (is_wrapped(printer, function_or_array_in(printer, to))) {
        cxx_print_put(printer, cxx_print_node(printer, function_or_array_in(printer, to))->kind == CXX_ARRAY ? " (" : "(");
    }
    cxx_print_put(printer, text);
}

static void pointer_right(struct cxx_printer *printer, uint16_t to) {
    if (is_wrapped(printer, function_or_array_in(printer, to))) {
        cxx_print_put(printer, ")");
    }
    right(printer, to);
}

static void member_pointer_left(struct cxx_printer *printer, const struct cxx_node *node) {
    uint16_t to = cxx_print_resolve(printer, node->b);
    left(printer, to);
    cxx_print_put(printer, !is_wrapped(printer, to) ? " " : cxx_print_node(printer, to)->kind == CXX_ARRAY ? " (" : "(");
    cxx_print_whole(printer, node->a);
    cxx_print_put(printer, "::*");
}

static void qualified_left(struct cxx_printer *printer, const struct cxx_node *node) {
    left(printer, node->a);
    uint8_t flags = node->flags;
    const struct cxx_node *inner = cxx_print_node(printer, cxx_print_resolve(printer, node->a));
    if (inner->kind == CXX_QUALIFIED) { // no duplicates
        flags &= (uint8_t)~inner->flags;
    }
    member_qualifiers(printer, flags);
}

static void function_right(struct cxx_printer *printer, const struct cxx_node *node) {
    cxx_print_parameters(printer, node->b);
    right(printer, node->a);
    member_qualifiers(printer, node->flags);
    cxx_print_put(printer, (node->flags & CXX_NOEXCEPT) != 0 ? " noexcept" : "");
    if (node->c != 0) {
        cxx_print_put(printer, " ");
        cxx_print_whole(printer, node->c);
    }
}

// In sequence: "int [2][3]".
static void array_right(struct cxx_printer *printer, const struct cxx_node *node) {
    cxx_print_put(printer, text_last(printer->text) == ']' ? "[" : " [");
    if (node->b != 0) {
        cxx_print_whole(printer, node->b);
    }
    cxx_print_put(printer, "]");
    right(printer, node->a);
}

// ---- All of it ----

static void name_left(struct cxx_printer *printer, const struct cxx_node *node) {
    switch (node->kind) {
    case CXX_NAME:
    case CXX_STD_CLASS:
        cxx_print_text(printer, node);
        break;
    case CXX_PREFIXED:
        cxx_print_text(printer, node);
        cxx_print_whole(printer, node->a);
        break;
    case CXX_SUFFIXED:
        cxx_print_whole(printer, node->a);
        if (node->text_size > 0 && node->text[0] != ' ' && !cxx_print_is(node, "x")) {
            cxx_print_put(printer, "[abi:");
            cxx_print_text(printer, node);
            cxx_print_put(printer, "]");
        } else {
            cxx_print_text(printer, node);
        }
        break;
    case CXX_NESTED:
    case CXX_LOCAL:
        nested(printer, node);
        break;
    case CXX_TEMPLATE:
        if (node->flags != 0) { // a structured binding
            cxx_print_put(printer, "[");
            cxx_print_list(printer, node->b);
            cxx_print_put(printer, "]");
            break;
        }
        cxx_print_whole(printer, node->a);
        arguments(printer, node->b);
        break;
    case CXX_CONSTRUCTOR:
        last_part(printer, node->a);
        break;
    case CXX_DESTRUCTOR:
        cxx_print_put(printer, "~");
        last_part(printer, node->a);
        break;
    case CXX_CONVERSION:
        cxx_print_put(printer, "operator ");
        cxx_print_whole(printer, node->a);
        break;
    case CXX_OPERATOR:
        operator_name(printer, node);
        break;
    case CXX_LITERAL_OPERATOR:
        cxx_print_put(printer, "operator\"\" ");
        cxx_print_whole(printer, node->a);
        break;
    case CXX_ENCODING:
        encoding(printer, node);
        break;
    case CXX_LIST:
        cxx_print_list(printer, (uint16_t)(node - printer->tree->nodes));
        break;
    default:
        cxx_print_other(printer, node);
    }
}

static void left(struct cxx_printer *printer, uint16_t at) {
    at = cxx_print_resolve(printer, at);
    const struct cxx_node *node = cxx_print_node(printer, at);
    if (at == 0 || printer->text->failed || ++printer->depth > CXX_MAX_DEPTH || ++printer->steps > MAX_STEPS) {
        printer->text->failed = true;
        return;
    }
    switch (node->kind) {
    case CXX_POINTER:
        pointer_left(printer, node);
        break;
    case CXX_MEMBER_POINTER:
        member_pointer_left(printer, node);
        break;
    case CXX_QUALIFIED:
        qualified_left(printer, node);
        break;
    case CXX_VENDOR_QUALIFIED:
        left(printer, node->a);
        cxx_print_put(printer, " ");
        cxx_print_text(printer, node);
        break;
    case CXX_FUNCTION:
        left(printer, node->a);
        cxx_print_put(printer, needs_space(printer, node->a) ? " " : "");
        break;
    case CXX_ARRAY:
        left(printer, node->a);
        break;
    case CXX_VECTOR:
        cxx_print_whole(printer, node->a);
        cxx_print_put(printer, " __vector(");
        cxx_print_whole(printer, node->b);
        cxx_print_put(printer, ")");
        break;
    default:
        name_left(printer, node);
    }
    printer->depth--;
}

static void right(struct cxx_printer *printer, uint16_t at) {
    at = cxx_print_resolve(printer, at);
    const struct cxx_node *node = cxx_print_node(printer, at);
    if (printer->text->failed || ++printer->depth > CXX_MAX_DEPTH || ++printer->steps > MAX_STEPS) {
        printer->text->failed = true;
        return;
    }
    const char *text;
    switch (node->kind) {
    case CXX_POINTER:
        pointer_right(printer, pointed_to(printer, node, &text));
        break;
    case CXX_MEMBER_POINTER:
        cxx_print_put(printer, is_wrapped(printer, cxx_print_resolve(printer, node->b)) ? ")" : "");
        right(printer, node->b);
        break;
    case CXX_QUALIFIED:
    case CXX_VENDOR_QUALIFIED:
        right(printer, node->a);
        break;
    case CXX_FUNCTION:
        function_right(printer, node);
        break;
    case CXX_ARRAY:
        array_right(printer, node);
        break;
    default:
        break;
    }
    printer->depth--;
}

void cxx_print(const struct cxx_tree *tree, uint16_t root, struct demangle_text *text) {
    struct cxx_printer printer = {.tree = tree, .text = text, .element = CXX_NO_ELEMENT};
    cxx_print_whole(&printer, root);
}
