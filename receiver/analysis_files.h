// analysis_files.h: which files the uploads of a process have, which of them an analysis reads, and which could not be read, and why.
//
// What a file is for is told by its sample types, not by its name: profiles that were imported are called anything.
// Threads: a struct belongs to one. Memory: the struct's own, 20 KB, and that of reading one file.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_FILES_H
#define CMEMPROF_RECEIVER_ANALYSIS_FILES_H

#include "merged.h"

enum { FILES_MAX_KINDS = 48 };
enum file_use { FILES_OF_MEMORY, FILES_OF_GOROUTINES, FILES_OF_LOCKS, FILES_OF_CPU, FILE_USES };

// Files of one name.
struct file_kind {
    char name[CATALOG_NAME_MAX_BYTES + 1];
    bool pprof, counted; // counted: read and unread are known
    size_t files, read, unread;
    unsigned uses;         // bits by enum file_use: what it could be read for
    size_t beside_delta;   // files of it whose upload has the same as a delta
    int64_t unread_upload; // one of them
    char reason[160];      // of that one
};
struct file_kinds {
    struct file_kind kinds[FILES_MAX_KINDS];
    size_t count;
};

struct process_files {
    struct file_kinds all;
    struct {
        const char *attachment, *type; // NULL: there is none
    } uses[FILE_USES];
};
// Looks at the uploads of one process. Files that nothing is read from (recordings of Java, execution traces) are unread, and so are
// profiles of memory or goroutines of other names than the one that is used for them.
enum receiver_error files_find(struct store *store, const struct merged_list *list, struct process_files *files);
// What came of reading all files of a name: counted once, however often they are read.
void files_count(struct file_kinds *kinds, const char *name, const struct merged_report *report);
void files_join(struct file_kinds *all, const struct file_kinds *more);

#endif
