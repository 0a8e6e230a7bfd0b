// form.c: see form.h.
#include "form.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct part_reader {
    const char *bytes;
    size_t size, position;
};

struct upload_form {
    curl_mime *mime;
    struct part_reader *readers; // one per part, the event last
};

static size_t read_part(char *buffer, size_t size, size_t count, void *context) {
    struct part_reader *reader = context;
    size_t capacity = size * count, left = reader->size - reader->position;
    size_t step = left < capacity ? left : capacity;
    if (step > 0) {
        memcpy(buffer, reader->bytes + reader->position, step);
        reader->position += step;
    }
    return step;
}

// libcurl seeks to resend a body after the server closed a kept connection.
static int seek_part(void *context, curl_off_t offset, int origin) {
    struct part_reader *reader = context;
    if (origin != SEEK_SET || offset < 0 || (size_t)offset > reader->size) {
        return CURL_SEEKFUNC_FAIL;
    }
    reader->position = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

static bool add_part(curl_mime *mime, struct part_reader *reader, const char *name, const char *filename, const char *type) {
    curl_mimepart *part = curl_mime_addpart(mime);
    return part && curl_mime_name(part, name) == CURLE_OK && curl_mime_filename(part, filename) == CURLE_OK &&
           curl_mime_type(part, type) == CURLE_OK &&
           curl_mime_data_cb(part, (curl_off_t)reader->size, read_part, seek_part, NULL, reader) == CURLE_OK;
}

static bool add_parts(struct upload_form *form, const struct upload_request *request) {
    for (size_t i = 0; i < request->attachment_count; i++) {
        const struct upload_attachment *attachment = &request->attachments[i];
        form->readers[i] = (struct part_reader){.bytes = attachment->bytes, .size = attachment->size};
        if (!add_part(form->mime, &form->readers[i], attachment->name, attachment->name, "application/octet-stream")) {
            return false;
        }
    }
    struct part_reader *event = &form->readers[request->attachment_count];
    *event = (struct part_reader){.bytes = request->event, .size = request->event_size};
    return add_part(form->mime, event, "event", "event.json", "application/json");
}

struct upload_form *upload_form_new(CURL *easy, const struct upload_request *request) {
    struct upload_form *form = calloc(1, sizeof *form);
    if (!form) {
        return NULL;
    }
    form->readers = calloc(request->attachment_count + 1, sizeof *form->readers);
    form->mime = curl_mime_init(easy);
    if (!form->readers || !form->mime || !add_parts(form, request)) {
        upload_form_free(form);
        return NULL;
    }
    return form;
}

curl_mime *upload_form_mime(struct upload_form *form) {
    return form->mime;
}

void upload_form_free(struct upload_form *form) {
    if (form) {
        curl_mime_free(form->mime);
        free(form->readers);
        free(form);
    }
}
