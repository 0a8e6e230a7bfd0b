// foreign_attachment.c: attachments that are files of other tools (foreign_attachment.h).
#include "foreign_attachment.h"
#include "../../foreign/foreign.h"
#include "../../base/utf8.h"
#include "../../merge/compress.h"
#include "../base/read_exact.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { INFLATED_MOST = 256 << 20 };

static bool ends_with(const char *name, const char *end) {
    size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && strcasecmp(name + length - end_length, end) == 0;
}

// What clients send beside profiles.
static bool is_of_clients(const char *name) {
    static const char *const ends[] = {".json", ".jfr", ".trace"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (ends_with(name, ends[i])) {
            return true;
        }
    }
    return false;
}

// A profile begins with a sample type, and with a compression mostly.
bool foreign_attachment_may_be(const char *name, const char *bytes, size_t size, bool any) {
    if (size == 0 || (!any && is_of_clients(name))) {
        return false;
    }
    if (compress_kind((const uint8_t *)bytes, size) != MERGE_RAW) {
        return any || !catalog_is_pprof(name);
    }
    return *bytes != '\x0a' || (size > 1 && bytes[1] == '\x0a');
}

// ---- Reading ----

static enum receiver_error error_of(enum merge_error error) {
    return error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : error == MERGE_TOO_LARGE ? RECEIVER_TOO_LARGE : RECEIVER_BAD_UPLOAD;
}

static enum receiver_error read_file(int directory, const struct catalog_attachment *attachment, uint8_t **bytes) {
    int file = openat(directory, attachment->file, O_RDONLY | O_CLOEXEC);
    *bytes = file >= 0 ? malloc(attachment->size_bytes + 1) : NULL;
    enum receiver_error error = file < 0 ? RECEIVER_IO : *bytes ? read_exact(file, *bytes, attachment->size_bytes) : RECEIVER_NO_MEMORY;
    if (file >= 0) {
        close(file);
    }
    return error;
}

// What is not compressed stays as it is, and so does what cannot be inflated: that is nothing that is known here. *taken: of the budget.
static enum receiver_error inflate(uint8_t **bytes, size_t *size, size_t *taken) {
    uint8_t *inflated;
    size_t inflated_size;
    if (compress_kind(*bytes, *size) == MERGE_RAW) {
        return RECEIVER_OK;
    }
    enum merge_error error = merge_inflate(*bytes, *size, INFLATED_MOST, &inflated, &inflated_size, NULL);
    if (error == MERGE_OK) {
        free(*bytes);
        *bytes = inflated;
        *size = inflated_size;
        merge_budget_give(*taken);
        *taken = merge_budget_take(*size) ? *size : 0;
        return *taken == *size ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    }
    return error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : RECEIVER_OK;
}

static enum receiver_error convert(const uint8_t *bytes, size_t size, enum foreign_format format, uint8_t **out, size_t *out_size,
                                   char *text, size_t text_size) {
    struct merge_fault fault = {0};
    if (foreign_hint(format)) {
        snprintf(text, text_size, "%s: %s", foreign_name(format), foreign_hint(format));
        return RECEIVER_BAD_UPLOAD;
    }
    struct profile *profile = foreign_read(format, bytes, size, NULL, &fault);
    enum merge_error error = profile ? profile_encode(profile, MERGE_GZIP, out, out_size) : fault.error;
    profile_free(profile);
    if (error != MERGE_OK) {
        snprintf(text, text_size, "%s that cannot be read: %s", foreign_name(format), *fault.text ? fault.text : merge_error_text(error));
        return error_of(error);
    }
    return RECEIVER_OK;
}

// The suffix tells profiles. What is too long is cut, not within a character.
static void name_profile(const char *file, char name[CATALOG_NAME_MAX_BYTES + 1]) {
    static const char suffix[] = ".pprof";
    bool named = catalog_is_pprof(file);
    size_t length = strlen(file), kept = 0, most = CATALOG_NAME_MAX_BYTES - (named ? 0 : sizeof suffix - 1);
    for (size_t next = 0; next <= length && next <= most;) {
        kept = next;
        size_t character = utf8_length(file + next, length - next);
        next += character ? character : 1;
    }
    snprintf(name, CATALOG_NAME_MAX_BYTES + 1, "%.*s%s", (int)kept, file, named ? "" : suffix);
}

// Of the budget, mostly: a file that needs more than there is for all.
static enum receiver_error no_memory(char *text, size_t text_size) {
    snprintf(text, text_size, "it takes more memory to read than is left for files of other tools");
    return RECEIVER_NO_MEMORY;
}

enum receiver_error foreign_attachment_read(int directory, const struct catalog_attachment *attachment, uint8_t **profile,
                                            size_t *profile_size, char name[CATALOG_NAME_MAX_BYTES + 1], char *text, size_t text_size) {
    uint8_t *bytes = NULL;
    size_t size = attachment->size_bytes, taken = size + 1;
    *profile = NULL;
    if (!merge_budget_take(taken)) {
        return no_memory(text, text_size);
    }
    enum receiver_error error = read_file(directory, attachment, &bytes);
    error = error == RECEIVER_OK ? inflate(&bytes, &size, &taken) : error;
    enum foreign_format format = error == RECEIVER_OK ? foreign_detect_named(attachment->name, bytes, size) : FOREIGN_NONE;
    if (format != FOREIGN_NONE) {
        error = convert(bytes, size, format, profile, profile_size, text, text_size);
        name_profile(attachment->name, name);
    }
    free(bytes);
    merge_budget_give(taken);
    if (merge_budget_stopped()) { // then it was not told which format it is, or not read
        free(*profile);
        *profile = NULL;
        snprintf(text, text_size, "the receiver stops");
        return RECEIVER_BUSY;
    }
    return error == RECEIVER_NO_MEMORY ? no_memory(text, text_size) : error;
}
