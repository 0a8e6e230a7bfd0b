// service_manager.h: what systemd, or who speaks its protocols, hands to a service and hears of it: a listening socket (LISTEN_FDS) and
// where to tell that it is ready (NOTIFY_SOCKET). Without the variables there is neither.
//
// The variables are taken out of the environment. What is told is sent from a socket that is opened at begin, before the process gives up
// opening any (confine.h). Threads: one. Memory: none.
#ifndef CMEMPROF_COMMAND_SERVICE_MANAGER_H
#define CMEMPROF_COMMAND_SERVICE_MANAGER_H

#include <stdbool.h>
#include <stddef.h>

struct service_manager {
    int notify; // -1: nobody wants to hear
    int listen; // a socket; 0: none was passed
};

// Returns false with a text if the sockets that were passed cannot be used. A text and true: nobody is told, for a reason that is to be
// said (the variable came from elsewhere: an old shell, a container's start).
bool service_manager_begin(struct service_manager *manager, char *text, size_t text_size);
// "READY=1\nSTATUS=...": sd_notify(3). What cannot be told is lost: the manager has its own time-outs.
void service_manager_tell(const struct service_manager *manager, const char *state);
void service_manager_end(struct service_manager *manager);

#endif
