// outlets.h: the addresses that the receiver sends to, each with a process of its own (client/sender.h): the webhook, and those that
// uploads are forwarded to.
//
// Threads: all but the sending itself from the only thread, before it gives up system calls. Memory: malloc.
#ifndef CMEMPROF_COMMAND_OUTLETS_H
#define CMEMPROF_COMMAND_OUTLETS_H

#include "../../receiver/receiver.h"

enum { OUTLETS_FORWARDS = 8 };

struct outlets {
    const char *webhook_url, *webhook_secret_file;      // NULL: none
    const char *forwards[OUTLETS_FORWARDS];             // "datadog:URL", "otlp:URL"
    const char *forward_header_files[OUTLETS_FORWARDS]; // NULL: none
    size_t forward_count, forward_start;                // the first that headers may be for
    const char *forward_key_file;                       // NULL: none
    const struct receiver_target *targets[OUTLETS_FORWARDS];
    int foreign[2]; // descriptors of this process that those that send have no use for, and would keep open; 0 and -1: none
    char *key;      // while they start: of all targets; NULL: none
    struct outlet *first;
};
// One more to forward to; false, with a line on stderr: of another form, or too many.
bool outlets_add_forward(struct outlets *outlets, const char *text);
// No headers that follow are for those that were added: they come from elsewhere, and would go to the wrong one.
void outlets_end_source(struct outlets *outlets);
// Of the last one that was added, its own headers; false, with a line on stderr: there is none, or it has one.
bool outlets_set_header_file(struct outlets *outlets, const char *path);
// Starts the processes, and sets the receiver's options. On failure false, with a line on stderr. Keys and secrets are removed from the
// environment and from memory: only the processes have them, each its own.
bool outlets_start(struct outlets *outlets, struct receiver_options *options);
void outlets_stop(struct outlets *outlets); // behind the receiver

#endif
