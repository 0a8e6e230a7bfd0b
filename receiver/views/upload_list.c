// upload_list.c: the uploads of a selection that have an attachment (upload_list.h).
#include "upload_list.h"

#include <stdlib.h>
#include <string.h>

enum receiver_error upload_list_read(struct catalog *catalog, const struct selection *selection, const char *attachment, size_t most,
                                     struct upload_list *list) {
    *list = (struct upload_list){0};
    return catalog_pick(catalog, selection, attachment, most, &list->uploads, &list->count, &list->left_out);
}

struct upload_list upload_list_newest(const struct upload_list *list) {
    struct upload_list newest = *list;
    size_t beyond = list->count > UPLOAD_LIST_FILES ? list->count - UPLOAD_LIST_FILES : 0;
    newest.uploads = beyond > 0 ? list->uploads + beyond : list->uploads;
    newest.count -= beyond;
    newest.left_out += beyond;
    return newest;
}

struct upload_list upload_list_like(const struct upload_list *list, size_t room) {
    return (struct upload_list){
        .uploads = malloc((room + 1) * sizeof *list->uploads), .with_times = list->with_times, .flight = list->flight, .stop = list->stop};
}

bool upload_list_is_wanted(const struct upload_list *list) {
    return !(list->stop && atomic_load(list->stop)) && flight_is_wanted(list->flight);
}

void upload_list_free(struct upload_list *list) {
    free(list->uploads);
    *list = (struct upload_list){0};
}

// Sums instead of all ids and measures, of which there may be a million.
void upload_list_put_key(const struct upload_list *list, bool with_measures, FILE *out) {
    struct upload_set set = {0};
    uint64_t measured = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct listed_upload *upload = &list->uploads[i];
        upload_set_add(&set, upload);
        for (int m = 0; with_measures && m < MEASURE_COUNT; m++) {
            uint64_t word;
            memcpy(&word, &upload->measures.values[m], sizeof word);
            measured += upload_mix(word ^ upload_mix(upload->mark + (uint64_t)m));
        }
    }
    fwrite(&set, sizeof set, 1, out);
    fwrite(&measured, sizeof measured, 1, out);
    fwrite(&list->left_out, sizeof list->left_out, 1, out);
    fputc(list->with_times, out);
}
