// published_context.c: reads the attributes that a process has published (published_context.h).
#include "published_context.h"
#include "../../cmemprof/process_context.h"
#include "../../merge/wire.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TRIES = 5, // while it is being written
    PAYLOAD_MOST = 1 << 20,
    CONTEXT_RESOURCE = 1,
    RESOURCE_ATTRIBUTES = 1,
    PAIR_KEY = 1,
    PAIR_VALUE = 2,
    VALUE_TEXT = 1,
    VALUE_BOOL = 2,
    VALUE_INT = 3,
};

static char *text_of(struct wire bytes) {
    return strndup(bytes.at ? (const char *)bytes.at : "", (size_t)(bytes.end - bytes.at));
}

// The value of an AnyValue; NULL: neither a text nor a number.
static char *value_of(struct wire value) {
    char text[24];
    while (value.at < value.end) {
        struct wire_field field = {0};
        if (wire_next(&value, &field) != WIRE_OK) {
            return NULL;
        }
        if (field.number == VALUE_TEXT && field.type == WIRE_BYTES) {
            return text_of(field.bytes);
        }
        if (field.type == WIRE_VARINT && (field.number == VALUE_INT || field.number == VALUE_BOOL)) {
            snprintf(text, sizeof text, "%" PRId64, (int64_t)field.value);
            return strdup(field.number == VALUE_INT ? text : field.value ? "true" : "false");
        }
    }
    return NULL;
}

static void add_pair(struct published_context *context, struct wire pair) {
    char *key = NULL, *value = NULL;
    while (pair.at < pair.end) {
        struct wire_field field = {0};
        if (wire_next(&pair, &field) != WIRE_OK || field.type != WIRE_BYTES) {
            break;
        }
        if (field.number == PAIR_KEY && !key) {
            key = text_of(field.bytes);
        } else if (field.number == PAIR_VALUE && !value) {
            value = value_of(field.bytes);
        }
    }
    if (key && value && context->count < PUBLISHED_CONTEXT_MOST) {
        context->list[context->count].key = key;
        context->list[context->count++].value = value;
    } else {
        free(key);
        free(value);
    }
}

static bool read_resource(struct wire resource, struct published_context *context) {
    while (resource.at < resource.end) {
        struct wire_field field = {0};
        if (wire_next(&resource, &field) != WIRE_OK) {
            return false;
        }
        if (field.number == RESOURCE_ATTRIBUTES && field.type == WIRE_BYTES) {
            add_pair(context, field.bytes);
        }
    }
    return true;
}

static bool read_payload(const uint8_t *bytes, size_t size, struct published_context *context) {
    for (struct wire wire = {bytes, bytes + size}; wire.at < wire.end;) {
        struct wire_field field = {0};
        if (wire_next(&wire, &field) != WIRE_OK) {
            return false;
        }
        if (field.number == CONTEXT_RESOURCE && field.type == WIRE_BYTES && !read_resource(field.bytes, context)) {
            return false;
        }
    }
    return context->count > 0;
}

static bool read_at(int memory, uint64_t address, void *bytes, size_t size) {
    return address <= INT64_MAX && pread(memory, bytes, size, (off_t)address) == (ssize_t)size;
}

// The payload of the header at the address. NULL: there is none, or it is being written.
static uint8_t *copy_payload(int memory, uint64_t address, size_t *size) {
    struct process_context_header header, again;
    if (!read_at(memory, address, &header, sizeof header) || memcmp(header.signature, PROCESS_CONTEXT_NAME, sizeof header.signature) != 0 ||
        header.version != PROCESS_CONTEXT_VERSION || header.published_ns == 0 || header.payload_size == 0 ||
        header.payload_size > PAYLOAD_MOST) {
        return NULL;
    }
    uint8_t *bytes = malloc(header.payload_size);
    *size = header.payload_size;
    if (bytes && read_at(memory, header.payload_address, bytes, *size) && read_at(memory, address, &again, sizeof again) &&
        again.published_ns == header.published_ns) {
        return bytes;
    }
    free(bytes);
    return NULL;
}

static bool read_mapping(int memory, uint64_t address, struct published_context *context) {
    for (int i = 0; i < TRIES; i++) {
        size_t size;
        uint8_t *bytes = copy_payload(memory, address, &size);
        if (bytes) {
            bool read = read_payload(bytes, size, context);
            free(bytes);
            return read;
        }
        usleep(1000);
    }
    return false;
}

bool published_context_read(pid_t pid, struct published_context *context) {
    char path[64], line[8192];
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "re");
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    int memory = open(path, O_RDONLY | O_CLOEXEC);
    bool found = false;
    while (maps && memory >= 0 && !found && fgets(line, sizeof line, maps)) {
        if (strstr(line, " /memfd:" PROCESS_CONTEXT_NAME) || strstr(line, " [anon:" PROCESS_CONTEXT_NAME "]") ||
            strstr(line, " [anon_shmem:" PROCESS_CONTEXT_NAME "]")) {
            found = read_mapping(memory, strtoull(line, NULL, 16), context);
        }
    }
    if (maps) {
        fclose(maps);
    }
    if (memory >= 0) {
        close(memory);
    }
    if (!found) {
        published_context_free(context);
    }
    return found;
}

void published_context_free(struct published_context *context) {
    for (size_t i = 0; i < context->count; i++) {
        free(context->list[i].key);
        free(context->list[i].value);
    }
    context->count = 0;
}
