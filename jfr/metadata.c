// metadata.c: reads the types of a chunk (metadata.h).
#include "metadata.h"
#include "../base/vector.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_STRINGS = 1 << 20, MAX_DEPTH = 16, MAX_CLASSES = 1 << 14, MAX_MEMBERS = 1 << 18, MAX_NOTES = 1 << 18, MAX_VALUES = 16 };
enum { JOINED_BYTES = 1 << 20 }; // of the texts that are joined, and as many as the event has: many notes may have the same long texts

// An annotation of a class or of a member: its type may be defined further on.
struct note {
    int64_t class_id;
    bool of_member;
    uint32_t owner;
    const char *value; // several are joined by ", "
};

enum word { // what an element or an attribute is called
    WORD_OTHER,
    WORD_ID,
    WORD_NAME,
    WORD_CLASS, // an element, and an attribute
    WORD_SUPER,
    WORD_POOL,
    WORD_DIMENSION,
    WORD_SIMPLE,
    WORD_FIELD,
    WORD_ANNOTATION,
    WORD_VALUE, // value, value-0, ...
};
struct word_text {
    const char *text; // zero-terminated
    enum word word;
};

struct parser {
    struct jfr_metadata *metadata;
    struct jfr_cursor cursor;
    struct word_text *pool;
    size_t pool_count;
    struct note *notes;
    size_t note_count, note_capacity;
    size_t joined, max_joined; // bytes
    bool no_memory;
};

// ---- Classes by id ----

static bool same_class(const void *context, uint32_t id, const void *key) {
    return ((const struct jfr_metadata *)context)->classes[id - 1].id == *(const int64_t *)key;
}

static uint32_t hash_id(const struct jfr_metadata *metadata, int64_t id) {
    return intern_hash_end(intern_hash_word(metadata->seed, (uint64_t)id));
}

uint32_t jfr_metadata_find(const struct jfr_metadata *metadata, int64_t id) {
    return intern_find(&metadata->ids, hash_id(metadata, id), same_class, metadata, &id) - 1; // 0 - 1: JFR_NO_CLASS
}

uint32_t jfr_metadata_add(struct jfr_metadata *metadata, int64_t id) {
    if (metadata->count == 0) {
        metadata->seed = intern_seed();
    }
    uint32_t found = jfr_metadata_find(metadata, id);
    if (found != JFR_NO_CLASS || metadata->count == MAX_CLASSES ||
        !VECTOR_RESERVE(metadata->classes, metadata->capacity, metadata->count + 1) ||
        !intern_add(&metadata->ids, hash_id(metadata, id), (uint32_t)metadata->count + 1)) {
        return found;
    }
    metadata->classes[metadata->count] = (struct jfr_class){.id = id, .label = "", .description = "", .category = ""};
    return (uint32_t)metadata->count++;
}

uint32_t jfr_metadata_named(const struct jfr_metadata *metadata, const char *name) {
    for (size_t i = 0; i < metadata->count; i++) {
        if (metadata->classes[i].name && strcmp(metadata->classes[i].name, name) == 0) {
            return (uint32_t)i;
        }
    }
    return JFR_NO_CLASS;
}

void jfr_metadata_free(struct jfr_metadata *metadata) {
    free(metadata->classes);
    free(metadata->members);
    free(metadata->ops);
    intern_free(&metadata->ids);
    jfr_arena_free(&metadata->arena);
    *metadata = (struct jfr_metadata){0};
}

// ---- Elements ----

static struct word_text pool_at(struct parser *parser) {
    uint64_t index = jfr_number(&parser->cursor, 4);
    if (index >= parser->pool_count) {
        parser->cursor.failed = true;
        return (struct word_text){"", WORD_OTHER};
    }
    return parser->pool[index];
}

static enum word word_of(const char *text) {
    static const struct {
        const char *text;
        enum word word;
    } words[] = {{"id", WORD_ID},
                 {"name", WORD_NAME},
                 {"class", WORD_CLASS},
                 {"superType", WORD_SUPER},
                 {"constantPool", WORD_POOL},
                 {"dimension", WORD_DIMENSION},
                 {"simpleType", WORD_SIMPLE},
                 {"field", WORD_FIELD},
                 {"annotation", WORD_ANNOTATION}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(text, words[i].text) == 0) {
            return words[i].word;
        }
    }
    return strncmp(text, "value", 5) == 0 && (text[5] == '\0' || text[5] == '-') ? WORD_VALUE : WORD_OTHER;
}

struct attributes {
    const char *by_word[WORD_VALUE], *values[MAX_VALUES]; // NULL: none
    size_t value_count;
};

static void read_attributes(struct parser *parser, struct attributes *attributes) {
    uint64_t count = jfr_number(&parser->cursor, 4);
    memset(attributes->by_word, 0, sizeof attributes->by_word);
    attributes->value_count = 0;
    for (uint64_t i = 0; i < count && !parser->cursor.failed; i++) {
        struct word_text key = pool_at(parser), value = pool_at(parser);
        if (key.word < WORD_VALUE) {
            attributes->by_word[key.word] = value.text;
        } else if (attributes->value_count < MAX_VALUES) {
            attributes->values[attributes->value_count++] = value.text;
        }
    }
}

static bool is_true(const char *text) {
    return text && strcmp(text, "true") == 0;
}

static void settle_form(struct jfr_class *class) {
    static const struct {
        const char *name;
        enum jfr_form form;
        uint8_t width;
    } forms[] = {{"boolean", JFR_FORM_BYTE, 1}, {"byte", JFR_FORM_BYTE, 1},     {"short", JFR_FORM_NUMBER, 2},
                 {"char", JFR_FORM_NUMBER, 2},  {"int", JFR_FORM_NUMBER, 4},    {"long", JFR_FORM_NUMBER, 8},
                 {"float", JFR_FORM_FLOAT, 4},  {"double", JFR_FORM_DOUBLE, 8}, {"java.lang.String", JFR_FORM_TEXT, 0}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (strcmp(class->name, forms[i].name) == 0) {
            class->form = forms[i].form;
            class->width = forms[i].width;
        }
    }
}

static bool no_memory(struct parser *parser) {
    parser->no_memory = true;
    return false;
}

static const char *join(struct parser *parser, const struct attributes *attributes) {
    size_t size = 1;
    for (size_t i = 0; i < attributes->value_count; i++) {
        size += strlen(attributes->values[i]) + 2;
    }
    bool fits = attributes->value_count > 1 && size <= parser->max_joined - parser->joined;
    char *text = fits ? jfr_arena_take(&parser->metadata->arena, size) : NULL;
    parser->joined += fits ? size : 0;
    for (size_t i = 0, at = 0; text && i < attributes->value_count; i++) {
        size_t length = strlen(attributes->values[i]);
        memcpy(text + at, attributes->values[i], length);
        memcpy(text + at + length, ", ", i + 1 < attributes->value_count ? 2 : 0);
        at += length + 2;
    }
    return text ? text : attributes->value_count > 0 ? attributes->values[0] : "";
}

// What the children of an element belong to.
struct owner {
    uint32_t class, member; // JFR_NO_CLASS: none
};

static bool take_class(struct parser *parser, const struct attributes *attributes, struct owner *owner) {
    struct jfr_metadata *metadata = parser->metadata;
    uint32_t index = jfr_metadata_add(metadata, strtoll(attributes->by_word[WORD_ID], NULL, 10));
    if (index == JFR_NO_CLASS) {
        return metadata->count < MAX_CLASSES ? no_memory(parser) : false;
    }
    struct jfr_class *class = &metadata->classes[index];
    if (class->name) { // defined twice: the first one holds, and this one's children belong to nothing
        return true;
    }
    class->name = attributes->by_word[WORD_NAME];
    class->event = attributes->by_word[WORD_SUPER] && strcmp(attributes->by_word[WORD_SUPER], "jdk.jfr.Event") == 0;
    class->simple = is_true(attributes->by_word[WORD_SIMPLE]);
    class->member = (uint32_t)metadata->member_count;
    settle_form(class);
    owner->class = index;
    return true;
}

static bool take_member(struct parser *parser, const struct attributes *attributes, struct owner *owner) {
    struct jfr_metadata *metadata = parser->metadata;
    if (metadata->member_count == MAX_MEMBERS) {
        return false;
    }
    if (!VECTOR_RESERVE(metadata->members, metadata->member_capacity, metadata->member_count + 1)) {
        return no_memory(parser);
    }
    metadata->members[metadata->member_count] =
        (struct jfr_member){.name = attributes->by_word[WORD_NAME],
                            .label = "",
                            .class_id = strtoll(attributes->by_word[WORD_CLASS], NULL, 10),
                            .class = JFR_NO_CLASS,
                            .pool = is_true(attributes->by_word[WORD_POOL]),
                            .array = attributes->by_word[WORD_DIMENSION] && *attributes->by_word[WORD_DIMENSION] != '0'};
    metadata->classes[owner->class].member_count++;
    owner->member = (uint32_t)metadata->member_count++;
    return true;
}

static bool take_note(struct parser *parser, const struct attributes *attributes, const struct owner *owner) {
    if (parser->note_count == MAX_NOTES) {
        return false;
    }
    if (!VECTOR_RESERVE(parser->notes, parser->note_capacity, parser->note_count + 1)) {
        return no_memory(parser);
    }
    bool of_member = owner->member != JFR_NO_CLASS;
    parser->notes[parser->note_count++] = (struct note){.class_id = strtoll(attributes->by_word[WORD_CLASS], NULL, 10),
                                                        .of_member = of_member,
                                                        .owner = of_member ? owner->member : owner->class,
                                                        .value = join(parser, attributes)};
    return true;
}

static bool read_element(struct parser *parser, struct owner owner, int depth) {
    enum word word = pool_at(parser).word;
    struct attributes attributes;
    read_attributes(parser, &attributes);
    uint64_t children = jfr_number(&parser->cursor, 4);
    if (parser->cursor.failed || depth > MAX_DEPTH) {
        return false;
    }
    bool ok = true, in_class = owner.class != JFR_NO_CLASS;
    if (word == WORD_CLASS && attributes.by_word[WORD_ID] && attributes.by_word[WORD_NAME]) {
        owner = (struct owner){JFR_NO_CLASS, JFR_NO_CLASS};
        ok = take_class(parser, &attributes, &owner);
    } else if (in_class && word == WORD_FIELD && attributes.by_word[WORD_NAME] && attributes.by_word[WORD_CLASS] &&
               owner.member == JFR_NO_CLASS) {
        ok = take_member(parser, &attributes, &owner);
    } else if (in_class && word == WORD_ANNOTATION && attributes.by_word[WORD_CLASS]) {
        ok = take_note(parser, &attributes, &owner);
    } else {
        owner = (struct owner){JFR_NO_CLASS, JFR_NO_CLASS}; // root, metadata, region; a class's settings
    }
    for (uint64_t i = 0; ok && i < children; i++) {
        ok = read_element(parser, owner, depth + 1);
    }
    return ok;
}

// ---- Annotations ----

static enum jfr_clock clock_of(const char *value) {
    static const struct {
        const char *name;
        enum jfr_clock clock;
    } clocks[] = {{"NANOSECONDS", JFR_CLOCK_NS},
                  {"MICROSECONDS", JFR_CLOCK_US},
                  {"MILLISECONDS", JFR_CLOCK_MS},
                  {"SECONDS", JFR_CLOCK_S},
                  {"MILLISECONDS_SINCE_EPOCH", JFR_CLOCK_MS}};
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        if (strcmp(value, clocks[i].name) == 0) {
            return clocks[i].clock;
        }
    }
    return JFR_CLOCK_TICKS;
}

static void note_member(struct jfr_member *member, const char *kind, const char *value) {
    static const struct {
        const char *kind;
        enum jfr_content content;
    } contents[] = {{"Timestamp", JFR_INSTANT},     {"Timespan", JFR_TIMESPAN},   {"DataAmount", JFR_BYTES},
                    {"Percentage", JFR_PERCENTAGE}, {"Frequency", JFR_FREQUENCY}, {"MemoryAddress", JFR_ADDRESS}};
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        if (strcmp(kind, contents[i].kind) == 0) {
            member->content = contents[i].content;
        }
    }
    if (strcmp(kind, "DataAmount") == 0 && strcmp(value, "BITS") == 0) {
        member->content = JFR_BITS;
    } else if (strcmp(kind, "Timestamp") == 0 || strcmp(kind, "Timespan") == 0) {
        member->clock = clock_of(value);
    } else if (strcmp(kind, "Label") == 0) {
        member->label = value;
    } else if (strcmp(kind, "Unsigned") == 0) {
        member->is_unsigned = true;
    }
}

static void note_class(struct jfr_class *class, const char *kind, const char *value) {
    const char **to = strcmp(kind, "Label") == 0         ? &class->label
                      : strcmp(kind, "Description") == 0 ? &class->description
                      : strcmp(kind, "Category") == 0    ? &class->category
                                                         : NULL;
    if (to) {
        *to = value;
    }
}

static void resolve(struct parser *parser) {
    struct jfr_metadata *metadata = parser->metadata;
    for (size_t i = 0; i < metadata->member_count; i++) {
        metadata->members[i].class = jfr_metadata_find(metadata, metadata->members[i].class_id);
    }
    for (size_t i = 0; i < parser->note_count; i++) {
        const struct note *note = &parser->notes[i];
        uint32_t class = jfr_metadata_find(metadata, note->class_id);
        const char *name = class != JFR_NO_CLASS ? metadata->classes[class].name : NULL;
        if (!name || strncmp(name, "jdk.jfr.", 8) != 0) {
            continue;
        }
        if (note->of_member) {
            note_member(&metadata->members[note->owner], name + 8, note->value);
        } else {
            note_class(&metadata->classes[note->owner], name + 8, note->value);
        }
    }
}

// ---- The event ----

static bool read_pool(struct parser *parser) {
    struct jfr_cursor *cursor = &parser->cursor;
    uint64_t count = jfr_number(cursor, 4);
    if (count > MAX_STRINGS || count > jfr_left(cursor)) { // a text is a byte at least
        return false;
    }
    parser->pool = calloc(count + 1, sizeof *parser->pool);
    if (!parser->pool) {
        return no_memory(parser);
    }
    parser->pool_count = count;
    for (size_t i = 0; i < count; i++) {
        struct jfr_text text = jfr_text(cursor);
        if (cursor->failed || text.encoding == JFR_TEXT_POOL) { // pools need the metadata, not the other way round
            return false;
        }
        jfr_text_cut(&text, JFR_MAX_NAME);
        size_t room = jfr_text_room(&text);
        char *copy = room > 0 ? jfr_arena_take(&parser->metadata->arena, room + 1) : NULL;
        if (!copy && room > 0) {
            return no_memory(parser);
        }
        if (copy) {
            copy[jfr_text_write(&text, cursor->fixed, copy)] = '\0';
        }
        const char *kept = copy ? copy : "";
        parser->pool[i] = (struct word_text){kept, word_of(kept)};
    }
    return true;
}

const char *jfr_metadata_read(struct jfr_metadata *metadata, struct jfr_cursor cursor, bool *no_memory_left) {
    const uint8_t *start = cursor.at;
    uint64_t size = jfr_number(&cursor, 4), type = jfr_number(&cursor, 8);
    *no_memory_left = false;
    metadata->fixed = cursor.fixed;
    if (cursor.failed || type != 0 || size > (uint64_t)(cursor.end - start) || size < (uint64_t)(cursor.at - start)) {
        return "no metadata event where it should be";
    }
    cursor.end = start + size;
    jfr_number(&cursor, 8); // start
    jfr_number(&cursor, 8); // duration
    jfr_number(&cursor, 8); // id
    struct parser parser = {.metadata = metadata, .cursor = cursor, .max_joined = JOINED_BYTES + jfr_left(&cursor)};
    bool ok = read_pool(&parser) && read_element(&parser, (struct owner){JFR_NO_CLASS, JFR_NO_CLASS}, 0);
    if (ok) {
        resolve(&parser);
    }
    free(parser.pool);
    free(parser.notes);
    *no_memory_left = parser.no_memory;
    return ok ? NULL : "damaged metadata";
}
