// analysis_files.h: the files of a process's uploads: which an analysis reads, which it could not read, and why.
//
// The sample types tell what a file is for, not its name: an imported profile may have any name.
//
// Threads: a struct belongs to one. Memory: the struct's own 30 KB, and that of reading one file.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_FILES_H
#define CMEMPROF_RECEIVER_ANALYSIS_FILES_H

#include "../views/sweep.h"

enum { FILES_MAX_KINDS = 64 };
enum file_use {
    FILES_OF_MEMORY,
    FILES_OF_GOROUTINES,
    FILES_OF_LEAKED_GOROUTINES,
    FILES_OF_LOCKS,
    FILES_OF_CPU,
    FILES_OF_ALLOCATION, // of a period
    FILES_OF_PARTS,
    FILES_OF_OLD_OBJECTS, // some objects in use, no estimate of bytes: of a JVM
    FILE_USES
};

// Files of one name.
struct file_kind {
    char name[CATALOG_NAME_MAX_BYTES + 1];
    bool profiles, counted; // profiles: it has some. counted: read and unread are known
    size_t files, read, unread;
    const char *types[FILE_USES]; // what it can be read for; NULL: not for that use
    int64_t unread_upload;        // one of them
    char reason[160];             // of that one
};
struct file_kinds {
    struct file_kind kinds[FILES_MAX_KINDS];
    size_t count;
};

// The file names for one use. From each upload, the first of these that it has is read; deltas come first. A client may rename its files in
// an upgrade, and every imported file may have its own name.
struct used_files {
    const char *attachment, *type; // of the newest upload that has one; NULL: none
    const char *names[FILES_MAX_KINDS];
    size_t count, passed_over; // passed_over: files not used for it, and files of another type
};
struct process_files {
    struct file_kinds all;
    struct used_files uses[FILE_USES];
};
// Scans the uploads of one process. Files that nothing reads (execution traces) are counted as unread. So are memory and
// goroutine profiles beside the one that is read, except profiles cumulative since the start of the program beside their delta.
enum receiver_error files_find(struct store *store, const struct upload_list *list, struct process_files *files);
// Adds the result of reading them. Each name counts once, however often it is read.
void files_count(struct file_kinds *kinds, const char *const *names, const struct sweep_report *report);
void files_join(struct file_kinds *all, const struct file_kinds *more);

#endif
