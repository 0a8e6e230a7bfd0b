// folder_file.h: whether a file is below a folder that may be read, by its path and, once it is open, wherever links have led.
// Threads: any. Memory: none.
#ifndef CMEMPROF_RECEIVER_FOLDER_FILE_H
#define CMEMPROF_RECEIVER_FOLDER_FILE_H

#include <limits.h>

// What follows the folder in the path; NULL: the path is not below it.
const char *folder_file_below(const char *path, const char *folder);
// The same of an open file, whose path is put into real. NULL as well: it is no regular file. folder: as realpath has it.
const char *folder_file_inside(int file, const char *folder, char real[PATH_MAX]);

#endif
