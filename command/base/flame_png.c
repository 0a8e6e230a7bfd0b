// flame_png.c: see flame_png.h.
#include "flame_png.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/utf8.h"
#include "../../receiver/views/flame_layout.h"

const char flame_png_library[] = "libcairo.so.2";

enum { HEIGHT_MOST = 32767 }; // of cairo's pictures
static char reason[400];

static const char *fail(const char *format, const char *text) {
    snprintf(reason, sizeof reason, format, text);
    return reason;
}

// ---- Cairo ----

typedef struct cairo_surface cairo_surface;
typedef struct cairo cairo;
enum { CAIRO_STATUS_SUCCESS = 0, CAIRO_STATUS_NO_MEMORY = 1, CAIRO_STATUS_WRITE_ERROR = 11, CAIRO_FORMAT_RGB24 = 1 };
typedef int cairo_take(void *context, const unsigned char *bytes, unsigned size); // a status

static struct library {
    cairo_surface *(*image_surface_create)(int format, int width, int height);
    int (*surface_status)(cairo_surface *surface);
    int (*surface_write_to_png_stream)(cairo_surface *surface, cairo_take *take, void *context);
    void (*surface_destroy)(cairo_surface *surface);
    cairo *(*create)(cairo_surface *surface);
    int (*status)(cairo *cr);
    void (*destroy)(cairo *cr);
    void (*set_source_rgb)(cairo *cr, double red, double green, double blue);
    void (*paint)(cairo *cr);
    void (*rectangle)(cairo *cr, double x, double y, double width, double height);
    void (*fill)(cairo *cr);
    void (*select_font_face)(cairo *cr, const char *family, int slant, int weight);
    void (*set_font_size)(cairo *cr, double size);
    void (*move_to)(cairo *cr, double x, double y);
    void (*show_text)(cairo *cr, const char *utf8);
    const char *(*status_to_string)(int status);
} lib;

// It stays loaded: there is one picture, and libraries below it have state of their own.
static const char *load(const char *name) {
    static const struct {
        const char *name;
        void *to;
    } functions[] = {{"cairo_image_surface_create", &lib.image_surface_create},
                     {"cairo_surface_status", &lib.surface_status},
                     {"cairo_surface_write_to_png_stream", &lib.surface_write_to_png_stream},
                     {"cairo_surface_destroy", &lib.surface_destroy},
                     {"cairo_create", &lib.create},
                     {"cairo_status", &lib.status},
                     {"cairo_destroy", &lib.destroy},
                     {"cairo_set_source_rgb", &lib.set_source_rgb},
                     {"cairo_paint", &lib.paint},
                     {"cairo_rectangle", &lib.rectangle},
                     {"cairo_fill", &lib.fill},
                     {"cairo_select_font_face", &lib.select_font_face},
                     {"cairo_set_font_size", &lib.set_font_size},
                     {"cairo_move_to", &lib.move_to},
                     {"cairo_show_text", &lib.show_text},
                     {"cairo_status_to_string", &lib.status_to_string}};
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        return fail("a PNG is drawn by libcairo (Debian's package libcairo2), which cannot be loaded: %s; --to svg does not need it",
                    dlerror());
    }
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *function = dlsym(handle, functions[i].name);
        if (!function) {
            return fail("a PNG is drawn by libcairo (Debian's package libcairo2), which has no %s; --to svg does not need it",
                        functions[i].name);
        }
        memcpy(functions[i].to, &function, sizeof function);
    }
    return NULL;
}

// ---- Drawing ----

struct rgb {
    double red, green, blue;
};

// As CSS defines hsl().
static double channel(struct flame_colour colour, double n) {
    double k = fmod(n + colour.hue / 30.0, 12), light = colour.lightness / 100.0;
    double a = colour.saturation / 100.0 * fmin(light, 1 - light);
    return light - a * fmax(-1, fmin(fmin(k - 3, 9 - k), 1));
}

static struct rgb rgb_of(struct flame_colour colour) {
    return (struct rgb){channel(colour, 0), channel(colour, 8), channel(colour, 4)};
}

// Text that is no UTF-8 would end the drawing, and so would a noncharacter. What has no form becomes U+FFFD.
static void show_text(cairo *cr, const char *text) {
    static const char none[] = "\xef\xbf\xbd";
    char shown[4096];
    size_t used = 0;
    for (size_t left = strlen(text), length; left > 0 && used + 4 < sizeof shown; text += length, left -= length) {
        length = utf8_length(text, left);
        bool has = length > 0 && (unsigned char)*text >= ' ' && *text != 0x7f && !utf8_is_noncharacter(text, length);
        memcpy(shown + used, has ? text : none, has ? length : sizeof none - 1);
        used += has ? length : sizeof none - 1;
        length = length > 0 ? length : 1;
    }
    shown[used] = '\0';
    lib.show_text(cr, shown);
}

static bool draw(void *context, const struct flame_box *box) {
    cairo *cr = context;
    struct rgb colour = rgb_of(box->colour);
    lib.set_source_rgb(cr, colour.red, colour.green, colour.blue);
    lib.rectangle(cr, box->x, (double)box->y, box->width, (double)box->height);
    lib.fill(cr);
    if (*box->label) {
        lib.set_source_rgb(cr, 0, 0, 0);
        lib.move_to(cr, box->text_x, (double)box->text_y);
        show_text(cr, box->label);
    }
    return lib.status(cr) == CAIRO_STATUS_SUCCESS;
}

static void draw_head(cairo *cr, const struct export_tree *of) {
    char value[256], text[2048];
    flame_value(of->tree->nodes[0].total, of->unit, value, sizeof value);
    snprintf(text, sizeof text, "%s: %s, %s", of->title, of->type, value);
    lib.set_source_rgb(cr, 1, 1, 1);
    lib.paint(cr);
    lib.select_font_face(cr, "sans-serif", 0, 0);
    lib.set_font_size(cr, FLAME_TITLE_FONT);
    lib.set_source_rgb(cr, 0, 0, 0);
    lib.move_to(cr, FLAME_MARGIN, FLAME_TITLE_Y);
    show_text(cr, text);
    lib.set_font_size(cr, FLAME_FONT);
}

static int take(void *context, const unsigned char *bytes, unsigned size) {
    return fwrite(bytes, 1, size, context) == size ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static const char *write_png(cairo_surface *surface, struct json *file) {
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&bytes, &size);
    int status = out ? lib.surface_write_to_png_stream(surface, take, out) : CAIRO_STATUS_NO_MEMORY;
    if (out && fclose(out) != 0 && status == CAIRO_STATUS_SUCCESS) {
        status = CAIRO_STATUS_NO_MEMORY;
    }
    if (status != CAIRO_STATUS_SUCCESS) {
        free(bytes);
        return fail("the picture cannot be written: %s", lib.status_to_string(status));
    }
    *file = (struct json){.bytes = bytes, .size = size, .capacity = size};
    return NULL;
}

static const char *draw_on(cairo_surface *surface, const struct export_tree *of, struct json *file) {
    cairo *cr = lib.create(surface);
    draw_head(cr, of);
    bool walked = flame_layout(of, draw, cr);
    int status = lib.status(cr);
    lib.destroy(cr);
    if (!walked && status == CAIRO_STATUS_SUCCESS) {
        status = CAIRO_STATUS_NO_MEMORY;
    }
    return status == CAIRO_STATUS_SUCCESS ? write_png(surface, file)
                                          : fail("the picture cannot be drawn: %s", lib.status_to_string(status));
}

const char *flame_png(const struct export_tree *of, const char *library, struct json *file) {
    size_t height = flame_height(of);
    char number[32];
    snprintf(number, sizeof number, "%zu", height);
    if (height == 0 || height > HEIGHT_MOST) {
        return height == 0 ? "memory is short"
                           : fail("the picture would be %s pixels high, and 32767 are possible: --to svg has no limit", number);
    }
    const char *error = load(library);
    if (error) {
        return error;
    }
    cairo_surface *surface = lib.image_surface_create(CAIRO_FORMAT_RGB24, FLAME_WIDTH, (int)height);
    int status = lib.surface_status(surface);
    error =
        status == CAIRO_STATUS_SUCCESS ? draw_on(surface, of, file) : fail("the picture cannot be made: %s", lib.status_to_string(status));
    lib.surface_destroy(surface);
    return error;
}
