// store.h: the data directory.
//
//     DIR/lock                   held (flock) while a receiver runs on it
//     DIR/index.sqlite           the index (catalog.h)
//     DIR/incoming/NUMBER/        one upload while it arrives; removed at the next start if it stays
//     DIR/uploads/ID/            event.json and one file an attachment, as they came; never written again
//
// An upload is written below incoming/, synced, and renamed into uploads/ inside the transaction that adds its row, so it is there as a
// whole or not at all. File names are made here: a number and what is harmless of the client's name.
//
// Threads: any; a struct incoming belongs to one thread at a time. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_STORE_H
#define CMEMPROF_RECEIVER_STORE_H

#include "catalog.h"

struct store;
// Takes the directory (made if need be) and removes what a crash left behind. RECEIVER_BAD_DIRECTORY also when uploads/ or incoming/ hold
// something and there is no index: whatever it is, it is not to be removed.
enum receiver_error store_open(const char *directory, uint32_t keep_uploads, struct store **store, char *text, size_t text_size);
void store_close(struct store *store); // NULL is fine
struct catalog *store_catalog(struct store *store);

// Opens an attachment for reading; the caller closes *file. It stays readable when retention removes the upload meanwhile.
enum receiver_error store_read(struct store *store, int64_t id, const char *name, struct catalog_attachment *attachment, int *file);

// ---- One upload while it arrives ----

enum { STORE_MAX_ATTACHMENTS = 32 };

struct incoming;
enum receiver_error incoming_new(struct store *store, struct incoming **incoming);
// Starts the next attachment; RECEIVER_BAD_UPLOAD with a reason in text: no name, a name twice, too many.
enum receiver_error incoming_attachment(struct incoming *incoming, const char *name, char *text, size_t text_size);
enum receiver_error incoming_write(struct incoming *incoming, const char *bytes, size_t size); // to the attachment started last
// Makes it an upload and gives its id. more_tags: "k:v,k:v" or NULL.
enum receiver_error incoming_keep(struct incoming *incoming, const char *event, size_t event_size, const char *more_tags, int64_t *id,
                                  char *text, size_t text_size);
// Removes what was not kept. NULL is fine.
void incoming_free(struct incoming *incoming);

#endif
