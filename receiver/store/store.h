// store.h: the data directory.
//
//     DIR/lock                   held (flock) while a receiver runs on it
//     DIR/index.sqlite           the index (catalog.h); made again from uploads/ when it is missing or damaged (rebuild.c)
//     DIR/incoming/NUMBER/       one upload while it arrives; removed at the next start if it stays
//     DIR/uploads/ID/            event.json and one file an attachment, as they came; never written again
//
// An upload is written below incoming/, synced, and renamed into uploads/ inside the transaction that adds its row, so it is there as a
// whole or not at all. File names are made here: a number and what is harmless of the client's name.
//
// Threads: any. The store has two of its own: one that commits (group_commit.h)
// and one that removes what is over the retention and works out measures (maintenance.c). Memory: malloc.
#ifndef CMEMPROF_RECEIVER_STORE_H
#define CMEMPROF_RECEIVER_STORE_H

#include "../index/catalog.h"

struct store_options {
    const char *directory;
    int64_t retention_ms;                   // uploads that came earlier than that ago are removed; 0: never for their age
    uint64_t retention_bytes;               // the oldest are removed while all are larger; 0: any size
    const struct receiver_symbols *symbols; // for who shows profiles; NULL: none
};

struct store;
// Takes the directory (made if need be) and removes what a crash left behind; nothing else, whatever else is in it.
enum receiver_error store_open(const struct store_options *options, struct store **store, char *text, size_t text_size);
// Ends its threads, after all uploads that wait were committed; reading goes on. Then pending_upload_keep fails.
void store_stop(struct store *store);
void store_close(struct store *store); // NULL is fine
struct catalog *store_catalog(struct store *store);
const struct receiver_symbols *store_symbols(const struct store *store); // NULL: none
const char *store_note(const struct store *store);                       // what store_open had to repair, one line; "": nothing
// Called from a thread of the store for each upload that was committed. Set before the first comes.
void store_on_new(struct store *store, void (*on_new)(void *context, int64_t id), void *context);

// Opens an attachment for reading; the caller closes *file. It stays readable when retention removes the upload meanwhile.
// RECEIVER_DAMAGED: the file is missing or has another size than it came with.
enum receiver_error store_read(struct store *store, int64_t id, const char *name, struct catalog_attachment *attachment, int *file);
// The directory of an upload, open; the caller closes it. RECEIVER_NOT_FOUND.
enum receiver_error store_open_upload(struct store *store, int64_t id, int *directory);

#endif
