// reply.h: answers a request; every answer carries the same security headers.
//
// The page may load from its own origin only and no other site may frame or read it, so a name in a profile that looks like markup stays
// text even if the page had a fault. Threads: the connection's own. Memory: libmicrohttpd's.
#ifndef CMEMPROF_RECEIVER_REPLY_H
#define CMEMPROF_RECEIVER_REPLY_H

#include "json.h"
#include "receiver.h"

#include <microhttpd.h>

// One line of plain text. 405 takes the allowed methods in allow, else NULL.
enum MHD_Result reply_text(struct MHD_Connection *connection, unsigned status, const char *text, const char *allow);
// Sends and frees what json holds; 500 if writing it failed.
enum MHD_Result reply_json(struct MHD_Connection *connection, struct json *json);
// Bytes that live as long as the program.
enum MHD_Result reply_static(struct MHD_Connection *connection, const void *bytes, size_t size, const char *content_type);
// A file as a download; takes the descriptor. name must be free of control characters.
enum MHD_Result reply_file(struct MHD_Connection *connection, int file, uint64_t size_bytes, const char *name);
// The status that fits the error.
unsigned reply_status(enum receiver_error error);

#endif
