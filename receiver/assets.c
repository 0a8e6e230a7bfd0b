// assets.c: the files of receiver/web/, put into the program byte for byte by the assembler (assets.h).
//
// .incbin looks from where the compiler runs, which is the root of the tree (Makefile).
#include "assets.h"

#include <string.h>

// Defines asset_NAME and asset_NAME_end around the bytes of a file.
#define EMBED(name, file)                                                                                                                  \
    __asm__(".section .rodata\n"                                                                                                           \
            ".hidden asset_" #name "\n.hidden asset_" #name "_end\n"                                                                       \
            ".global asset_" #name "\nasset_" #name ":\n.incbin \"receiver/web/" file "\"\n"                                               \
            ".global asset_" #name "_end\nasset_" #name "_end:\n.byte 0\n.text\n");                                                        \
    extern const unsigned char asset_##name[], asset_##name##_end[]

EMBED(index, "index.html");
EMBED(style, "style.css");
EMBED(icon, "icon.svg");
EMBED(page, "page.js");
EMBED(flamegraph, "flamegraph.js");
EMBED(functions, "functions.js");
EMBED(format, "format.js");

#define SCRIPT "text/javascript; charset=utf-8"

static const struct asset assets[] = {
    {"/", "text/html; charset=utf-8", asset_index, asset_index_end},
    {"/style.css", "text/css; charset=utf-8", asset_style, asset_style_end},
    {"/icon.svg", "image/svg+xml", asset_icon, asset_icon_end},
    {"/page.js", SCRIPT, asset_page, asset_page_end},
    {"/flamegraph.js", SCRIPT, asset_flamegraph, asset_flamegraph_end},
    {"/functions.js", SCRIPT, asset_functions, asset_functions_end},
    {"/format.js", SCRIPT, asset_format, asset_format_end},
};

const struct asset *asset_find(const char *path) {
    for (size_t i = 0; i < sizeof assets / sizeof *assets; i++) {
        if (strcmp(assets[i].path, path) == 0) {
            return &assets[i];
        }
    }
    return NULL;
}
