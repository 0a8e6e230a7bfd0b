// reply_protocol.h: answers to uploads in other protocols (../store/protocol_upload.h).
#ifndef CMEMPROF_RECEIVER_REPLY_PROTOCOL_H
#define CMEMPROF_RECEIVER_REPLY_PROTOCOL_H

#include "../store/protocol_upload.h"
#include "reply.h"

// OTLP over HTTP (opentelemetry.io/docs/specs/otlp): an empty ExportProfilesServiceResponse, or a google.rpc.Status with the reason.
// Connect (connectrpc.com/docs/protocol): an empty PushResponse, or {"code":"invalid_argument","message":REASON}.
// Text: nothing, or the reason as a line.
// What a later try may mend is 503, since clients drop what gets another status (507 as well).
enum MHD_Result reply_protocol(struct MHD_Connection *connection, enum protocol_answer answer, enum receiver_error error,
                               const char *reason);

#endif
