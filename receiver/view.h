// view.h: a stored profile as JSON: its sample types, and the call tree of one of them (docs/receiver.md has the form).
//
// A frame is Go, C or runtime by its source file: .go and .s are Go (functions of runtime packages: runtime), all else is C.
// Threads: any, one file a call. Memory: malloc; a profile takes several times its size, so callers bound how many are open at once.
#ifndef CMEMPROF_RECEIVER_VIEW_H
#define CMEMPROF_RECEIVER_VIEW_H

#include "json.h"
#include "receiver.h"

enum view_memory { VIEW_ALL, VIEW_C, VIEW_GO }; // C: samples with the label memory=C; Go: samples without it

// bytes: the profile as it came, compressed or not. RECEIVER_BAD_UPLOAD: not a profile; text says what is wrong with it.
enum receiver_error view_types(const void *bytes, size_t size, struct json *json, char *text, size_t text_size);
// type NULL or "": the profile's default. RECEIVER_NOT_FOUND: the profile has no such type.
enum receiver_error view_tree(const void *bytes, size_t size, const char *type, enum view_memory memory, struct json *json, char *text,
                              size_t text_size);

#endif
