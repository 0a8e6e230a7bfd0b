// demangle_cxx_print_expression.c (naming): prints what is neither a name nor a declarator.

#include "demangle_cxx_print.h"

static void operand(struct cxx_printer *printer, uint16_t at) {
    unsigned kind = cxx_print_node(printer, cxx_print_resolve(printer, at))->kind;
    bool is_simple = kind == CXX_NAME || kind == CXX_NESTED || kind == CXX_PARAMETER || kind == CXX_BRACES;
    cxx_print_put(printer, is_simple ? "" : "(");
    cxx_print_whole(printer, at);
    cxx_print_put(printer, is_simple ? "" : ")");
}

static const char *suffix_of(const struct cxx_node *type) {
    static const struct {
        const char *type, *suffix;
    } suffixes[] = {{"int", ""},         {"unsigned int", "u"},        {"long", "l"}, {"unsigned long", "ul"},
                    {"long long", "ll"}, {"unsigned long long", "ull"}};
    for (size_t i = 0; type->kind == CXX_NAME && i < sizeof suffixes / sizeof *suffixes; i++) {
        if (cxx_print_is(type, suffixes[i].type)) {
            return suffixes[i].suffix;
        }
    }
    return NULL;
}

static void literal(struct cxx_printer *printer, const struct cxx_node *node) {
    const struct cxx_node *type = cxx_print_node(printer, cxx_print_resolve(printer, node->a));
    const char *suffix = suffix_of(type);
    if (type->kind == CXX_NAME && cxx_print_is(type, "bool") && node->text_size == 1 && (node->text[0] == '0' || node->text[0] == '1')) {
        cxx_print_put(printer, node->text[0] == '1' ? "true" : "false");
        return;
    }
    if (type->kind == CXX_NAME && cxx_print_is(type, "decltype(nullptr)") && (node->text_size == 0 || cxx_print_is(node, "0"))) {
        cxx_print_put(printer, "(decltype(nullptr))");
        cxx_print_text(printer, node);
        return;
    }
    if (!suffix) {
        cxx_print_put(printer, "(");
        cxx_print_whole(printer, node->a);
        cxx_print_put(printer, ")");
    }
    bool is_float =
        type->kind == CXX_NAME && (cxx_print_is(type, "float") || cxx_print_is(type, "double") || cxx_print_is(type, "long double"));
    bool is_negative = node->text_size > 0 && node->text[0] == 'n';
    cxx_print_put(printer, is_negative ? "-" : "");
    cxx_print_put(printer, is_float ? "[" : "");
    text_put(printer->text, node->text + is_negative, node->text_size - is_negative);
    cxx_print_put(printer, is_float ? "]" : "");
    cxx_print_put(printer, suffix ? suffix : "");
}

static void binary(struct cxx_printer *printer, const struct cxx_node *node) {
    bool is_greater = cxx_print_is(node, ">"); // would close the argument list
    cxx_print_put(printer, is_greater ? "(" : "");
    operand(printer, node->a);
    cxx_print_text(printer, node);
    operand(printer, node->b);
    cxx_print_put(printer, is_greater ? ")" : "");
}

static void fold(struct cxx_printer *printer, const struct cxx_node *node) {
    uint32_t before = printer->element;
    printer->element = CXX_NO_ELEMENT;
    cxx_print_put(printer, "(");
    if (node->number == 0) {
        cxx_print_put(printer, "...");
    } else {
        operand(printer, node->a);
    }
    cxx_print_text(printer, node);
    cxx_print_put(printer, node->number == 0 ? "" : "...");
    if (node->number == 0) {
        operand(printer, node->a);
    } else if (node->b != 0) {
        cxx_print_text(printer, node);
        operand(printer, node->b);
    }
    cxx_print_put(printer, ")");
    printer->element = before;
}

static void size_of_pack(struct cxx_printer *printer, const struct cxx_node *node) {
    const struct cxx_node *pack = cxx_print_node(printer, node->a);
    pack = pack->kind == CXX_FORWARD ? cxx_print_node(printer, pack->a) : pack;
    if (pack->kind == CXX_PACK_ELEMENT) {
        text_putn(printer->text, cxx_print_list_size(printer, pack->a));
        return;
    }
    cxx_print_put(printer, "sizeof...(");
    cxx_print_whole(printer, node->a);
    cxx_print_put(printer, ")");
}

static void wrapped(struct cxx_printer *printer, const struct cxx_node *node) {
    cxx_print_text(printer, node);
    cxx_print_put(printer, "(");
    cxx_print_whole(printer, node->a);
    cxx_print_put(printer, ")");
}

static void expression(struct cxx_printer *printer, const struct cxx_node *node) {
    const struct cxx_node *inner;
    bool is_plain;
    switch (node->kind) {
    case CXX_UNARY:
        cxx_print_text(printer, node);
        inner = cxx_print_node(printer, node->a);
        // A function: its parameters are omitted here.
        is_plain = inner->kind == CXX_ENCODING && inner->c == 0 && cxx_print_node(printer, inner->a)->kind == CXX_NESTED;
        operand(printer, is_plain ? inner->a : node->a);
        break;
    case CXX_POSTFIX:
        operand(printer, node->a);
        cxx_print_text(printer, node);
        break;
    case CXX_CALL:
        operand(printer, node->a);
        cxx_print_parameters(printer, node->b);
        break;
    case CXX_CAST:
        cxx_print_put(printer, "(");
        cxx_print_whole(printer, node->a);
        cxx_print_put(printer, ")");
        cxx_print_put(printer, "(");
        cxx_print_whole(printer, node->b);
        cxx_print_put(printer, ")");
        break;
    case CXX_NAMED_CAST:
        cxx_print_text(printer, node);
        cxx_print_put(printer, "<");
        cxx_print_whole(printer, node->a);
        cxx_print_put(printer, ">(");
        cxx_print_whole(printer, node->b);
        cxx_print_put(printer, ")");
        break;
    case CXX_BRACES:
        if (node->a != 0) {
            cxx_print_whole(printer, node->a);
        }
        cxx_print_put(printer, "{");
        cxx_print_list(printer, node->b);
        cxx_print_put(printer, "}");
        break;
    case CXX_CONDITIONAL:
        operand(printer, node->a);
        cxx_print_put(printer, "?");
        operand(printer, node->b);
        cxx_print_put(printer, " : ");
        operand(printer, node->c);
        break;
    case CXX_INDEX:
        operand(printer, node->a);
        cxx_print_put(printer, "[");
        cxx_print_whole(printer, node->b);
        cxx_print_put(printer, "]");
        break;
    case CXX_MEMBER:
        operand(printer, node->a);
        cxx_print_text(printer, node);
        cxx_print_whole(printer, node->b);
        break;
    default:
        printer->text->failed = true;
    }
}

static void numbered(struct cxx_printer *printer, const char *before, uint64_t number, const char *after) {
    cxx_print_put(printer, before);
    text_putn(printer->text, number);
    cxx_print_put(printer, after);
}

void cxx_print_other(struct cxx_printer *printer, const struct cxx_node *node) {
    switch (node->kind) {
    case CXX_LITERAL:
        literal(printer, node);
        break;
    case CXX_BINARY:
        binary(printer, node);
        break;
    case CXX_WRAPPED:
        wrapped(printer, node);
        break;
    case CXX_FOLD:
        fold(printer, node);
        break;
    case CXX_SIZE_OF_PACK:
        size_of_pack(printer, node);
        break;
    case CXX_PARAMETER:
        numbered(printer, "{parm#", node->number, "}");
        break;
    case CXX_AUTO:
        numbered(printer, "auto:", node->number, "");
        break;
    case CXX_UNNAMED:
        numbered(printer, "{unnamed type#", node->number, "}");
        break;
    case CXX_DEFAULT_ARGUMENT:
        numbered(printer, "{default arg#", node->number, "}");
        break;
    case CXX_LAMBDA:
        cxx_print_put(printer, "{lambda");
        cxx_print_parameters(printer, node->a);
        numbered(printer, "#", node->number, "}");
        break;
    case CXX_ARGUMENT_PACK:
    case CXX_PACK_ELEMENT: // the whole pack, outside of an expansion
        cxx_print_list(printer, node->a);
        break;
    case CXX_EXPANSION:
        cxx_print_expansion(printer, node);
        break;
    default:
        expression(printer, node);
    }
}
