// symbol_upload.h: a file with symbols while it arrives, and its way into the directory of symbols: as BUILD_ID.debug, once it is complete
// and known to be an ELF file with a build ID.
//
// Threads: begin, data and free by any thread that speaks HTTP, finish by a job, clean before them all. Memory: malloc, the file is on
// disk. At most SYMBOL_UPLOAD_MAX_BYTES each and SYMBOL_UPLOAD_MAX_COUNT at once, and no more is taken when the directory holds
// SYMBOL_UPLOAD_MAX_ALL_BYTES, those on their way among them: it never holds more than that and the uploads at once.
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

// Removes what a receiver that was killed has left, but not what another one is still writing.
void symbol_upload_clean(const struct receiver_symbols *symbols);
// count: of the uploads at once. RECEIVER_BUSY, RECEIVER_TOO_LARGE or RECEIVER_NO_MEMORY: *text, which lasts, says why. What the disk says
// is told by finish.
enum receiver_error symbol_upload_begin(const struct receiver_symbols *symbols, atomic_uint *count, struct symbol_upload **out,
                                        const char **text);
// False: the client sends more than anyone will read.
bool symbol_upload_data(struct symbol_upload *upload, const char *bytes, size_t size);
// text tells what is wrong with it. RECEIVER_BAD_UPLOAD, RECEIVER_TOO_LARGE, or what the disk says.
enum receiver_error symbol_upload_finish(struct symbol_upload *upload, char build_id[RECEIVER_BUILD_ID_BYTES], char *text,
                                         size_t text_size);
void symbol_upload_free(struct symbol_upload *upload); // removes what is not finished. NULL is fine

#endif
