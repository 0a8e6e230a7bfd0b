// stored_upload.h: the files of an upload, wherever they are: in its directory as they came, or in a pack.
//
// Here alone a packed part becomes a file again; all others open files by their name in the directory and do not know. What is packed is
// given as an anonymous file in memory, so it takes its size of memory until it is closed.
//
// Threads: one at a time for a struct. Memory: malloc, as pack/pack_file.h.
#ifndef CMEMPROF_RECEIVER_STORED_UPLOAD_H
#define CMEMPROF_RECEIVER_STORED_UPLOAD_H

#include "../pack/pack_file.h"

struct store;
struct stored_upload {
    struct store *store;
    int64_t id;
    int directory;     // -1: it is packed
    struct pack *pack; // NULL: it is not
    struct pack_record record;
};

// RECEIVER_NOT_FOUND: there is none. RECEIVER_DAMAGED: its pack cannot be read.
enum receiver_error stored_open(struct store *store, int64_t id, struct stored_upload *upload);
void stored_close(struct stored_upload *upload);
// Opens one of its files for reading; the caller closes *file. RECEIVER_NOT_FOUND: it has none of that name. RECEIVER_DAMAGED: it cannot
// be what came. If as_came is false, the bytes may be inflated.
enum receiver_error stored_file(struct stored_upload *upload, const char *name, bool as_came, int *file);
// The same for struct measured_upload (index/measures.h); files is a struct stored_upload.
enum receiver_error stored_measured(void *files, const char *name, int *file);
bool stored_is_in_memory(int file);                               // one that was opened here: it is of a packed upload
uint64_t stored_packed_bytes(const struct stored_upload *upload); // of its record in the pack; 0: it is not packed
// Each file with the size that came. Returns false if it cannot be listed.
bool stored_each(struct stored_upload *upload, void (*each)(void *context, const char *name, uint64_t size), void *context);

#endif
