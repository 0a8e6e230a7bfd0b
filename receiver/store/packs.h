// packs.h: the packs of uploads/ (pack/pack_file.h): which there are, and which upload is in which.
//
// A pack is uploads/FIRST-LAST.pack. Those that cannot be read are kept in the list: their uploads are damaged, not gone.
//
// Threads: any; one lock, never held while a file is read, except by packs_load. Memory: malloc; 80 bytes a pack, and a cache of contents.
#ifndef CMEMPROF_RECEIVER_PACKS_H
#define CMEMPROF_RECEIVER_PACKS_H

#include "../base/json.h"
#include "../pack/pack_file.h"

#include <pthread.h>

enum { PACKS_NAME_BYTES = 48, PACKS_CACHE_BYTES = 16 << 20 };

struct packs_entry {
    int64_t first, last; // by its name
    size_t live;         // uploads in it
    uint64_t file_bytes;
    bool damaged;
    struct pack_sums sums;
};

struct packs {
    int uploads; // the open directory
    // Whether the index has an upload of these ids other than id, so that a damaged pack may have it. NULL: damaged packs stay. Called
    // without the lock.
    bool (*is_used)(void *context, int64_t first, int64_t last, int64_t id);
    void *is_used_context;
    pthread_mutex_t lock;
    struct packs_entry *list; // guarded by lock, as the next three; ascending
    size_t count, capacity;
    uint64_t unreadable;    // reads that found damage
    struct cache *contents; // NULL: no memory for it
};

void packs_init(struct packs *packs);
void packs_destroy(struct packs *packs);
// Reads the names of uploads/. Removes packs that have no upload any more.
enum receiver_error packs_load(struct packs *packs, int uploads);
void packs_name(int64_t first, int64_t last, char name[PACKS_NAME_BYTES]);
// A pack that was just put there. RECEIVER_DAMAGED: it cannot be read, and is not in the list.
enum receiver_error packs_add(struct packs *packs, int64_t first, int64_t last);

// The pack that has the upload, open. RECEIVER_NOT_FOUND: none has. RECEIVER_DAMAGED: the one that should cannot be read.
enum receiver_error packs_find(struct packs *packs, int64_t id, struct pack **pack, struct pack_record *record);
// As pack_read, with the store's cache; counts damage.
enum receiver_error packs_read(struct packs *packs, struct pack *pack, const struct pack_part *part, bool as_came, uint8_t **bytes,
                               size_t *size);
// From its pack, if one has it. The last one takes the file with it, that of a damaged pack the last one in the index (is_used). lasting:
// also behind a power cut, but for the file's name. RECEIVER_OK also if none has it.
enum receiver_error packs_remove(struct packs *packs, int64_t id, bool lasting);
// Each upload, ascending within a pack, with the bytes of its record; of a damaged pack all ids that its name has, with 0. Returns false if
// each has, or without memory.
bool packs_each(struct packs *packs, bool (*each)(void *context, int64_t id, uint32_t bytes), void *context);
bool packs_cover(struct packs *packs, int64_t id); // whether a pack's name has it
int64_t packs_last(struct packs *packs);           // the highest id that a pack's name has; 0: there is none
// {"packs":3,"damaged_packs":0,...}: docs/receiver.md.
void packs_describe(struct packs *packs, struct json *json);

#endif
