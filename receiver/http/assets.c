// assets.c: the files of the page, embedded byte for byte by the assembler (assets.h).
//
// receiver/web/build.mjs makes build/web/ from receiver/web/. .incbin paths are relative to the compiler's working directory, which is the
// root of the tree (Makefile).
#include "assets.h"

#include <string.h>

// Defines NAME and NAME_end around the bytes of a file, and a NUL.
#define EMBED_BYTES(name, file)                                                                                                            \
    __asm__(".section .rodata\n"                                                                                                           \
            ".hidden " #name "\n.hidden " #name "_end\n"                                                                                   \
            ".global " #name "\n" #name ":\n.incbin \"build/web/" file "\"\n"                                                              \
            ".global " #name "_end\n" #name "_end:\n.byte 0\n.text\n");                                                                    \
    extern const unsigned char name[], name##_end[]
#define EMBED(name, file)                                                                                                                  \
    EMBED_BYTES(asset_##name, file);                                                                                                       \
    EMBED_BYTES(asset_##name##_gzip, file ".gz");                                                                                          \
    EMBED_BYTES(asset_##name##_brotli, file ".br");                                                                                        \
    EMBED_BYTES(asset_##name##_hash, file ".hash")
#define EMBEDDED(name)                                                                                                                     \
    asset_##name, asset_##name##_end, asset_##name##_gzip, asset_##name##_gzip_end, asset_##name##_brotli, asset_##name##_brotli_end,      \
        (const char *)asset_##name##_hash

EMBED(index, "index.html");
EMBED(icon, "icon.svg");
EMBED(style, "page.css");
EMBED(script, "page.js");
EMBED(later, "later.js");
EMBED(shared, "chunk.js");
EMBED_BYTES(asset_report_script, "report.js");
EMBED_BYTES(asset_report_html, "report.html");

#define HTML "text/html; charset=utf-8"
#define JAVASCRIPT "text/javascript; charset=utf-8"

// The page's views are paths of their own (receiver/web/src/routes.ts); the script reads the address.
static const struct asset assets[] = {
    {"/", HTML, EMBEDDED(index), false},
    {"/profile", HTML, EMBEDDED(index), false},
    {"/compare", HTML, EMBEDDED(index), false},
    {"/favicon.ico", "image/svg+xml", EMBEDDED(icon), false}, // for documents without an icon, such as a JSON answer
    {"/icon.svg", "image/svg+xml", EMBEDDED(icon), false},
    {"/page.css", "text/css; charset=utf-8", EMBEDDED(style), false},
    {"/page.js", JAVASCRIPT, EMBEDDED(script), false},
    {"/later.js", JAVASCRIPT, EMBEDDED(later), true},
    {"/chunk.js", JAVASCRIPT, EMBEDDED(shared), true},
};
static const struct asset report_script = {.bytes = asset_report_script, .end = asset_report_script_end};

// "/profile/7"
static bool is_upload_page(const char *path) {
    static const char prefix[] = "/profile/";
    const char *id = path + sizeof prefix - 1;
    return strncmp(path, prefix, sizeof prefix - 1) == 0 && *id && !id[strspn(id, "0123456789")];
}

const struct asset *asset_find(const char *path) {
    if (is_upload_page(path)) {
        return &assets[0];
    }
    for (size_t i = 0; i < sizeof assets / sizeof *assets; i++) {
        if (strcmp(assets[i].path, path) == 0) {
            return &assets[i];
        }
    }
    return NULL;
}

const struct asset *asset_script_of_reports(void) {
    return &report_script;
}

const char *asset_report(void) {
    return (const char *)asset_report_html;
}
