// symbol_upload.h: receives a file with symbols and moves it into the directory of symbols as BUILD_ID.debug, once it is complete and known
// to be an ELF file with a build ID.
//
// Threads: begin, data and free on any HTTP thread, finish on the thread pool, clean before them all. Memory: malloc; the file is on disk.
// At most SYMBOL_UPLOAD_MAX_BYTES each, SYMBOL_UPLOAD_MAX_COUNT in flight. No more is accepted once the directory holds
// SYMBOL_UPLOAD_MAX_ALL_BYTES, including those in flight: it never exceeds that by more than the uploads in flight.
#ifndef CMEMPROF_RECEIVER_SYMBOL_UPLOAD_H
#define CMEMPROF_RECEIVER_SYMBOL_UPLOAD_H

#include "../base/error.h"
#include "../base/symbols.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYMBOL_UPLOAD_MAX_BYTES ((size_t)1 << 30)
#define SYMBOL_UPLOAD_MAX_ALL_BYTES ((uint64_t)16 << 30)
enum { SYMBOL_UPLOAD_MAX_COUNT = 2 };

struct symbol_upload;

// Removes leftovers of a killed receiver, but not what another one is writing.
void symbol_upload_clean(const struct receiver_symbols *symbols);
// count: uploads in flight. RECEIVER_BUSY, RECEIVER_TOO_LARGE or RECEIVER_NO_MEMORY: *text, a constant, has the reason. Disk errors are
// reported by finish.
enum receiver_error symbol_upload_begin(const struct receiver_symbols *symbols, atomic_uint *count, struct symbol_upload **out,
                                        const char **text);
// Returns false if the client sends more than will be read.
bool symbol_upload_data(struct symbol_upload *upload, const char *bytes, size_t size);
// text gets the fault. RECEIVER_BAD_UPLOAD, RECEIVER_TOO_LARGE, or the disk's error.
enum receiver_error symbol_upload_finish(struct symbol_upload *upload, char build_id[RECEIVER_BUILD_ID_BYTES], char *text,
                                         size_t text_size);
void symbol_upload_free(struct symbol_upload *upload); // removes it unless finished. NULL is allowed

#endif
