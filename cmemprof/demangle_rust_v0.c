// demangle_rust_v0.c (naming): Rust's v0 mangling (RFC 2603), parsed and printed in one pass.
//
// Back references point to earlier positions of the name, so a short name can expand without bound: both the output length and the number
// of parsed parts are limited.

#include "demangle_rust.h"

enum { MAX_DEPTH = 128, MAX_STEPS = 20000 };

struct reader {
    const char *begin, *at;
    struct demangle_text *text;
    int depth, steps;
    int muted;          // not 0: parse without printing
    uint64_t lifetimes; // bound around the present position
};

static void path(struct reader *reader, bool in_value);
static void type(struct reader *reader);
static void constant(struct reader *reader);

static void put(struct reader *reader, const char *bytes) {
    if (reader->muted == 0) {
        text_puts(reader->text, bytes);
    }
}

static void put_number(struct reader *reader, uint64_t number) {
    if (reader->muted == 0) {
        text_putn(reader->text, number);
    }
}

static void fail(struct reader *reader) {
    reader->text->failed = true;
}

static bool take(struct reader *reader, char wanted) {
    bool is = *reader->at == wanted;
    reader->at += is;
    return is;
}

static bool enter(struct reader *reader) {
    if (reader->text->failed || ++reader->depth > MAX_DEPTH || ++reader->steps > MAX_STEPS) {
        fail(reader);
    }
    return !reader->text->failed;
}

// ---- Numbers ----

// "_" is 0, "0_" 1, "Z_" 62.
static uint64_t base_62(struct reader *reader) {
    uint64_t value = 0;
    if (take(reader, '_')) {
        return 0;
    }
    for (; *reader->at != '_'; reader->at++) {
        char c = *reader->at;
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : c >= 'A' && c <= 'Z' ? c - 'A' + 36 : -1;
        if (digit < 0 || value > UINT64_MAX / 62 - 62) {
            fail(reader);
            return 0;
        }
        value = value * 62 + (uint64_t)digit;
    }
    reader->at++;
    return value + 1;
}

static uint64_t optional_62(struct reader *reader, char tag) {
    return take(reader, tag) ? base_62(reader) + 1 : 0;
}

// ---- Identifiers ----

struct identifier {
    const char *bytes;
    size_t size;
    bool is_punycode;
};

static struct identifier identifier(struct reader *reader) {
    struct identifier name = {.bytes = reader->begin, .is_punycode = take(reader, 'u')};
    if (*reader->at < '0' || *reader->at > '9') {
        fail(reader);
        return name;
    }
    if (!take(reader, '0')) {
        for (; *reader->at >= '0' && *reader->at <= '9' && name.size < 1 << 20; reader->at++) {
            name.size = name.size * 10 + (size_t)(*reader->at - '0');
        }
    }
    take(reader, '_');
    name.bytes = reader->at;
    if (strnlen(reader->at, name.size) < name.size) {
        fail(reader);
        name.size = 0;
    }
    reader->at += name.size;
    return name;
}

static void put_punycode(struct reader *reader, struct identifier name) {
    if (!demangle_put_punycode(reader->text, name.bytes, name.size)) {
        fail(reader);
    }
}

static void put_identifier(struct reader *reader, struct identifier name) {
    if (reader->muted == 0 && name.is_punycode) {
        put_punycode(reader, name);
    } else if (reader->muted == 0) {
        text_put(reader->text, name.bytes, name.size);
    }
}

// ---- Back references ----

// Parses what is at the referenced position, then resumes.
static void refer(struct reader *reader, void (*what)(struct reader *, bool), bool in_value) {
    const char *here = reader->at - 1;
    uint64_t to = base_62(reader);
    if (reader->text->failed || to >= (uint64_t)(here - reader->begin)) {
        fail(reader);
        return;
    }
    const char *after = reader->at;
    if (reader->muted == 0) { // muted: it was already parsed there
        reader->at = reader->begin + to;
        what(reader, in_value);
    }
    reader->at = after;
}

static void type_there(struct reader *reader, bool in_value) {
    (void)in_value;
    type(reader);
}

static void constant_there(struct reader *reader, bool in_value) {
    (void)in_value;
    constant(reader);
}

// ---- Lifetimes ----

static void put_lifetime(struct reader *reader, uint64_t index) {
    put(reader, "'");
    if (index == 0) {
        put(reader, "_");
        return;
    }
    if (index > reader->lifetimes) {
        fail(reader);
        return;
    }
    uint64_t depth = reader->lifetimes - index;
    if (depth < 26) {
        put(reader, (char[]){(char)('a' + depth), '\0'});
    } else {
        put(reader, "_");
        put_number(reader, depth);
    }
}

// "for<'a, 'b> ". Returns the number of bound lifetimes.
static uint64_t binder(struct reader *reader) {
    uint64_t count = optional_62(reader, 'G');
    if (count > 64) {
        fail(reader);
        return 0;
    }
    for (uint64_t i = 0; i < count; i++) {
        put(reader, i == 0 ? "for<" : ", ");
        reader->lifetimes++;
        put_lifetime(reader, 1);
    }
    put(reader, count > 0 ? "> " : "");
    return count;
}

// ---- Paths ----

static void generic_argument(struct reader *reader) {
    if (take(reader, 'L')) {
        put_lifetime(reader, base_62(reader));
    } else if (take(reader, 'K')) {
        constant(reader);
    } else {
        type(reader);
    }
}

static void generic_arguments(struct reader *reader) {
    for (bool first = true; !reader->text->failed && !take(reader, 'E'); first = false) {
        put(reader, first ? "" : ", ");
        generic_argument(reader);
    }
}

static void nested(struct reader *reader, bool in_value) {
    char kind = *reader->at;
    reader->at += kind != '\0';
    path(reader, in_value);
    uint64_t number = optional_62(reader, 's');
    struct identifier name = identifier(reader);
    if (kind >= 'a' && kind <= 'z') {
        put(reader, name.size > 0 ? "::" : "");
        put_identifier(reader, name);
        return;
    }
    if (kind < 'A' || kind > 'Z') {
        fail(reader);
        return;
    }
    put(reader, "::{");
    put(reader, kind == 'C' ? "closure" : kind == 'S' ? "shim" : (char[]){kind, '\0'});
    put(reader, name.size > 0 ? ":" : "");
    put_identifier(reader, name);
    put(reader, "#");
    put_number(reader, number);
    put(reader, "}");
}

// An implementation is printed by its type, which says more than its own path.
static void implementation(struct reader *reader) {
    reader->muted++;
    optional_62(reader, 's');
    path(reader, false);
    reader->muted--;
}

static void path(struct reader *reader, bool in_value) {
    if (!enter(reader)) {
        return;
    }
    char tag = *reader->at;
    reader->at += tag != '\0';
    switch (tag) {
    case 'C':
        optional_62(reader, 's');
        put_identifier(reader, identifier(reader));
        break;
    case 'N':
        nested(reader, in_value);
        break;
    case 'M':
    case 'X':
    case 'Y':
        if (tag != 'Y') {
            implementation(reader);
        }
        put(reader, "<");
        type(reader);
        if (tag != 'M') {
            put(reader, " as ");
            path(reader, false);
        }
        put(reader, ">");
        break;
    case 'I':
        path(reader, in_value);
        put(reader, in_value ? "::<" : "<");
        generic_arguments(reader);
        put(reader, ">");
        break;
    case 'B':
        refer(reader, path, in_value);
        break;
    default:
        fail(reader);
    }
    reader->depth--;
}

// ---- Types ----

static const char *basic_type(char tag) {
    static const char *const names[26] = {"i8",   "bool", "char", "f64", "str", "f32", NULL,  "u8", "isize", "usize", NULL,  "i32", "u32",
                                          "i128", "u128", "_",    NULL,  NULL,  "i16", "u16", "()", "...",   NULL,    "i64", "u64", "!"};
    return tag >= 'a' && tag <= 'z' ? names[tag - 'a'] : NULL;
}

static void reference(struct reader *reader, bool is_mutable) {
    put(reader, "&");
    if (take(reader, 'L')) {
        uint64_t lifetime = base_62(reader);
        if (lifetime != 0) {
            put_lifetime(reader, lifetime);
            put(reader, " ");
        }
    }
    put(reader, is_mutable ? "mut " : "");
    type(reader);
}

static void tuple(struct reader *reader) {
    size_t count = 0;
    put(reader, "(");
    for (; !reader->text->failed && !take(reader, 'E'); count++) {
        put(reader, count > 0 ? ", " : "");
        type(reader);
    }
    put(reader, count == 1 ? ",)" : ")");
}

// extern "C": "_" encodes "-".
static void abi(struct reader *reader) {
    struct identifier name = {"C", 1, false};
    if (!take(reader, 'C')) {
        name = identifier(reader);
    }
    put(reader, "extern \"");
    for (size_t i = 0; i < name.size; i++) {
        put(reader, name.bytes[i] == '_' ? "-" : (char[]){name.bytes[i], '\0'});
    }
    put(reader, "\" ");
}

static void function_type(struct reader *reader) {
    uint64_t bound = binder(reader);
    put(reader, take(reader, 'U') ? "unsafe " : "");
    if (take(reader, 'K')) {
        abi(reader);
    }
    put(reader, "fn(");
    for (bool first = true; !reader->text->failed && !take(reader, 'E'); first = false) {
        put(reader, first ? "" : ", ");
        type(reader);
    }
    put(reader, ")");
    if (!take(reader, 'u')) {
        put(reader, " -> ");
        type(reader);
    }
    reader->lifetimes -= bound;
}

// A trait's path, whose generic arguments continue with its associated types. Returns true if the argument list was opened.
static bool open_path(struct reader *reader) {
    if (!enter(reader)) {
        return false;
    }
    bool opened = false;
    if (take(reader, 'B')) {
        const char *here = reader->at - 1;
        uint64_t to = base_62(reader);
        if (to >= (uint64_t)(here - reader->begin)) {
            fail(reader);
            return false;
        }
        const char *after = reader->at;
        reader->at = reader->begin + to;
        opened = open_path(reader);
        reader->at = after;
    } else if (take(reader, 'I')) {
        path(reader, false);
        put(reader, "<");
        generic_arguments(reader);
        opened = true;
    } else {
        path(reader, false);
    }
    reader->depth--;
    return opened;
}

static void dynamic(struct reader *reader) {
    put(reader, "dyn ");
    uint64_t bound = binder(reader);
    for (bool first = true; !reader->text->failed && !take(reader, 'E'); first = false) {
        put(reader, first ? "" : " + ");
        bool opened = open_path(reader);
        while (!reader->text->failed && take(reader, 'p')) {
            put(reader, opened ? ", " : "<");
            opened = true;
            put_identifier(reader, identifier(reader));
            put(reader, " = ");
            type(reader);
        }
        put(reader, opened ? ">" : "");
    }
    reader->lifetimes -= bound;
    if (!take(reader, 'L')) {
        fail(reader);
        return;
    }
    uint64_t lifetime = base_62(reader);
    if (lifetime != 0) {
        put(reader, " + ");
        put_lifetime(reader, lifetime);
    }
}

static void type(struct reader *reader) {
    if (!enter(reader)) {
        return;
    }
    char tag = *reader->at;
    const char *basic = basic_type(tag);
    reader->at += tag != '\0';
    switch (tag) {
    case 'R':
    case 'Q':
        reference(reader, tag == 'Q');
        break;
    case 'P':
    case 'O':
        put(reader, tag == 'P' ? "*const " : "*mut ");
        type(reader);
        break;
    case 'A':
    case 'S':
        put(reader, "[");
        type(reader);
        if (tag == 'A') {
            put(reader, "; ");
            constant(reader);
        }
        put(reader, "]");
        break;
    case 'T':
        tuple(reader);
        break;
    case 'F':
        function_type(reader);
        break;
    case 'D':
        dynamic(reader);
        break;
    case 'B':
        refer(reader, type_there, false);
        break;
    default:
        if (basic) {
            put(reader, basic);
        } else {
            reader->at -= tag != '\0';
            path(reader, false);
        }
    }
    reader->depth--;
}

// ---- Constants ----

static void put_hex(struct reader *reader, bool may_be_negative) {
    if (may_be_negative && take(reader, 'n')) {
        put(reader, "-");
    }
    uint64_t value = 0;
    size_t digits = strspn(reader->at, "0123456789abcdef");
    for (size_t i = 0; i < digits && digits <= 16; i++) {
        char c = reader->at[i];
        value = value * 16 + (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    if (digits <= 16) {
        put_number(reader, value);
    } else if (reader->muted == 0) {
        text_puts(reader->text, "0x");
        text_put(reader->text, reader->at, digits);
    }
    reader->at += digits;
    if (!take(reader, '_')) {
        fail(reader);
    }
}

static uint32_t hex_character(struct reader *reader) {
    uint32_t value = 0;
    size_t digits = strspn(reader->at, "0123456789abcdef");
    for (size_t i = 0; i < digits && digits <= 6; i++) {
        char c = reader->at[i];
        value = value * 16 + (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    reader->at += digits;
    if (digits == 0 || digits > 6 || !take(reader, '_')) {
        fail(reader);
    }
    return value;
}

static void put_character(struct reader *reader, uint32_t character) {
    put(reader, "'");
    if (character == '\'' || character == '\\') {
        put(reader, "\\");
    }
    if (character == '\n' || character == '\r' || character == '\t') {
        put(reader, character == '\n' ? "\\n" : character == '\r' ? "\\r" : "\\t");
    } else if (reader->muted == 0) {
        demangle_put_character(reader->text, character);
    }
    put(reader, "'");
}

static void constant(struct reader *reader) {
    if (!enter(reader)) {
        return;
    }
    char tag = *reader->at;
    reader->at += tag != '\0';
    uint32_t value;
    switch (tag) {
    case 'p':
        put(reader, "_");
        break;
    case 'h':
    case 't':
    case 'm':
    case 'y':
    case 'o':
    case 'j':
        put_hex(reader, false);
        break;
    case 'a':
    case 's':
    case 'l':
    case 'x':
    case 'n':
    case 'i':
        put_hex(reader, true);
        break;
    case 'b':
        value = hex_character(reader);
        put(reader, value != 0 ? "true" : "false");
        reader->text->failed |= value > 1;
        break;
    case 'c':
        put_character(reader, hex_character(reader));
        break;
    case 'B':
        refer(reader, constant_there, false);
        break;
    default:
        fail(reader);
    }
    reader->depth--;
}

bool demangle_rust_v0(const char *name, struct demangle_text *text) {
    if (strncmp(name, "_R", 2) != 0 || name[2] < 'A' || name[2] > 'Z') {
        return false;
    }
    struct reader reader = {.begin = name + 2, .at = name + 2, .text = text};
    path(&reader, true);
    if (!text->failed && *reader.at >= 'A' && *reader.at <= 'Z') { // the instantiating crate
        reader.muted++;
        path(&reader, false);
    }
    if (text->failed || (*reader.at != '\0' && *reader.at != '.' && *reader.at != '$')) {
        return false;
    }
    demangle_put_suffix(text, *reader.at == '.' ? reader.at : "");
    return !text->failed;
}
