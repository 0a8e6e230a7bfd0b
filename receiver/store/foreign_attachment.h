// foreign_attachment.h: attachments that are files of other tools (../../foreign/foreign.h), such as folded stacks or a heap profile of
// V8: they are stored as the profiles they are read as.
//
// Threads: any. Memory: malloc; the file, inflated, and its profile count against the thread's budget (merge_use_budget).
#ifndef CMEMPROF_RECEIVER_FOREIGN_ATTACHMENT_H
#define CMEMPROF_RECEIVER_FOREIGN_ATTACHMENT_H

#include "../base/error.h"
#include "../index/catalog.h"

// Whether it is worth looking: by its name and first bytes. any: it may be compressed, and have any name.
bool foreign_attachment_may_be(const char *name, const char *bytes, size_t size, bool any);

// Reads the file of the attachment in a directory. If it is of another tool, *profile is that as pprof, compressed, which the caller frees,
// and name its name with the suffix .pprof; else *profile is NULL. RECEIVER_BAD_UPLOAD, RECEIVER_TOO_LARGE,
// RECEIVER_NO_MEMORY, RECEIVER_BUSY (the budget was stopped): text has the reason.
enum receiver_error foreign_attachment_read(int directory, const struct catalog_attachment *attachment, uint8_t **profile, size_t *size,
                                            char name[CATALOG_NAME_MAX_BYTES + 1], char *text, size_t text_size);

#endif
