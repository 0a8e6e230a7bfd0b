// demangle_cxx.h (naming): Itanium C++ ABI names: parsed into a tree (demangle_cxx.c, demangle_cxx_expression.c), which is then printed
// (demangle_cxx_print.c).
//
// Threads: any, each with its own tree. Memory: the tree, whose size bounds a name; a name that needs more is kept mangled.
#ifndef CMEMPROF_DEMANGLE_CXX_H
#define CMEMPROF_DEMANGLE_CXX_H

#include "namespace.h"
#include "demangle_text.h"

enum { CXX_MAX_NODES = 4096, CXX_MAX_SUBSTITUTIONS = 1024, CXX_MAX_ARGUMENTS = 256, CXX_MAX_DEPTH = 192 };

enum cxx_kind {
    CXX_NAME,        // text
    CXX_STD_CLASS,   // text: "string"; number 1: print the full name, since a constructor follows
    CXX_PREFIXED,    // text a: "vtable for " a
    CXX_SUFFIXED,    // a text: "a[abi:x]"
    CXX_NESTED,      // a::b
    CXX_LOCAL,       // a::b, a is an encoding
    CXX_TEMPLATE,    // a<b>, b is a list
    CXX_CONSTRUCTOR, // of a
    CXX_DESTRUCTOR,  // of a
    CXX_CONVERSION,  // operator a
    CXX_OPERATOR,    // text: "+"
    CXX_LITERAL_OPERATOR,
    CXX_UNNAMED,          // number
    CXX_LAMBDA,           // a: parameter list; number
    CXX_DEFAULT_ARGUMENT, // number
    CXX_ENCODING,         // name a, parameters b, return type c; flags
    CXX_LIST,             // a, and b the rest of the list; an empty list has neither
    CXX_QUALIFIED,        // type a; flags
    CXX_VENDOR_QUALIFIED, // type a, text
    CXX_POINTER,          // to a; text: "*", "&", "&&"
    CXX_MEMBER_POINTER,   // to b in class a
    CXX_FUNCTION,         // return type a, parameters b, noexcept or throw specification c; flags
    CXX_ARRAY,            // of a; b: bound, or 0
    CXX_VECTOR,           // of a; b: element count
    CXX_ARGUMENT_PACK,    // a: list
    CXX_PACK_ELEMENT,     // a: list; the element is selected while an expansion is printed
    CXX_EXPANSION,        // of a
    CXX_AUTO,             // a lambda's parameter; number
    CXX_FORWARD,          // template argument number; a: the argument, once resolved
    CXX_PARAMETER,        // of a function, in an expression; number
    CXX_LITERAL,          // type a, text
    CXX_UNARY,            // text a
    CXX_BINARY,           // a text b
    CXX_POSTFIX,          // a text
    CXX_CALL,             // a(b), b is a list
    CXX_CAST,             // (a)(b)
    CXX_NAMED_CAST,       // text<a>(b)
    CXX_BRACES,           // a{b}; a: 0 or a type
    CXX_CONDITIONAL,      // a ? b : c
    CXX_WRAPPED,          // text (a): sizeof (x)
    CXX_MEMBER,           // a text b: . and ->
    CXX_INDEX,            // a[b]
    CXX_FOLD,             // a text b; number: which of the four fold forms
    CXX_SIZE_OF_PACK,     // a
};

enum {
    CXX_CONST = 1,
    CXX_VOLATILE = 2,
    CXX_RESTRICT = 4,
    CXX_REFERENCE = 8,
    CXX_RVALUE_REFERENCE = 16,
    CXX_NOEXCEPT = 32,
};

// Nodes are referred to by their index in the tree; 0 is none.
struct cxx_node {
    uint8_t kind, flags;
    uint16_t a, b, c;
    uint32_t text_size;
    const char *text; // points into the name, or a constant
    uint64_t number;
};

struct cxx_tree {
    const char *at, *end;
    bool failed;
    bool is_conversion; // parsing the type of a conversion operator: an "I" after it does not belong to it
    unsigned depth;
    size_t node_count, substitution_count, argument_count, lambda_depth;
    size_t first_argument; // index of the innermost list's first argument
    struct cxx_node nodes[CXX_MAX_NODES];
    uint16_t substitutions[CXX_MAX_SUBSTITUTIONS];
    uint16_t arguments[CXX_MAX_ARGUMENTS];
};

// Shared by the parsers.
uint16_t cxx_add(struct cxx_tree *tree, struct cxx_node node); // returns 0 if the tree is full
uint16_t cxx_add_text(struct cxx_tree *tree, enum cxx_kind kind, const char *text, uint16_t a, uint16_t b);
uint16_t cxx_fail(struct cxx_tree *tree);
bool cxx_take(struct cxx_tree *tree, const char *wanted);
bool cxx_number(struct cxx_tree *tree, uint64_t *number);
uint16_t cxx_list_until(struct cxx_tree *tree, uint16_t (*item)(struct cxx_tree *), char end);
uint16_t cxx_type(struct cxx_tree *tree);
uint16_t cxx_encoding(struct cxx_tree *tree, bool is_top);
uint16_t cxx_expression(struct cxx_tree *tree);
uint16_t cxx_literal(struct cxx_tree *tree);
uint16_t cxx_template_arguments(struct cxx_tree *tree, bool are_names);
uint16_t cxx_template_parameter(struct cxx_tree *tree);
uint16_t cxx_source_name(struct cxx_tree *tree);
uint16_t cxx_unqualified_name(struct cxx_tree *tree, uint16_t scope);
bool cxx_enter(struct cxx_tree *tree); // increments depth, which the caller restores; returns false if too deep
// What is known of a name once it is parsed.
struct cxx_name_state {
    bool is_constructor_or_conversion, ends_with_arguments, are_names; // are_names: its arguments are what "T_" refers to
    uint8_t flags;                                                     // qualifiers of a member function
};
uint16_t cxx_name(struct cxx_tree *tree, struct cxx_name_state *state); // state may be NULL
uint16_t cxx_argument_number(struct cxx_tree *tree, uint64_t index);
uint16_t cxx_substitution(struct cxx_tree *tree);                // after "S"
void cxx_add_substitution(struct cxx_tree *tree, uint16_t node); // adds a substitution candidate
const char *cxx_operator(struct cxx_tree *tree, int *operands);  // returns NULL if there is no operator

void cxx_print(const struct cxx_tree *tree, uint16_t root, struct demangle_text *text);

bool demangle_cxx(const char *name, struct cxx_tree *tree, struct demangle_text *text); // "_ZN6engine5Cache3putEv"

#endif
