// port_file.h: writes the port of a server to a file when it is known, although the server cannot write there any more (confine.h): a
// process that was begun before does. It ends when the file is there, or with the server. Threads: the only one, at begin. Memory: none.
#ifndef CMEMPROF_COMMAND_PORT_FILE_H
#define CMEMPROF_COMMAND_PORT_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct port_file {
    pid_t writer; // 0: none
    int socket;
};

// path NULL: nothing is written. Returns false with errno.
bool port_file_begin(struct port_file *file, const char *path);
// Renames a complete file into place, for programs that wait for it to appear. Returns false with errno.
bool port_file_write(struct port_file *file, uint16_t port);
void port_file_end(struct port_file *file);

#endif
