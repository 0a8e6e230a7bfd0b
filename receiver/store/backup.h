// backup.h: a data directory as one tar file, and back: `cmemprof receiver export` and `import`.
//
//     uploads/ID/event.json, meta.json, N-NAME   each upload's files as they came, also of packed ones; event.json has the time of arrival,
//                                                to the nanosecond in a pax header
//     notebook.json                              pins, notes, annotations and views (notebook.h), last
//
// Plain tar: `tar tf` lists it, and `tar xf` in a data directory without a receiver restores the uploads too. Indexes, figures and roll-ups
// are made anew by the next start.
//
// An export may run beside a receiver: it has every upload that was answered with 200 before it began, unless retention removes that
// meanwhile. An import is for a directory that no receiver uses. It takes nothing on trust: names, sizes and events are checked, and an
// upload whose number is taken is compared with what is there, byte for byte, never replaced. So it can be repeated.
//
// Threads: one. Memory: malloc; all that is read is streamed, but for the files of a packed upload, one upload at a time, and
// notebook.json, 32 MiB at most, which is more than the limits of notebook.h, annotations.h and saved_views.h let be: an export fails
// beyond it, and an import leaves it out.
#ifndef CMEMPROF_RECEIVER_BACKUP_H
#define CMEMPROF_RECEIVER_BACKUP_H

#include "../base/error.h"

#include <stddef.h>
#include <stdint.h>

struct backup {
    void (*say)(void *context, const char *text); // one line about each upload that is left out
    void *context;
    uint64_t uploads, bytes;            // written, or taken; bytes of their files
    uint64_t there;                     // of an import: were there already, the same
    uint64_t skipped;                   // left out, and said why
    uint64_t gone;                      // of an export: removed by retention, or a user, meanwhile
    uint64_t marks, annotations, views; // of the notebook; marks: pins and notes
};

// out, in: open files, or pipes. On failure text has the cause.
enum receiver_error backup_export(const char *directory, int out, struct backup *backup, char *text, size_t text_size);
enum receiver_error backup_import(const char *directory, int in, struct backup *backup, char *text, size_t text_size);

#endif
