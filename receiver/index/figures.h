// figures.h: what an upload says in figures: the pairs of its metrics.json, and what the periodic events of its Java recording say
// (recording_figures.h). They are kept beside the files (figures_store.h), so that charts of a week need not read them again.
//
// metrics.json is an array of [name, number] pairs, as the clients for Go send it. Of a name given twice the last number counts; names of
// measures (measures.h) do not count: the receiver computes its own.
//
// Threads: a struct belongs to one. Memory: the struct's own 15 KB; a reader's, and that of the file it reads: RECORDING_MAX_MIB at most.
#ifndef CMEMPROF_RECEIVER_FIGURES_H
#define CMEMPROF_RECEIVER_FIGURES_H

#include "../base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { FIGURES_MAX = 128, FIGURES_NAME_BYTES = 100, FIGURES_TEXT_BYTES = 160 };

enum figures_source { FIGURES_METRICS, FIGURES_RECORDING, FIGURES_SOURCES };
enum figures_state { FIGURES_NONE, FIGURES_READ, FIGURES_FAILED }; // NONE: the upload has no such file
struct figures {
    enum figures_state states[FIGURES_SOURCES];
    char texts[FIGURES_SOURCES][FIGURES_TEXT_BYTES]; // why it failed
    size_t count;                                    // also those before a fault
    struct {
        char name[FIGURES_NAME_BYTES];
        double value; // finite
    } figures[FIGURES_MAX];
};

struct figures_reader;
struct figures_reader *figures_reader_new(void);         // NULL: no memory
void figures_reader_free(struct figures_reader *reader); // NULL is allowed
struct catalog_attachment;                               // catalog.h
struct measured_upload;                                  // measures.h
bool figures_has_recording(const struct catalog_attachment *attachments, size_t count);
// Of these attachments. RECEIVER_OK: that is what the files say, at any time; a malformed file has FIGURES_FAILED. RECEIVER_DAMAGED,
// RECEIVER_NO_MEMORY, RECEIVER_IO...: a file cannot be read, which may change; what was read so far is there, and the source at fault is
// FIGURES_FAILED with the reason.
enum receiver_error figures_of_upload(struct figures_reader *reader, const struct measured_upload *upload,
                                      const struct catalog_attachment *attachments, size_t count, struct figures *figures);

#endif
