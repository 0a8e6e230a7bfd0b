// xml.h: writes text into XML.
#ifndef CMEMPROF_BASE_XML_H
#define CMEMPROF_BASE_XML_H

#include <stdio.h>
#include <string.h>

#include "utf8.h"

// Escapes what XML gives a meaning, in text and in attributes of double quotes. What XML 1.0 does not allow or discourages (control
// characters, invalid UTF-8, noncharacters) becomes U+FFFD.
static inline void xml_put(const char *text, size_t size, FILE *out) {
    while (size > 0) {
        size_t length = utf8_length(text, size);
        unsigned char c = (unsigned char)*text;
        bool control = c < 0x20 && c != '\n' && c != '\t';
        bool bad = length == 0 || control || utf8_is_noncharacter(text, length);
        const char *entity = c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : NULL;
        if (bad || entity) {
            fputs(bad ? "\xef\xbf\xbd" : entity, out);
        } else {
            fwrite(text, 1, length, out);
        }
        length = length > 0 ? length : 1;
        text += length;
        size -= length;
    }
}

#endif
