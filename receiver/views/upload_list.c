// upload_list.c: the uploads of a selection that have an attachment (upload_list.h).
#include "upload_list.h"
#include "../../base/vector.h"

#include <stdlib.h>
#include <string.h>

struct gathering {
    struct upload_list *list;
    const char *attachment;
    size_t capacity;
    bool no_memory;
};

static bool has_attachment(const struct catalog_upload *upload, const char *name) {
    for (size_t i = 0; i < upload->attachment_count; i++) {
        if (strcmp(upload->attachments[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool gather(void *context, const struct catalog_upload *upload) {
    struct gathering *gathering = context;
    struct upload_list *list = gathering->list;
    if (gathering->attachment && !has_attachment(upload, gathering->attachment)) {
        return true;
    }
    if (!VECTOR_RESERVE(list->uploads, gathering->capacity, list->count + 1)) {
        gathering->no_memory = true;
        return false;
    }
    list->uploads[list->count++] = (struct listed_upload){.id = upload->id,
                                                          .start_ms = upload->start_ms,
                                                          .end_ms = upload->end_ms,
                                                          .process = upload->process,
                                                          .host = upload->host,
                                                          .measures = upload->measures};
    return true;
}

static int compare(const void *left, const void *right) {
    const struct listed_upload *a = left, *b = right;
    if (a->start_ms != b->start_ms) {
        return a->start_ms < b->start_ms ? -1 : 1;
    }
    return a->id < b->id ? -1 : a->id > b->id;
}

enum receiver_error upload_list_read(struct catalog *catalog, const struct selection *selection, const char *attachment,
                                     struct upload_list *list) {
    *list = (struct upload_list){0};
    struct gathering gathering = {.list = list, .attachment = attachment};
    enum receiver_error error = catalog_select(catalog, selection, UPLOAD_LIST_MAX, gather, &gathering, &list->left_out);
    if (error == RECEIVER_OK && gathering.no_memory) {
        error = RECEIVER_NO_MEMORY;
    }
    if (error != RECEIVER_OK) {
        upload_list_free(list);
        return error;
    }
    if (list->count > 1) {
        qsort(list->uploads, list->count, sizeof *list->uploads, compare);
    }
    return RECEIVER_OK;
}

void upload_list_free(struct upload_list *list) {
    free(list->uploads);
    *list = (struct upload_list){0};
}

void upload_list_put_key(const struct upload_list *list, bool with_measures, FILE *out) {
    fwrite(&list->count, sizeof list->count, 1, out);
    fwrite(&list->left_out, sizeof list->left_out, 1, out);
    for (size_t i = 0; i < list->count; i++) {
        fwrite(&list->uploads[i].id, sizeof list->uploads[i].id, 1, out);
        if (with_measures) {
            fwrite(&list->uploads[i].measures, sizeof list->uploads[i].measures, 1, out);
        }
    }
}
