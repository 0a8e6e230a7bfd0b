// routes.h: which paths and methods take uploads. Threads: any. Memory: none.
#ifndef CMEMPROF_RECEIVER_ROUTES_H
#define CMEMPROF_RECEIVER_ROUTES_H

#include <stdbool.h>

bool route_is_get(const char *method);  // or HEAD
bool route_is_post(const char *method); // or PUT
bool route_is_import(const char *path);
bool route_is_symbols(const char *path);
bool route_has_uploads(const char *path); // profiles in any protocol, and imports

#endif
