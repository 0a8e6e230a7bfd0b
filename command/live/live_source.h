// live_source.h: a profile that can be asked for again and again: of a URL, of a file that is rewritten, or of a process under `cmemprof
// run`.
//
// A process is asked by the signal of `cmemprof run --signal`, through its private directory (run/run_directory.h); one that writes
// profiles each period is not asked, and its newest is read. A process that has another user, or would not survive the signal, is left
// alone.
//
// Threads: one. Memory: malloc, one profile.
#ifndef CMEMPROF_COMMAND_LIVE_SOURCE_H
#define CMEMPROF_COMMAND_LIVE_SOURCE_H

#include "../base/input.h"

#include <sys/types.h>

struct live_source {
    const char *name;
    pid_t pid;  // of a process; 0: a file or a URL
    int signal; // that asks it; 0: it writes by itself
    char directory[4096];
    uint32_t last; // number of its last profile that was read
};

enum live_answer { LIVE_READ, LIVE_FAILED, LIVE_ENDED };

// name: a URL, a file, or the number of a process if there is no file of that name. Returns STATUS_DONE, or another one after an error
// message.
int live_source_open(const char *command, const char *name, struct live_source *source);
// Reads a profile. LIVE_FAILED: text says why, and the next time may be better. LIVE_ENDED: the process has ended. The caller frees
// input->bytes.
enum live_answer live_source_read(struct live_source *source, const struct options *options, struct input *input, char *text, size_t size);

#endif
