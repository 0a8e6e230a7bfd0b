// layout.c: tells layouts apart (layout.h).
#include "layout.h"

struct evidence {
    bool newer, older, ancient;
    bool values_in_2;   // there is a field 2 that cannot be a list of attributes
    bool nothing_but_2; // a sample without field 4 and without timestamps: before 1.10 only, since it had no value otherwise
};

static bool next(struct wire *wire, struct wire_field *field) {
    return wire->at < wire->end && wire_next(wire, field) == WIRE_OK;
}

static void look_at_list(struct wire list, size_t attributes, struct evidence *evidence) {
    uint64_t index;
    while (list.at < list.end && wire_varint(&list, &index) == WIRE_OK) {
        evidence->values_in_2 = evidence->values_in_2 || index >= attributes;
    }
}

static void look_at_sample(struct wire sample, size_t attributes, struct evidence *evidence) {
    struct wire_field field = {0};
    bool two = false, four = false, times = false;
    while (next(&sample, &field)) {
        bool list = field.type == WIRE_BYTES;
        switch (field.number) {
        case 2:
            two = true;
            if (list) {
                look_at_list(field.bytes, attributes, evidence);
            }
            break;
        case 3:
            evidence->older = evidence->older || list;
            evidence->newer = evidence->newer || !list;
            break;
        case 4:
            four = four || list;
            evidence->newer = evidence->newer || list;
            evidence->older = evidence->older || !list;
            break;
        case 5:
            times = true;
            break;
        }
    }
    evidence->nothing_but_2 = evidence->nothing_but_2 || (two && !four && !times);
}

// In 1.7 and before, field 3 of a profile was the list of its locations; since then it is the time, which has 8 bytes.
static void look_at_profile(struct wire profile, size_t attributes, struct evidence *evidence) {
    struct wire_field field = {0};
    while (next(&profile, &field)) {
        if (field.number == 2 && field.type == WIRE_BYTES) {
            look_at_sample(field.bytes, attributes, evidence);
        } else if (field.number == 3 && field.type != WIRE_FIXED64) {
            evidence->ancient = true;
        }
    }
}

// Calls at each message that is reached by these field numbers.
static void descend(struct wire message, const uint32_t *path, size_t depth, size_t attributes, struct evidence *evidence) {
    struct wire_field field = {0};
    if (depth == 0) {
        look_at_profile(message, attributes, evidence);
        return;
    }
    while (next(&message, &field)) {
        if (field.number == *path && field.type == WIRE_BYTES) {
            descend(field.bytes, path + 1, depth - 1, attributes, evidence);
        }
    }
}

enum layout layout_of(struct wire request, size_t attributes, size_t stacks) {
    static const uint32_t path[] = {1, 2, 2}; // ResourceProfiles, ScopeProfiles, Profile
    struct evidence evidence = {0};
    descend(request, path, 3, attributes, &evidence);
    bool samples = evidence.newer || evidence.older || evidence.nothing_but_2 || evidence.values_in_2;
    if (evidence.ancient || (samples && stacks == 0)) {
        return LAYOUT_TOO_OLD;
    }
    if (evidence.newer && evidence.older) {
        return LAYOUT_MIXED;
    }
    return !evidence.newer && samples ? LAYOUT_1_8 : LAYOUT_1_10;
}
