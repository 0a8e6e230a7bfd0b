// packer.h: the thread that packs uploads once they are older than store_options.pack_after_ms (pack/pack_file.h), oldest first.
//
// A pack takes uploads that follow each other: up to PACKER_UPLOADS, PACKER_BYTES on the disk or PACKER_SPAN_MS of arrival. It is made
// below incoming/, synced, read again and compared with the files byte for byte; then it is renamed into uploads/, and the directories go.
// So at any moment each upload is there as it came or whole in a pack, or both, which the next start mends. An upload with a file that
// cannot be read stays as it is.
//
// Threads: its own, which is niced, and rests four times as long as it works. Memory: pack_writer.h, and one upload with one of its files
// again.
#ifndef CMEMPROF_RECEIVER_PACKER_H
#define CMEMPROF_RECEIVER_PACKER_H

#include <stddef.h>
#include <stdint.h>

enum { PACKER_UPLOADS = 1024, PACKER_BYTES = 64 << 20, PACKER_SPAN_MS = 6 * 3600 * 1000, PACKER_FREE_BYTES = 64 << 20 };

struct store;
struct packer;
struct packer *packer_start(struct store *store); // NULL: no memory
void packer_stop(struct packer *packer);          // ends the thread and frees; NULL is allowed
// At a start behind a kill: removes directories of uploads that a pack has, byte for byte. A directory with anything else, as of a backup
// that was copied over another, stays and is the upload; what the pack has under that number is not read, until retention takes both.
void packer_finish(struct store *store);
// The same, once the index is open: it has the sizes of what is packed.
void packer_settle(struct store *store);

// What the thread does at a time, for tests: packs what is due at now_ms, without resting. Returns how many packs were made.
struct packer *packer_new(struct store *store); // without a thread
size_t packer_pass(struct packer *packer, int64_t now_ms);

#endif
