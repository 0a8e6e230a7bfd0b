// reply.h: sends answers, all with the same security headers.
//
// The page may load from its own origin only, and no other site may frame or read it, so a name in a profile that looks like markup stays
// text even if the page had a fault.
//
// Threads: the connection's own. Memory: libmicrohttpd's.
#ifndef CMEMPROF_RECEIVER_REPLY_H
#define CMEMPROF_RECEIVER_REPLY_H

#include "../base/error.h"
#include "../base/json.h"
#include "assets.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

// One line of plain text. allow: the allowed methods for 405, else NULL.
enum MHD_Result reply_text(struct MHD_Connection *connection, unsigned status, const char *text, const char *allow);
// Sends and frees the contents of json: 500 if writing it failed, 503 while too much waits for slow readers (connections_take). Compressed
// if the client accepts that.
enum MHD_Result reply_json(struct MHD_Connection *connection, struct json *json);
enum MHD_Result reply_json_status(struct MHD_Connection *connection, unsigned status, struct json *json);
// The same of a text of another type.
enum MHD_Result reply_compressed(struct MHD_Connection *connection, struct json *text, const char *content_type);
// Sends and frees bytes of any kind as a download, uncompressed; else as reply_json. name must be free of control characters. tag: of ETag,
// W/"..."; NULL: not cacheable.
enum MHD_Result reply_bytes(struct MHD_Connection *connection, struct json *bytes, const char *name, const char *tag);
// Returns true if the client has the version of that tag, and was answered 304.
bool reply_has_it(struct MHD_Connection *connection, const char *tag, enum MHD_Result *result);
// {"id":ID}, with "refused" if that is a JSON array and not NULL.
enum MHD_Result reply_stored(struct MHD_Connection *connection, int64_t id, const char *refused);
// Reply to what is stored: small, and sent whatever else waits, since a refused client would send it again.
enum MHD_Result reply_kept(struct MHD_Connection *connection, struct json *json);
// A file of the page. Cacheable for good if requested by its hash (?v=HASH); otherwise clients revalidate each time.
// 404: a part of a script that is asked for by another hash. link: of a header Link; NULL: none.
enum MHD_Result reply_asset(struct MHD_Connection *connection, unsigned status, const struct asset *asset, const char *link);
// Bytes that are read as they are sent.
struct reply_source {
    void *context;
    ssize_t (*read)(void *context, uint64_t position, char *bytes, size_t size); // as MHD_ContentReaderCallback
    void (*free)(void *context);                                                 // once it is sent or dropped
    uint64_t size;
    size_t memory; // that it has until then: 503 while too much waits for slow readers
};
// As a download; takes the source. name and tag: as in reply_bytes.
enum MHD_Result reply_source(struct MHD_Connection *connection, const struct reply_source *source, const char *content_type,
                             const char *name, const char *tag);
// A file as a download; takes the descriptor.
enum MHD_Result reply_file(struct MHD_Connection *connection, int file, uint64_t size_bytes, const char *name, const char *tag);
// Any response of libmicrohttpd's, which they take; NULL: libmicrohttpd had no memory.
enum MHD_Result reply_response(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response, const char *content_type);
enum MHD_Result reply_stream(struct MHD_Connection *connection, struct MHD_Response *response, const char *content_type);
// 303: the same address without its token, with a Set-Cookie header (access.h). base: comes before path (base_path.h).
enum MHD_Result reply_login(struct MHD_Connection *connection, const char *base, const char *path, const char *cookie);
// Passes the answer to libmicrohttpd, in one of its callbacks. MHD_NO: there is none.
enum MHD_Result reply_send(struct MHD_Connection *connection);
// The status for the error.
unsigned reply_status(enum receiver_error error);

#endif
