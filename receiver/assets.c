// assets.c: the files of the page, put into the program byte for byte by the assembler (assets.h).
//
// build/web/ is what receiver/web/build.mjs makes of receiver/web/. .incbin looks from where the compiler runs, which is the root of the
// tree (Makefile).
#include "assets.h"

#include <string.h>

// Defines asset_NAME and asset_NAME_end around the bytes of a file.
#define EMBED(name, file)                                                                                                                  \
    __asm__(".section .rodata\n"                                                                                                           \
            ".hidden asset_" #name "\n.hidden asset_" #name "_end\n"                                                                       \
            ".global asset_" #name "\nasset_" #name ":\n.incbin \"build/web/" file "\"\n"                                                  \
            ".global asset_" #name "_end\nasset_" #name "_end:\n.byte 0\n.text\n");                                                        \
    extern const unsigned char asset_##name[], asset_##name##_end[]

EMBED(index, "index.html");
EMBED(icon, "icon.svg");
EMBED(style, "page.css");
EMBED(script, "page.js");

#define HTML "text/html; charset=utf-8"

// The views of the page are paths of their own (receiver/web/src/routes.ts); the script looks at the address.
static const struct asset assets[] = {
    {"/", HTML, asset_index, asset_index_end},
    {"/profile", HTML, asset_index, asset_index_end},
    {"/compare", HTML, asset_index, asset_index_end},
    {"/icon.svg", "image/svg+xml", asset_icon, asset_icon_end},
    {"/page.css", "text/css; charset=utf-8", asset_style, asset_style_end},
    {"/page.js", "text/javascript; charset=utf-8", asset_script, asset_script_end},
};

const struct asset *asset_find(const char *path) {
    for (size_t i = 0; i < sizeof assets / sizeof *assets; i++) {
        if (strcmp(assets[i].path, path) == 0) {
            return &assets[i];
        }
    }
    return NULL;
}
