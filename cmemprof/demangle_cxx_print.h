// demangle_cxx_print.h (naming): shared by the two files that print a name's tree.
#ifndef CMEMPROF_DEMANGLE_CXX_PRINT_H
#define CMEMPROF_DEMANGLE_CXX_PRINT_H

#include "namespace.h"
#include "demangle_cxx.h"

#define CXX_NO_ELEMENT UINT32_MAX

struct cxx_printer {
    const struct cxx_tree *tree;
    struct demangle_text *text;
    unsigned depth, steps;
    uint32_t element; // the pack element being printed in an expansion
};

const struct cxx_node *cxx_print_node(const struct cxx_printer *printer, uint16_t at);
uint16_t cxx_print_resolve(const struct cxx_printer *printer, uint16_t at); // resolves references to other nodes
bool cxx_print_is(const struct cxx_node *node, const char *text);
size_t cxx_print_list_size(const struct cxx_printer *printer, uint16_t list);

void cxx_print_put(struct cxx_printer *printer, const char *bytes);
void cxx_print_text(struct cxx_printer *printer, const struct cxx_node *node);
void cxx_print_whole(struct cxx_printer *printer, uint16_t at);
void cxx_print_list(struct cxx_printer *printer, uint16_t at);
void cxx_print_parameters(struct cxx_printer *printer, uint16_t at);
void cxx_print_expansion(struct cxx_printer *printer, const struct cxx_node *node);
void cxx_print_other(struct cxx_printer *printer, const struct cxx_node *node); // literals, operations, lambdas, packs

#endif
