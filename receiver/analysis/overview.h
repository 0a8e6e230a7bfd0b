// overview.h: all uploads of a selection as the in-memory index has them: process, time and measures. Reads no file and no row.
//
// Threads: any for overview_read; a struct overview belongs to one. Memory: malloc, 112 bytes per upload, OVERVIEW_MAX_UPLOADS of them.
#ifndef CMEMPROF_RECEIVER_OVERVIEW_H
#define CMEMPROF_RECEIVER_OVERVIEW_H

#include "../views/upload_list.h"

#include <stdio.h>

enum { OVERVIEW_MAX_UPLOADS = 500000 }; // 1,000 processes with a profile a minute for 8 hours

struct overview_upload {
    int64_t id, start_ms, end_ms;
    uint64_t process;                               // equal for uploads of one process: a hash of host, service, runtime-id and process_id
    uint32_t service, env, version, host, language; // for overview_text; 0: none
    bool measured;                                  // false: its measures are not computed yet
    struct measures measures;
};
struct overview {
    struct overview_upload *uploads; // in the order of arrival
    size_t count, left_out;          // left_out: older ones beyond the maximum, or not looked at (search_rest.h)
    char **texts;
    size_t text_count;
    int64_t from_ms;       // what is before it was read for what it tells of later ones (version_changes_read); 0: nothing was
    struct flight *flight; // as in struct upload_list
};
static inline struct listed_upload overview_listed(const struct overview_upload *upload) {
    return (struct listed_upload){
        .id = upload->id, .start_ms = upload->start_ms, .end_ms = upload->end_ms, .process = upload->process, .measures = upload->measures};
}
enum receiver_error overview_read(struct catalog *catalog, const struct selection *selection, struct overview *overview);
void overview_free(struct overview *overview);
void overview_put_key(const struct overview *overview, FILE *out);         // what an answer depends on
const char *overview_text(const struct overview *overview, uint32_t text); // "" for 0

#endif
