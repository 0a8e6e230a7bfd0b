// reply.h: answers a request; every answer carries the same security headers.
//
// The page may load from its own origin only and no other site may frame or read it, so a name in a profile that looks like markup stays
// text even if the page had a fault. Threads: the connection's own. Memory: libmicrohttpd's.
#ifndef CMEMPROF_RECEIVER_REPLY_H
#define CMEMPROF_RECEIVER_REPLY_H

#include "../base/error.h"
#include "../base/json.h"
#include "assets.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

// One line of plain text. 405 takes the allowed methods in allow, else NULL.
enum MHD_Result reply_text(struct MHD_Connection *connection, unsigned status, const char *text, const char *allow);
// Sends and frees what json holds; 500 if writing it failed, 503 while too much waits for clients that read slowly (connections_take).
// Compressed for those who take it.
enum MHD_Result reply_json(struct MHD_Connection *connection, struct json *json);
enum MHD_Result reply_json_status(struct MHD_Connection *connection, unsigned status, struct json *json);
// Sends and frees bytes of any kind as a download, as they are; as reply_json otherwise. name must be free of control characters. tag: of
// ETag, W/"..."; NULL: nobody keeps it.
enum MHD_Result reply_bytes(struct MHD_Connection *connection, struct json *bytes, const char *name, const char *tag);
// True: the client has what the tag stands for, and was told that it is still that (304).
bool reply_has_it(struct MHD_Connection *connection, const char *tag, enum MHD_Result *result);
// To an upload that was kept: small, and whatever else waits, since a client that is refused would send it again.
enum MHD_Result reply_kept(struct MHD_Connection *connection, struct json *json);
// A file of the page. A client that asks for it by its hash (?v=HASH) need not ask again; all others ask each time whether it has changed.
enum MHD_Result reply_asset(struct MHD_Connection *connection, unsigned status, const struct asset *asset);
// A file as a download; takes the descriptor. name and tag: as reply_bytes.
enum MHD_Result reply_file(struct MHD_Connection *connection, int file, uint64_t size_bytes, const char *name, const char *tag);
// Anything that was made by libmicrohttpd's functions, which are told what to do with it; NULL: it had no memory.
enum MHD_Result reply_stream(struct MHD_Connection *connection, struct MHD_Response *response, const char *content_type);
// As reply_stream, as a download with that name.
enum MHD_Result reply_download(struct MHD_Connection *connection, struct MHD_Response *response, const char *content_type,
                               const char *name);
// 303: the same address without its token, which a cookie has from now on.
enum MHD_Result reply_login(struct MHD_Connection *connection, const char *path, const char *token);
// Gives the answer to libmicrohttpd, in one of its callbacks. MHD_NO: there is none.
enum MHD_Result reply_send(struct MHD_Connection *connection);
// The status that fits the error.
unsigned reply_status(enum receiver_error error);

#endif
