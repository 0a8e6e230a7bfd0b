// export_svg.c: a flame graph as a picture, with a title for each frame (export.h).
//
// No script is in it, so that any viewer shows it and none is surprised.
#include "../../base/xml.h"
#include "export.h"
#include "flame_layout.h"

#include <stdio.h>
#include <string.h>

enum { VALUE_BYTES = 256 };

struct drawing {
    const struct export_tree *of;
    FILE *out;
};

static void put_text(const char *text, FILE *out) {
    xml_put(text, strlen(text), out);
}

static bool draw(void *context, const struct flame_box *box) {
    const struct drawing *drawing = context;
    const struct tree_node *root = drawing->of->tree->nodes;
    char value[VALUE_BYTES];
    FILE *out = drawing->out;
    flame_value(box->node->total, drawing->of->unit, value, sizeof value);
    fputs("<g><title>", out);
    put_text(box->name, out);
    fputs(": ", out);
    put_text(value, out);
    fprintf(out, ", %.2f %%</title><rect x=\"%.2f\" y=\"%zu\" width=\"%.2f\" height=\"%zu\" fill=\"hsl(%u,%u%%,%u%%)\"/>",
            100.0 * (double)box->node->total / (double)root->total, box->x, box->y, box->width, box->height, box->colour.hue,
            box->colour.saturation, box->colour.lightness);
    fprintf(out, "<text x=\"%.2f\" y=\"%zu\">", box->text_x, box->text_y);
    put_text(box->label, out);
    fputs("</text></g>\n", out);
    return ftello(out) <= (off_t)JSON_MAX_BYTES;
}

static void put_head(const struct export_tree *of, size_t height, FILE *out) {
    char value[VALUE_BYTES];
    flame_value(of->tree->nodes[0].total, of->unit, value, sizeof value);
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\" viewBox=\"0 "
            "0 %d %zu\" font-family=\"Verdana,sans-serif\" font-size=\"%d\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
            "<text x=\"%d\" y=\"%d\" font-size=\"%d\">",
            FLAME_WIDTH, height, FLAME_WIDTH, height, FLAME_FONT, FLAME_MARGIN, FLAME_TITLE_Y, FLAME_TITLE_FONT);
    put_text(of->title, out);
    fputs(": ", out);
    put_text(of->type, out);
    fputs(", ", out);
    put_text(value, out);
    fputs("</text>\n", out);
}

bool export_svg(const struct export_tree *of, FILE *out) {
    struct drawing drawing = {of, out};
    size_t height = flame_height(of);
    if (height == 0) {
        return false;
    }
    put_head(of, height, out);
    bool ok = flame_layout(of, draw, &drawing);
    fputs("</svg>\n", out);
    return ok;
}
