// batch_seeds.c: writes the seed corpus of batch_fuzz.c. usage: batch_seeds FOLDER
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../batch.h"

static bool write_seed(const char *directory, size_t attachments, size_t headers) {
    static const struct upload_attachment all[] = {{"cpu.pprof", "\x1f\x8b", 2}, {"delta-heap.pprof", "", 0}, {"metrics.json", "[]", 2}};
    static const char *const lines[] = {"Datadog-Container-ID: abc", "Datadog-Entity-ID: in-1"};
    const struct upload_request request = {.attachments = all,
                                           .attachment_count = attachments,
                                           .batch_headers = lines,
                                           .batch_header_count = headers,
                                           .event = "{}",
                                           .event_size = 2};
    char path[500];
    struct upload_batch *batch = upload_batch_new(&request);
    snprintf(path, sizeof path, "%s/%zu-%zu", directory, attachments, headers);
    FILE *file = fopen(path, "w");
    bool ok = batch && file && fputc(1, file) == 1 && fwrite(batch->bytes, 1, batch->size, file) == batch->size;
    ok = file && fclose(file) == 0 && ok;
    upload_batch_free(batch);
    return ok;
}

int main(int argc, char **argv) {
    for (size_t attachments = 0; argc == 2 && attachments <= 3; attachments++) {
        for (size_t headers = 0; headers <= 2; headers++) {
            if (!write_seed(argv[1], attachments, headers)) {
                perror(argv[1]);
                return 1;
            }
        }
    }
    return argc == 2 ? 0 : 2;
}
