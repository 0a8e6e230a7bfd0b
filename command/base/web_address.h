// web_address.h: URLs in the command line: which words are some, and how to print them without secrets.
//
// Threads: any. Memory: the caller's.
#ifndef CMEMPROF_COMMAND_WEB_ADDRESS_H
#define CMEMPROF_COMMAND_WEB_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

enum { WEB_ADDRESS_SHOWN_BYTES = 500 };

// Whether it begins with http:// or https://.
bool web_address_is(const char *path);
// Returns the URL with xxxxx for a password, for a user without one, for the token of http://HOST/t/TOKEN, and for the value of each
// parameter whose name has token, key, secret, password, passwd, signature, credential or jwt in it, or the word sig, auth, pwd or code,
// since messages end up in logs. A long URL is cut.
const char *web_address_shown(const char *url, char shown[WEB_ADDRESS_SHOWN_BYTES]);
// Copies the URL without user, password, /t/TOKEN and such parameters, cut to fit. Returns whether there was one of these.
bool web_address_strip(const char *url, char *plain, size_t size);
// Appends name=value to a query, escaped, with & before it if there is something. Returns false if it does not fit; the query is "" then.
bool web_address_add(char *query, size_t size, const char *name, const char *value);
// Appends text to a URL, escaped but for letters, digits, -._~ and the characters of `also`. Returns false if it does not fit; the URL is
// "" then.
bool web_address_escape(char *url, size_t size, const char *text, const char *also);
// The file:// URL of an absolute path, escaped. Returns false if it does not fit; the URL is "" then.
bool web_address_of_file(char *url, size_t size, const char *path);
// What follows the scheme. Does not validate: a malformed URL is treated like a valid one, and rather hides too much.
const char *web_address_authority(const char *url);

#endif
