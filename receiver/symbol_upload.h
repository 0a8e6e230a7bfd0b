// symbol_upload.h: a file with symbols while it arrives, and its way into the directory of symbols: as BUILD_ID.debug, once it is complete
// and known to be an ELF file with a build ID.
//
// Threads: new, data and free by the thread that speaks HTTP, finish by a job. Memory: malloc, the file is on disk. At most
// SYMBOL_UPLOAD_MAX_BYTES each, and no more is taken when the directory holds SYMBOL_UPLOAD_MAX_ALL_BYTES.
#ifndef CMEMPROF_RECEIVER_SYMBOL_UPLOAD_H
#define CMEMPROF_RECEIVER_SYMBOL_UPLOAD_H

#include "receiver.h"

#include <stdbool.h>

#define SYMBOL_UPLOAD_MAX_BYTES ((size_t)1 << 30)
#define SYMBOL_UPLOAD_MAX_ALL_BYTES ((uint64_t)16 << 30)

struct symbol_upload;

struct symbol_upload *symbol_upload_new(const struct receiver_symbols *symbols); // NULL: no memory
// False: the client sends more than anyone will read.
bool symbol_upload_data(struct symbol_upload *upload, const char *bytes, size_t size);
// text tells what is wrong with it. RECEIVER_BAD_UPLOAD, RECEIVER_TOO_LARGE, or what the disk says.
enum receiver_error symbol_upload_finish(struct symbol_upload *upload, char build_id[RECEIVER_BUILD_ID_BYTES], char *text,
                                         size_t text_size);
void symbol_upload_free(struct symbol_upload *upload); // removes what is not finished. NULL is fine

#endif
