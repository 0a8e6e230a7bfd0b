// credentials.h: keys, secrets and headers of addresses that the receiver sends to: from files or the environment, never from an argument,
// which every user of the machine can read.
//
// A file that other users can read holds no secret: it is refused. What is wrong is said on stderr, without a word of what is secret.
//
// Threads: the only one. Memory: malloc.
#ifndef CMEMPROF_COMMAND_CREDENTIALS_H
#define CMEMPROF_COMMAND_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

enum { SECRET_BYTES = 512, HEADERS_MAX = 24 };

// The first line of the file, else the variable. False: it is not usable, which was said. "": there is none.
bool credentials_secret(const char *file, const char *variable, char secret[SECRET_BYTES]);
// Removes the variable from the environment, and its value from memory.
void credentials_forget(const char *variable);

// Lines "Name: value". Zero-initialize.
struct header_list {
    char *lines[HEADERS_MAX];
    size_t count;
    const char *fault;    // why the last one could not be set; without a word of what is secret
    const char *variable; // of the environment that the last one came from; NULL: none
};
// Replaces one of the same name. False: no memory, too many, or HTTP does not allow it: fault.
bool headers_set(struct header_list *headers, const char *name, const char *value);
// "key=value,key=value" with escapes as in URLs, as OpenTelemetry's variables have them.
bool headers_set_pairs(struct header_list *headers, const char *text);
bool headers_set_basic(struct header_list *headers, const char *user, const char *password); // Authorization: Basic
// Those of a file, one a line; empty lines and lines that begin with # are none. False: which line is none, or that it is of the body
// (Content-Type and its like), was said.
bool headers_set_file(struct header_list *headers, const char *path);
void headers_drop(struct header_list *headers, const char *name); // that of the name, if there is one
void headers_free(struct header_list *headers);                   // removes them from memory

#endif
