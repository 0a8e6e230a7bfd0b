// analysis_files.h: which files the uploads of a process have, which of them an analysis reads, and which could not be read, and why.
//
// What a file is for is told by its sample types, not by its name: profiles that were imported are called anything.
// Threads: a struct belongs to one. Memory: the struct's own, 30 KB, and that of reading one file.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_FILES_H
#define CMEMPROF_RECEIVER_ANALYSIS_FILES_H

#include "../views/sweep.h"

enum { FILES_MAX_KINDS = 64 };
enum file_use { FILES_OF_MEMORY, FILES_OF_GOROUTINES, FILES_OF_LOCKS, FILES_OF_CPU, FILE_USES };

// Files of one name.
struct file_kind {
    char name[CATALOG_NAME_MAX_BYTES + 1];
    bool pprof, counted; // counted: read and unread are known
    size_t files, read, unread;
    const char *types[FILE_USES]; // what it could be read for; NULL: not for that
    int64_t unread_upload;        // one of them
    char reason[160];             // of that one
};
struct file_kinds {
    struct file_kind kinds[FILES_MAX_KINDS];
    size_t count;
};

// What is read for a use: of each upload the first of these names that it has, deltas first. A client may call its files otherwise after
// an upgrade, and each file that is imported may have a name of its own.
struct used_files {
    const char *attachment, *type; // of the newest upload that has one; NULL: there is none
    const char *names[FILES_MAX_KINDS];
    size_t count, passed_over; // passed_over: files beside those, and of another type
};
struct process_files {
    struct file_kinds all;
    struct used_files uses[FILE_USES];
};
// Looks at the uploads of one process. Files that nothing is read from (recordings of Java, execution traces) are unread, and so are
// profiles of memory or goroutines beside one that is read for that, but for those that count from the program's start beside their delta.
enum receiver_error files_find(struct store *store, const struct upload_list *list, struct process_files *files);
// What came of reading them: counted once, however often they are read.
void files_count(struct file_kinds *kinds, const char *const *names, const struct sweep_report *report);
void files_join(struct file_kinds *all, const struct file_kinds *more);

#endif
