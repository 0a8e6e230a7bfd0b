// xml.h: writes text into XML.
#ifndef CMEMPROF_BASE_XML_H
#define CMEMPROF_BASE_XML_H

#include <stdio.h>
#include <string.h>

#include "utf8.h"

// Escapes what XML gives a meaning, in text and in attributes of double quotes. What XML 1.0 does not allow (control characters, invalid
// UTF-8, U+FFFE, U+FFFF) becomes U+FFFD.
static inline void xml_put(const char *text, size_t size, FILE *out) {
    while (size > 0) {
        size_t length = utf8_length(text, size);
        unsigned char c = (unsigned char)*text;
        bool control = c < 0x20 && c != '\n' && c != '\t';
        bool none = length == 3 && memcmp(text, "\xef\xbf", 2) == 0 && (unsigned char)text[2] >= 0xbe;
        bool bad = length == 0 || control || none;
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
