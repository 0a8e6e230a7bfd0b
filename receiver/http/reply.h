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
// Sends and frees bytes of any kind as a download, uncompressed; else as reply_json. name must be free of control characters. tag: of ETag,
// W/"..."; NULL: not cacheable.
enum MHD_Result reply_bytes(struct MHD_Connection *connection, struct json *bytes, const char *name, const char *tag);
// Returns true if the client has the version of that tag, and was answered 304.
bool reply_has_it(struct MHD_Connection *connection, const char *tag, enum MHD_Result *result);
// Reply to a stored upload: small, and sent whatever else waits, since a refused client would send it again.
enum MHD_Result reply_kept(struct MHD_Connection *connection, struct json *json);
// OTLP over HTTP (opentelemetry.io/docs/specs/otlp): an empty ExportProfilesServiceResponse, or a google.rpc.Status with the reason. What a
// later try may mend is 503, since clients drop what gets another status (507 as well).
enum MHD_Result reply_otlp(struct MHD_Connection *connection, enum receiver_error error, const char *reason);
// A file of the page. Cacheable for good if requested by its hash (?v=HASH); otherwise clients revalidate each time.
enum MHD_Result reply_asset(struct MHD_Connection *connection, unsigned status, const struct asset *asset);
// A file as a download; takes the descriptor. name and tag: as in reply_bytes.
enum MHD_Result reply_file(struct MHD_Connection *connection, int file, uint64_t size_bytes, const char *name, const char *tag);
// Any response of libmicrohttpd's, which it takes; NULL: libmicrohttpd had no memory.
enum MHD_Result reply_stream(struct MHD_Connection *connection, struct MHD_Response *response, const char *content_type);
// As reply_stream, as a download with that name.
enum MHD_Result reply_download(struct MHD_Connection *connection, struct MHD_Response *response, const char *content_type,
                               const char *name);
// 303: the same address without its token, with a Set-Cookie header (access.h).
enum MHD_Result reply_login(struct MHD_Connection *connection, const char *path, const char *cookie);
// Passes the answer to libmicrohttpd, in one of its callbacks. MHD_NO: there is none.
enum MHD_Result reply_send(struct MHD_Connection *connection);
// The status for the error.
unsigned reply_status(enum receiver_error error);

#endif
