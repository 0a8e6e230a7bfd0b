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
// Threads: any; a struct incoming belongs to one thread at a time. The store has two of its own: one that commits (group_commit.h) and one
// that removes what is over the retention and works out measures (maintenance.c). Memory: malloc.
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
// Ends its threads, after all uploads that wait were committed; reading goes on. Then incoming_keep fails.
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

// ---- One upload while it arrives ----

struct incoming;
enum receiver_error incoming_new(struct store *store, struct incoming **incoming);
// Starts the next attachment; RECEIVER_BAD_UPLOAD with a reason in text: no name, too long a name, a name twice, too many. The upload may
// go on without it.
enum receiver_error incoming_attachment(struct incoming *incoming, const char *name, char *text, size_t text_size);
enum receiver_error incoming_write(struct incoming *incoming, const char *bytes, size_t size); // to the attachment started last
// Notes that a part was refused, for the reply and the index.
void incoming_refuse(struct incoming *incoming, const char *name, const char *reason);
const char *incoming_refused(const struct incoming *incoming); // a JSON array, or NULL: nothing was refused
// Makes it an upload: done is called once, from a thread of the store, when it is on disk for good (RECEIVER_OK and its id) or cannot be
// (with a reason). event must live until then. more_tags: "k:v,k:v" or NULL.
typedef void (*incoming_done)(void *context, enum receiver_error error, int64_t id, const char *reason);
void incoming_keep(struct incoming *incoming, const char *event, size_t event_size, const char *more_tags, incoming_done done,
                   void *context);
// Removes what was not kept. NULL is fine.
void incoming_free(struct incoming *incoming);

#endif
