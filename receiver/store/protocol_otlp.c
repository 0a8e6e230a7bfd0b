// protocol_otlp.c: uploads in OpenTelemetry's protocol (protocol_upload.h).
#include "../../otlp/otlp.h"
#include "protocol_upload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void begin(struct protocol_upload *upload, struct MHD_Connection *connection) {
    const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    const char *encoding = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_ENCODING);
    static const char *const encodings[] = {"identity", "gzip", "zstd"};
    bool known = !encoding || !*encoding;
    for (size_t i = 0; encoding && i < sizeof encodings / sizeof *encodings; i++) {
        known = known || strcasecmp(encoding, encodings[i]) == 0;
    }
    if (!type || strncasecmp(type, "application/x-protobuf", strlen("application/x-protobuf")) != 0) {
        made_uploads_refuse(
            &upload->made, RECEIVER_BAD_UPLOAD,
            "the Content-Type is not application/x-protobuf: profiles are taken as protobuf over HTTP, not as JSON or gRPC");
    } else if (!known) {
        made_uploads_refuse(&upload->made, RECEIVER_BAD_UPLOAD, "the Content-Encoding is neither gzip nor zstd");
    }
}

struct reading {
    struct made_uploads *made;
    struct made_upload *last; // of the resource with this number
    size_t resource;
};

static struct made_upload *begin_upload(struct reading *reading, const struct otlp_resource *resource) {
    struct made_tag tags[OTLP_MAX_ATTRIBUTES];
    char numbers[OTLP_MAX_ATTRIBUTES][24];
    for (size_t i = 0; i < resource->count; i++) {
        const struct otlp_attribute *attribute = &resource->attributes[i];
        snprintf(numbers[i], sizeof numbers[i], "%" PRId64, attribute->number);
        tags[i] = (struct made_tag){otlp_tag_of_attribute(attribute->key), attribute->text ? attribute->text : numbers[i]};
    }
    reading->resource = resource->number;
    reading->last = made_uploads_begin(reading->made, tags, resource->count, resource->left_out, "otlp");
    return reading->last;
}

// Begins the attachment in the resource's last upload, or in a new one if that has one of this name, or as many as an upload may have.
static struct made_upload *begin_attachment(struct reading *reading, const struct otlp_resource *resource, const char *name) {
    struct made_upload *upload = reading->last;
    if (!upload || reading->resource != resource->number) {
        upload = begin_upload(reading, resource);
    }
    if (upload && !made_upload_attachment(upload, name) && (upload = begin_upload(reading, resource))) {
        made_upload_attachment(upload, name);
    }
    return reading->made->error == RECEIVER_OK ? upload : NULL;
}

static enum merge_error take(void *context, const struct otlp_profile *one) {
    struct reading *reading = context;
    char name[CATALOG_NAME_MAX_BYTES + 1];
    if (*one->file) {
        snprintf(name, sizeof name, "%s", one->file);
    } else {
        made_upload_name(one->profile, name);
    }
    struct made_upload *upload = begin_attachment(reading, one->resource, name);
    if (!upload) {
        return MERGE_NOT_FOUND; // the reason is known
    }
    made_upload_write_profile(upload, one->profile);
    int64_t start_ns = profile_time_ns(one->profile);
    made_upload_window(upload, start_ns, start_ns + profile_duration_ns(one->profile)); // otlp.h: an int64
    return reading->made->error == RECEIVER_OK ? MERGE_OK : MERGE_NOT_FOUND;
}

static void read_request(struct protocol_upload *upload) {
    struct merge_fault fault = {0};
    struct reading reading = {.made = &upload->made};
    size_t profiles;
    enum merge_error error =
        otlp_decode(upload->body.bytes ? upload->body.bytes : "", upload->body.size, NULL, take, &reading, &profiles, &fault);
    protocol_upload_fault(upload, error, &fault, "a request with profiles");
}

const struct protocol protocol_otlp = {
    .path = "/v1development/profiles", .answer = PROTOCOL_ANSWER_OTLP, .begin = begin, .read = read_request};
