// token_file.h: reads tokens of a receiver, with what each may do.
//
// A file has one token in its first line, or a token a line after its roles, which are upload, read and admin, with commas between them:
//
//     # services
//     upload      0b5c81d2e4f7...
//     read,upload 77ad0c91b3e8...
//
// Empty lines and those that begin with "# " are none. Threads: one. Memory: in the struct.
#ifndef CMEMPROF_COMMAND_TOKEN_FILE_H
#define CMEMPROF_COMMAND_TOKEN_FILE_H

#include "../../receiver/receiver.h"

#include <stdbool.h>

enum { TOKEN_FILE_BYTES = 256 }; // of a token

struct token_list {
    struct receiver_token tokens[RECEIVER_TOKENS_MAX];
    char texts[RECEIVER_TOKENS_MAX][TOKEN_FILE_BYTES];
    size_t count;
};

// Adds the file's, and its roles to those of a token that came from another file. alone: the roles of one without any. has_roles: lines may
// have roles. Returns false after an error message.
bool token_file_read(struct token_list *list, const char *path, unsigned alone, bool has_roles);

#endif
