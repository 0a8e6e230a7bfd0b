// store.h: the data directory.
//
//     DIR/lock                   locked (flock) while a receiver runs on it
//     DIR/index.sqlite           the index (catalog.h); rebuilt from uploads/ if missing or damaged (rebuild.c)
//     DIR/rollups.sqlite         roll-ups (rollups/rollup_base.h); made again if missing or damaged
//     DIR/figures.sqlite         figures of all uploads (figures_store.h); made again from uploads/ if missing or damaged
//     DIR/incoming/NUMBER/       an upload while it arrives; removed at the next start if left over
//     DIR/uploads/ID/            event.json and one file per attachment, as received; never rewritten
//     DIR/uploads/FIRST-LAST.pack uploads that were packed (pack/pack_file.h, packer.h); their directories are gone
//
// An upload is written below incoming/, synced, and renamed into uploads/ within the transaction that adds its row, so it is atomic. File
// names are a number and the harmless part of the client's name. A copy of uploads/ that is made while the receiver runs may lack uploads
// that are being packed (backup.h).
//
// Threads: any. The store has two of its own: group commit (group_commit.h), and maintenance, which removes uploads over the retention and
// reads measures and figures (maintenance.c). Memory: malloc.
#ifndef CMEMPROF_RECEIVER_STORE_H
#define CMEMPROF_RECEIVER_STORE_H

#include "../index/catalog.h"

struct store_options {
    const char *directory;
    int64_t retention_ms;                   // removes older uploads, by their arrival; 0: no limit of age
    uint64_t retention_bytes;               // removes the oldest while all together are larger; 0: no limit of size
    size_t index_bytes;                     // of memory; removes the oldest while the index takes more; 0: no limit
    int64_t pack_after_ms;                  // packs older uploads, by their arrival; 0: none
    const struct receiver_symbols *symbols; // for views; NULL: none
};

struct counters; // counters.h
struct rollup_base;
struct store;
// mkdir -p. Only the failure of the last one counts; store_open reports it.
void store_make_directories(const char *path);
// Locks the directory, creates it if missing, and removes leftovers of a crash; nothing else in it is touched.
enum receiver_error store_open(const struct store_options *options, struct store **store, char *text, size_t text_size);
// Its files alone, without an index and threads: for a program that reads them while a receiver may run (locks false: nothing is made nor
// removed, but packs without an upload), or that adds some while none does. store_close ends it.
enum receiver_error store_open_files(const char *directory, bool locks, struct store **store, char *text, size_t text_size);
// Ends its threads after committing all waiting uploads. Reading goes on; pending_upload_keep fails.
void store_stop(struct store *store);
void store_close(struct store *store); // NULL is allowed
struct catalog *store_catalog(struct store *store);
struct figures_store;                                                    // figures_store.h
struct figures_store *store_figures(struct store *store);                // NULL: they cannot be kept
const struct receiver_symbols *store_symbols(const struct store *store); // NULL: none
// Of recordings of Java (recording_conversion.h). NULL: no memory for it.
struct cache *store_conversions(const struct store *store);
struct rollup_base *store_rollups(const struct store *store); // rollups/rollup_base.h
// What uploads are marked with that are forwarded (relay_mark.h); made when it is first asked for, before the first upload. NULL: errno.
const char *store_relay_id(struct store *store);
struct counters *store_counters(struct store *store);
const char *store_note(const struct store *store); // what store_open repaired, one line; "": nothing
// on_new is called from a thread of the store for each committed upload. Set it before the first upload.
void store_on_new(struct store *store, void (*on_new)(void *context, int64_t id), void *context);

// Opens an attachment for reading; the caller closes *file. It stays readable if retention removes the upload meanwhile. RECEIVER_DAMAGED:
// the file is missing or its size has changed, or what it is packed in cannot be read. If as_came is false, what is packed may be given
// inflated, with that size in the attachment: it costs less, and profiles are read either way.
enum receiver_error store_read(struct store *store, int64_t id, const char *name, bool as_came, struct catalog_attachment *attachment,
                               int *file);
// Whether reading its files may take as long as a view: it is packed.
bool store_reads_slowly(struct store *store, int64_t id);
enum receiver_error store_read_event(struct store *store, int64_t id, int *file); // the same of event.json
// Whether so many bytes are free on the disk: for what can be done without.
bool store_has_room(const struct store *store, uint64_t bytes);

#endif
