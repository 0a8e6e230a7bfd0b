// gate_rule.c: see gate_rule.h.
#include "gate_rule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/text.h"

// The first of the two operators. *length: of the operator.
static const char *find_operator(const char *text, enum gate_kind *kind, size_t *length) {
    const char *above = strchr(text, '>'), *grows = strstr(text, ":+");
    bool is_above = above && (!grows || above < grows);
    *kind = is_above ? GATE_ABOVE : GATE_GROWS;
    *length = is_above ? 1 : 2;
    return is_above ? above : grows;
}

const char *gate_rule_parse(const char *text, struct gate_rule *rule) {
    size_t length;
    *rule = (struct gate_rule){.text = text};
    const char *at = find_operator(text, &rule->kind, &length);
    if (!at || at == text) {
        return "it has the form NAME>LIMIT, or NAME:+LIMIT and NAME:+N% for growth since a base";
    }
    size_t name = (size_t)(at - text);
    if (name >= sizeof rule->name) {
        return "its name is too long";
    }
    memcpy(rule->name, text, name);
    const char *number = at + length;
    char *end;
    rule->limit = strtod(number, &end);
    // strtod takes more than numbers of digits: 0x10, inf, blanks.
    if (end == number || strspn(number, "0123456789.") != (size_t)(end - number) || !isfinite(rule->limit)) {
        return "its limit is no number, such as 10, 1MB or 5%";
    }
    if (strcmp(end, "%") == 0) {
        rule->kind = GATE_GROWS_PERCENT;
        return at[0] == '>' ? "percents are of a base: NAME:+N%" : NULL;
    }
    if (*end != '\0' && !text_has_unit(end)) {
        return "its limit has none of the units B, kB, MB, GB, KiB, MiB, GiB, ns, us, ms, s, min, h and %";
    }
    strcpy(rule->unit, end);
    return NULL;
}
