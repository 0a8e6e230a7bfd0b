// marked_uploads.h: what users do with stored uploads: pin one, so that retention leaves it, write a note on it, remove it.
//
// A pinned upload has a directory of its own: one that was packed is taken out of its pack, since a pack takes its whole size of the disk
// until its last upload goes, and the packer leaves it. Pinned uploads count for the retention's size, and may take half of it together.
//
// Each function is done when it returns, also behind a power cut: a kill in between leaves all as before, or as afterwards. Of an upload
// that is removed from a pack, its bytes stay in the file, which nothing reads any more, until the pack's last upload goes.
//
// A removal whose row cannot be removed in the end (the disk is full, and its reserve has not sufficed) leaves a row of an upload that was
// packed without its files, until it is removed again or the next start drops it. What was made of the upload (figures, roll-ups) is
// removed where that is possible, and keeps no upload.
//
// Threads: any. Memory: malloc; of a packed upload one file of it at a time.
#ifndef CMEMPROF_RECEIVER_MARKED_UPLOADS_H
#define CMEMPROF_RECEIVER_MARKED_UPLOADS_H

#include "store.h"

enum { MARKED_PINS_SHARE = 2 }; // the part of the retention's size that pins may take is one of so many

// All return RECEIVER_NOT_FOUND for an unknown upload, RECEIVER_CONFLICT where the state forbids it, and text says why.
enum receiver_error store_pin(struct store *store, int64_t id, bool pinned, char *text, size_t text_size);
// note: UTF-8, at most NOTEBOOK_NOTE_BYTES; "": none. RECEIVER_TOO_LARGE, RECEIVER_BAD_UPLOAD: it is no text.
enum receiver_error store_write_note(struct store *store, int64_t id, const char *note, size_t size, char *text, size_t text_size);
enum receiver_error store_remove(struct store *store, int64_t id, char *text, size_t text_size); // RECEIVER_CONFLICT: it is pinned

// ---- For the store's own files ----

// Tells the catalog of all marks, before it is loaded.
enum receiver_error marked_uploads_tell(struct store *store, struct catalog *catalog);
// At a start: forgets marks of uploads whose files are gone, and takes those out of packs that a kill left there.
void marked_uploads_settle(struct store *store);
void marked_uploads_forget(struct store *store, const int64_t *ids, size_t count); // notes on uploads that retention has removed

#endif
