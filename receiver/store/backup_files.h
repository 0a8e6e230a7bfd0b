// backup_files.h: shared by backup_export.c and backup_import.c alone.
#ifndef CMEMPROF_RECEIVER_BACKUP_FILES_H
#define CMEMPROF_RECEIVER_BACKUP_FILES_H

#include "backup.h"

#include <stdbool.h>

enum { BACKUP_FILES = 34, BACKUP_FILE_MAX_BYTES = 256 << 20, BACKUP_NOTEBOOK_MAX_BYTES = 32 << 20 };

// event.json, meta.json or N-NAME, as an upload's directory has them.
bool backup_is_file(const char *name);
// "upload 7: WHY", and counts it.
void backup_skip(struct backup *backup, int64_t id, const char *why);

#endif
