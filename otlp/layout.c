// layout.c: tells layouts apart (layout.h).
#include "layout.h"

struct evidence {
    struct layout_tables tables;
    bool newer, older;        // proof
    bool three, four;         // a number in field 3, in field 4
    bool ancient;             // before 1.8
    bool samples, value_in_2; // there are samples; one whose field 2 can only be values
    bool attributes_in_2;     // a sample whose field 2 can only be attributes
    bool no_index_in_2;       // a number in field 2 that is no index of an attribute
};

static bool next(struct wire *wire, struct wire_field *field) {
    return wire->at < wire->end && wire_next(wire, field) == WIRE_OK;
}

// Counts the numbers of a list, packed or one of it.
static size_t look_at_list(const struct wire_field *field, struct evidence *evidence) {
    struct wire list = field->bytes;
    uint64_t index = field->value;
    size_t count = 1;
    if (field->type == WIRE_BYTES) {
        for (count = 0; list.at < list.end && wire_varint(&list, &index) == WIRE_OK; count++) {
            evidence->no_index_in_2 = evidence->no_index_in_2 || index >= evidence->tables.attributes;
        }
    } else {
        evidence->no_index_in_2 = evidence->no_index_in_2 || index >= evidence->tables.attributes;
    }
    return count;
}

static void look_at_sample(struct wire sample, struct evidence *evidence) {
    struct wire_field field = {0};
    size_t two = 0, times = 0;
    bool three = false, four = false;
    while (next(&sample, &field)) {
        bool list = field.type == WIRE_BYTES;
        switch (field.number) {
        case 2:
            two += look_at_list(&field, evidence);
            break;
        case 3:
            evidence->older = evidence->older || list;
            three = three || !list;
            break;
        case 4:
            evidence->newer = evidence->newer || list;
            four = four || !list;
            break;
        case 5:
            times += list ? (size_t)(field.bytes.end - field.bytes.at) / 8 : 1;
            break;
        }
    }
    evidence->samples = true;
    evidence->three = evidence->three || three;
    evidence->four = evidence->four || four;
    evidence->value_in_2 = evidence->value_in_2 || (two > 0 && times == 0 && !four);
    evidence->attributes_in_2 = evidence->attributes_in_2 || (times > 0 && two > 0 && two != times);
}

// In 1.7 and before, field 3 of a profile was the list of its locations; since then it is the time, which has 8 bytes. Before 1.5, fields 2
// and 3 were the times of a container.
static void look_at_profile(struct wire profile, struct evidence *evidence) {
    struct wire_field field = {0};
    while (next(&profile, &field)) {
        if (field.number == 2 && field.type == WIRE_BYTES) {
            look_at_sample(field.bytes, evidence);
        } else if ((field.number == 2 && field.type == WIRE_FIXED64) || (field.number == 3 && field.type != WIRE_FIXED64)) {
            evidence->ancient = true;
        }
    }
}

// Calls at each message that is reached by these field numbers.
static void descend(struct wire message, const uint32_t *path, size_t depth, struct evidence *evidence) {
    struct wire_field field = {0};
    if (depth == 0) {
        look_at_profile(message, evidence);
        return;
    }
    while (next(&message, &field)) {
        if (field.number == *path && field.type == WIRE_BYTES) {
            descend(field.bytes, path + 1, depth - 1, evidence);
        }
    }
}

enum layout layout_of(struct wire request, struct layout_tables tables) {
    static const uint32_t path[] = {1, 2, 2}; // ResourceProfiles, ScopeProfiles, Profile
    struct evidence evidence = {.tables = tables};
    descend(request, path, 3, &evidence);
    if (evidence.ancient || (evidence.samples && tables.stacks == 0)) {
        return LAYOUT_TOO_OLD;
    }
    if (evidence.newer != evidence.older) {
        return evidence.newer ? LAYOUT_1_10 : LAYOUT_1_8;
    }
    if (evidence.newer) {
        return LAYOUT_MIXED;
    }
    if (evidence.three || evidence.four) {
        bool links = tables.links > 1;
        return links || evidence.three == evidence.four ? LAYOUT_UNKNOWN : evidence.four ? LAYOUT_1_10 : LAYOUT_1_8;
    }
    if (evidence.value_in_2) {
        return LAYOUT_1_8;
    }
    return evidence.no_index_in_2 && !evidence.attributes_in_2 ? LAYOUT_1_8 : LAYOUT_1_10;
}
